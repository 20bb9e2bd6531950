//! A span that `forward` made of a document, made that document again: nothing of it is lost on the way.
//!
//! The tables here are also those by which `forward` names attributes.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::{Event, SpanKind};
use serde_json::{Map, Value, json};

use super::attributes::Attributes;
use super::resource::Resource;
use super::{any_value, frames, outcome};

/// The scope of spans that `forward` made.
pub(crate) const SCOPE: &str = "tracer-console";

/// What has a name of its own in OpenTelemetry's conventions, by the members of X-Ray's documents.
pub(crate) const HTTP_REQUEST: [(&str, &str); 5] = [
    ("method", "http.request.method"),
    ("url", "url.full"),
    ("user_agent", "user_agent.original"),
    ("client_ip", "client.address"),
    ("x_forwarded_for", "aws.xray.x_forwarded_for"),
];
pub(crate) const HTTP_RESPONSE: [(&str, &str); 2] =
    [("status", "http.response.status_code"), ("content_length", "http.response.body.size")];
/// Who asked, where nobody stood between.
pub(crate) const PEER: &str = "network.peer.address";
pub(crate) const SQL: [(&str, &str); 3] = [
    ("sanitized_query", "db.query.text"),
    ("connection_string", "db.connection_string"),
    ("user", "db.user"),
];
/// The database in OpenTelemetry's words.
pub(crate) const DATABASE: &str = "db.system.name";
pub(crate) const AWS: [(&str, &str); 8] = [
    ("operation", "rpc.method"),
    ("region", "aws.region"),
    ("request_id", "aws.request_id"),
    ("account_id", "aws.account_id"),
    ("queue_url", "aws.queue_url"),
    ("table_name", "aws.table_name"),
    ("table_names", "aws.dynamodb.table_names"),
    ("retries", "aws.xray.retries"),
];

/// What begins the names of what has none in the conventions.
pub(crate) const OWN: &str = "aws.xray.";
pub(crate) const OF_HTTP_REQUEST: &str = "aws.xray.http.request.";
pub(crate) const OF_HTTP_RESPONSE: &str = "aws.xray.http.response.";
pub(crate) const OF_SQL: &str = "aws.xray.sql.";
pub(crate) const OF_AWS: &str = "aws.xray.aws.";
pub(crate) const OF_CAUSE: &str = "aws.xray.cause.";
pub(crate) const OF_METADATA: &str = "aws.xray.metadata.";
pub(crate) const OF_EXCEPTION: &str = "aws.xray.exception.";
pub(crate) const ANNOTATIONS: &str = "aws.xray.annotations";
/// How texts begin that are those of JSON: of an object, a list, or a text that begins so itself.
pub(crate) const BEGINS_JSON: [char; 3] = ['{', '[', '"'];
/// The document came from OpenTelemetry: the span has its own name, kind, resource and attributes.
pub(crate) const IS_OTEL: &str = "aws.xray.otel";
/// What X-Ray calls it, where OpenTelemetry calls it otherwise.
pub(crate) const NAME: &str = "aws.xray.name";
/// `segment` or `subsegment`, where the kind does not tell.
pub(crate) const TYPE: &str = "aws.xray.type";

/// Whether an attribute of this name is something else on the way back.
pub(crate) fn is_taken(key: &str, has_sql: bool) -> bool {
    let is_in = |names: &[(&str, &str)]| names.iter().any(|(_, name)| *name == key);
    key.starts_with(OWN)
        || is_in(&HTTP_REQUEST)
        || is_in(&HTTP_RESPONSE)
        || is_in(&AWS)
        || [PEER, "enduser.id"].contains(&key)
        || (has_sql && (is_in(&SQL) || key == DATABASE))
}

/// The members of the document, but for its ids and times.
pub(super) fn members(span: &Span, resource: &Resource<'_>) -> Map<String, Value> {
    let attributes = Attributes::of(&span.attributes);
    let rest = attributes.iter().map(|(key, value, _)| (key.to_owned(), any_value::to_json(value))).collect();
    let mut rest = Rest(rest);
    let mut members = Map::new();
    let is_otel = rest.take(IS_OTEL).is_some();
    let is_segment = match rest.take(TYPE) {
        Some(said) => said == "segment",
        None => span.kind() == SpanKind::Server,
    };
    if !is_segment {
        members.insert("type".into(), "subsegment".into());
    }
    let annotations = rest.annotations();
    put(&mut members, "annotations", annotations);
    let metadata = rest.texts(OF_METADATA);
    put_name(&mut members, span, &mut rest, is_otel);
    put_http(&mut members, &mut rest);
    put_sql(&mut members, &mut rest, is_otel);
    let aws = rest.part(&AWS, OF_AWS);
    put(&mut members, "aws", aws);
    put_cause(&mut members, span, &mut rest);
    for (flag, key) in [("in_progress", "aws.xray.inprogress"), ("user", "enduser.id")] {
        members.extend(rest.take(key).map(|value| (flag.to_owned(), value)));
    }
    members.extend(rest.texts(OWN));
    put_metadata(&mut members, metadata, rest, is_otel.then_some((resource, is_segment)));
    members
}

fn put(members: &mut Map<String, Value>, key: &str, object: Map<String, Value>) {
    if !object.is_empty() {
        members.insert(key.to_owned(), object.into());
    }
}

