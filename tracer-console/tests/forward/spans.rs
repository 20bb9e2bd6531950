//! Documents become spans: their content, and OTLP's rules for what is sent again.

use std::time::Duration;

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value as Attribute;
use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use serde_json::{Value, json};
use tracer_console::{Console, ConsoleOptions, ForwardTarget, Forwarder, Trace, TraceId};

use crate::documents::{segment, segments};
use crate::far_end::Said;
use crate::otlp_end::{OtlpEnd, response};
use crate::sends::{Home, counts, put};
use crate::wait::until;

fn otlp(end: &OtlpEnd) -> ForwardTarget {
    ForwardTarget::otlp(&end.end.url(), [("x-team".to_owned(), "shop".to_owned())]).unwrap()
}

fn started() -> (Home, OtlpEnd, Forwarder) {
    let (home, end) = (Home::new(), OtlpEnd::new());
    let forwarder = home.start(vec![otlp(&end)]);
    (home, end, forwarder)
}

fn attribute<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a Attribute> {
    attributes.iter().find(|attribute| attribute.key == key)?.value.as_ref()?.value.as_ref()
}

fn text<'a>(attributes: &'a [KeyValue], key: &str) -> Option<&'a str> {
    match attribute(attributes, key)? {
        Attribute::StringValue(text) => Some(text),
        _ => None,
    }
}

const TRACE: &str = "1-6b02e002-9311b20839c1ed87c6cec943";

/// A request that failed within, with calls of everything.
fn order() -> Value {
    json!({
        "name": "order-service", "id": "00000000000000a1", "trace_id": TRACE, "parent_id": "00000000000000f0",
        "start_time": 1_795_348_800.25, "end_time": 1_795_348_801.5, "origin": "AWS::EC2::Instance", "user": "alice",
        "service": {"version": "1.2.3"}, "fault": true,
        "http": {"request": {"method": "POST", "url": "http://shop.example/orders", "client_ip": "192.0.2.7", "user_agent": "curl/8"},
                 "response": {"status": 500, "content_length": 17}},
        "aws": {"account_id": "123456789012", "ec2": {"instance_id": "i-1", "availability_zone": "eu-west-1a"}},
        "cause": {"exceptions": [{"id": "00000000000000e1", "type": "PaymentDeclined", "message": "the card is declined",
                  "stack": [{"label": "charge", "path": "src/payment.rs", "line": 7}]}]},
        "annotations": {"OrderId": "ORD-1", "Items": 3, "Gift": true, "Ratio": 0.5},
        "metadata": {"orders": {"rows": [1, 2]}},
        "links": [{"trace_id": "1-6b02d94c-be5262b78fb491a007b77f7d", "id": "8e7fb6825d14ff63", "attributes": {"kind": "batch"}}],
        "subsegments": [
            {"name": "DynamoDB", "id": "00000000000000a2", "namespace": "aws", "start_time": 1_795_348_800.5, "end_time": 1_795_348_800.75,
             "aws": {"operation": "PutItem", "table_name": "orders", "region": "eu-west-1", "request_id": "R1", "retries": 2}},
            {"name": "pay.example", "id": "00000000000000a3", "namespace": "remote", "start_time": 1_795_348_800.75,
             "end_time": 1_795_348_801.25, "error": true, "throttle": true,
             "http": {"request": {"method": "GET", "url": "https://pay.example/charge"}, "response": {"status": 429}},
             "subsegments": [{"name": "dns", "id": "00000000000000a4", "start_time": 1_795_348_801.0, "end_time": 1_795_348_801.0}]},
            {"name": "shop@db", "id": "00000000000000a5", "namespace": "remote", "start_time": 1, "end_time": 2,
             "sql": {"sanitized_query": "SELECT ?", "database_type": "PostgreSQL", "user": "app", "url": "postgresql://db/shop"}},
        ],
    })
}

fn spans_of_order() -> (Vec<Span>, Vec<KeyValue>) {
    let (_home, end, forwarder) = started();
    put(forwarder.console().tcp_addr(), &[order().to_string()]);
    let spans = end.spans(5);
    let resources = end.resources();
    assert_eq!((resources.len(), spans.len()), (1, 5));
    let asked = until("the call", || end.end.asked().into_iter().next());
    assert_eq!(asked.header("x-team"), "shop");
    (spans, resources[0].resource.clone().unwrap().attributes)
}

