//! How it went: the span's status, and its exceptions as events.

use opentelemetry_proto::tonic::trace::v1::Status;
use opentelemetry_proto::tonic::trace::v1::span::Event;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use serde_json::Value;

use super::attributes::{Attributes, text_value};
use crate::entity::{Entity, Exception};
use crate::otlp::{frames, returned};

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
    match entity.member("cause") {
        Some(Value::Object(cause)) => {
            for (key, value) in cause.iter().filter(|(key, _)| *key != "exceptions") {
                attributes.put_own(format!("{}{key}", returned::OF_CAUSE), value);
            }
        }
        Some(reference) => attributes.put_own("aws.xray.cause", reference),
        None => {}
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
    for (key, value) in raw.as_object().into_iter().flatten() {
        match (key.as_str(), value) {
            ("type" | "message", value) => attributes.put_json(format!("exception.{key}"), value),
            ("stack", Value::Array(stack)) => put_stack(&mut attributes, exception, stack),
            (key, value) => attributes.put_own(format!("{}{key}", returned::OF_EXCEPTION), value),
        }
    }
    Event {
        time_unix_nano: end,
        name: "exception".to_owned(),
        attributes: attributes.into_vec(),
        ..Event::default()
    }
}

/// The frames as text; and as they are where the text does not tell them all.
fn put_stack(attributes: &mut Attributes, exception: Exception<'_>, stack: &[Value]) {
    let head = frames::head(exception.type_name(), exception.message());
    let text = frames::write(&head, stack);
    if frames::read(&head, &text).as_ref().and_then(Value::as_array).is_none_or(|read| read != stack) {
        attributes.put("aws.xray.exception.stack", text_value(Value::from(stack).to_string()));
    }
    if !stack.is_empty() {
        attributes.put("exception.stacktrace", text_value(text));
    }
}
