//! P1: what a traced client sends, returns and lets others do is what an untraced one does.

use std::sync::{Arc, Mutex};

use aws_sdk_dynamodb::config::{
    ConfigBag, Intercept, RuntimeComponents, interceptors::BeforeSerializationInterceptorContextRef,
    interceptors::BeforeTransmitInterceptorContextMut, interceptors::FinalizerInterceptorContextRef,
};
use aws_sdk_dynamodb::error::BoxError;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_smithy_runtime_api::client::interceptors::dyn_dispatch_hint;
use aws_smithy_types::telemetry::{CapturedTelemetryAttributes, RequestedTelemetryAttributes};
use serde_json::json;
use tracer_runtime::aws_sdk::TracerInterceptor;
use tracer_runtime::testing;
use tracer_runtime::traced_client;
use tracer_tests_aws::{Answer, Call, Clients, Service, recorded};

/// What a program sees of its calls.
async fn seen(aws: &Clients) -> Vec<String> {
    let get = aws.dynamodb.get_item().table_name("orders").key("order_id", AttributeValue::S("1".into()));
    let put = aws.s3.put_object().bucket("b").key("a b").body(b"x".to_vec().into());
    vec![
        format!("{:?}", get.send().await),
        format!("{:?}", put.send().await),
        format!("{:?}", aws.sqs.send_message().queue_url("q").message_body("m").send().await),
        format!("{:?}", aws.sns.publish().topic_arn("t").message("m").send().await),
        format!("{:?}", aws.sts.get_caller_identity().send().await),
    ]
}

/// What of a request does not differ from one time to the next.
fn sent(call: &Call) -> (String, String, Vec<(String, String)>) {
    const OWN: [&str; 5] =
        ["authorization", "x-amz-date", "amz-sdk-invocation-id", "x-amzn-trace-id", "x-amz-user-agent"];
    let headers = call.headers.iter().filter(|(name, _)| !OWN.contains(&name.as_str()));
    let headers =
        headers.map(|(name, value)| (name.to_string(), String::from_utf8_lossy(value.as_bytes()).into()));
    (format!("{} {}", call.method, call.uri), String::from_utf8_lossy(&call.body).into(), headers.collect())
}

#[tokio::test]
async fn outputs_errors_and_requests_are_those_of_an_untraced_client() {
    let answers = [
        Answer::json(200, &json!({"Item": {"n": {"N": "1"}}, "MessageId": "m"})),
        Answer::json_error(400, "ValidationException", "wrong"),
        Answer::xml(404, "<Error><Code>NoSuchBucket</Code><Message>none</Message></Error>"),
        Answer::of(500, "oh"),
        Answer::of(200, "?"),
    ];
    for answer in answers {
        // The same service for both, as errors have its address in them; the untraced ones first.
        let service = Service::answering(answer.clone());
        let untraced = seen(&Clients::untraced(&service.config())).await;
        let requests = service.calls().len();
        let traced = Clients::traced(&service.config());
        let mut traced_ones = Vec::new();
        let trace = testing::capture_async(async { traced_ones = seen(&traced).await }).await;
        assert_eq!(trace.subsegments().len(), 5);
        assert_eq!(without_own(&traced_ones), without_own(&untraced), "{answer:?}");
        let calls: Vec<_> = service.calls().iter().map(sent).collect();
        assert_eq!(calls[requests..], calls[..requests], "{answer:?}");
    }
}

/// Without what is another each time: dates.
fn without_own(seen: &[String]) -> Vec<String> {
    let without_date = |text: &String| {
        let parts = text.split("\"date\": ").enumerate();
        parts
            .map(|(at, part)| if at == 0 { part } else { part.split_once('}').map_or("", |(_, rest)| rest) })
            .collect()
    };
    seen.iter().map(without_date).collect()
}

/// A user's own interceptor.
#[derive(Debug, Clone, Default)]
struct OfUser {
    saw: Arc<Mutex<Vec<String>>>,
    fails: bool,
}

