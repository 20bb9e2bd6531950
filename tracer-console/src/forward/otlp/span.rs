//! The span of a segment or subsegment.
//!
//! Attributes have the names of OpenTelemetry's conventions where those know them, else those that AWS's own receiver of X-Ray documents
//! gives them (`aws.xray.…`), so that an exporter to X-Ray behind it finds them again.

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::{Link as SpanLink, SpanKind};
use serde_json::{Map, Value};

use super::attributes::{Attributes, text_value, texts};
use super::outcome;
use super::resource::PLACES;
use crate::document::Document;
use crate::entity::{Entity, EntityKind};
use crate::timestamp::Timestamp;

/// Members that have a place of their own in a span.
const TOLD: [&str; 22] = [
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
    "origin",
    "service",
    "subsegments",
];

/// The span of an entity of a document.
pub(super) fn span(entity: &Entity, document: &Document) -> Span {
    let start = nanos(entity.start());
    // One that did not end within a document that is complete ended with it, as far as anybody knows.
    let end = entity.end().or(document.entities()[0].end()).map_or(start, nanos).max(start);
    Span {
        trace_id: document.trace_id().to_bytes().to_vec(),
        span_id: entity.id().number().to_be_bytes().to_vec(),
        parent_span_id: entity.parent_id().map(|id| id.number().to_be_bytes().to_vec()).unwrap_or_default(),
        name: entity.name().to_owned(),
        kind: kind(entity).into(),
        start_time_unix_nano: start,
        end_time_unix_nano: end,
        attributes: attributes(entity),
        events: outcome::events(entity, end),
        links: links(entity),
        status: outcome::status(entity),
        ..Span::default()
    }
}

/// What lies before the epoch began with it.
fn nanos(time: Timestamp) -> u64 {
    u64::try_from(time.micros()).unwrap_or_default().saturating_mul(1_000)
}

fn kind(entity: &Entity) -> SpanKind {
    match (entity.kind(), entity.namespace()) {
        (EntityKind::Subsegment, None) => SpanKind::Internal,
        (EntityKind::Subsegment, Some(_)) => SpanKind::Client,
        (EntityKind::Segment | EntityKind::Inferred, _) => SpanKind::Server,
    }
}

fn attributes(entity: &Entity) -> Vec<opentelemetry_proto::tonic::common::v1::KeyValue> {
    let mut attributes = Attributes::default();
    // First, so that no other attribute takes an annotation's name.
    put_annotations(&mut attributes, entity);
    put_called(&mut attributes, entity);
    put_http(&mut attributes, entity);
    put_sql(&mut attributes, entity);
    put_aws(&mut attributes, entity);
    outcome::put_flags(&mut attributes, entity);
    for (namespace, value) in entity.metadata() {
        attributes.put(format!("aws.xray.metadata.{namespace}"), text_value(value.to_string()));
    }
    if entity.end().is_none() {
        attributes.put_json("aws.xray.inprogress", &Value::Bool(true));
    }
    for (key, value) in entity.members.iter().filter(|(key, _)| !TOLD.contains(&key.as_str())) {
        match key.as_str() {
            "user" => attributes.put_json("enduser.id", value),
            key => attributes.put_json(format!("aws.xray.{key}"), value),
        }
    }
    attributes.into_vec()
}

fn put_annotations(attributes: &mut Attributes, entity: &Entity) {
    for (key, value) in entity.annotations() {
        attributes.put_json(key, value);
    }
    if entity.annotations().next().is_some() {
        attributes.put("aws.xray.annotations", texts(entity.annotations().map(|(key, _)| key)));
    }
}

/// What a call called: X-Ray has it in the name.
fn put_called(attributes: &mut Attributes, entity: &Entity) {
    if entity.kind() != EntityKind::Subsegment {
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
    let request = [
        ("method", "http.request.method"),
        ("url", "url.full"),
        ("user_agent", "user_agent.original"),
        ("client_ip", "client.address"),
        ("x_forwarded_for", "aws.xray.x_forwarded_for"),
        ("traced", "aws.xray.traced"),
    ];
    attributes.put_members(part("request").into_iter().flatten(), &request, "aws.xray.http.request.");
    if let Some(status) = entity.http_status() {
        attributes.put_json("http.response.status_code", &status.into());
    }
    let response = [("status", "http.response.status_code"), ("content_length", "http.response.body.size")];
    attributes.put_members(part("response").into_iter().flatten(), &response, "aws.xray.http.response.");
}

fn put_sql(attributes: &mut Attributes, entity: &Entity) {
    let names = [
        ("sanitized_query", "db.query.text"),
        ("connection_string", "db.connection_string"),
        ("user", "db.user"),
    ];
    let sql = member(entity, "sql");
    if let Some(system) = sql.and_then(|sql| sql.get("database_type")).and_then(Value::as_str) {
        // X-Ray's SDKs write it as the driver does, OpenTelemetry in lower case.
        let system = system.to_ascii_lowercase();
        attributes.put(
            "db.system.name",
            text_value(if system == "postgres" { "postgresql".into() } else { system }),
        );
    }
    attributes.put_members(sql.into_iter().flatten(), &names, "aws.xray.sql.");
}

fn put_aws(attributes: &mut Attributes, entity: &Entity) {
    let names = [
        ("operation", "rpc.method"),
        ("region", "aws.region"),
        ("request_id", "aws.request_id"),
        ("account_id", "aws.account_id"),
        ("queue_url", "aws.queue_url"),
        ("table_name", "aws.table_name"),
        ("table_names", "aws.dynamodb.table_names"),
        ("retries", "aws.xray.retries"),
    ];
    // The resource of a segment has where it runs.
    let is_place = |key: &str| key == "cloudwatch_logs" || PLACES.iter().any(|(place, _)| *place == key);
    let is_of_span = |key: &str| entity.kind() == EntityKind::Subsegment || !is_place(key);
    let aws = member(entity, "aws").into_iter().flatten().filter(|(key, _)| is_of_span(key));
    attributes.put_members(aws, &names, "aws.");
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
