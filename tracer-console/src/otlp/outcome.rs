//! How a span went: the flags, and `cause` with the exceptions of its events.

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::{Event, SpanKind};
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use serde_json::{Map, Value, json};

use super::attributes::Attributes;
use super::http;
use super::name::is_aws_call;
use super::resource::Resource;
use super::stack_trace;
use crate::trace_id::EntityId;

/// The name of events that tell of an exception.
pub(super) const EXCEPTION: &str = "exception";
/// Those of the AWS SDK for Java that tell of an attempt that failed.
const FAILED_ATTEMPT: &str = "HTTP request failure";

/// Sets the flags: the HTTP status decides where there is one that is a failure, else the span's own status.
pub(super) fn flag(members: &mut Map<String, Value>, span: &Span, attributes: &Attributes<'_>) {
    let flags: &[&str] = match http::status(attributes) {
        Some(429) => &["error", "throttle"],
        Some(400..=499) => &["error"],
        Some(500..=599) => &["fault"],
        _ if is_error(span) => &["fault"],
        _ => &[],
    };
    members.extend(flags.iter().map(|flag| ((*flag).to_owned(), json!(true))));
}

fn is_error(span: &Span) -> bool {
    span.status.as_ref().is_some_and(|status| status.code() == StatusCode::Error)
}

/// Whether `cause` tells what an event tells.
pub(super) fn tells(event: &Event, attributes: &Attributes<'_>) -> bool {
    event.name == EXCEPTION || (event.name == FAILED_ATTEMPT && is_aws_call(attributes))
}

/// The member: the exceptions of the events, or else the message of a status that is an error.
pub(super) fn cause(
    span: &Span,
    id: EntityId,
    attributes: &mut Attributes<'_>,
    resource: &Resource<'_>,
) -> Option<Value> {
    let mut exceptions = Exceptions { of: id, list: Vec::new() };
    if span.events.iter().any(|event| tells(event, attributes)) {
        let language = resource.text(&["telemetry.sdk.language"]).unwrap_or_default();
        let is_remote = matches!(span.kind(), SpanKind::Client | SpanKind::Producer);
        for event in span.events.iter().filter(|event| tells(event, attributes)) {
            if event.name == EXCEPTION {
                exceptions.thrown(event, is_remote, language);
            } else {
                exceptions.attempt(event);
            }
        }
    } else if is_error(span) {
        let said = span.status.as_ref().map(|status| &*status.message).filter(|message| !message.is_empty());
        let message = said.or_else(|| attributes.text(&["http.status_text"]))?;
        exceptions.push(json!({"message": message}));
        attributes.take(&["http.status_text"]);
    }
    (!exceptions.list.is_empty()).then(|| json!({"exceptions": exceptions.list}))
}

/// The exceptions of a span; their ids are the same however often the span is sent.
struct Exceptions {
    of: EntityId,
    list: Vec<Value>,
}

impl Exceptions {
    fn id(&self, position: usize) -> String {
        EntityId::derived(self.of, position).to_string()
    }

    fn push(&mut self, mut exception: Value) {
        exception["id"] = self.id(self.list.len()).into();
        self.list.push(exception);
    }

    /// An exception, and those that caused it as far as its stack trace tells.
    fn thrown(&mut self, event: &Event, is_remote: bool, language: &str) {
        let attributes = Attributes::of(&event.attributes);
        let text = |key: &str| attributes.text(&[key]).unwrap_or_default();
        let mut chain = stack_trace::parse(language, text("exception.stacktrace"));
        let recorded = chain.pop_front().unwrap_or_default();
        chain.push_front(recorded.named(text("exception.type"), text("exception.message")));
        while let Some(thrown) = chain.pop_front() {
            let mut exception = thrown.into_json(is_remote);
            if !chain.is_empty() {
                exception["cause"] = self.id(self.list.len() + 1).into();
            }
            self.push(exception);
        }
    }

    /// An attempt of an AWS SDK: its status, when, and its message.
    fn attempt(&mut self, event: &Event) {
        let attributes = Attributes::of(&event.attributes);
        let status = attributes.integer(&["http.response.status_code"]);
        let (Some(status), Some(message)) = (status, attributes.text(&["aws.http.error_message"])) else {
            return;
        };
        #[allow(clippy::cast_precision_loss, reason = "microseconds of this century fit into 53 bits")]
        let at = (event.time_unix_nano / 1_000) as f64 / 1e6;
        self.push(json!({
            "type": "aws.http.error.event", "remote": true, "message": format!("{status}@{at:.6}@{message}"),
        }));
    }
}

#[cfg(test)]
#[path = "outcome_tests.rs"]
mod tests;
