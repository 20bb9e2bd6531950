//! Questions of X-Ray's API by the SDK's own calls, which sign, try again and correct the clock. Their answers are kept as they came: the
//! SDK's types would lose what they do not know.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use aws_sdk_xray::Client;
use aws_sdk_xray::error::{ProvideErrorMetadata, SdkError};
use aws_sdk_xray::primitives::DateTime;
use aws_sdk_xray::types::SamplingStrategy;
use aws_smithy_runtime_api::box_error::BoxError;
use aws_smithy_runtime_api::client::interceptors::context::AfterDeserializationInterceptorContextRef;
use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};
use aws_smithy_runtime_api::client::runtime_components::RuntimeComponents;
use aws_smithy_runtime_api::http::Response;
use aws_smithy_types::config_bag::ConfigBag;
use serde_json::Value;

use super::account::AwsAccount;
use super::error::{AwsError, in_a_line};

/// What is asked here, by its path, and with which members.
const QUESTIONS: [(&str, &[&str]); 5] = [
    (
        "/TraceSummaries",
        &[
            "StartTime",
            "EndTime",
            "TimeRangeType",
            "Sampling",
            "SamplingStrategy",
            "FilterExpression",
            "NextToken",
        ],
    ),
    ("/Traces", &["TraceIds", "NextToken"]),
    ("/TraceGraph", &["TraceIds", "NextToken"]),
    ("/ServiceGraph", &["StartTime", "EndTime", "GroupName", "GroupARN", "NextToken"]),
    ("/TraceSegments", &["TraceSegmentDocuments"]),
];

impl AwsAccount {
    /// Asks an operation by its path, such as `/TraceSummaries`, and returns the answer as it came. What X-Ray has no time for is asked
    /// again, by the rules of every AWS SDK.
    ///
    /// ```no_run
    /// use serde_json::json;
    /// use tracer_console::aws::{AwsAccount, AwsOptions};
    ///
    /// let account = AwsAccount::connect(AwsOptions::default())?;
    /// let answer = account.ask("/Traces", &json!({"TraceIds": ["1-6b02e002-9311b20839c1ed87c6cec943"]}))?;
    /// println!("{}", answer["Traces"][0]["Segments"]);
    /// # Ok::<(), tracer_console::aws::AwsError>(())
    /// ```
    ///
    /// # Errors
    /// [`AwsError`] when there are no credentials or no answer, X-Ray refuses it, or the operation or a member of the request is none that is
    /// asked here: traces and their graphs are read, and documents are put.
    ///
    /// # Panics
    /// Within an asynchronous runtime, as [`block_on`](Self::block_on).
    pub fn ask(&self, path: &str, request: &Value) -> Result<Value, AwsError> {
        self.block_on(self.asked(path, request))
    }

    /// Asks as [`ask`](Self::ask) does, and waits no longer than so long.
    ///
    /// ```no_run
    /// use std::time::Duration;
    /// use serde_json::json;
    /// use tracer_console::aws::{AwsAccount, AwsError, AwsOptions};
    ///
    /// let account = AwsAccount::connect(AwsOptions::default())?;
    /// let request = json!({"TraceIds": ["1-6b02e002-9311b20839c1ed87c6cec943"]});
    /// match account.ask_within("/Traces", &request, Duration::from_secs(3)) {
    ///     Err(AwsError::Timeout { url, .. }) => println!("{url} takes its time"),
    ///     answer => println!("{}", answer?),
    /// }
    /// # Ok::<(), AwsError>(())
    /// ```
    ///
    /// # Errors
    /// [`AwsError`] as with [`ask`](Self::ask), and [`AwsError::Timeout`] when there is no answer by then.
    ///
    /// # Panics
    /// Within an asynchronous runtime, as [`block_on`](Self::block_on).
    pub fn ask_within(&self, path: &str, request: &Value, timeout: Duration) -> Result<Value, AwsError> {
        self.block_on(async {
            let late = |_| AwsError::Timeout { url: self.endpoint().to_owned(), timeout };
            tokio::time::timeout(timeout, self.asked(path, request)).await.map_err(late)?
        })
    }

    async fn asked(&self, path: &str, request: &Value) -> Result<Value, AwsError> {
        let none = |what: &str| AwsError::NoQuestion { what: what.to_owned() };
        let known = QUESTIONS.iter().find(|(known, _)| *known == path).ok_or_else(|| none(path))?.1;
        let mut members = request.as_object().into_iter().flatten().map(|(name, _)| &**name);
        if let Some(unknown) = members.find(|name| !known.contains(name)) {
            // Asked without it, the question would be another one.
            return Err(none(&format!("{path} with {unknown}")));
        }
        // First, so that it is said what is missing.
        self.credentials.get().await?;
        let kept = Kept::default();
        let asked = self.call_typed(path, &Members(request), &kept).await;
        let asked = asked.ok_or_else(|| none(path))?;
        let outcome = kept.outcome(self.endpoint(), asked);
        if let Err(AwsError::Refused { status: 400..=403, .. }) = outcome {
            // They may be what is wrong, and have been renewed.
            self.credentials.forget().await;
        }
        outcome
    }

