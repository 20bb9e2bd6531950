//! OTLP over HTTP, byte for byte.

use std::io::Write as _;

use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTraceServiceRequest, ExportTraceServiceResponse,
};
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::Message as _;
use serde_json::{Value, json};
use tracer_console::{Console, ConsoleOptions, SqliteStore, TraceId, TraceStore as _};

use crate::shop::{Documents, console};

/// A span in OTLP's JSON.
pub(crate) fn span(name: &str) -> Value {
    json!({
        "traceId": "5b8efff798038103d269b633813fc60c", "spanId": "eee19b7ec3c1b174", "name": name, "kind": "SPAN_KIND_SERVER",
        "startTimeUnixNano": "1795348800000000000", "endTimeUnixNano": "1795348800250000000",
    })
}

fn request(spans: &[Value]) -> Value {
    json!({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]})
}

/// The same in protobuf.
pub(crate) fn protobuf(spans: Vec<Span>) -> Vec<u8> {
    let scope_spans = vec![ScopeSpans { spans, ..Default::default() }];
    let resource_spans = vec![ResourceSpans { scope_spans, ..Default::default() }];
    ExportTraceServiceRequest { resource_spans }.encode_to_vec()
}

/// Spans of two bytes.
fn empty_spans(count: usize) -> Vec<u8> {
    let wrap = |tag: u8, message: &[u8]| {
        let mut bytes = vec![tag];
        prost::encoding::encode_varint(message.len() as u64, &mut bytes);
        [bytes, message.to_vec()].concat()
    };
    wrap(0x0a, &wrap(0x12, &[0x12, 0].repeat(count)))
}

pub(crate) fn good() -> Span {
    Span {
        trace_id: vec![0x5b; 16],
        span_id: vec![0xee; 8],
        name: "good".into(),
        kind: 2,
        start_time_unix_nano: 1_795_348_800_000_000_000,
        end_time_unix_nano: 1_795_348_800_250_000_000,
        ..Default::default()
    }
}

struct Answer {
    status: u16,
    content_type: String,
    body: Vec<u8>,
}

impl Answer {
    fn json(&self) -> Value {
        assert_eq!(self.content_type, "application/json");
        serde_json::from_slice(&self.body).unwrap()
    }
}

fn post(console: &Console, headers: &[(&str, &str)], body: &[u8]) -> Answer {
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    let mut request = agent.post(format!("http://{}/v1/traces", console.local_addr()));
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    let mut answer = request.send(body).unwrap();
    Answer {
        status: answer.status().as_u16(),
        content_type: answer.headers()["content-type"].to_str().unwrap().to_owned(),
        body: answer.body_mut().read_to_vec().unwrap(),
    }
}

fn post_packed(console: &Console, body: &[u8]) -> Answer {
    let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    packed.write_all(body).unwrap();
    post(console, &[PROTOBUF, ("content-encoding", "gzip")], &packed.finish().unwrap())
}

const JSON: (&str, &str) = ("content-type", "application/json");
const PROTOBUF: (&str, &str) = ("content-type", "application/x-protobuf");

/// `google.rpc.Status`.
#[derive(Clone, PartialEq, prost::Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

#[test]
fn the_answer_has_the_encoding_of_the_request() {
    let console = console();
    let answer = post(&console, &[JSON], request(&[span("a")]).to_string().as_bytes());
    assert_eq!((answer.status, answer.json()), (200, json!({})));
    let answer = post(&console, &[PROTOBUF], &protobuf(vec![good()]));
    assert_eq!((answer.status, &*answer.content_type), (200, "application/x-protobuf"));
    assert_eq!(
        ExportTraceServiceResponse::decode(&*answer.body).unwrap(),
        ExportTraceServiceResponse::default()
    );
    assert_eq!(post(&console, &[PROTOBUF], b"").status, 200, "no spans are a request, too");
}

#[test]
fn a_trace_is_found_by_either_form_of_its_id() {
    let console = console();
    post(&console, &[JSON], request(&[span("a")]).to_string().as_bytes());
    for id in ["5b8efff798038103d269b633813fc60c", "1-5b8efff7-98038103d269b633813fc60c"] {
        assert_eq!(Documents::of(&console, id).named("a")["id"], "eee19b7ec3c1b174");
    }
}

#[test]
fn what_is_compressed_is_unpacked() {
    let console = console();
    assert_eq!(post_packed(&console, &protobuf(vec![good()])).status, 200);
    assert!(console.store().trace("5b".repeat(16).parse().unwrap()).is_some());
}

