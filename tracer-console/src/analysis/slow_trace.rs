//! A trace that took long, in a line.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::facts::clip;
use crate::compiled::CompiledTrace;
use crate::trace_outcome::seconds;

/// What is said of one of the slowest traces.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct SlowTrace {
    pub(super) id: String,
    pub(super) start_time: Option<f64>,
    pub(super) response_time: f64,
    /// `fault`, `throttle`, `error`, `partial` or `ok`: the worst.
    pub(super) outcome: String,
    /// The service by which the request entered.
    pub(super) entry: Option<String>,
    pub(super) method: Option<String>,
    pub(super) url: Option<String>,
}

impl SlowTrace {
    pub(super) fn of(trace: &CompiledTrace<'_>) -> Self {
        let entry = trace.root().and_then(|root| trace.service_of(root));
        let flags = [trace.has_fault(), trace.has_throttle(), trace.has_error(), trace.is_partial()];
        let http = |key: &str| trace.http_request(key).map(|text| clip(text).to_owned());
        Self {
            id: trace.id().to_string(),
            start_time: Some(trace.start().seconds()),
            response_time: trace.response_micros().map(seconds).unwrap_or_default(),
            outcome: outcome(flags).to_owned(),
            entry: entry.map(|service| service.name().to_owned()),
            method: http("method"),
            url: http("url"),
        }
    }

    /// Of a summary as `GetTraceSummaries` answers it.
    pub(super) fn read(summary: &Value) -> Self {
        let flags = ["HasFault", "HasThrottle", "HasError", "IsPartial"].map(|flag| summary[flag] == true);
        let text = |value: &Value| value.as_str().map(|text| clip(text).to_owned());
        Self {
            id: text(&summary["Id"]).unwrap_or_default(),
            start_time: summary["StartTime"].as_f64(),
            response_time: summary["ResponseTime"].as_f64().unwrap_or_default(),
            outcome: outcome(flags).to_owned(),
            entry: text(&summary["EntryPoint"]["Name"]),
            method: text(&summary["Http"]["HttpMethod"]),
            url: text(&summary["Http"]["HttpURL"]),
        }
    }
}

/// Of fault, throttle, error and partial.
fn outcome(flags: [bool; 4]) -> &'static str {
    let words = ["fault", "throttle", "error", "partial"];
    words.into_iter().zip(flags).find(|(_, is_so)| *is_so).map_or("ok", |(word, _)| word)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::compiled::fixtures;

    #[test]
    fn the_console_and_a_summary_say_the_same() {
        let more =
            json!({"http": {"request": {"method": "GET", "url": "http://a/"}, "response": {"status": 429}}});
        let trace = fixtures::from_documents(&[fixtures::segment("web", 1, (0.0, 1.25), more)]);
        let compiled = CompiledTrace::of(&trace);
        let slow = SlowTrace::of(&compiled);
        assert_eq!(slow, SlowTrace::read(&serde_json::to_value(compiled.summary(1, None)).unwrap()));
        assert_eq!((slow.outcome.as_str(), slow.entry.as_deref()), ("throttle", Some("web")));
    }
}
