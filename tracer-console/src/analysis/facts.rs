//! What is counted of a trace, whoever says it: the console from a trace that it keeps, or any X-Ray in a summary.

use serde_json::Value;

use super::breakdown::Breakdown;
use super::times::{Failure, micros};
use crate::compiled::{AnnotationValue, CompiledTrace, Segment};

/// A trace as figures see it.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct TraceFacts {
    /// `None` while the entry is in progress.
    pub(super) micros: Option<u64>,
    pub(super) failure: Failure,
    pub(super) start: Start,
    /// What it can be broken down by, each value as JSON.
    pub(super) values: Vec<(Breakdown, String)>,
}

/// Whether a function of a trace had to be started for it, as far as it says so.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Start {
    Cold,
    Warm,
    #[default]
    NotSaid,
}

impl Start {
    /// Of a trace with several functions, one that started cold counts.
    pub(super) fn of(has_cold: bool, has_warm: bool) -> Self {
        match (has_cold, has_warm) {
            (true, _) => Self::Cold,
            (false, true) => Self::Warm,
            (false, false) => Self::NotSaid,
        }
    }
}

/// What tracers annotate of each invocation: whether its environment had just been made.
const COLD_START: &str = "ColdStart";

impl TraceFacts {
    pub(super) fn of(trace: &CompiledTrace<'_>) -> Self {
        let mut facts = Self {
            micros: trace.response_micros().map(i64::cast_unsigned),
            failure: Failure {
                fault: trace.has_fault(),
                error: trace.has_error(),
                throttle: trace.has_throttle(),
            },
            ..Self::default()
        };
        for (key, entries) in trace.annotations().iter() {
            for entry in entries {
                let value = match entry.value {
                    AnnotationValue::String(text) => Value::from(text),
                    AnnotationValue::Number(number) => number_of(number),
                    AnnotationValue::Boolean(value) => Value::from(value),
                };
                facts.annotation(key, &value);
            }
        }
        for service in trace.services().iter().filter(|service| service.kind() != Some(CLIENT)) {
            facts.value(Breakdown::Service, &Value::from(service.name()));
        }
        facts.http(trace.http_request("url"), trace.http_status(), trace.http_request("method"));
        for user in trace.segments().iter().filter_map(Segment::user) {
            facts.value(Breakdown::User, &Value::from(user));
        }
        facts.once()
    }

    /// Of a summary as `GetTraceSummaries` answers it.
    pub(super) fn read(summary: &Value) -> Self {
        let is = |flag: &str| summary[flag] == true;
        let mut facts = Self {
            micros: response_micros(summary),
            failure: Failure { fault: is("HasFault"), error: is("HasError"), throttle: is("HasThrottle") },
            ..Self::default()
        };
        for (key, entries) in summary["Annotations"].as_object().into_iter().flatten() {
            for entry in entries.as_array().into_iter().flatten() {
                facts.read_annotation(key, &entry["AnnotationValue"]);
            }
        }
        let elements = |key: &str| summary[key].as_array().into_iter().flatten();
        for service in elements("ServiceIds").filter(|service| service["Type"] != CLIENT) {
            facts.value(Breakdown::Service, &service["Name"]);
        }
        let http = &summary["Http"];
        facts.http(http["HttpURL"].as_str(), http["HttpStatus"].as_u64(), http["HttpMethod"].as_str());
        elements("Users").for_each(|user| facts.value(Breakdown::User, &user["UserName"]));
        facts.once()
    }

    fn read_annotation(&mut self, key: &str, value: &Value) {
        let value = match ["StringValue", "NumberValue", "BooleanValue"].map(|kind| &value[kind]) {
            [Value::String(text), ..] => Value::from(text.as_str()),
            [_, Value::Number(number), _] => number.as_f64().map_or(Value::Null, number_of),
            [_, _, Value::Bool(value)] => Value::from(*value),
            _ => return,
        };
        self.annotation(key, &value);
    }

