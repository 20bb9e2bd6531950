//! A document that goes to another console as spans is the same there: each segment and subsegment has all that it had.

use proptest::prelude::*;
use prost::Message as _;
use serde_json::{Map, Value, json};

use super::request::request;
use crate::document::Document;
use crate::lenient_json;
use crate::otlp::{IndexedAttributes, OtlpEncoding, read_otlp};
use crate::recordings::recordings;

fn returned(documents: &[Document]) -> Vec<Document> {
    let bytes = request(&documents.iter().collect::<Vec<_>>()).encode_to_vec();
    let returned = read_otlp(&bytes, OtlpEncoding::Protobuf, &IndexedAttributes::default()).unwrap();
    returned.into_iter().map(Result::unwrap).collect()
}

/// What is said of each segment and subsegment, without what goes without saying.
fn said(documents: &[Document]) -> Vec<Value> {
    let entities =
        documents.iter().flat_map(|document| document.entities().iter().zip(std::iter::repeat(document)));
    let mut said: Vec<_> = entities
        .map(|(entity, document)| {
            let mut members = entity.members.clone();
            for gone in ["id", "parent_id", "trace_id", "type", "start_time", "end_time", "in_progress"] {
                members.remove(gone);
            }
            // OpenTelemetry has no annotation without a value.
            if let Some(Value::Object(annotations)) = members.get_mut("annotations") {
                annotations.retain(|_, value| !value.is_null());
            }
            if let Some(Value::Object(http)) = members.get_mut("http") {
                http.retain(|_, part| !is_empty(part));
            }
            if let Some(Value::Object(cause)) = members.get_mut("cause") {
                cause.retain(|_, part| !is_empty(part));
            }
            members.retain(|_, value| *value != json!(false) && !is_empty(value));
            let outermost = document.entities()[0].end();
            json!({
                "id": entity.id().to_string(), "trace": document.trace_id().to_string(), "kind": format!("{:?}", entity.kind()),
                "parent": entity.parent_id().map(|id| id.to_string()), "start": entity.start().micros(),
                "end": entity.end().or(outermost).map(|end| end.micros().max(entity.start().micros())), "members": members,
            })
        })
        .collect();
    said.sort_by_key(|said| said["id"].to_string());
    said
}

fn is_empty(value: &Value) -> bool {
    match value {
        Value::Null => true,
        Value::String(text) => text.is_empty(),
        Value::Object(members) => members.values().all(is_empty),
        Value::Array(values) => values.is_empty(),
        _ => false,
    }
}

fn parsed(document: &Value) -> Document {
    Document::parse(&document.to_string()).unwrap()
}

#[track_caller]
fn assert_returned(documents: &[Document]) {
    similar(&said(&returned(documents)), &said(documents));
}

#[track_caller]
fn similar(found: &[Value], expected: &[Value]) {
    for (found, expected) in found.iter().zip(expected) {
        let (of, was) = (&found["members"], &expected["members"]);
        for key in of.as_object().unwrap().keys().chain(was.as_object().unwrap().keys()) {
            assert_eq!(of.get(key), was.get(key), "{key} of {} {}", expected["id"], was["name"]);
        }
        assert_eq!(found, expected);
    }
    assert_eq!(found.len(), expected.len());
}

const TRACE: &str = "1-6b02e002-9311b20839c1ed87c6cec943";

fn segment(more: &Value) -> Value {
    let mut segment = json!({
        "id": "00000000000000a1", "trace_id": TRACE, "name": "orders", "start_time": 1_795_348_800.25, "end_time": 1_795_348_801.5,
    });
    let (Value::Object(segment), Value::Object(more)) = (&mut segment, more) else { panic!("no objects") };
    segment.extend(more.clone());
    segment.clone().into()
}

#[test]
fn outcomes_are_what_the_document_says_whatever_the_status_is() {
    for outcome in [
        json!({"error": true}),
        json!({"throttle": true}),
        json!({"fault": true, "http": {"response": {"status": 404}}}),
        json!({"error": true, "throttle": true, "http": {"response": {"status": 400}}}),
        json!({"http": {"response": {"status": 500}}}),
        json!({"cause": "00000000000000e1", "fault": true}),
        json!({"cause": {"id": "00000000000000e1"}}),
        json!({"precursor_ids": ["00000000000000f1"], "traced": true, "http": {"request": {"traced": true}}}),
        json!({"http": {"request": {"client_ip": "192.0.2.7"}}}),
        json!({"http": {"request": {"client_ip": "192.0.2.7", "x_forwarded_for": true}}}),
        json!({"http": {"request": {"client_ip": "unknown", "x_forwarded_for": false}}}),
    ] {
        let mut call = outcome.clone();
        call["type"] = json!("subsegment");
        call["parent_id"] = json!("00000000000000f0");
        call["namespace"] = json!("aws");
        assert_returned(&[parsed(&segment(&outcome))]);
        assert_returned(&[parsed(&segment(&call))]);
    }
}

