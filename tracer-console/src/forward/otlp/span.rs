//! The span of a segment or subsegment.
//!
//! Attributes have the names of OpenTelemetry's conventions where those know them, else those that AWS's own receiver of X-Ray documents
//! gives them (`aws.xray.…`), so that an exporter to X-Ray behind it finds them again.

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::{Link as SpanLink, SpanKind};
use serde_json::{Map, Value};

use super::attributes::{Attributes, text_value, texts};
use super::origin::Origin;
use super::outcome;
use crate::document::Document;
use crate::entity::{Entity, EntityKind};
use crate::otlp::returned;
use crate::timestamp::Timestamp;

/// Members that have a place of their own in a span.
const TOLD: [&str; 20] = [
    "name",
    "id",
    "trace_id",
    "parent_id",
    "type",
    "start_time",
    "end_time",
    "in_progress",
    "fault",
    "error",
    "throttle",
    "cause",
    "annotations",
    "metadata",
    "http",
    "aws",
    "sql",
    "namespace",
    "links",
    "subsegments",
];

/// The span of an entity of a document.
pub(super) fn span(entity: &Entity, document: &Document) -> Span {
    let start = nanos(entity.start());
    // One that did not end within a document that is complete ended with it, as far as anybody knows.
    let end = entity.end().or(document.entities()[0].end()).map_or(start, nanos).max(start);
    let origin = Origin::of(entity);
    let name = origin.and_then(Origin::name).unwrap_or_else(|| entity.name());
    let kind = origin.and_then(Origin::kind).unwrap_or_else(|| kind(entity));
    let mut attributes = Attributes::default();
    // First, so that no other attribute takes an annotation's name.
    put_annotations(&mut attributes, entity);
    put_x_rays(&mut attributes, entity, name, kind);
    put_members(&mut attributes, entity, origin);
    let mut events = outcome::events(entity, end);
    events.extend(origin.map(Origin::events).unwrap_or_default());
    Span {
        trace_id: document.trace_id().to_bytes().to_vec(),
        span_id: entity.id().number().to_be_bytes().to_vec(),
        trace_state: origin.map(Origin::trace_state).unwrap_or_default(),
        parent_span_id: entity.parent_id().map(|id| id.number().to_be_bytes().to_vec()).unwrap_or_default(),
        name: name.to_owned(),
        kind: kind.into(),
        start_time_unix_nano: start,
        end_time_unix_nano: end,
        attributes: attributes.into_vec(),
        events,
        links: links(entity),
        status: origin.and_then(Origin::status).or_else(|| outcome::status(entity)),
        ..Span::default()
    }
}

/// What lies before the epoch began with it.
fn nanos(time: Timestamp) -> u64 {
    u64::try_from(time.micros()).unwrap_or_default().saturating_mul(1_000)
}

fn is_segment(entity: &Entity) -> bool {
    entity.kind() != EntityKind::Subsegment
}

fn kind(entity: &Entity) -> SpanKind {
    match entity.namespace() {
        _ if is_segment(entity) => SpanKind::Server,
        None => SpanKind::Internal,
        Some(_) => SpanKind::Client,
    }
}

/// What the span has otherwise than X-Ray: its name, and whether its kind tells a segment from a subsegment.
fn put_x_rays(attributes: &mut Attributes, entity: &Entity, name: &str, kind: SpanKind) {
    if name != entity.name() {
        attributes.put(returned::NAME, text_value(entity.name()));
    }
    if (kind == SpanKind::Server) != is_segment(entity) {
        attributes.put(returned::TYPE, text_value(if is_segment(entity) { "segment" } else { "subsegment" }));
    }
}

