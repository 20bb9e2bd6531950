//! What becomes of other attributes.

use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use serde_json::{Value, json};

use super::super::IndexedAttributes;
use super::super::fixtures::{any, array, attributes, document, document_of, event, outcome, span};

fn indexed<const N: usize>(entries: [(&str, AnyValue); N], indexed: &IndexedAttributes) -> Value {
    outcome(span(SpanKind::Server, entries), attributes([("tier", any("gold"))]), indexed).unwrap()
}

#[test]
fn attributes_are_metadata_unless_they_are_named() {
    let entries = || [("order.id", any("o-1")), ("order.count", any(3)), ("http.request.method", any("GET"))];
    let none = indexed(entries(), &IndexedAttributes::default());
    assert_eq!(none.get("annotations"), None);
    assert_eq!(
        none["metadata"]["default"],
        json!({"order.id": "o-1", "order.count": 3, "otel.resource.tier": "gold"})
    );
    let named = indexed(
        entries(),
        &IndexedAttributes::listed(["order.id", "http.request.method", "otel.resource.tier"]),
    );
    let expected = json!({"order.id": "o-1", "http.request.method": "GET", "otel.resource.tier": "gold"});
    assert_eq!(named["annotations"], expected);
    assert_eq!(named["metadata"]["default"], json!({"order.count": 3}));
    assert_eq!(named["http"]["request"]["method"], "GET");
    let all = indexed(entries(), &IndexedAttributes::all());
    assert_eq!(
        all["annotations"],
        json!({"order.id": "o-1", "order.count": 3, "otel.resource.tier": "gold"})
    );
}

#[test]
fn a_span_names_its_annotations_itself() {
    let named = array([any("a-b"), any("long"), any("list"), any("absent"), any(7)]);
    let long = "x".repeat(1_001);
    let document = document(span(
        SpanKind::Server,
        [
            ("a-b", any(true)),
            ("long", any(&*long)),
            ("list", array([any(1)])),
            ("aws.xray.annotations", named),
        ],
    ));
    assert_eq!(document["annotations"], json!({"a_b": true}));
    assert_eq!(
        document["metadata"]["default"],
        json!({"long": long, "list": [1]}),
        "what cannot be one is kept"
    );
}

#[test]
fn two_attributes_of_one_name_are_both_kept() {
    let document = indexed([("a-b", any(1)), ("a_b", any(2))], &IndexedAttributes::all());
    assert_eq!(document["annotations"]["a_b"], 1);
    assert_eq!(document["metadata"]["default"], json!({"a_b": 2}));
    let long = "k".repeat(501);
    let document = indexed([(&long, any(1))], &IndexedAttributes::all());
    assert_eq!(document["metadata"]["default"][&long], 1);
}

#[test]
fn metadata_has_namespaces() {
    let document = document(span(
        SpanKind::Server,
        [
            ("aws.xray.metadata.shop", any(r#"{"cart": [1, {"a": null}]}"#)),
            ("aws.xray.metadata.default", any(r#"{"debug": "test"}"#)),
            ("aws.xray.metadata.broken", any("[1")),
        ],
    ));
    assert_eq!(document["metadata"]["shop"], json!({"cart": [1, {"a": null}]}));
    assert_eq!(document["metadata"]["default"], json!({"debug": "test", "aws.xray.metadata.broken": "[1"}));
}

#[test]
fn only_segments_have_the_attributes_of_the_resource() {
    let resource = || [("service.name", any("web"))];
    let segment = document_of(span(SpanKind::Server, []), resource());
    assert_eq!(segment["metadata"]["default"], json!({"otel.resource.service.name": "web"}));
    let subsegment = document_of(span(SpanKind::Internal, []), resource());
    assert_eq!(subsegment["metadata"].get("default"), None);
}

#[test]
fn what_x_ray_has_no_member_for_is_kept_beside_both_ids() {
    let mut work = span(SpanKind::Producer, []);
    work.trace_state = "a=b".into();
    work.dropped_events_count = 2;
    work.status = Some(Status { code: 1, message: String::new() });
    work.events = vec![event("retry", [("attempt", any(2))])];
    let document = document(work);
    assert_eq!(document["trace_id"], "1-6b6b6b6b-6b6b6b6b6b6b6b6b6b6b6b6b");
    let expected = json!({
        "trace_id": "6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b6b", "span_id": "a1a1a1a1a1a1a1a1", "name": "GET /orders",
        "kind": "PRODUCER", "trace_state": "a=b", "status": {"code": "OK"}, "dropped_events": 2,
        "events": [{"name": "retry", "time": 1_795_348_800.1, "attributes": {"attempt": 2}}],
    });
    assert_eq!(document["metadata"]["otel"], expected);
}

#[test]
fn more_attributes_and_events_than_are_kept_are_counted() {
    let names: Vec<_> = (0..1_002).map(|number| format!("k{number}")).collect();
    let mut many = span(SpanKind::Server, names.iter().map(|name| (&**name, any(1))));
    many.events = vec![event("e", []); 1_003];
    many.dropped_attributes_count = 10;
    let document = document(Span { dropped_links_count: 1, ..many });
    let otel = &document["metadata"]["otel"];
    assert_eq!(
        (&otel["dropped_attributes"], &otel["dropped_events"], &otel["dropped_links"]),
        (&json!(12), &json!(3), &json!(1))
    );
    assert_eq!(document["metadata"]["default"].as_object().unwrap().len(), 1_000);
}