#[test]
fn what_the_sdks_write_returns_as_it_was() {
    let mut count = 0;
    let files = recordings();
    for file in &files {
        for line in std::fs::read_to_string(file).unwrap().lines() {
            let recorded: Value = serde_json::from_str(line).unwrap();
            let (_, text) = recorded["raw"].as_str().unwrap().split_once('\n').unwrap();
            let text = lenient_json::read(text).unwrap().value.to_string();
            let document = Document::parse(&text).unwrap();
            if !document.entities()[0].is_in_progress() {
                assert_returned(&[document]);
                count += 1;
            }
        }
    }
    assert!(count > 0 || files.is_empty());
}

#[test]
fn a_document_that_was_made_of_a_span_returns_as_it_was() {
    let attribute = |key: &str, value: Value| json!({"key": key, "value": value});
    let span = |id: u8, kind: &str, more: Value| {
        let mut span = json!({
            "traceId": "6b02e0029311b20839c1ed87c6cec943", "spanId": format!("{id:016x}"), "name": format!("do {kind} {id}"), "kind": kind,
            "startTimeUnixNano": "1795348800000000000", "endTimeUnixNano": "1795348800250000000", "traceState": "a=b",
            "events": [
                {"name": "priced", "timeUnixNano": "1795348800100000000", "attributes": [attribute("total", json!({"doubleValue": 9.5}))]},
                {"name": "exception", "timeUnixNano": "1795348800100000000", "attributes": [
                    attribute("exception.type", json!({"stringValue": "ValueError"})),
                    attribute("exception.message", json!({"stringValue": "no"})),
                    attribute("exception.stacktrace", json!({"stringValue": "Traceback (most recent call last):\n  File \"a.py\", line 3, in f\nValueError: no"})),
                ]},
            ],
            "status": {"code": 2, "message": "it failed"},
            "attributes": [
                attribute("order.id", json!({"stringValue": "o-1"})),
                attribute("list", json!({"arrayValue": {"values": [{"intValue": "1"}, {"stringValue": "x"}]}})),
                attribute("tier", json!({"intValue": "2"})),
                attribute("aws.xray.annotations", json!({"arrayValue": {"values": [{"stringValue": "tier"}]}})),
            ],
        });
        let (Value::Object(of), Value::Object(more)) = (&mut span, more) else { panic!("no objects") };
        of.extend(more);
        span
    };
    let parent = json!({"parentSpanId": "0000000000000001"});
    let of = |key: &str, value: &str| json!({"parentSpanId": "0000000000000001", "attributes": [attribute(key, json!({"stringValue": value}))]});
    let spans = [
        span(1, "SPAN_KIND_SERVER", json!({})),
        span(2, "SPAN_KIND_INTERNAL", parent.clone()),
        span(3, "SPAN_KIND_PRODUCER", parent.clone()),
        span(4, "SPAN_KIND_CONSUMER", parent.clone()),
        span(5, "SPAN_KIND_CONSUMER", json!({})),
        span(6, "SPAN_KIND_CLIENT", of("db.system", "postgresql")),
        span(7, "SPAN_KIND_CLIENT", of("db.query.text", "GET a")),
        span(8, "SPAN_KIND_CLIENT", of("url.full", "https://pay.example/")),
        span(9, "SPAN_KIND_CLIENT", of("rpc.system", "aws-api")),
        span(10, "SPAN_KIND_CLIENT", of("aws.span.kind", "LOCAL_ROOT")),
        span(
            11,
            "SPAN_KIND_SERVER",
            json!({"attributes": [attribute("server.address", json!({"stringValue": "shop.example"})), attribute("url.path", json!({"stringValue": "/"}))]}),
        ),
    ];
    let resource = [
        ("service.name", "shop"),
        ("host.id", "i-1"),
        ("service.version", "2"),
        ("telemetry.sdk.language", "python"),
    ]
    .map(|(key, text)| attribute(key, json!({"stringValue": text})));
    let sent = json!({"resourceSpans": [{"resource": {"attributes": resource}, "scopeSpans": [{"scope": {"name": "lib"}, "spans": spans}]}]});
    let read = |bytes: &[u8], encoding| -> Vec<Document> {
        let read = read_otlp(bytes, encoding, &IndexedAttributes::default()).unwrap();
        read.into_iter().map(Result::unwrap).collect()
    };
    let documents = read(sent.to_string().as_bytes(), OtlpEncoding::Json);
    let mut expected = said(&documents);
    // The call within the segment that is made for it stands alone on the way back, and says so of its resource.
    let resource =
        expected.iter().find_map(|said| said["members"]["metadata"]["otel"].get("resource")).cloned();
    let call = expected.iter_mut().find(|said| said["id"] == "000000000000000a").unwrap();
    call["members"]["metadata"]["otel"]["resource"] = resource.unwrap();
    let found = said(&returned(&documents));
    assert_eq!(found.len(), expected.len());
    let forwarded = request(&documents.iter().collect::<Vec<_>>());
    let [of_service] = &*forwarded.resource_spans else { panic!("{forwarded:?}") };
    assert_eq!(
        of_service.resource.as_ref().unwrap().attributes.len(),
        4,
        "they have one resource, all of them"
    );
    let kinds: Vec<_> =
        of_service.scope_spans[0].spans.iter().map(|span| (&*span.name, span.kind().as_str_name())).collect();
    for (name, kind) in kinds.iter().filter(|(name, _)| !name.ends_with("10") && name.starts_with("do")) {
        assert!(name.starts_with(&format!("do {kind} ")), "{name} {kind}");
    }
    similar(&found, &expected);
}

