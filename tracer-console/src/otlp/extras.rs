//! Annotations and metadata: the attributes that no other member holds, and what X-Ray has no member for.

use std::collections::{BTreeMap, HashSet};

use opentelemetry_proto::tonic::common::v1::any_value::Value as AttributeValue;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::Event;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use serde_json::{Map, Value, json};

use super::any_value;
use super::attributes::Attributes;
use super::indexed_attributes::IndexedAttributes;
use super::outcome;
use super::resource::Resource;
use super::segment::{Origin, seconds};
use super::stack_trace;

/// Lists the attributes of a span that become annotations.
const LISTED: &str = "aws.xray.annotations";
/// An attribute that is metadata of a namespace, as JSON text.
const NAMESPACE: &str = "aws.xray.metadata.";
/// The namespace that X-Ray's SDKs use where none is named.
const DEFAULT: &str = "default";
/// X-Ray's limit for the name of an annotation.
const LONGEST_KEY: usize = 500;
/// A span keeps so many events.
const MOST_EVENTS: usize = 1_000;

/// Annotations and metadata of a segment or subsegment.
#[derive(Debug, Default)]
pub(super) struct Extras {
    annotations: Map<String, Value>,
    /// By namespace.
    metadata: BTreeMap<String, Map<String, Value>>,
}

impl Extras {
    /// Those of a span.
    pub(super) fn of(attributes: &mut Attributes<'_>, indexed: &IndexedAttributes) -> Self {
        let listed: HashSet<_> = attributes.get(LISTED).map(any_value::texts).into_iter().flatten().collect();
        attributes.take_whole(LISTED);
        let mut extras = Self::default();
        for (key, value, taken) in attributes.iter() {
            let is_named = listed.contains(key) || indexed.is_listed(key);
            let is_indexed = is_named || (indexed.contains(key) && !taken);
            let is_kept = taken || (is_indexed && extras.annotate(key, value));
            if is_named && taken {
                extras.annotate(key, value);
            }
            if !is_kept {
                extras.describe(key, value);
            }
        }
        extras
    }

    /// Adds the attributes of the resource.
    pub(super) fn add_resource(&mut self, resource: &Resource<'_>, indexed: &IndexedAttributes) {
        for (key, value, json) in resource.beside() {
            let is_annotation = indexed.contains(key) && self.annotate(key, value);
            if !is_annotation && !json.is_null() {
                self.namespace(DEFAULT).insert(key.to_owned(), json.clone());
            }
        }
    }

    /// Adds them where they are no attributes of a segment: what the subsegment is of, should it be asked for alone.
    pub(super) fn add_resource_of_subsegment(&mut self, resource: &Resource<'_>) {
        self.namespace("otel").extend(resource.of_subsegment());
    }

    /// Adds an annotation; `false` where an annotation cannot hold it, or another has the name.
    fn annotate(&mut self, key: &str, value: &AttributeValue) -> bool {
        let key = annotation_key(key);
        let value = any_value::annotation(value);
        let Some(value) = value.filter(|_| key.len() <= LONGEST_KEY && !self.annotations.contains_key(&key))
        else {
            return false;
        };
        self.annotations.insert(key, value);
        true
    }

    fn describe(&mut self, key: &str, value: &AttributeValue) {
        let json = || any_value::text(value).and_then(|text| serde_json::from_str::<Map<_, _>>(text).ok());
        match key.strip_prefix(NAMESPACE).and_then(|namespace| Some((namespace, json()?))) {
            Some((namespace, members)) if namespace.eq_ignore_ascii_case(DEFAULT) => {
                self.namespace(DEFAULT).extend(members);
            }
            Some((namespace, members)) => self.namespace(namespace).extend(members),
            None => self.put_default(key.to_owned(), value),
        }
    }

    fn put_default(&mut self, key: String, value: &AttributeValue) {
        let value = any_value::to_json(value);
        if !value.is_null() {
            self.namespace(DEFAULT).insert(key, value);
        }
    }

    fn namespace(&mut self, name: &str) -> &mut Map<String, Value> {
        self.metadata.entry(name.to_owned()).or_default()
    }

