//! How it went: the span's status, and its exceptions as events.

use opentelemetry_proto::tonic::trace::v1::Status;
use opentelemetry_proto::tonic::trace::v1::span::Event;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use serde_json::Value;

use super::attributes::{Attributes, text_value};
use crate::entity::{Entity, Exception};

/// An error where a flag says so; the message is that of the exception.
pub(super) fn status(entity: &Entity) -> Option<Status> {
    let is_error = entity.is_fault() || entity.is_error() || entity.is_throttle();
    is_error.then(|| {
        let message = entity.exceptions().next().map(|exception| exception.message().to_owned());
        Status { message: message.unwrap_or_default(), code: StatusCode::Error.into() }
    })
}

/// X-Ray's flags say more than a status that is an error.
pub(super) fn put_flags(attributes: &mut Attributes, entity: &Entity) {
    let flags =
        [("fault", entity.is_fault()), ("error", entity.is_error()), ("throttle", entity.is_throttle())];
    for (name, _) in flags.into_iter().filter(|(_, is_set)| *is_set) {
        attributes.put_json(format!("aws.xray.{name}"), &Value::Bool(true));
    }
    if let Some(reference) = entity.cause_reference() {
        attributes.put("aws.xray.cause", text_value(reference));
    }
    let cause = entity.member("cause").and_then(Value::as_object);
    for (key, value) in
        cause.into_iter().flatten().filter(|(key, _)| !["exceptions", "id"].contains(&&***key))
    {
        attributes.put_json(format!("aws.xray.cause.{key}"), value);
    }
}

/// The exceptions, at the end of the span: X-Ray does not say when they were thrown.
pub(super) fn events(entity: &Entity, end: u64) -> Vec<Event> {
    let raw = entity.member("cause").and_then(|cause| cause.get("exceptions")).and_then(Value::as_array);
    let raw = raw.map(Vec::as_slice).unwrap_or_default().iter().filter(|exception| exception.is_object());
    entity.exceptions().zip(raw).map(|(exception, raw)| event(exception, raw, end)).collect()
}

fn event(exception: Exception<'_>, raw: &Value, end: u64) -> Event {
    let mut attributes = Attributes::default();
    let texts = [
        ("exception.type", exception.type_name()),
        ("exception.message", exception.message()),
        ("aws.xray.exception.id", exception.id()),
    ];
    for (name, text) in texts.into_iter().filter(|(_, text)| !text.is_empty()) {
        attributes.put(name, text_value(text));
    }
    if let Some(stack) = raw.get("stack").and_then(Value::as_array).filter(|stack| !stack.is_empty()) {
        attributes.put("exception.stacktrace", text_value(stack_trace(exception, stack)));
    }
    for name in ["remote", "truncated", "skipped", "cause"] {
        if let Some(value) = raw.get(name) {
            attributes.put_json(format!("aws.xray.exception.{name}"), value);
        }
    }
    Event {
        time_unix_nano: end,
        name: "exception".to_owned(),
        attributes: attributes.into_vec(),
        ..Event::default()
    }
}

/// The frames as text, as most languages write them.
fn stack_trace(exception: Exception<'_>, stack: &[Value]) -> String {
    let mut text = match (exception.type_name(), exception.message()) {
        ("", message) => message.to_owned(),
        (type_name, "") => type_name.to_owned(),
        (type_name, message) => format!("{type_name}: {message}"),
    };
    for frame in stack {
        let member = |key: &str| frame.get(key).and_then(Value::as_str).unwrap_or_default();
        let line = frame.get("line").and_then(Value::as_u64).unwrap_or_default();
        text.push_str(&format!("\n\tat {} ({}:{line})", member("label"), member("path")));
    }
    text
}