#[test]
fn a_subsegment_alone_has_the_service_of_its_parent_where_that_is_there() {
    let service = |documents: &[Value]| {
        let documents: Vec<_> = documents.iter().map(parsed).collect();
        let forwarded = request(&documents.iter().collect::<Vec<_>>());
        let of = |spans: &opentelemetry_proto::tonic::trace::v1::ResourceSpans| {
            let attributes = &spans.resource.as_ref().unwrap().attributes;
            let name = attributes.iter().find(|attribute| attribute.key == "service.name").unwrap();
            format!("{:?}", name.value.as_ref().unwrap().value.as_ref().unwrap())
        };
        forwarded.resource_spans.iter().map(of).collect::<Vec<_>>()
    };
    let alone = |id: &str, parent: &str, more: Value| {
        let mut alone = segment(&json!({"id": id, "parent_id": parent, "type": "subsegment"}));
        alone.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
        alone
    };
    let nested = json!({"id": "00000000000000a2", "name": "work", "start_time": 1, "end_time": 2});
    let segment = segment(&json!({"subsegments": [nested]}));
    let child = alone("00000000000000a3", "00000000000000a2", json!({}));
    let grandchild = alone("00000000000000a4", "00000000000000a3", json!({}));
    assert_eq!(service(&[grandchild.clone(), child.clone(), segment]), [r#"StringValue("orders")"#]);
    assert_eq!(service(&[grandchild.clone(), child.clone()]), [r#"StringValue("unknown_service")"#]);
    let named = alone("00000000000000a3", "00000000000000a2", json!({"annotations": {"Service": "pay"}}));
    assert_eq!(service(&[grandchild, named]), [r#"StringValue("pay")"#]);
    let own_grandparent = [
        alone("00000000000000a3", "00000000000000a4", json!({})),
        alone("00000000000000a4", "00000000000000a3", json!({})),
    ];
    assert_eq!(service(&own_grandparent), [r#"StringValue("unknown_service")"#]);
}

fn text() -> impl Strategy<Value = Value> {
    prop_oneof![".{0,12}", r#"[\[{"(:\n]{1,3}[a0,]{0,2}[\]}")]{0,3}"#].prop_map(Value::from)
}

fn plain() -> impl Strategy<Value = Value> {
    prop_oneof![
        text(),
        any::<bool>().prop_map(Value::from),
        any::<i32>().prop_map(Value::from),
        Just(json!(1.5))
    ]
}

fn json_of_any_kind() -> impl Strategy<Value = Value> {
    plain().prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            prop::collection::vec(inner.clone(), 0..4).prop_map(Value::from),
            prop::collection::btree_map("[a-z.]{1,5}", inner, 0..4)
                .prop_map(|members| Value::Object(members.into_iter().collect())),
        ]
    })
}

fn object<S: Strategy<Value = Value>>(
    keys: &'static [&'static str],
    value: S,
) -> impl Strategy<Value = Value> {
    prop::collection::btree_map(prop::sample::select(keys), value, 0..5).prop_map(|members| {
        members.into_iter().map(|(key, value)| (key.to_owned(), value)).collect::<Map<_, _>>().into()
    })
}

fn exception() -> impl Strategy<Value = Value> {
    let frame =
        object(&["label", "path", "line", "odd"], prop_oneof![text(), (0..900).prop_map(Value::from)]);
    let usual = ("[a-z ]{0,5}", "[a-z.:]{0,5}", 0..900)
        .prop_map(|(label, path, line)| json!({"label": label, "path": path, "line": line}));
    let stack = prop::collection::vec(prop_oneof![frame, usual], 1..4);
    (
        object(&["id", "type", "message", "remote", "truncated", "skipped", "cause", "odd"], plain()),
        prop::option::of(stack),
    )
        .prop_map(|(mut exception, stack)| {
            if let Some(stack) = stack {
                exception["stack"] = stack.into();
            }
            exception["id"] = "00000000000000e1".into();
            exception
        })
}

fn cause() -> impl Strategy<Value = Value> {
    let of_exceptions =
        (object(&["working_directory", "odd"], text()), prop::collection::vec(exception(), 1..3)).prop_map(
            |(mut cause, exceptions)| {
                cause["exceptions"] = exceptions.into();
                cause
            },
        );
    prop_oneof![of_exceptions, Just(json!("00000000000000e1")), Just(json!({"id": "00000000000000e1"}))]
}

fn members() -> impl Strategy<Value = Value> {
    let request =
        object(&["method", "url", "user_agent", "client_ip", "x_forwarded_for", "traced", "odd"], plain());
    let response = object(
        &["status", "content_length", "odd"],
        prop_oneof![(0..600).prop_map(Value::from), Just(json!("503"))],
    );
    let http =
        (request, response).prop_map(|(request, response)| json!({"request": request, "response": response}));
    let sql = object(
        &["url", "connection_string", "database_type", "user", "sanitized_query", "preparation", "odd"],
        text(),
    );
    let aws = object(
        &[
            "operation",
            "region",
            "request_id",
            "account_id",
            "queue_url",
            "table_name",
            "table_names",
            "retries",
            "ec2",
            "ecs",
            "xray",
            "cloudwatch_logs",
            "odd",
        ],
        json_of_any_kind(),
    );
    let annotations = object(&["OrderId", "url", "a_b", "name", "é"], plain());
    let metadata = object(&["default", "otel", "orders", "a.b", "xray"], json_of_any_kind());
    let flags = prop::collection::vec(any::<bool>(), 4);
    let names = (
        text(),
        prop::option::of(prop::sample::select(&["aws", "remote", "local", "odd"][..])),
        prop::option::of(text()),
    );
    let others = object(
        &["precursor_ids", "service", "origin", "resource_arn", "inferred", "odd"],
        prop_oneof![text(), Just(json!(["a", "b"])), Just(json!({"version": "1"}))],
    );
    ((http, sql, aws, prop::option::of(cause())), (annotations, metadata), flags, names, others).prop_map(
        |((http, sql, aws, cause), (annotations, metadata), flags, (name, namespace, user), others)| {
            let mut members = others;
            for (key, value) in [
                ("http", http),
                ("sql", sql),
                ("aws", aws),
                ("annotations", annotations),
                ("metadata", metadata),
                ("name", name),
            ] {
                members[key] = value;
            }
            for (key, value) in [("cause", cause), ("namespace", namespace.map(Value::from)), ("user", user)]
            {
                if let Some(value) = value {
                    members[key] = value;
                }
            }
            for (flag, is_set) in ["fault", "error", "throttle", "traced"].into_iter().zip(flags) {
                members[flag] = is_set.into();
            }
            members
        },
    )
}

proptest! {
    #[test]
    fn any_document_returns_as_it_was(outer in members(), inner in members(), is_alone: bool) {
        let mut inner = inner;
        for (key, value) in [("id", json!("00000000000000a2")), ("start_time", json!(1_795_348_800.5)), ("end_time", json!(1_795_348_800.75))] {
            inner[key] = value;
        }
        let mut outer = segment(&outer);
        outer["subsegments"] = json!([inner]);
        if is_alone {
            outer["type"] = "subsegment".into();
            outer["parent_id"] = "00000000000000f0".into();
        }
        let documents = [parsed(&outer)];
        let (found, expected) = (said(&returned(&documents)), said(&documents));
        prop_assert_eq!(found, expected);
    }
}