fn put_name(members: &mut Map<String, Value>, span: &Span, rest: &mut Rest, is_otel: bool) {
    let name = rest.take(NAME).unwrap_or_else(|| span.name.clone().into());
    let namespace = match rest.take("aws.xray.namespace") {
        None if is_otel => None,
        None if rest.is("rpc.system", &json!("aws-api")) => Some("aws".into()),
        None if rest.is("peer.service", &name) => Some("remote".into()),
        said => said,
    };
    if !is_otel {
        for key in ["rpc.system", "rpc.service", "peer.service"] {
            rest.take(key);
        }
    }
    members.extend(namespace.map(|namespace| ("namespace".to_owned(), namespace)));
    if name != "" {
        members.insert("name".into(), name);
    }
}

fn put_http(members: &mut Map<String, Value>, rest: &mut Rest) {
    let parts = [
        ("request", rest.part(&HTTP_REQUEST, OF_HTTP_REQUEST)),
        ("response", rest.part(&HTTP_RESPONSE, OF_HTTP_RESPONSE)),
    ];
    rest.take(PEER);
    let mut http = Map::new();
    for (key, part) in parts {
        put(&mut http, key, part);
    }
    put(members, "http", http);
}

fn put_sql(members: &mut Map<String, Value>, rest: &mut Rest, is_otel: bool) {
    // Another database has those attributes as well, and they are nothing but attributes.
    if is_otel && !rest.0.keys().any(|key| key.starts_with(OF_SQL)) {
        return;
    }
    let sql = rest.part(&SQL, OF_SQL);
    rest.take(DATABASE);
    put(members, "sql", sql);
}

fn put_cause(members: &mut Map<String, Value>, span: &Span, rest: &mut Rest) {
    let mut cause = rest.texts(OF_CAUSE);
    let exceptions: Vec<_> = span.events.iter().filter(|event| event.name == outcome::EXCEPTION).collect();
    if !exceptions.is_empty() {
        cause.insert("exceptions".into(), exceptions.into_iter().map(exception).collect());
    }
    put(members, "cause", cause);
}

fn exception(event: &Event) -> Value {
    let attributes = Attributes::of(&event.attributes);
    let rest = attributes.iter().map(|(key, value, _)| (key.to_owned(), any_value::to_json(value))).collect();
    let mut rest = Rest(rest);
    let mut exception = rest.texts(OF_EXCEPTION);
    for (key, name) in [("type", "exception.type"), ("message", "exception.message")] {
        exception.extend(rest.take(name).map(|text| (key.to_owned(), text)));
    }
    let text = |key: &str| exception.get(key).and_then(Value::as_str).unwrap_or_default();
    let head = frames::head(text("type"), text("message"));
    if let (None, Some(Value::String(stack))) = (exception.get("stack"), rest.take("exception.stacktrace")) {
        exception.extend(frames::read(&head, &stack).map(|stack| ("stack".to_owned(), stack)));
    }
    exception.into()
}

/// What is left are attributes of OpenTelemetry, and belongs where the console has them.
fn put_metadata(
    members: &mut Map<String, Value>,
    mut metadata: Map<String, Value>,
    rest: Rest,
    resource: Option<(&Resource<'_>, bool)>,
) {
    let mut of = |namespace: &str, values: Map<String, Value>| {
        if !values.is_empty()
            && let Some(known) = metadata.entry(namespace).or_insert_with(|| json!({})).as_object_mut()
        {
            known.extend(values);
        }
    };
    of("default", rest.0.into_iter().filter(|(_, value)| !value.is_null()).collect());
    match resource {
        Some((resource, true)) => {
            let entry = |(key, _, json): (&str, _, &Value)| (key.to_owned(), json.clone());
            of("default", resource.beside().map(entry).filter(|(_, value)| !value.is_null()).collect());
        }
        Some((resource, false)) => of("otel", resource.of_subsegment()),
        None => {}
    }
    put(members, "metadata", metadata);
}

/// The attributes that no member was made of so far.
struct Rest(BTreeMap<String, Value>);

impl Rest {
    fn take(&mut self, key: &str) -> Option<Value> {
        self.0.remove(key)
    }

    fn is(&self, key: &str, value: &Value) -> bool {
        self.0.get(key) == Some(value)
    }

    fn annotations(&mut self) -> Map<String, Value> {
        let Some(Value::Array(keys)) = self.take(ANNOTATIONS) else { return Map::new() };
        let keys = keys.iter().filter_map(Value::as_str);
        keys.filter_map(|key| Some((key.to_owned(), self.0.remove(key)?))).collect()
    }

    /// Members by the names of their attributes.
    fn part(&mut self, names: &[(&str, &str)], prefix: &str) -> Map<String, Value> {
        let mut part = self.texts(prefix);
        for (member, name) in names {
            part.extend(self.take(name).map(|value| ((*member).to_owned(), value)));
        }
        part
    }

    /// Those whose names begin so, without that; lists and objects are the text of their JSON.
    fn texts(&mut self, prefix: &str) -> Map<String, Value> {
        let keys: Vec<_> = self.0.keys().filter(|key| key.starts_with(prefix)).cloned().collect();
        let mut texts = Map::new();
        for key in keys {
            if let Some(value) = self.0.remove(&key) {
                texts.insert(key[prefix.len()..].to_owned(), from_text(value, prefix == OF_METADATA));
            }
        }
        texts
    }
}

fn from_text(value: Value, is_always_json: bool) -> Value {
    let json = value.as_str().filter(|text| is_always_json || text.starts_with(BEGINS_JSON));
    json.and_then(|text| serde_json::from_str(text).ok()).unwrap_or(value)
}