    fn annotation(&mut self, key: &str, value: &Value) {
        if key == COLD_START {
            self.start = Start::of(
                *value == true || self.start == Start::Cold,
                *value == false || self.start == Start::Warm,
            );
        }
        self.value(Breakdown::Annotation(clip(key).to_owned()), value);
    }

    fn http(&mut self, url: Option<&str>, status: Option<u64>, method: Option<&str>) {
        self.value(Breakdown::Url, &Value::from(url));
        self.value(Breakdown::Status, &Value::from(status));
        self.value(Breakdown::Method, &Value::from(method));
    }

    fn value(&mut self, by: Breakdown, value: &Value) {
        match value {
            Value::Null => {}
            Value::String(text) => self.values.push((by, Value::from(clip(text)).to_string())),
            value => self.values.push((by, value.to_string())),
        }
    }

    /// A trace counts once for a value, however often it has it.
    fn once(mut self) -> Self {
        self.values.sort_unstable();
        self.values.dedup();
        self
    }
}

/// `None` where the entry is in progress. A summary does not say of what it is partial: where that took no time, nothing is known
/// of the entry.
fn response_micros(summary: &Value) -> Option<u64> {
    let micros = micros(summary["ResponseTime"].as_f64()?);
    (micros > 0 || summary["IsPartial"] != true).then_some(micros)
}

const CLIENT: &str = "client";

/// The beginning of a text: as much as X-Ray takes of any, so that many from a hostile sender take bounded memory.
pub(super) fn clip(text: &str) -> &str {
    const LONGEST: usize = 1_024;
    let end = (0..=text.len().min(LONGEST)).rev().find(|end| text.is_char_boundary(*end));
    &text[..end.unwrap_or_default()]
}

/// Whole numbers as such: 7 and not 7.0.
#[allow(clippy::cast_possible_truncation, reason = "what fits is cast")]
fn number_of(number: f64) -> Value {
    const EXACT: f64 = 9_007_199_254_740_992.0;
    if number.fract() == 0.0 && number.abs() < EXACT {
        Value::from(number as i64)
    } else {
        Value::from(number)
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::compiled::fixtures;

    #[test]
    fn the_console_and_a_summary_say_the_same() {
        let more = json!({
            "user": "alice", "http": {"request": {"method": "GET", "url": "http://a/"}, "response": {"status": 404}},
            "annotations": {"ColdStart": true, "n": 7, "f": 0.5, "tenant": "acme"},
            "subsegments": [{"id": "00000000000000b1", "name": "call", "start_time": 1, "end_time": 2,
                "namespace": "remote", "annotations": {"tenant": "beta"}}],
        });
        let trace = fixtures::from_documents(&[fixtures::segment("web", 1, (0.0, 1.25), more)]);
        let compiled = CompiledTrace::of(&trace);
        let of_trace = TraceFacts::of(&compiled);
        let summary = serde_json::to_value(compiled.summary(1, None)).unwrap();
        assert_eq!(of_trace, TraceFacts::read(&summary));
        assert_eq!(
            (of_trace.micros, of_trace.start, of_trace.failure.error),
            (Some(1_250_000), Start::Cold, true)
        );
        let values: Vec<_> = of_trace.values.iter().map(|(by, value)| format!("{by} {value}")).collect();
        assert_eq!(
            values,
            [
                "annotation.ColdStart true",
                "annotation.f 0.5",
                "annotation.n 7",
                "annotation.tenant \"acme\"",
                "annotation.tenant \"beta\"",
                "service \"call\"",
                "service \"web\"",
                "http.url \"http://a/\"",
                "http.status 404",
                "http.method \"GET\"",
                "user \"alice\"",
            ]
        );
    }

    #[test]
    fn a_summary_that_says_nothing_says_nothing() {
        for odd in
            [json!(null), json!({}), json!({"Annotations": {"a": [{}, 7]}, "ServiceIds": [{}], "Http": []})]
        {
            assert_eq!(TraceFacts::read(&odd), TraceFacts::default());
        }
    }
}