fn put_members(attributes: &mut Attributes, entity: &Entity, origin: Option<Origin<'_>>) {
    put_called(attributes, entity, origin.is_some());
    put_http(attributes, entity);
    put_sql(attributes, entity);
    put_aws(attributes, entity);
    outcome::put_flags(attributes, entity);
    if entity.end().is_none() {
        attributes.put_json("aws.xray.inprogress", &Value::Bool(true));
    }
    for (key, value) in entity.members.iter().filter(|(key, _)| !TOLD.contains(&key.as_str())) {
        match key.as_str() {
            "user" => attributes.put_json("enduser.id", value),
            key => attributes.put_own(format!("{}{key}", returned::OWN), value),
        }
    }
    if let Some(origin) = origin {
        attributes.put_json(returned::IS_OTEL, &Value::Bool(true));
        origin.put_metadata(attributes, entity);
        return;
    }
    for (namespace, value) in entity.metadata() {
        attributes.put(format!("{}{namespace}", returned::OF_METADATA), text_value(value.to_string()));
    }
}

fn put_annotations(attributes: &mut Attributes, entity: &Entity) {
    for (key, value) in entity.annotations() {
        attributes.put_json(key, value);
    }
    if entity.annotations().next().is_some() {
        attributes.put(returned::ANNOTATIONS, texts(entity.annotations().map(|(key, _)| key)));
    }
}

/// What a call called: X-Ray has it in the name. What was a span says so itself.
fn put_called(attributes: &mut Attributes, entity: &Entity, is_span: bool) {
    let said = entity.member("namespace");
    let is_known = said.is_some_and(|said| said == "aws" || said == "remote");
    if is_span || is_segment(entity) || !is_known {
        attributes.put_own("aws.xray.namespace", said.unwrap_or(&Value::Null));
    }
    if is_span || is_segment(entity) {
        return;
    }
    match entity.namespace() {
        Some("aws") => {
            attributes.put("rpc.system", text_value("aws-api"));
            attributes.put("rpc.service", text_value(entity.name()));
        }
        Some(_) => attributes.put("peer.service", text_value(entity.name())),
        None => {}
    }
}

fn member<'a>(entity: &'a Entity, key: &str) -> Option<&'a Map<String, Value>> {
    entity.member(key).and_then(Value::as_object)
}

fn put_http(attributes: &mut Attributes, entity: &Entity) {
    let http = member(entity, "http");
    let part = |key: &str| http.and_then(|http| http.get(key)).and_then(Value::as_object);
    let request = part("request");
    let of = |key: &str| request.and_then(|request| request.get(key));
    // Whoever nobody stands between is the peer.
    if let Some(client) = of("client_ip").filter(|_| of("x_forwarded_for") != Some(&Value::Bool(true))) {
        attributes.put_json(returned::PEER, client);
    }
    let request = request.into_iter().flatten();
    attributes.put_members(request, &returned::HTTP_REQUEST, returned::OF_HTTP_REQUEST);
    let response = part("response").into_iter().flatten();
    attributes.put_members(response, &returned::HTTP_RESPONSE, returned::OF_HTTP_RESPONSE);
}

fn put_sql(attributes: &mut Attributes, entity: &Entity) {
    let sql = member(entity, "sql");
    if let Some(system) = sql.and_then(|sql| sql.get("database_type")).and_then(Value::as_str) {
        // X-Ray's SDKs write it as the driver does, OpenTelemetry in lower case.
        let system = system.to_ascii_lowercase();
        attributes.put(
            returned::DATABASE,
            text_value(if system == "postgres" { "postgresql".into() } else { system }),
        );
    }
    attributes.put_members(sql.into_iter().flatten(), &returned::SQL, returned::OF_SQL);
}

fn put_aws(attributes: &mut Attributes, entity: &Entity) {
    let aws = member(entity, "aws").into_iter().flatten();
    attributes.put_members(aws, &returned::AWS, returned::OF_AWS);
}

fn links(entity: &Entity) -> Vec<SpanLink> {
    let raw = entity.member("links").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let link = |link: crate::link::Link, raw: &Value| {
        let mut attributes = Attributes::default();
        for (key, value) in raw.get("attributes").and_then(Value::as_object).into_iter().flatten() {
            attributes.put_json(key, value);
        }
        SpanLink {
            trace_id: link.trace_id().to_bytes().to_vec(),
            span_id: link.id().number().to_be_bytes().to_vec(),
            attributes: attributes.into_vec(),
            ..SpanLink::default()
        }
    };
    raw.iter().filter_map(|raw| Some(link(crate::link::Link::read(raw)?, raw))).collect()
}
