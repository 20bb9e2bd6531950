//! The X-Ray that a command asks: this machine's console, or whatever else answers the API.

use std::time::Duration;

use serde_json::{Value, json};
use tracer_console::{FilterExpression, Timestamp};

use super::Failure;

#[derive(Debug, clap::Args)]
pub(crate) struct Endpoint {
    /// Where X-Ray's API is answered
    #[arg(long, value_name = "URL", default_value = "http://127.0.0.1:2000")]
    endpoint: String,
}

/// Which traces are meant.
#[derive(Debug, clap::Args)]
pub(crate) struct Chosen {
    /// A filter expression, such as 'annotation.OrderId = "ORD-12345"'
    #[arg(long, default_value = "")]
    pub(crate) filter: String,
    /// How far back, such as 15m, 6h or 7d
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = some_time)]
    last: Duration,
}

fn some_time(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if duration.is_zero() { Err("no time at all, for example 15m or 7d".to_owned()) } else { Ok(duration) }
}

impl Chosen {
    /// What is wrong with the filter is shown here with its place; X-Ray says it in one line.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        if self.filter.trim().is_empty() {
            return Ok(());
        }
        FilterExpression::parse(&self.filter).map(drop).map_err(|error| format!("{error:#}").into())
    }
}

/// A console that is asked for much has much to read.
const LONGEST_CALL: Duration = Duration::from_secs(120);
/// X-Ray answers for no longer a stretch of time at once.
const LONGEST_WINDOW: Duration = Duration::from_secs(24 * 3600);

/// What an error of X-Ray says.
fn message(answer: &Value) -> Option<&str> {
    [&answer["Message"], &answer["message"]].into_iter().find_map(Value::as_str)
}

impl Endpoint {
    /// Calls an operation by its path; an error says what X-Ray says.
    pub(crate) fn call(&self, path: &str, request: &Value) -> Result<Value, Failure> {
        // `host:port` is meant as such.
        let scheme = if self.endpoint.contains("://") { "" } else { "http://" };
        let url = format!("{scheme}{}{path}", self.endpoint.trim_end_matches('/'));
        let config = ureq::Agent::config_builder().http_status_as_error(false);
        let agent = config.timeout_global(Some(LONGEST_CALL)).build().new_agent();
        let post = agent.post(&url).header("content-type", "application/json");
        let mut response = post.send(request.to_string()).map_err(|error| {
            format!("no X-Ray at {}: {error}; start one with `tracer-console serve`, or name another with --endpoint", self.endpoint)
        })?;
        // Whoever asked for much gets much.
        let text = response.body_mut().with_config().limit(u64::MAX).read_to_string()?;
        let answer: Option<Value> = serde_json::from_str(&text).ok();
        let status = response.status();
        if let Some(answer) = answer {
            if status.is_success() {
                return Ok(answer);
            }
            if let Some(said) = message(&answer) {
                return Err(said.to_owned().into());
            }
        }
        Err(format!("{url} answers {status}, and not as X-Ray does: name another with --endpoint").into())
    }

    /// Calls `each` with the summaries of the chosen traces, newest first, until it says that it has enough.
    pub(crate) fn summaries(
        &self,
        chosen: &Chosen,
        mut each: impl FnMut(Value) -> bool,
    ) -> Result<(), Failure> {
        let mut end = Timestamp::now() + Duration::from_secs(1);
        let mut left = chosen.last;
        // Nothing began before the epoch.
        while !left.is_zero() && end.micros() > 0 {
            let window = left.min(LONGEST_WINDOW);
            let start = Timestamp::from_micros(end.micros() - i64::try_from(window.as_micros())?);
            if !self.summaries_between(start, end, &chosen.filter, &mut each)? {
                return Ok(());
            }
            (end, left) = (start, left - window);
        }
        Ok(())
    }

    fn summaries_between(
        &self,
        start: Timestamp,
        end: Timestamp,
        filter: &str,
        each: &mut impl FnMut(Value) -> bool,
    ) -> Result<bool, Failure> {
        let mut request = json!({ "StartTime": start.seconds(), "EndTime": end.seconds() });
        if !filter.trim().is_empty() {
            request["FilterExpression"] = json!(filter);
        }
        loop {
            let mut answer = self.call("/TraceSummaries", &request)?;
            if let Value::Array(summaries) = answer["TraceSummaries"].take() {
                for summary in summaries {
                    if !each(summary) {
                        return Ok(false);
                    }
                }
            }
            match answer["NextToken"].take() {
                Value::String(token) => request["NextToken"] = json!(token),
                _ => return Ok(true),
            }
        }
    }
}