    /// Adds what OpenTelemetry says of a span and X-Ray has no member for.
    pub(super) fn add_span(&mut self, span: &Span, attributes: &Attributes<'_>, origin: &Origin<'_>) {
        let otel = of_span(span, attributes, origin);
        self.namespace("otel").extend(otel);
    }

    /// Without the metadata.
    pub(super) fn annotations_only(self) -> Self {
        Self { annotations: self.annotations, metadata: BTreeMap::new() }
    }

    /// Removes annotations.
    pub(super) fn remove(&mut self, keys: &[&str]) {
        self.annotations.retain(|key, _| !keys.contains(&&**key));
    }

    /// Puts them into a document.
    pub(super) fn put(self, members: &mut Map<String, Value>) {
        let metadata =
            self.metadata.into_iter().map(|(namespace, entries)| (namespace, entries.into())).collect();
        for (key, value) in [("annotations", self.annotations), ("metadata", metadata)] {
            if !value.is_empty() {
                members.insert(key.into(), value.into());
            }
        }
    }
}

/// Dots stay, as they do with AWS's exporter since it may.
fn annotation_key(key: &str) -> String {
    key.chars().map(|c| if c.is_ascii_alphanumeric() || c == '.' { c } else { '_' }).collect()
}

fn of_span(span: &Span, attributes: &Attributes<'_>, origin: &Origin<'_>) -> Map<String, Value> {
    let mut otel = Map::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            otel.insert(key.into(), value);
        }
    };
    let count = |count: usize| (count > 0).then(|| count.into());
    put("trace_id", Some(hex(&span.trace_id).into()));
    put("span_id", Some(hex(&span.span_id).into()));
    put("name", Some((&*span.name).into()));
    put("kind", Some(span.kind().as_str_name().trim_start_matches("SPAN_KIND_").into()));
    put("trace_state", (!span.trace_state.is_empty()).then(|| (&*span.trace_state).into()));
    put("status", status(span));
    put("scope", origin.scope.cloned());
    put("sampled", origin.sampled.map(Value::from));
    let (events, left_out) = events(span, attributes, origin.resource);
    put("events", (!events.is_empty()).then(|| events.into()));
    put("dropped_events", count(left_out + span.dropped_events_count as usize));
    put("dropped_attributes", count(attributes.dropped() + span.dropped_attributes_count as usize));
    put("dropped_links", count(origin.dropped_links + span.dropped_links_count as usize));
    put("dropped_resource_attributes", count(origin.resource.dropped()));
    otel
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

fn status(span: &Span) -> Option<Value> {
    let status = span.status.as_ref().filter(|status| status.code() != StatusCode::Unset)?;
    let mut json = json!({"code": status.code().as_str_name().trim_start_matches("STATUS_CODE_")});
    if !status.message.is_empty() {
        json["message"] = (&*status.message).into();
    }
    Some(json)
}

/// The events that `cause` does not tell whole, and how many there were beyond those that are kept.
fn events(span: &Span, attributes: &Attributes<'_>, resource: &Resource<'_>) -> (Vec<Value>, usize) {
    let language = resource.text(&["telemetry.sdk.language"]).unwrap_or_default();
    let is_told = |event: &&Event| outcome::tells(event, attributes) && is_told_whole(event, language);
    let json = |event: &Event| {
        let attributes = any_value::object(&event.attributes);
        json!({"name": event.name, "time": seconds(event.time_unix_nano), "attributes": attributes})
    };
    let mut rest = span.events.iter().filter(|event| !is_told(event));
    let kept = rest.by_ref().take(MOST_EVENTS).map(json).collect();
    (kept, rest.count())
}

fn is_told_whole(event: &Event, language: &str) -> bool {
    let stack_trace = Attributes::of(&event.attributes).text(&["exception.stacktrace"]);
    let is_read =
        |text| stack_trace::parse(language, text).front().is_some_and(stack_trace::Thrown::has_frames);
    let told = [
        "exception.type",
        "exception.message",
        "exception.stacktrace",
        "exception.escaped",
        "http.response.status_code",
        "aws.http.error_message",
    ];
    event.attributes.iter().all(|attribute| told.contains(&&*attribute.key))
        && stack_trace.is_none_or(is_read)
}

#[cfg(test)]
#[path = "extras_tests.rs"]
mod tests;
