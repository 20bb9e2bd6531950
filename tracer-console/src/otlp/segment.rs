//! The document of a span: what a segment or subsegment is made of, put together.

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::{Link, SpanKind};
use prost::Message as _;
use serde_json::{Map, Value, json};

use super::attributes::Attributes;
use super::extras::Extras;
use super::indexed_attributes::IndexedAttributes;
use super::resource::Resource;
use super::role::Role;
use super::{aws, http, name, outcome, returned, sql};
use crate::document::Document;
use crate::refusal::{Refusal, RefusalCode};
use crate::trace_id::{EntityId, TraceId};

/// A span keeps so many links.
const MOST_LINKS: usize = 1_000;
/// Where the segment of a call that is a process's first span has its id from; no exception has this position.
const SERVICE: usize = usize::MAX - 1;
/// Annotations that tell of what is called, and not of the service that calls.
const OF_CALLEE: [&str; 4] =
    ["aws.remote.service", "aws.remote.operation", "remoteTarget", "K8s.RemoteNamespace"];

/// What a span comes from.
#[derive(Debug)]
pub(super) struct Origin<'a> {
    pub(super) resource: &'a Resource<'a>,
    pub(super) scope: Option<&'a Value>,
    /// Whether `forward` made the span of a document.
    pub(super) is_returned: bool,
    pub(super) indexed: &'a IndexedAttributes,
    /// Whether its trace is sampled, where the sender says so beside the span.
    pub(super) sampled: Option<bool>,
    /// Links of the span that are not kept.
    pub(super) dropped_links: usize,
}

/// The document of a span.
pub(super) fn document(span: &Span, origin: &Origin<'_>) -> Result<Document, Refusal> {
    let refused = |refusal: Refusal| of_span(refusal, span);
    let ids = Ids::read(span).map_err(refused)?;
    let members = if origin.is_returned { returned(span, &ids, origin) } else { members(span, &ids, origin) };
    Document::parse(&Value::Object(members).to_string()).map_err(refused)
}

/// A refusal tells the span's name, which somebody may search for.
pub(super) fn of_span(refusal: Refusal, span: &Span) -> Refusal {
    Refusal { bytes: span.encoded_len(), ..refusal.of(span.name.as_bytes()) }
}

/// The ids of a span, in X-Ray's forms.
struct Ids {
    trace: TraceId,
    span: EntityId,
    parent: Option<EntityId>,
}

impl Ids {
    fn read(span: &Span) -> Result<Self, Refusal> {
        let trace = trace_id(&span.trace_id).ok_or_else(|| {
            let message =
                format!("trace_id is {}, not 16 bytes that are not all zero", in_words(&span.trace_id));
            Refusal::new(RefusalCode::InvalidTraceId, message)
        })?;
        let invalid = |what: &str, bytes: &[u8]| {
            let message = format!("{what} is {}, not 8 bytes that are not all zero", in_words(bytes));
            Refusal::new(RefusalCode::InvalidId, message)
        };
        let id = entity_id(&span.span_id).ok_or_else(|| invalid("span_id", &span.span_id))?;
        let parent = match &*span.parent_span_id {
            // Some SDKs write no parent as zeroes.
            [] | [0, 0, 0, 0, 0, 0, 0, 0] => None,
            bytes => Some(entity_id(bytes).ok_or_else(|| invalid("parent_span_id", bytes))?),
        };
        if span.start_time_unix_nano == 0 {
            return Err(Refusal::new(RefusalCode::MissingStartTime, "no start_time_unix_nano"));
        }
        Ok(Self { trace, span: id, parent })
    }
}

fn in_words(id: &[u8]) -> String {
    match id.len() {
        0 => "missing".to_owned(),
        _ if id.iter().all(|byte| *byte == 0) => "all zero".to_owned(),
        len => format!("{len} bytes long"),
    }
}

fn trace_id(bytes: &[u8]) -> Option<TraceId> {
    let bytes: [u8; 16] = bytes.try_into().ok()?;
    (bytes != [0; 16]).then(|| TraceId::from_bytes(bytes))
}

fn entity_id(bytes: &[u8]) -> Option<EntityId> {
    let number = u64::from_be_bytes(bytes.try_into().ok()?);
    (number != 0).then(|| EntityId::from_number(number))
}

/// Seconds since the epoch, as documents write them.
#[allow(clippy::cast_precision_loss, reason = "microseconds of this century fit into 53 bits")]
pub(super) fn seconds(nanos: u64) -> f64 {
    (nanos / 1_000) as f64 / 1e6
}

