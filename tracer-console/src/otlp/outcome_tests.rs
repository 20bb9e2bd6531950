//! What becomes of statuses and exceptions.

use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use opentelemetry_proto::tonic::trace::v1::status::StatusCode;
use opentelemetry_proto::tonic::trace::v1::{Span, Status};
use serde_json::{Value, json};

use super::super::fixtures::{any, document, document_of, event, span};

fn status(code: StatusCode, message: &str) -> Option<Status> {
    Some(Status { code: code.into(), message: message.into() })
}

fn flags(document: &Value) -> Vec<&str> {
    ["error", "throttle", "fault"]
        .into_iter()
        .filter(|flag| document.get(*flag) == Some(&json!(true)))
        .collect()
}

#[test]
fn the_http_status_decides_and_without_a_failure_there_the_spans_own() {
    use StatusCode::{Error, Ok, Unset};
    let table: [(Option<i32>, StatusCode, &[&str]); 9] = [
        (None, Unset, &[]),
        (None, Ok, &[]),
        (None, Error, &["fault"]),
        (Some(200), Error, &["fault"]),
        (Some(200), Unset, &[]),
        (Some(404), Unset, &["error"]),
        (Some(429), Error, &["error", "throttle"]),
        (Some(503), Unset, &["fault"]),
        (Some(600), Error, &["fault"]),
    ];
    for (http, code, expected) in table {
        let entries = http.map(|status| ("http.response.status_code", any(status)));
        let document = document(Span { status: status(code, ""), ..span(SpanKind::Server, entries) });
        assert_eq!(flags(&document), expected, "{http:?} {code:?}");
        assert_eq!(document.get("cause"), None);
    }
}

#[test]
fn the_message_of_an_error_is_a_cause() {
    let failed = |message: &str, entries: &[(&str, _)]| {
        document(Span {
            status: status(StatusCode::Error, message),
            ..span(SpanKind::Server, entries.iter().cloned())
        })
    };
    let text = ("http.status_text", any("Teapot"));
    let said = failed("it broke", std::slice::from_ref(&text));
    assert_eq!(said["cause"]["exceptions"][0]["message"], "it broke");
    let from_http = failed("", &[text]);
    assert_eq!(from_http["cause"]["exceptions"][0]["message"], "Teapot");
    assert_eq!(from_http["metadata"].get("default"), None);
}

#[test]
fn exceptions_are_told_with_their_stack_and_their_causes() {
    let java = "IllegalStateException: state is not legal\n\tat io.Shop.pay(Shop.java:86)\nCaused by: java.io.IOException: no\n\tat \
        io.Net.send(Net.java:7)\n\t... 23 more\n";
    let mut call = span(SpanKind::Client, []);
    call.events = vec![event(
        "exception",
        [
            ("exception.type", any("IllegalStateException")),
            ("exception.message", any("state is not legal")),
            ("exception.stacktrace", any(java)),
        ],
    )];
    let document = document_of(call.clone(), [("telemetry.sdk.language", any("java"))]);
    let [outer, inner] = document["cause"]["exceptions"].as_array().unwrap().as_slice() else {
        panic!("{document}")
    };
    assert_eq!(outer["stack"], json!([{"label": "io.Shop.pay", "path": "Shop.java", "line": 86}]));
    assert_eq!((&outer["type"], &outer["remote"]), (&json!("IllegalStateException"), &json!(true)));
    assert_eq!((&inner["type"], &inner["message"]), (&json!("java.io.IOException"), &json!("no")));
    assert_eq!(outer["cause"], inner["id"]);
    assert_eq!(inner["id"].as_str().unwrap().len(), 16);
    assert!(flags(&document).is_empty(), "only a status makes it a fault");
    assert_eq!(
        document,
        document_of(call, [("telemetry.sdk.language", any("java"))]),
        "the same when sent again"
    );
}

#[test]
fn a_stack_trace_of_another_language_stays_whole() {
    let mut work = span(SpanKind::Internal, []);
    work.events = vec![event(
        "exception",
        [("exception.type", any("E")), ("exception.stacktrace", any("0: main\n   at src/main.rs:3"))],
    )];
    let document = document_of(work, [("telemetry.sdk.language", any("rust"))]);
    assert_eq!(document["cause"]["exceptions"][0].get("stack"), None);
    let kept = &document["metadata"]["otel"]["events"][0];
    assert_eq!(kept["attributes"]["exception.stacktrace"], "0: main\n   at src/main.rs:3");
}

#[test]
fn failed_attempts_of_an_aws_sdk_are_exceptions() {
    let mut call = span(SpanKind::Client, [("rpc.system", any("aws-api"))]);
    call.events = vec![
        event(
            "HTTP request failure",
            [("http.response.status_code", any(503)), ("aws.http.error_message", any("slow"))],
        ),
        event("HTTP request failure", []),
    ];
    let document = document(call);
    let exceptions = document["cause"]["exceptions"].as_array().unwrap();
    assert_eq!(exceptions.len(), 1);
    assert_eq!(exceptions[0]["message"], "503@1795348800.100000@slow");
}
