//! The segments that Lambda itself records: `AWS::Lambda` for the service, `AWS::Lambda::Function` for the code.

use serde_json::{Map, Value, json};

use super::function_builder::Identity;
use super::result::FunctionError;
use crate::link::Link;
use crate::timestamp::Timestamp;
use crate::trace_id::{EntityId, TraceId};

/// One attempt at an invocation, as far as the segments tell of it.
#[derive(Debug, Clone)]
pub(super) struct Attempt {
    pub(super) function_segment: EntityId,
    /// When it was taken up; an asynchronous invocation may have waited before.
    pub(super) taken: Timestamp,
    /// When the environment began and ended to initialise, if this was its first invocation.
    pub(super) init: Option<(Timestamp, Timestamp)>,
    /// Whether the caller waited for that initialisation.
    pub(super) cold_start: bool,
    pub(super) delivered: Timestamp,
    /// When the first byte of the answer came.
    pub(super) answering: Timestamp,
    pub(super) answered: Timestamp,
    /// When the runtime asked for the next invocation, or was gone.
    pub(super) rested: Timestamp,
    pub(super) error: Option<FunctionError>,
}

/// One invocation, synchronous or not.
#[derive(Debug)]
pub(super) struct Record<'a> {
    pub(super) function: &'a Identity,
    pub(super) trace: TraceId,
    pub(super) caller: Option<EntityId>,
    pub(super) service_segment: EntityId,
    pub(super) request_id: &'a str,
    pub(super) received: Timestamp,
    pub(super) links: &'a [Link],
}

fn milliseconds(from: Timestamp, to: Timestamp) -> Value {
    let micros = to.micros_since(from).max(0);
    #[allow(clippy::cast_precision_loss, reason = "an invocation is shorter than 285 years")]
    let milliseconds = micros as f64 / 1000.0;
    json!(milliseconds)
}

fn between(start: Timestamp, end: Timestamp) -> Map<String, Value> {
    Map::from_iter([
        ("start_time".into(), json!(start.seconds())),
        ("end_time".into(), json!(end.max(start).seconds())),
    ])
}

fn with(mut members: Map<String, Value>, more: &Value) -> Value {
    if let Value::Object(more) = more {
        members.extend(more.clone());
    }
    Value::Object(members)
}

impl Record<'_> {
    /// The service's segment of a synchronous invocation.
    pub(super) fn service(&self, ended: Timestamp, status: u16) -> Value {
        self.service_with(ended, status, &[])
    }

    /// The service's segment of an asynchronous invocation: how long it waited, and each attempt with the id of its
    /// subsegment.
    pub(super) fn queued_service(&self, attempts: &[(EntityId, Attempt)]) -> Value {
        let first = attempts.first().map_or(self.received, |(_, attempt)| attempt.taken);
        let arn = json!({"function_arn": self.function.arn()});
        let dwell = json!({"id": EntityId::generate().to_string(), "name": "Dwell Time", "aws": arn});
        let mut subsegments = vec![with(between(self.received, first), &dwell)];
        for (position, (id, attempt)) in attempts.iter().enumerate() {
            let status = if attempt.error.is_some() { 500 } else { 200 };
            let mut subsegment = json!({
                "id": id.to_string(), "name": format!("Attempt #{}", position + 1), "aws": arn,
                "http": {"response": {"status": status}},
            });
            if attempt.error.is_some() {
                subsegment["fault"] = json!(true);
            }
            subsegments.push(with(between(attempt.taken, attempt.answered), &subsegment));
        }
        let ended = attempts.last().map_or(first, |(_, attempt)| attempt.answered);
        self.service_with(ended, 202, &subsegments)
    }

    fn service_with(&self, ended: Timestamp, status: u16, subsegments: &[Value]) -> Value {
        let mut segment = json!({
            "id": self.service_segment.to_string(), "name": self.function.name, "trace_id": self.trace.to_string(),
            "origin": "AWS::Lambda", "resource_arn": self.function.arn(),
            "http": {"response": {"status": status}}, "aws": {"request_id": self.request_id},
        });
        if let Some(caller) = self.caller {
            segment["parent_id"] = json!(caller.to_string());
        }
        if status == 429 {
            segment["error"] = json!(true);
            segment["throttle"] = json!(true);
        }
        if !subsegments.is_empty() {
            segment["subsegments"] = json!(subsegments);
        }
        if !self.links.is_empty() {
            segment["links"] = self.links.iter().map(Link::to_json).collect();
        }
        with(between(self.received, ended), &segment)
    }

    /// The code's segment of one attempt; `parent` is the service's segment or the attempt's subsegment.
    pub(super) fn function(&self, parent: EntityId, attempt: &Attempt) -> Value {
        let start = match attempt.init {
            Some((init, _)) if attempt.cold_start => init,
            _ => attempt.delivered,
        };
        let arn = self.function.arn();
        let mut segment = json!({
            "id": attempt.function_segment.to_string(), "name": self.function.name, "trace_id": self.trace.to_string(),
            "parent_id": parent.to_string(), "origin": "AWS::Lambda::Function", "resource_arn": arn,
            "aws": {"account_id": self.function.account, "function_arn": arn, "resource_names": [self.function.name],
                    "request_id": self.request_id},
            "annotations": {
                "aws.responseLatency": milliseconds(attempt.delivered, attempt.answering),
                "aws.responseDuration": milliseconds(attempt.answering, attempt.answered),
                "aws.runtimeOverhead": milliseconds(attempt.answered, attempt.rested),
            },
        });
        if let Some((init, ready)) = attempt.init {
            let init_subsegment =
                json!({"id": EntityId::generate().to_string(), "name": "Init", "aws": {"function_arn": arn}});
            segment["subsegments"] = json!([with(between(init, ready), &init_subsegment)]);
        }
        if let Some(error) = &attempt.error {
            segment["fault"] = json!(true);
            segment["cause"] = cause(error);
        }
        with(between(start, attempt.answered), &segment)
    }
}

fn cause(error: &FunctionError) -> Value {
    let id = EntityId::generate().to_string();
    // An untrusted message may be as long as a response; the segment must fit into a datagram.
    let cut = |text: &str| text.chars().take(4000).collect::<String>();
    json!({"exceptions": [{"id": id, "type": cut(&error.error_type), "message": cut(&error.message), "remote": false}]})
}
