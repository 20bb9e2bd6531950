//! What the document of a span is made of.

use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::trace::v1::span::{Link, SpanKind};
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use serde_json::json;

use super::super::IndexedAttributes;
use super::super::fixtures::{any, attributes, document, document_of, event, outcome, span};
use crate::refusal::RefusalCode;

#[test]
fn a_span_keeps_its_ids_and_times() {
    let document = document(Span {
        trace_id: vec![0, 0, 0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13],
        ..span(SpanKind::Client, [])
    });
    assert_eq!(document["trace_id"], "1-00000001-02030405060708090a0b0c0d", "no plausible time, and taken");
    assert_eq!(
        (&document["id"], &document["parent_id"]),
        (&json!("a1a1a1a1a1a1a1a1"), &json!("a0a0a0a0a0a0a0a0"))
    );
    assert_eq!(
        (&document["start_time"], &document["end_time"]),
        (&json!(1_795_348_800.0), &json!(1_795_348_800.25))
    );
}

#[test]
fn what_has_not_ended_is_in_progress() {
    let open = document(Span { end_time_unix_nano: 0, ..span(SpanKind::Server, []) });
    assert_eq!((&open["in_progress"], open.get("end_time")), (&json!(true), None));
    let said = document(span(SpanKind::Server, [("aws.xray.inprogress", any(true))]));
    assert_eq!(said["in_progress"], true);
}

#[test]
fn what_cannot_be_placed_is_refused_with_the_name_of_the_span() {
    type Change = fn(&mut Span);
    let refused = |change: Change| {
        let mut span = span(SpanKind::Server, []);
        change(&mut span);
        let refusal = outcome(span, Vec::new(), &IndexedAttributes::default()).unwrap_err();
        assert_eq!(refusal.excerpt, "GET /orders");
        assert!(refusal.bytes > 11);
        (refusal.code, refusal.message)
    };
    let table: [(Change, RefusalCode, &str); 6] = [
        (|span| span.trace_id.clear(), RefusalCode::InvalidTraceId, "trace_id is missing"),
        (|span| span.trace_id = vec![0; 16], RefusalCode::InvalidTraceId, "trace_id is all zero"),
        (|span| span.trace_id = vec![1; 15], RefusalCode::InvalidTraceId, "trace_id is 15 bytes long"),
        (|span| span.span_id = vec![0; 8], RefusalCode::InvalidId, "span_id is all zero"),
        (|span| span.parent_span_id = vec![1; 9], RefusalCode::InvalidId, "parent_span_id is 9 bytes long"),
        (|span| span.start_time_unix_nano = 0, RefusalCode::MissingStartTime, "no start_time_unix_nano"),
    ];
    for (change, code, begin) in table {
        let (refused, message) = refused(change);
        assert_eq!(refused, code);
        assert!(message.starts_with(begin), "{message}");
    }
}

#[test]
fn the_user_and_what_the_receiver_wrote_for_x_ray_have_their_members() {
    let document = document(span(
        SpanKind::Server,
        [
            ("enduser.id", any("alice")),
            ("aws.xray.resource_arn", any("arn:x")),
            ("aws.xray.traced", any(true)),
        ],
    ));
    assert_eq!(
        (&document["user"], &document["resource_arn"], &document["traced"]),
        (&json!("alice"), &json!("arn:x"), &json!(true))
    );
    assert_eq!(document["metadata"].get("default"), None);
    let numbered = super::super::fixtures::document(span(SpanKind::Server, [("enduser.id", any(42))]));
    assert_eq!(numbered["user"], "42");
}

#[test]
fn links_name_spans_of_other_traces() {
    let link = |trace_id: Vec<u8>| Link {
        trace_id,
        span_id: vec![2; 8],
        attributes: attributes([("why", any("batch"))]),
        ..Default::default()
    };
    let document =
        document(Span { links: vec![link(vec![1; 16]), link(vec![1; 3])], ..span(SpanKind::Server, []) });
    let expected = json!([{"trace_id": "1-01010101-010101010101010101010101", "id": "0202020202020202", "attributes": {"why": "batch"}}]);
    assert_eq!(document["links"], expected);
    assert_eq!(document["metadata"]["otel"]["dropped_links"], 1);
}

fn local_root<const N: usize>(kind: SpanKind, entries: [(&str, AnyValue); N]) -> Span {
    let entries = entries
        .into_iter()
        .chain([("aws.span.kind", any("LOCAL_ROOT")), ("aws.local.service", any("orders"))]);
    span(kind, entries)
}

