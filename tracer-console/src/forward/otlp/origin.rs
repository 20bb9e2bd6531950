//! What a document that was made of a span still says of that span.

use opentelemetry_proto::tonic::trace::v1::Status;
use opentelemetry_proto::tonic::trace::v1::span::{Event, SpanKind};
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use serde_json::{Map, Value};

use super::attributes::Attributes;
use crate::entity::Entity;
use crate::otlp::returned;

/// What the attributes of the resource are called among those of a span.
const OF_RESOURCE: &str = "otel.resource.";

/// The span that a segment or subsegment was, as its metadata say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Origin<'a> {
    /// The namespace `otel`, where there is one.
    otel: Option<&'a Map<String, Value>>,
    /// The namespace `default`: attributes of the span, and of the resource.
    default: Option<&'a Map<String, Value>>,
}

impl<'a> Origin<'a> {
    /// `None` for what was no span.
    pub(super) fn of(entity: &'a Entity) -> Option<Self> {
        let namespace = |name| entity.member("metadata")?.get(name)?.as_object();
        let (otel, default) = (namespace("otel"), namespace("default"));
        let is_span = otel.is_some_and(|otel| otel.contains_key("span_id"))
            || default.is_some_and(|default| default.keys().any(|key| key.starts_with(OF_RESOURCE)));
        is_span.then_some(Self { otel, default })
    }

    fn text(self, key: &str) -> Option<&'a str> {
        self.otel?.get(key)?.as_str()
    }

    pub(super) fn name(self) -> Option<&'a str> {
        self.text("name")
    }

    pub(super) fn kind(self) -> Option<SpanKind> {
        SpanKind::from_str_name(&format!("SPAN_KIND_{}", self.text("kind")?))
    }

    pub(super) fn trace_state(self) -> String {
        self.text("trace_state").unwrap_or_default().to_owned()
    }

    pub(super) fn status(self) -> Option<Status> {
        let status = self.otel?.get("status")?;
        let text = |key: &str| status.get(key).and_then(Value::as_str).unwrap_or_default();
        let code = StatusCode::from_str_name(&format!("STATUS_CODE_{}", text("code")))?;
        Some(Status { message: text("message").to_owned(), code: code.into() })
    }

    /// The events but for the exceptions, which the cause tells.
    pub(super) fn events(self) -> Vec<Event> {
        let events = self.otel.and_then(|otel| otel.get("events")).and_then(Value::as_array);
        let event = |event: &Value| {
            let name = event.get("name").and_then(Value::as_str).filter(|name| *name != "exception")?;
            let mut attributes = Attributes::default();
            for (key, value) in event.get("attributes").and_then(Value::as_object).into_iter().flatten() {
                attributes.put_json(key, value);
            }
            #[allow(
                clippy::cast_possible_truncation,
                clippy::cast_sign_loss,
                reason = "microseconds of our time"
            )]
            let micros =
                event.get("time").and_then(Value::as_f64).map_or(0, |seconds| (seconds * 1e6).round() as u64);
            Some(Event {
                time_unix_nano: micros.saturating_mul(1_000),
                name: name.to_owned(),
                attributes: attributes.into_vec(),
                ..Event::default()
            })
        };
        events.into_iter().flatten().filter_map(event).collect()
    }

    /// The attributes of the resource; `None` where they are not here.
    pub(super) fn resource(self) -> Option<Attributes> {
        let of_segment = self.default.into_iter().flatten();
        let of_segment = of_segment.filter_map(|(key, value)| Some((key.strip_prefix(OF_RESOURCE)?, value)));
        let of_subsegment = self.otel.and_then(|otel| otel.get("resource")).and_then(Value::as_object);
        let of_subsegment = of_subsegment.into_iter().flatten().map(|(key, value)| (&**key, value));
        let (mut attributes, mut are_some) = (Attributes::default(), false);
        for (key, value) in of_segment.chain(of_subsegment) {
            attributes.put_json(key, value);
            are_some = true;
        }
        are_some.then_some(attributes)
    }

    /// Adds the attributes that no member holds, under their own names, and what is beside them in the metadata.
    pub(super) fn put_metadata(self, attributes: &mut Attributes, entity: &Entity) {
        let has_sql = entity.member("sql").is_some();
        for (namespace, value) in entity.metadata() {
            let mut value = value.clone();
            if let Value::Object(members) = &mut value {
                if namespace == "default" {
                    members.retain(|key, value| {
                        let is_resource = key.starts_with(OF_RESOURCE);
                        let is_kept = is_resource || attributes.has(key) || returned::is_taken(key, has_sql);
                        if !is_kept {
                            attributes.put_json(key.clone(), value);
                        }
                        is_kept && !is_resource
                    });
                } else if namespace == "otel" {
                    members.remove("resource");
                }
                if members.is_empty() {
                    continue;
                }
            }
            attributes.put(
                format!("{}{namespace}", returned::OF_METADATA),
                super::attributes::text_value(value.to_string()),
            );
        }
    }
}
