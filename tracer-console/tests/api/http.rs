//! What arrives over HTTP, however it is sent.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::{Value, json};

use crate::requests::{Answer, console, get, post, put};

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

#[track_caller]
fn assert_taken(answer: &Answer) {
    assert_eq!((answer.status, &answer.error), (200, &None), "{answer:?}");
    assert_eq!(answer.body, json!({"UnprocessedTraceSegments": []}));
}

#[test]
fn bodies_are_taken_compressed_or_not_whatever_is_announced() {
    let console = console();
    let gzipped = [("content-encoding", "gzip")];
    let ways: [(&[(&str, &str)], bool); 4] = [(&[], false), (&gzipped, true), (&[], true), (&gzipped, false)];
    for (headers, is_packed) in ways {
        let (trace, segments) = put("job");
        let body = segments.to_string().into_bytes();
        let body = if is_packed { gzip(&body) } else { body };
        assert_taken(&post(&console, "/TraceSegments", headers, &body));
        assert!(console.store().trace(trace).is_some());
    }
}

#[test]
fn signed_requests_are_taken_as_unsigned_ones_are() {
    let console = console();
    let signature = "AWS4-HMAC-SHA256 Credential=nobody/20261122/us-east-1/xray/aws4_request, \
        SignedHeaders=host, Signature=00";
    let headers =
        [("authorization", signature), ("x-amz-date", "20261122T000000Z"), ("x-amz-security-token", "t")];
    let (_, segments) = put("job");
    assert_taken(&post(&console, "/TraceSegments", &headers, segments.to_string().as_bytes()));
}

#[test]
fn what_was_taken_is_answered_at_once() {
    let console = console();
    let (trace, segments) = put("job");
    assert_taken(&post(&console, "/TraceSegments", &[], segments.to_string().as_bytes()));
    let answer =
        post(&console, "/Traces", &[], json!({"TraceIds": [trace.to_string()]}).to_string().as_bytes());
    assert_eq!(answer.body["Traces"][0]["Id"], trace.to_string());
}

#[track_caller]
fn assert_error(answer: &Answer, status: u16, name: &str) {
    assert_eq!((answer.status, answer.error.as_deref()), (status, Some(name)), "{answer:?}");
    assert_eq!(answer.body["__type"], name);
    assert_eq!(answer.body["Message"], answer.body["message"]);
    assert!(answer.body["Message"].as_str().is_some_and(|message| !message.is_empty()));
}

#[test]
fn what_is_no_operation_is_refused_by_name() {
    let console = console();
    for path in ["/", "/Nonsense", "/traces", "/Traces/", "/Traces/more", "/%00", "/v1/metrics"] {
        assert_error(&post(&console, path, &[], b"{}"), 404, "UnknownOperationException");
    }
    for path in ["/Traces", "/more"] {
        assert_error(&get(&console, path), 404, "UnknownOperationException");
    }
}

#[test]
fn a_browser_that_comes_by_is_told_what_this_is() {
    let console = console();
    let mut said = ureq::get(format!("http://{}/", console.local_addr())).call().unwrap();
    assert!(said.headers()["content-type"].to_str().unwrap().starts_with("text/plain"));
    let said = said.body_mut().read_to_string().unwrap();
    assert!(said.contains("X-Ray on your own machine") && said.contains("AWS_ENDPOINT_URL_XRAY"), "{said}");
}

#[test]
fn pages_of_other_sites_neither_send_nor_read() {
    let console = console();
    let (trace, segments) = put("job");
    let body = segments.to_string().into_bytes();
    let plain = ("content-type", "text/plain");
    let site = [plain, ("origin", "https://evil.example")];
    for path in ["/TraceSegments", "/Traces", "/CreateGroup", "/tracer/Changes", "/tracer/Summaries", "/"] {
        assert_error(&post(&console, path, &site, &body), 403, "AccessDeniedException");
    }
    // A name that leads here: the page is of the same site, and yet of another.
    let rebound = [("host", "evil.example:2000"), ("origin", "http://evil.example:2000")];
    assert_error(&post(&console, "/TraceSegments", &rebound, &body), 403, "AccessDeniedException");
    assert!(console.store().trace(trace).is_none());
    let own = format!("http://{}", console.local_addr());
    assert_taken(&post(&console, "/TraceSegments", &[("origin", &own)], &body));
}

#[test]
fn what_is_no_json_is_refused_and_the_console_lives_on() {
    let console = console();
    let deep = "[".repeat(100_000);
    let bodies: [&[u8]; 7] =
        [b"{", b"[]", b"null", b"\xff\xfe", b"{\"TraceIds\": 1}", b"\x1f\x8bnonsense", deep.as_bytes()];
    for body in bodies {
        assert_error(&post(&console, "/Traces", &[], body), 400, "InvalidRequestException");
    }
    assert_eq!(post(&console, "/Groups", &[], b"").status, 200);
}

#[test]
fn a_body_that_is_too_large_is_refused_packed_or_not() {
    let console = console();
    let huge = vec![b' '; 17 << 20];
    assert_error(&post(&console, "/TraceSegments", &[], &gzip(&huge)), 413, "RequestEntityTooLargeException");
    // The server need not read to the end what it refuses, and the client may see only that.
    let agent = ureq::Agent::config_builder().http_status_as_error(false).build().new_agent();
    let refused = agent.post(format!("http://{}/TraceSegments", console.local_addr())).send(&huge[..]);
    assert!(refused.is_err() || refused.is_ok_and(|response| response.status() == 413));
    assert_eq!(post(&console, "/Groups", &[], b"{}").status, 200);
}

#[test]
fn a_few_bytes_that_become_millions_of_objects_are_refused() {
    let console = console();
    let objects = format!("{{\"a\":[{}1]}}", "{\"a\":1},".repeat(1_500_000));
    let body = gzip(objects.as_bytes());
    assert!(body.len() < 100_000);
    assert_error(&post(&console, "/Groups", &[], &body), 413, "RequestEntityTooLargeException");
    assert_eq!(post(&console, "/Groups", &[], b"{}").status, 200);
}

#[test]
fn bad_documents_can_be_inspected_as_bad_datagrams_can() {
    let console = console();
    let documents: Value = json!({"TraceSegmentDocuments": ["{\"trace_id\": \"nonsense\"}"]});
    let answer = post(&console, "/TraceSegments", &[], documents.to_string().as_bytes());
    assert_eq!(answer.body["UnprocessedTraceSegments"][0]["ErrorCode"], "InvalidTraceId");
    assert_eq!(console.refusals().latest()[0].code, tracer_console::RefusalCode::InvalidTraceId);
}