#[test]
fn every_packing_of_the_sdks_is_taken() {
    let body = protobuf(vec![good()]);
    let mut deflated = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::default());
    deflated.write_all(&body).unwrap();
    let mut gzipped = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    gzipped.write_all(&body).unwrap();
    for (encoding, packed) in [
        ("deflate", deflated.finish().unwrap()),
        ("zstd", zstd::encode_all(&*body, 3).unwrap()),
        ("x-gzip", gzipped.finish().unwrap()),
    ] {
        let console = console();
        let answer = post(&console, &[PROTOBUF, ("content-encoding", encoding)], &packed);
        assert_eq!(answer.status, 200, "{encoding}");
        Documents::of(&console, &"5b".repeat(16)).named("good");
    }
}

#[test]
fn refused_spans_are_counted_and_named_and_the_others_are_kept() {
    let console = console();
    let mut nameless = span("lost");
    nameless["spanId"] = json!("");
    let answer = post(&console, &[JSON], request(&[span("kept"), nameless]).to_string().as_bytes());
    let partial = &answer.json()["partialSuccess"];
    assert_eq!((answer.status, &partial["rejectedSpans"]), (200, &json!("1")));
    let message = partial["errorMessage"].as_str().unwrap();
    assert!(
        message.starts_with("1 of 2 spans were refused: InvalidId: span_id is missing")
            && message.contains("\"lost\""),
        "{message}"
    );
    Documents::of(&console, "5b8efff798038103d269b633813fc60c").named("kept");
    let answer = post(&console, &[PROTOBUF], &protobuf(vec![Span::default(), good()]));
    let partial = ExportTraceServiceResponse::decode(&*answer.body).unwrap().partial_success.unwrap();
    assert_eq!(partial.rejected_spans, 1);
}

#[test]
fn what_cannot_be_decoded_is_answered_with_a_status_in_its_encoding() {
    let console = console();
    let answer = post(&console, &[JSON], b"{\"resourceSpans\":7}");
    let status = answer.json();
    assert_eq!((answer.status, &status["code"]), (400, &json!(3)));
    assert!(status["message"].as_str().unwrap().ends_with("resourceSpans: not an array"), "{status}");
    let answer = post(&console, &[PROTOBUF], b"nonsense");
    let status = RpcStatus::decode(&*answer.body).unwrap();
    assert_eq!((answer.status, &*answer.content_type, status.code), (400, "application/x-protobuf", 3));
    assert!(status.message.contains("no ExportTraceServiceRequest in protobuf"), "{}", status.message);
}

#[test]
fn other_types_and_compressions_are_refused() {
    let console = console();
    let body = protobuf(vec![good()]);
    for headers in [&[("content-type", "text/plain")][..], &[], &[PROTOBUF, ("content-encoding", "br")]] {
        let answer = post(&console, headers, &body);
        assert_eq!(answer.status, 415, "{headers:?}");
        assert!(answer.json()["message"].as_str().unwrap().contains("are taken as"));
    }
    assert_eq!(
        post(&console, &[("content-type", "Application/X-Protobuf; charset=binary")], &body).status,
        200
    );
}

#[test]
fn what_is_too_large_is_refused_and_what_comes_after_is_not() {
    let console = console();
    // Few bytes each, which become many: of text, of spans, of memory.
    for large in [vec![0; (16 << 20) + 1], empty_spans(100_001), empty_spans(4_000_000)] {
        let answer = post_packed(&console, &large);
        let status = RpcStatus::decode(&*answer.body).unwrap();
        assert_eq!((answer.status, status.code), (413, 3), "{}", status.message);
    }
    assert_eq!(post(&console, &[PROTOBUF], &protobuf(vec![good()])).status, 200);
}

#[test]
fn text_that_looks_like_much_json_is_only_text_within_protobuf() {
    let console = console();
    let text = "{},".repeat(3_000);
    let span = Span { name: text, ..good() };
    assert_eq!(post(&console, &[PROTOBUF], &protobuf(vec![span; 200])).status, 200);
}

#[test]
fn what_was_answered_is_in_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("traces.db");
    let store = std::sync::Arc::new(SqliteStore::open(&path).unwrap());
    let console = Console::start(ConsoleOptions { store, ..ConsoleOptions::any_port() }).unwrap();
    assert_eq!(post(&console, &[PROTOBUF], &protobuf(vec![good()])).status, 200);
    // As it is on disk at this moment, while the console still runs.
    let copy = directory.path().join("copy.db");
    for suffix in ["", "-wal"] {
        let (from, to) = (format!("{}{suffix}", path.display()), format!("{}{suffix}", copy.display()));
        if std::path::Path::new(&from).exists() {
            std::fs::copy(from, to).unwrap();
        }
    }
    let id: TraceId = "5b".repeat(16).parse().unwrap();
    assert!(SqliteStore::open(&copy).unwrap().trace(id).is_some());
}