    /// `None` where the operation is not known here.
    async fn call_typed(&self, path: &str, request: &Members<'_>, kept: &Kept) -> Option<Result<(), Failed>> {
        let client: &Client = self.patient_client();
        let token = request.text("NextToken");
        let (start, end) = (request.time("StartTime"), request.time("EndTime"));
        Some(match path {
            "/TraceSummaries" => {
                let call = client.get_trace_summaries().set_start_time(start).set_end_time(end);
                let call = call.set_filter_expression(request.text("FilterExpression")).set_next_token(token);
                let call = call.set_time_range_type(request.text("TimeRangeType").as_deref().map(Into::into));
                let call = call.set_sampling(request.0["Sampling"].as_bool());
                let call = call.set_sampling_strategy(request.strategy());
                outcome(call.customize().interceptor(kept.clone()).send().await)
            }
            "/Traces" => {
                let call =
                    client.batch_get_traces().set_trace_ids(request.texts("TraceIds")).set_next_token(token);
                outcome(call.customize().interceptor(kept.clone()).send().await)
            }
            "/TraceGraph" => {
                let call =
                    client.get_trace_graph().set_trace_ids(request.texts("TraceIds")).set_next_token(token);
                outcome(call.customize().interceptor(kept.clone()).send().await)
            }
            "/ServiceGraph" => {
                let call = client.get_service_graph().set_start_time(start).set_end_time(end);
                let call = call.set_group_name(request.text("GroupName")).set_next_token(token);
                let call = call.set_group_arn(request.text("GroupARN"));
                outcome(call.customize().interceptor(kept.clone()).send().await)
            }
            "/TraceSegments" => {
                let documents = request.texts("TraceSegmentDocuments");
                let call = client.put_trace_segments().set_trace_segment_documents(documents);
                outcome(call.customize().interceptor(kept.clone()).send().await)
            }
            _ => return None,
        })
    }
}

/// The members of a request, as the SDK's types want them.
struct Members<'a>(&'a Value);

impl Members<'_> {
    fn text(&self, name: &str) -> Option<String> {
        self.0[name].as_str().map(str::to_owned)
    }

    fn texts(&self, name: &str) -> Option<Vec<String>> {
        let texts = self.0[name].as_array()?.iter().filter_map(Value::as_str);
        Some(texts.map(str::to_owned).collect())
    }

    fn strategy(&self) -> Option<SamplingStrategy> {
        let strategy = self.0["SamplingStrategy"].as_object()?;
        let name = strategy.get("Name").and_then(Value::as_str).map(Into::into);
        let value = strategy.get("Value").and_then(Value::as_f64);
        Some(SamplingStrategy::builder().set_name(name).set_value(value).build())
    }

    /// X-Ray has seconds, of which a number holds some microseconds, and no more.
    fn time(&self, name: &str) -> Option<DateTime> {
        let micros = (self.0[name].as_f64()? * 1e6).round();
        DateTime::from_nanos(micros as i128 * 1_000).ok()
    }
}

/// Keeps the body of the answer, the last one where it was asked again.
#[derive(Debug, Clone, Default)]
struct Kept(Arc<Mutex<Option<(u16, Value)>>>);

#[dyn_dispatch_hint]
impl Intercept for Kept {
    fn name(&self) -> &'static str {
        "KeptAnswer"
    }

    fn read_after_deserialization(
        &self,
        context: &AfterDeserializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // The SDK has read all of it into memory.
        let response = context.response();
        let body = response.body().bytes().and_then(|body| serde_json::from_slice(body).ok());
        let status = response.status().as_u16();
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = body.map(|body| (status, body));
        Ok(())
    }
}

impl Kept {
    /// What was answered. A success is one also where it is none to the SDK's types.
    fn outcome(&self, endpoint: &str, asked: Result<(), Failed>) -> Result<Value, AwsError> {
        let kept = self.0.lock().unwrap_or_else(PoisonError::into_inner).take();
        match (kept, asked) {
            (Some((200..=299, answer)), _) => Ok(answer),
            (_, Ok(())) => Err(AwsError::Foreign { url: endpoint.to_owned() }),
            (_, Err(failed)) => Err(failed.said_by(endpoint)),
        }
    }
}

/// What the SDK says of a call that failed.
enum Failed {
    Refused { status: u16, code: Option<String>, message: Option<String> },
    NoAnswer(String),
}

/// The SDK's own reading of the answer is left; what matters is whether it failed.
fn outcome<T, E>(sent: Result<T, SdkError<E, Response>>) -> Result<(), Failed>
where
    E: ProvideErrorMetadata + std::error::Error + 'static,
{
    let Err(error) = sent else { return Ok(()) };
    let Some(response) = error.raw_response() else { return Err(Failed::NoAnswer(in_a_line(&error))) };
    let status = response.status().as_u16();
    let said = error.as_service_error().map(ProvideErrorMetadata::meta);
    let (code, message) = (said.and_then(|said| said.code()), said.and_then(|said| said.message()));
    Err(Failed::Refused { status, code: code.map(str::to_owned), message: message.map(str::to_owned) })
}

impl Failed {
    fn said_by(self, endpoint: &str) -> AwsError {
        let url = endpoint.to_owned();
        match self {
            Self::NoAnswer(why) => AwsError::NoAnswer { url, why },
            Self::Refused { status, code, message } => AwsError::Refused {
                url,
                status,
                code: code.unwrap_or_else(|| "no error of X-Ray's".to_owned()),
                message: message.unwrap_or_else(|| "nothing is said about it".to_owned()),
            },
        }
    }
}
