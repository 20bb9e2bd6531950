//! Spans for tests.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::span::{Event, SpanKind};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use serde_json::Value as Json;

use super::{Decoded, IndexedAttributes, MOST_TEXT, documents};
use crate::refusal::Refusal;

/// What an attribute can be made from.
pub(super) fn any(value: impl Into<AnyValueFrom>) -> AnyValue {
    AnyValue { value: Some(value.into().0) }
}

pub(super) struct AnyValueFrom(Value);

macro_rules! any_value_from {
    ($($type:ty => |$value:ident| $made:expr;)*) => {
        $(impl From<$type> for AnyValueFrom {
            fn from($value: $type) -> Self {
                Self($made)
            }
        })*
    };
}

any_value_from! {
    &str => |text| Value::StringValue(text.into());
    String => |text| Value::StringValue(text);
    bool => |flag| Value::BoolValue(flag);
    i32 => |number| Value::IntValue(number.into());
    f64 => |number| Value::DoubleValue(number);
}

pub(super) fn array(values: impl IntoIterator<Item = AnyValue>) -> AnyValue {
    let values = values.into_iter().collect();
    AnyValue { value: Some(Value::ArrayValue(ArrayValue { values })) }
}

pub(super) fn list<'a>(entries: impl IntoIterator<Item = (&'a str, AnyValue)>) -> AnyValue {
    AnyValue { value: Some(Value::KvlistValue(KeyValueList { values: attributes(entries) })) }
}

pub(super) fn attributes<'a>(entries: impl IntoIterator<Item = (&'a str, AnyValue)>) -> Vec<KeyValue> {
    let entry = |(key, value): (&str, AnyValue)| KeyValue {
        key: key.into(),
        value: Some(value),
        ..Default::default()
    };
    entries.into_iter().map(entry).collect()
}

/// A span of a quarter of a second, with a parent unless it is a server's.
pub(super) fn span<'a>(kind: SpanKind, entries: impl IntoIterator<Item = (&'a str, AnyValue)>) -> Span {
    Span {
        trace_id: vec![0x6b; 16],
        span_id: vec![0xa1; 8],
        parent_span_id: if kind == SpanKind::Server { Vec::new() } else { vec![0xa0; 8] },
        name: "GET /orders".into(),
        kind: kind.into(),
        start_time_unix_nano: 1_795_348_800_000_000_000,
        end_time_unix_nano: 1_795_348_800_250_000_000,
        attributes: attributes(entries),
        ..Default::default()
    }
}

pub(super) fn event<'a>(name: &str, entries: impl IntoIterator<Item = (&'a str, AnyValue)>) -> Event {
    Event {
        time_unix_nano: 1_795_348_800_100_000_000,
        name: name.into(),
        attributes: attributes(entries),
        dropped_attributes_count: 0,
    }
}

/// Attributes by name, in tables.
pub(super) type Entries<'a> = &'a [(&'a str, AnyValue)];

/// Spans of one resource.
pub(super) fn request(resource: Vec<KeyValue>, spans: Vec<Span>) -> ExportTraceServiceRequest {
    let resource = Some(Resource { attributes: resource, ..Default::default() });
    let scope_spans = vec![ScopeSpans { spans, ..Default::default() }];
    ExportTraceServiceRequest {
        resource_spans: vec![ResourceSpans { resource, scope_spans, ..Default::default() }],
    }
}

/// The document of a span, or why there is none.
pub(super) fn outcome(
    span: Span,
    resource: Vec<KeyValue>,
    indexed: &IndexedAttributes,
) -> Result<Json, Refusal> {
    let decoded = Decoded::whole(request(resource, vec![span]));
    let outcome = documents(&decoded, indexed, None, MOST_TEXT).next().unwrap();
    outcome.map(|document| serde_json::from_str(document.text()).unwrap())
}

/// The document of a span of a resource without attributes.
pub(super) fn document(span: Span) -> Json {
    document_of(span, [])
}

/// The document of a span of a resource.
pub(super) fn document_of<'a>(span: Span, resource: impl IntoIterator<Item = (&'a str, AnyValue)>) -> Json {
    outcome(span, attributes(resource), &IndexedAttributes::default()).unwrap()
}