fn named<'a>(spans: &'a [Span], name: &str) -> &'a Span {
    spans.iter().find(|span| span.name == name).unwrap()
}

#[test]
fn ids_names_and_times_are_kept() {
    let (spans, _) = spans_of_order();
    let trace = 0x6b02_e002_9311_b208_39c1_ed87_c6ce_c943_u128.to_be_bytes();
    assert!(spans.iter().all(|span| span.trace_id == trace));
    let ids = |name| {
        let span = named(&spans, name);
        [&span.span_id, &span.parent_span_id].map(|id| u64::from_be_bytes(id[..].try_into().unwrap()))
    };
    assert_eq!(ids("order-service"), [0xa1, 0xf0]);
    assert_eq!(ids("DynamoDB"), [0xa2, 0xa1]);
    assert_eq!(ids("dns"), [0xa4, 0xa3]);
    let order = named(&spans, "order-service");
    assert_eq!(order.start_time_unix_nano, 1_795_348_800_250_000_000);
    assert_eq!(order.end_time_unix_nano, 1_795_348_801_500_000_000);
    let kinds = ["order-service", "DynamoDB", "pay.example", "dns"].map(|name| named(&spans, name).kind());
    assert_eq!(kinds, [SpanKind::Server, SpanKind::Client, SpanKind::Client, SpanKind::Internal]);
    let link = &order.links[0];
    assert_eq!(link.span_id, 0x8e7f_b682_5d14_ff63_u64.to_be_bytes());
    assert_eq!(text(&link.attributes, "kind"), Some("batch"));
}

#[test]
fn status_and_exceptions_are_kept() {
    let (spans, _) = spans_of_order();
    let order = named(&spans, "order-service");
    let status = order.status.as_ref().unwrap();
    assert_eq!((status.code(), &*status.message), (StatusCode::Error, "the card is declined"));
    let event = &order.events[0];
    assert_eq!((&*event.name, event.time_unix_nano), ("exception", order.end_time_unix_nano));
    assert_eq!(text(&event.attributes, "exception.type"), Some("PaymentDeclined"));
    assert_eq!(text(&event.attributes, "aws.xray.exception.id"), Some("00000000000000e1"));
    let stack = "PaymentDeclined: the card is declined\n\tat charge (src/payment.rs:7)";
    assert_eq!(text(&event.attributes, "exception.stacktrace"), Some(stack));
    let paid = named(&spans, "pay.example");
    assert_eq!(paid.status.as_ref().unwrap().code(), StatusCode::Error);
    assert_eq!(attribute(&paid.attributes, "aws.xray.throttle"), Some(&Attribute::BoolValue(true)));
    assert_eq!(named(&spans, "DynamoDB").status, None);
}