impl OfUser {
    fn note(&self, what: impl Into<String>) {
        self.saw.lock().unwrap().push(what.into());
    }

    fn saw(&self) -> Vec<String> {
        self.saw.lock().unwrap().clone()
    }
}

#[dyn_dispatch_hint]
impl Intercept for OfUser {
    fn name(&self) -> &'static str {
        "OfUser"
    }

    fn read_before_execution(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        // It asks for its own names without a thought of others'.
        bag.interceptor_state().store_put(RequestedTelemetryAttributes::new(["IndexName"]));
        Ok(())
    }

    fn read_before_serialization(
        &self,
        _: &BeforeSerializationInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        bag: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        let captured =
            bag.load::<CapturedTelemetryAttributes>().and_then(|captured| captured.get("IndexName"));
        self.note(captured.unwrap_or("no index"));
        if self.fails { Err("of the user".into()) } else { Ok(()) }
    }

    fn modify_before_transmit(
        &self,
        context: &mut BeforeTransmitInterceptorContextMut<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        context.request_mut().headers_mut().insert("x-of-user", "yes");
        Ok(())
    }

    fn read_after_execution(
        &self,
        _: &FinalizerInterceptorContextRef<'_>,
        _: &RuntimeComponents,
        _: &mut ConfigBag,
    ) -> Result<(), BoxError> {
        self.note("after");
        Ok(())
    }
}

#[tokio::test]
async fn interceptors_of_the_user_and_what_they_ask_of_the_sdk_work_as_without_us() {
    let service = Service::answering(Answer::json(200, &json!({})));
    let of_user = OfUser::default();
    let user = of_user.clone();
    let client = traced_client!(aws_sdk_dynamodb, &service.config(), |builder| builder.interceptor(user));
    let query = client.query().table_name("orders").index_name("by-date").key_condition_expression("a = b");
    let call = recorded(query.send()).await;
    assert_eq!(of_user.saw(), ["by-date", "after"]);
    assert_eq!(service.call().header("x-of-user"), Some("yes"));
    assert_eq!(call.json()["aws"]["index_name"], "by-date");
}

#[tokio::test]
async fn what_the_user_asks_of_the_sdk_does_not_hide_what_we_ask() {
    let service = Service::answering(Answer::of(200, ""));
    let of_user = OfUser::default();
    let user = of_user.clone();
    let s3 = traced_client!(aws_sdk_s3, &service.config(), |builder| {
        builder.force_path_style(true).interceptor(user).capture_input_attributes(["Bucket", "ContentType"])
    });
    let call = recorded(s3.put_object().bucket("b").key("k").send()).await;
    assert_eq!(call.json()["aws"]["bucket_name"], "b");
    assert_eq!(call.json()["aws"]["key"], "k");
}

#[tokio::test]
async fn a_user_who_fails_a_call_gets_his_own_error_and_the_call_is_a_fault() {
    let service = Service::answering(Answer::json(200, &json!({})));
    for ours_comes_first in [false, true] {
        let of_user = OfUser { fails: true, ..OfUser::default() };
        let mut builder = aws_sdk_dynamodb::config::Builder::from(&service.config());
        if ours_comes_first {
            builder = builder.interceptor(TracerInterceptor::new()).interceptor(of_user.clone());
        } else {
            builder = builder.interceptor(of_user.clone()).interceptor(TracerInterceptor::new());
        }
        let client = aws_sdk_dynamodb::Client::from_conf(builder.build());
        let mut text = String::new();
        let list = client.list_tables().send();
        let call = recorded(async { text = format!("{:?}", list.await.unwrap_err()) }).await;
        assert!(text.contains("of the user"), "{text}");
        assert_eq!(of_user.saw(), ["no index", "after"]);
        assert!(call.is_fault(), "{call}");
        assert!(
            call.exceptions().iter().any(|exception| exception.message().contains("of the user")),
            "{call}"
        );
    }
    assert!(service.calls().is_empty());
}
