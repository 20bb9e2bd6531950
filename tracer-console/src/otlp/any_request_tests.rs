//! Any request: each of its spans ends in one document or one refusal, and nothing panics.

use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::trace::v1::span::Link;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use proptest::prelude::*;
use prost::Message as _;

use super::fixtures::{any, array, attributes, event, list, request};
use super::*;
use crate::refusal::RefusalCode;

/// Names of attributes that mean something, and others.
const KEYS: [&str; 24] = [
    "http.request.method",
    "url.full",
    "url.path",
    "server.address",
    "server.port",
    "http.response.status_code",
    "net.peer.ip",
    "client.address",
    "db.system",
    "db.name",
    "db.connection_string",
    "rpc.system",
    "rpc.service",
    "aws.service",
    "aws.span.kind",
    "aws.local.service",
    "aws.remote.service",
    "aws.dynamodb.table_names",
    "aws.xray.annotations",
    "aws.xray.metadata.default",
    "aws.xray.inprogress",
    "enduser.id",
    "peer.service",
    "é \u{0}",
];

fn value() -> impl Strategy<Value = AnyValue> {
    let leaf = prop_oneof![
        ".{0,12}".prop_map(any),
        proptest::bool::ANY.prop_map(any),
        any_int().prop_map(any),
        proptest::num::f64::ANY.prop_map(any),
        Just(any("LOCAL_ROOT")),
        Just(any("aws-api")),
        Just(any("mysql")),
        Just(any(r#"{"a":1}"#)),
        Just(AnyValue::default()),
    ];
    leaf.prop_recursive(3, 12, 4, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..4).prop_map(array),
            proptest::collection::vec(inner, 0..4)
                .prop_map(|values| list(values.into_iter().map(|value| ("k", value)))),
        ]
    })
}

fn any_int() -> impl Strategy<Value = i32> {
    prop_oneof![proptest::num::i32::ANY, 0..700]
}

fn entries() -> impl Strategy<Value = Vec<(&'static str, AnyValue)>> {
    proptest::collection::vec((proptest::sample::select(&KEYS[..]), value()), 0..8)
}

fn id(len: usize) -> impl Strategy<Value = Vec<u8>> {
    prop_oneof![
        4 => proptest::collection::vec(proptest::num::u8::ANY, len),
        1 => Just(Vec::new()),
        1 => Just(vec![0; len]),
        1 => proptest::collection::vec(proptest::num::u8::ANY, 0..20),
    ]
}

fn span() -> impl Strategy<Value = Span> {
    let ids = (id(16), id(8), id(8));
    let times = (proptest::num::u64::ANY, proptest::num::u64::ANY);
    let rest = (".{0,12}", 0..7, entries(), entries(), proptest::num::u32::ANY, 0..4, ".{0,12}");
    (ids, times, rest).prop_map(|((trace_id, span_id, parent_span_id), (start, end), rest)| {
        let (name, kind, own, of_event, flags, code, message) = rest;
        let event =
            event("exception", of_event.into_iter().chain([("exception.stacktrace", any(&*message))]));
        Span {
            links: vec![Link { trace_id: trace_id.clone(), span_id: span_id.clone(), ..Default::default() }],
            trace_id,
            span_id,
            parent_span_id,
            name,
            kind,
            flags,
            start_time_unix_nano: start,
            end_time_unix_nano: end,
            attributes: attributes(own),
            events: vec![event],
            status: Some(Status { code, message }),
            ..Default::default()
        }
    })
}

proptest! {
    #[test]
    fn each_span_ends_in_one_document_of_its_trace_or_in_one_refusal(
        spans in proptest::collection::vec(span(), 0..6), resource in entries(), all: bool,
    ) {
        let indexed = if all { IndexedAttributes::all() } else { IndexedAttributes::listed([KEYS[0], KEYS[23]]) };
        let request = request(attributes(resource), spans.clone());
        let bytes = request.encode_to_vec();
        let outcomes = read_otlp(&bytes, OtlpEncoding::Protobuf, &indexed).unwrap();
        prop_assert_eq!(outcomes.len(), spans.len());
        for (span, outcome) in spans.iter().zip(outcomes) {
            match outcome {
                Ok(document) => {
                    prop_assert_eq!(&document.trace_id().to_bytes()[..], &*span.trace_id);
                    let id = u64::from_be_bytes(span.span_id.clone().try_into().unwrap());
                    prop_assert!(document.entities().iter().any(|entity| entity.id().number() == id));
                    prop_assert!((1..=200).contains(&document.entities()[0].name().chars().count()));
                }
                Err(refusal) => prop_assert!(
                    matches!(refusal.code, RefusalCode::InvalidTraceId | RefusalCode::InvalidId | RefusalCode::MissingStartTime),
                    "{}", refusal
                ),
            }
        }
    }

    #[test]
    fn no_bytes_make_it_panic(bytes: Vec<u8>) {
        for encoding in [OtlpEncoding::Protobuf, OtlpEncoding::Json] {
            let _ = read_otlp(&bytes, encoding, &IndexedAttributes::default());
        }
        let _ = read_udp(&bytes, &IndexedAttributes::default());
    }

    #[test]
    fn no_mangled_request_makes_it_panic(span in span(), at in 0..400_usize, byte: u8) {
        let mut bytes = request(Vec::new(), vec![span]).encode_to_vec();
        let at = at % bytes.len();
        bytes[at] = byte;
        let _ = read_otlp(&bytes, OtlpEncoding::Protobuf, &IndexedAttributes::default());
    }
}