#[test]
fn members_become_attributes_by_the_names_of_the_conventions() {
    let (spans, resource) = spans_of_order();
    let order = &named(&spans, "order-service").attributes;
    for (key, expected) in [
        ("OrderId", "ORD-1"),
        ("http.request.method", "POST"),
        ("url.full", "http://shop.example/orders"),
        ("client.address", "192.0.2.7"),
        ("user_agent.original", "curl/8"),
        ("enduser.id", "alice"),
        ("aws.xray.metadata.orders", r#"{"rows":[1,2]}"#),
    ] {
        assert_eq!(text(order, key), Some(expected), "{key}");
    }
    assert_eq!(attribute(order, "Items"), Some(&Attribute::IntValue(3)));
    assert_eq!(attribute(order, "Gift"), Some(&Attribute::BoolValue(true)));
    assert_eq!(attribute(order, "Ratio"), Some(&Attribute::DoubleValue(0.5)));
    assert_eq!(attribute(order, "http.response.status_code"), Some(&Attribute::IntValue(500)));
    let Some(Attribute::ArrayValue(annotations)) = attribute(order, "aws.xray.annotations") else { panic!() };
    assert_eq!(annotations.values.len(), 4);
    let call = &named(&spans, "DynamoDB").attributes;
    for (key, expected) in [
        ("rpc.system", "aws-api"),
        ("rpc.service", "DynamoDB"),
        ("rpc.method", "PutItem"),
        ("aws.table_name", "orders"),
        ("aws.region", "eu-west-1"),
        ("aws.request_id", "R1"),
    ] {
        assert_eq!(text(call, key), Some(expected), "{key}");
    }
    let query = &named(&spans, "shop@db").attributes;
    assert_eq!(text(query, "db.system.name"), Some("postgresql"));
    assert_eq!((text(query, "db.query.text"), text(query, "db.user")), (Some("SELECT ?"), Some("app")));
    for (key, expected) in [
        ("service.name", "order-service"),
        ("service.version", "1.2.3"),
        ("cloud.provider", "aws"),
        ("cloud.platform", "aws_ec2"),
        ("host.id", "i-1"),
        ("cloud.account.id", "123456789012"),
    ] {
        assert_eq!(text(&resource, key), Some(expected), "{key}");
    }
}

#[test]
fn another_console_that_takes_spans_has_the_same_trace() {
    let home = Home::new();
    let far = Console::start(ConsoleOptions::any_port()).unwrap();
    let target = ForwardTarget::otlp(&format!("http://{}", far.local_addr()), []).unwrap();
    let forwarder = home.start(vec![target]);
    put(forwarder.console().tcp_addr(), &[order().to_string()]);
    let id: TraceId = TRACE.parse().unwrap();
    let trace = far.store().wait_for_trace(id, |trace| trace.len() == 5, Duration::from_secs(30)).unwrap();
    let shape = |trace: &Trace| {
        let node = |node: tracer_console::Node<'_>| {
            (
                node.id(),
                node.parent_id(),
                node.name().to_owned(),
                node.namespace().map(str::to_owned),
                node.start(),
                node.end(),
            )
        };
        let mut nodes: Vec<_> = trace.nodes().map(node).collect();
        nodes.sort_by_key(|node| node.0);
        nodes
    };
    let store = tracer_console::MemoryStore::default();
    let store: &dyn tracer_console::TraceStore = &store;
    store.record(tracer_console::Document::parse(&order().to_string()).unwrap()).unwrap();
    assert_eq!(shape(&trace), shape(&store.trace(id).unwrap()));
    let segment = trace.find("order-service").unwrap();
    assert_eq!(segment.annotation("OrderId"), Some(&json!("ORD-1")));
    assert_eq!(segment.annotation("Items"), Some(&json!(3)));
    let exception = segment.exceptions().next().unwrap();
    assert_eq!((exception.type_name(), exception.message()), ("PaymentDeclined", "the card is declined"));
    assert_eq!((segment.http_status(), segment.is_fault()), (Some(500), true));
    let rows = segment.metadata().find(|(namespace, _)| *namespace == "orders").unwrap();
    assert_eq!(rows.1, &json!({"rows": [1, 2]}));
}

#[test]
fn what_is_in_progress_is_not_for_a_backend_and_what_completes_it_is() {
    let (_home, end, forwarder) = started();
    let mut document = segment("job");
    let end_time = document.as_object_mut().unwrap().remove("end_time").unwrap();
    document["in_progress"] = json!(true);
    put(forwarder.console().tcp_addr(), &[document.to_string()]);
    counts(&forwarder, |counts| (counts.targets[0].skipped, counts.targets[0].waiting) == (1, 0));
    assert!(end.end.asked().is_empty());
    document.as_object_mut().unwrap().remove("in_progress");
    document["end_time"] = end_time;
    put(forwarder.console().tcp_addr(), &[document.to_string()]);
    assert_eq!(end.spans(1).len(), 1);
}

/// A segment that is in progress with a call that has ended, and the segment when it has ended, with that call and another.
fn before_and_after() -> (Value, Value) {
    let mut after = segment("job");
    let (start, end) = (after["start_time"].as_f64().unwrap(), after["end_time"].as_f64().unwrap());
    let call = |name: &str, id: &str| json!({"name": name, "id": id, "start_time": start, "end_time": end});
    after["subsegments"] = json!([call("first", "00000000000000b1"), call("second", "00000000000000b2")]);
    let mut before = after.clone();
    before.as_object_mut().unwrap().remove("end_time");
    before["in_progress"] = json!(true);
    before["subsegments"].as_array_mut().unwrap().pop();
    (before, after)
}