#[test]
fn the_first_span_of_a_process_is_a_segment_of_its_service() {
    for kind in [SpanKind::Server, SpanKind::Internal] {
        let document = document(Span { parent_span_id: vec![0xa0; 8], ..local_root(kind, []) });
        assert_eq!((document.get("type"), &document["name"]), (None, &json!("orders")));
        assert_eq!(document["parent_id"], "a0a0a0a0a0a0a0a0");
    }
}

#[test]
fn a_call_that_is_the_first_span_of_a_process_is_a_segment_with_the_call_in_it() {
    let mut call = local_root(
        SpanKind::Client,
        [
            ("aws.remote.service", any("AWS.SDK.SQS")),
            ("rpc.system", any("aws-api")),
            ("rpc.method", any("SendMessage")),
            ("http.response.status_code", any(503)),
            ("enduser.id", any("alice")),
        ],
    );
    call.status = Some(Status { code: 2, message: "slow".into() });
    call.links = vec![Link { trace_id: vec![1; 16], span_id: vec![2; 8], ..Default::default() }];
    let resource = || {
        [
            ("service.version", any("1")),
            ("telemetry.sdk.name", any("otel")),
            ("cloud.platform", any("aws_ec2")),
        ]
    };
    let segment = document_of(call.clone(), resource());
    let subsegment = &segment["subsegments"][0];
    assert_eq!(
        (&segment["name"], &segment["parent_id"], segment.get("type")),
        (&json!("orders"), &json!("a0a0a0a0a0a0a0a0"), None)
    );
    assert_eq!((&subsegment["name"], &subsegment["id"]), (&json!("SQS"), &json!("a1a1a1a1a1a1a1a1")));
    assert_eq!((segment.get("namespace"), &subsegment["namespace"]), (None, &json!("aws")));
    assert_eq!((segment.get("http"), &subsegment["http"]["response"]["status"]), (None, &json!(503)));
    assert_eq!(
        (segment["aws"].get("operation"), &subsegment["aws"]["operation"]),
        (None, &json!("SendMessage"))
    );
    assert_eq!((&segment["fault"], &subsegment["fault"]), (&json!(true), &json!(true)));
    assert_eq!(segment["cause"], subsegment["cause"]["exceptions"][0]["id"]);
    assert_eq!((&segment["user"], subsegment.get("user")), (&json!("alice"), None));
    assert_eq!(
        (&segment["origin"], &segment["service"]["version"]),
        (&json!("AWS::EC2::Instance"), &json!("1"))
    );
    assert_eq!((segment.get("links"), subsegment["links"].as_array().map(Vec::len)), (None, Some(1)));
    assert_eq!(segment["metadata"]["default"]["otel.resource.service.version"], "1");
    assert_eq!(subsegment["metadata"]["otel"]["kind"], "CLIENT");
    assert_eq!(segment, document_of(call, resource()), "the same when sent again");
}

#[test]
fn a_consumers_links_are_those_of_its_segment_and_what_it_calls_is_annotated_there_only() {
    let mut taken =
        local_root(SpanKind::Consumer, [("aws.remote.service", any("queue")), ("tenant", any("acme"))]);
    taken.links = vec![Link { trace_id: vec![1; 16], span_id: vec![2; 8], ..Default::default() }];
    let segment = outcome(taken, Vec::new(), &IndexedAttributes::all()).unwrap();
    let subsegment = &segment["subsegments"][0];
    assert_eq!((segment["links"].as_array().map(Vec::len), subsegment.get("links")), (Some(1), None));
    assert_eq!((&subsegment["name"], &subsegment["namespace"]), (&json!("queue"), &json!("remote")));
    assert_eq!(
        (&segment["annotations"]["tenant"], segment["annotations"].get("aws.remote.service")),
        (&json!("acme"), None)
    );
    assert_eq!(subsegment["annotations"]["aws.remote.service"], "queue");
}

#[test]
fn a_document_larger_than_what_x_ray_takes_is_kept_whole() {
    let long = "x".repeat(300_000);
    let mut large = span(SpanKind::Server, [("payload", any(&*long))]);
    large.events = vec![event("more", [("text", any(&*long))])];
    let document = document(large);
    assert_eq!(document["metadata"]["default"]["payload"].as_str().map(str::len), Some(300_000));
    assert_eq!(
        document["metadata"]["otel"]["events"][0]["attributes"]["text"].as_str().map(str::len),
        Some(300_000)
    );
}