fn members(span: &Span, ids: &Ids, origin: &Origin<'_>) -> Map<String, Value> {
    let mut attributes = Attributes::of(&span.attributes);
    let role = Role::of(span, &attributes, ids.parent.is_some());
    let (links, dropped_links) = links(&span.links);
    let origin = &Origin { dropped_links, ..*origin };
    let mut members = Map::new();
    put_times(&mut members, span, &mut attributes);
    outcome::flag(&mut members, span, &attributes);
    members.insert("id".into(), ids.span.to_string().into());
    let names = [
        ("name", Some(name::name(span, &attributes, origin.resource, role))),
        ("namespace", name::namespace(span, &attributes, role).map(str::to_owned)),
        ("user", user(&attributes)),
        ("resource_arn", attributes.text(&["aws.xray.resource_arn"]).map(str::to_owned)),
        ("origin", origin.resource.origin().map(str::to_owned)),
    ];
    let parts = [
        ("http", http::member(span, &mut attributes)),
        ("cause", outcome::cause(span, ids.span, &mut attributes, origin.resource)),
        ("aws", aws::member(&mut attributes, origin.resource)),
        ("sql", sql::member(span, &mut attributes)),
        ("service", origin.resource.service()),
        ("links", (!links.is_empty()).then(|| links.into())),
        ("traced", attributes.flag("aws.xray.traced").then(|| true.into())),
    ];
    let names = names.into_iter().map(|(key, text)| (key, text.map(Value::from)));
    members.extend(names.chain(parts).filter_map(|(key, value)| Some((key.to_owned(), value?))));
    attributes.take(&["enduser.id", "aws.xray.resource_arn", "aws.xray.traced", "aws.xray.x_forwarded_for"]);
    let mut extras = Extras::of(&mut attributes, origin.indexed);
    extras.add_span(span, &attributes, origin);
    if role == Role::LocalRootCall {
        members = service(span, &attributes, origin, members, extras, ids.span);
    } else {
        if role == Role::Subsegment {
            members.insert("type".into(), "subsegment".into());
            extras.add_resource_of_subsegment(origin.resource);
        } else {
            extras.add_resource(origin.resource, origin.indexed);
        }
        if role == Role::LocalRoot {
            members.remove("namespace");
        }
        extras.put(&mut members);
    }
    put_place(&mut members, ids);
    members
}

/// Where in its trace it is.
fn put_place(members: &mut Map<String, Value>, ids: &Ids) {
    members.insert("trace_id".into(), ids.trace.to_string().into());
    if let Some(parent) = ids.parent {
        members.insert("parent_id".into(), parent.to_string().into());
    }
}

/// The members of the document that the span was made of.
fn returned(span: &Span, ids: &Ids, origin: &Origin<'_>) -> Map<String, Value> {
    let mut members = returned::members(span, origin.resource);
    put_times(&mut members, span, &mut Attributes::of(&span.attributes));
    members.insert("id".into(), ids.span.to_string().into());
    let (links, _) = links(&span.links);
    if !links.is_empty() {
        members.insert("links".into(), links.into());
    }
    put_place(&mut members, ids);
    members
}

/// The user's id, which may be a number.
fn user(attributes: &Attributes<'_>) -> Option<String> {
    let text = attributes.text(&["enduser.id"]).map(str::to_owned);
    text.or_else(|| attributes.integer(&["enduser.id"]).map(|number| number.to_string()))
}

/// A span that has not ended is in progress.
fn put_times(members: &mut Map<String, Value>, span: &Span, attributes: &mut Attributes<'_>) {
    members.insert("start_time".into(), json!(seconds(span.start_time_unix_nano)));
    if span.end_time_unix_nano == 0 || attributes.flag("aws.xray.inprogress") {
        members.insert("in_progress".into(), json!(true));
    } else {
        members.insert("end_time".into(), json!(seconds(span.end_time_unix_nano)));
    }
    attributes.take(&["aws.xray.inprogress"]);
}

/// The segment of the service whose first span is a call, with the call in it.
fn service(
    span: &Span,
    attributes: &Attributes<'_>,
    origin: &Origin<'_>,
    mut call: Map<String, Value>,
    extras: Extras,
    id: EntityId,
) -> Map<String, Value> {
    let mut segment = Map::new();
    for key in ["start_time", "end_time", "in_progress", "error", "throttle", "fault", "name"] {
        if let Some(value) = call.get(key) {
            segment.insert(key.into(), value.clone());
        }
    }
    // They are the service's, and not the call's.
    for key in ["origin", "service", "user", "resource_arn"] {
        segment.extend(call.remove_entry(key));
    }
    segment.insert("id".into(), EntityId::derived(id, SERVICE).to_string().into());
    if let Some(name) = attributes.text(&["aws.local.service"]) {
        segment.insert("name".into(), name::sanitised(name).into());
    }
    if span.kind() == SpanKind::Consumer {
        segment.extend(call.remove_entry("links"));
    }
    if let Some(first) = call.get("cause").and_then(|cause| cause["exceptions"][0]["id"].as_str()) {
        segment.insert("cause".into(), first.into());
    }
    if let Some(aws) = call.get("aws").and_then(Value::as_object) {
        let is_of_call = |key: &String| aws::KEYS_OF_CALLS.contains(&&**key) || key == "retries";
        let aws: Map<_, _> = aws.clone().into_iter().filter(|(key, _)| !is_of_call(key)).collect();
        segment.insert("aws".into(), aws.into());
    }
    let mut of_service = Extras::of(&mut Attributes::of(&span.attributes), origin.indexed).annotations_only();
    of_service.remove(&OF_CALLEE);
    of_service.add_resource(origin.resource, origin.indexed);
    of_service.put(&mut segment);
    call.entry("namespace").or_insert_with(|| "remote".into());
    extras.put(&mut call);
    segment.insert("subsegments".into(), json!([call]));
    segment
}

/// The links that name a span, and how many do not or are beyond those that are kept.
fn links(links: &[Link]) -> (Vec<Value>, usize) {
    let read = |link: &Link| {
        let (trace, span) = (trace_id(&link.trace_id)?, entity_id(&link.span_id)?);
        let attributes = super::any_value::object(&link.attributes);
        Some(json!({"trace_id": trace.to_string(), "id": span.to_string(), "attributes": attributes}))
    };
    let kept: Vec<_> = links.iter().take(MOST_LINKS).filter_map(read).collect();
    let dropped = links.len() - kept.len();
    (kept, dropped)
}

#[cfg(test)]
#[path = "segment_tests.rs"]
mod tests;