fn names(spans: &[Span]) -> Vec<&str> {
    let mut names: Vec<_> = spans.iter().map(|span| &*span.name).collect();
    names.sort_unstable();
    names
}

#[test]
fn the_subsegments_of_what_was_in_progress_are_sent_once_with_what_completes_it() {
    let (_home, end, forwarder) = started();
    let (before, after) = before_and_after();
    // Together, apart, and the early one once more when the late one is there.
    put(forwarder.console().tcp_addr(), &[before.to_string(), after.to_string(), before.to_string()]);
    let counts = counts(&forwarder, |counts| counts.targets[0].waiting == 0);
    assert_eq!((counts.targets[0].sent, counts.targets[0].skipped), (1, 2));
    assert_eq!(names(&end.spans(3)), ["first", "job", "second"]);
}

/// It is not known here for how long what is in progress will be so: it is for the document that completes it to say.
#[test]
fn what_completes_it_is_sent_whole_also_when_the_forwarder_ended_in_between() {
    let (home, end, forwarder) = started();
    let (before, after) = before_and_after();
    put(forwarder.console().tcp_addr(), &[before.to_string()]);
    let counts = forwarder.stop(Duration::from_secs(30)).counts;
    assert_eq!((counts.targets[0].skipped, counts.targets[0].waiting), (1, 0));
    assert!(end.end.asked().is_empty());
    let forwarder = home.start(vec![otlp(&end)]);
    put(forwarder.console().tcp_addr(), &[after.to_string()]);
    assert_eq!(names(&end.spans(3)), ["first", "job", "second"]);
    drop(forwarder);
    assert_eq!(end.spans(3).len(), 3);
}

#[test]
fn what_the_specification_lets_be_sent_again_is_and_the_rest_is_rejected() {
    for (status, is_sent_again) in [
        (429, true),
        (502, true),
        (503, true),
        (504, true),
        (401, true),
        (403, true),
        (404, true),
        (405, true),
        (500, false),
        (415, false),
        (400, false),
    ] {
        let (_home, end, forwarder) = started();
        end.says(Some(Said::status(status).with("retry-after", "0")));
        put(forwarder.console().tcp_addr(), &segments(3));
        end.is_called();
        if is_sent_again {
            end.says(None);
            assert_eq!(end.spans(3).len(), 3, "{status}");
        }
        let counts = counts(&forwarder, |counts| counts.targets[0].waiting == 0);
        let expected = if is_sent_again { (3, 0) } else { (0, 3) };
        assert_eq!((counts.targets[0].sent, counts.targets[0].rejected), expected, "{status}");
    }
}

#[test]
fn whoever_answers_with_a_page_has_taken_nothing() {
    let (_home, end, forwarder) = started();
    end.says(Some(Said { body: b"\n<html>Log in, please</html>".to_vec(), ..Said::status(200) }));
    put(forwarder.console().tcp_addr(), &segments(3));
    end.is_called();
    assert_eq!(forwarder.counts().targets[0].waiting, 3);
    end.says(None);
    assert_eq!(end.spans(3).len(), 3);
    counts(&forwarder, |counts| (counts.targets[0].sent, counts.targets[0].waiting) == (3, 0));
}

#[test]
fn the_wait_that_a_backend_asks_for_is_kept() {
    let (_home, end, forwarder) = started();
    end.says(Some(Said::status(503).with("retry-after", "3600")));
    put(forwarder.console().tcp_addr(), &segments(1));
    end.is_called();
    end.says(None);
    // Enough for many waits of its own, which are of 50 ms at most.
    put(forwarder.console().tcp_addr(), &segments(60));
    let counts = forwarder.stop(Duration::from_secs(5)).counts;
    assert_eq!((counts.targets[0].sent, counts.targets[0].waiting), (0, 61));
    assert_eq!(end.end.asked().len(), 1);
}

#[test]
fn a_partial_success_is_counted() {
    let (_home, end, forwarder) = started();
    end.says(Some(response(2, "too old")));
    put(forwarder.console().tcp_addr(), &segments(5));
    let counts = counts(&forwarder, |counts| counts.targets[0].waiting == 0);
    assert_eq!((counts.targets[0].sent, counts.targets[0].rejected), (3, 2));
}
