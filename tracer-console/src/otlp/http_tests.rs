//! What becomes of HTTP attributes.

use opentelemetry_proto::tonic::common::v1::AnyValue;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use serde_json::{Value, json};

use super::super::fixtures::{Entries, any, document, event, span};

fn http<const N: usize>(kind: SpanKind, entries: [(&str, AnyValue); N]) -> Value {
    document(span(kind, entries))["http"].clone()
}

#[test]
fn the_old_and_the_new_conventions_say_the_same() {
    let expected = json!({
        "request": {"method": "POST", "url": "https://shop.example:8443/orders?x=1", "user_agent": "curl/8",
            "client_ip": "192.0.2.7", "x_forwarded_for": true},
        "response": {"status": 503, "content_length": 12},
    });
    let old = http(
        SpanKind::Server,
        [
            ("http.method", any("POST")),
            ("http.scheme", any("https")),
            ("net.host.name", any("shop.example")),
            ("net.host.port", any(8443)),
            ("http.target", any("/orders?x=1")),
            ("http.user_agent", any("curl/8")),
            ("http.client_ip", any("192.0.2.7")),
            ("http.status_code", any(503)),
            ("http.response_content_length", any(12)),
        ],
    );
    let new = http(
        SpanKind::Server,
        [
            ("http.request.method", any("POST")),
            ("url.scheme", any("https")),
            ("server.address", any("shop.example")),
            ("server.port", any(8443)),
            ("url.path", any("/orders")),
            ("url.query", any("x=1")),
            ("user_agent.original", any("curl/8")),
            ("client.address", any("192.0.2.7")),
            ("http.response.status_code", any("503")),
            ("http.response.body.size", any(12)),
        ],
    );
    assert_eq!((&old, &new), (&expected, &expected));
}

#[test]
fn a_url_is_put_together_from_what_there_is() {
    let port = || ("net.peer.port", any(443));
    let table: [(SpanKind, Entries<'_>, Option<&str>); 15] = [
        (
            SpanKind::Client,
            &[("http.url", any("http://a/b")), ("http.host", any("other"))],
            Some("http://a/b"),
        ),
        (SpanKind::Client, &[("url.full", any("http://a/b?c"))], Some("http://a/b?c")),
        (
            SpanKind::Client,
            &[("http.host", any("a:81")), ("http.target", any("/b")), port()],
            Some("http://a:81/b"),
        ),
        (
            SpanKind::Client,
            &[("http.scheme", any("https")), ("net.peer.name", any("a")), port()],
            Some("https://a/"),
        ),
        (
            SpanKind::Client,
            &[("http.method", any("GET")), ("net.peer.ip", any("192.0.2.1")), port()],
            Some("https://192.0.2.1/"),
        ),
        (
            SpanKind::Server,
            &[("url.path", any("/x")), ("url.query", any("?y")), ("server.address", any("a"))],
            Some("http://a/x?y"),
        ),
        (
            SpanKind::Server,
            &[("http.target", any("/x")), ("host.name", any("a")), ("net.host.port", any("80"))],
            Some("http://a/x"),
        ),
        (SpanKind::Server, &[("http.target", any("/x"))], None),
        // As the instrumentations of botocore and Flask say it.
        (
            SpanKind::Client,
            &[
                ("http.status_code", any(200)),
                ("server.address", any("dynamodb.eu-west-1.amazonaws.com")),
                ("server.port", any(443)),
            ],
            Some("https://dynamodb.eu-west-1.amazonaws.com/"),
        ),
        (
            SpanKind::Server,
            &[
                ("url.scheme", any("http")),
                ("server.address", any("127.0.0.1:43541")),
                ("server.port", any(43541)),
                ("url.path", any("/x")),
            ],
            Some("http://127.0.0.1:43541/x"),
        ),
        (
            SpanKind::Server,
            &[("url.path", any("/")), ("server.address", any("::1")), ("server.port", any(8080))],
            Some("http://[::1]:8080/"),
        ),
        (
            SpanKind::Server,
            &[("url.path", any("/")), ("server.address", any("[::1]")), ("server.port", any(8080))],
            Some("http://[::1]:8080/"),
        ),
        (
            SpanKind::Server,
            &[("url.path", any("/")), ("server.address", any("[::1]:8080")), ("server.port", any(8080))],
            Some("http://[::1]:8080/"),
        ),
        (SpanKind::Client, &[("http.host", any("2001:db8::1"))], Some("http://[2001:db8::1]/")),
        (
            SpanKind::Client,
            &[("http.scheme", any("http")), ("net.peer.name", any("a")), port()],
            Some("http://a:443/"),
        ),
    ];
    for (kind, entries, expected) in table {
        let document = document(span(kind, entries.iter().cloned()));
        assert_eq!(document["http"]["request"]["url"].as_str(), expected, "{entries:?}");
    }
}

#[test]
fn a_client_is_known_by_its_peer_and_only_headers_are_forgeable() {
    let request = |entries: &[(&str, AnyValue)]| {
        let entries = entries.iter().cloned().chain([("http.method", any("GET"))]);
        document(span(SpanKind::Server, entries))["http"]["request"].clone()
    };
    let peer =
        request(&[("network.peer.address", any("192.0.2.1")), ("client.address", any("198.51.100.1"))]);
    assert_eq!((&peer["client_ip"], peer.get("x_forwarded_for")), (&json!("198.51.100.1"), None));
    let peer = request(&[("net.peer.ip", any("192.0.2.1"))]);
    assert_eq!((&peer["client_ip"], peer.get("x_forwarded_for")), (&json!("192.0.2.1"), None));
    let socket = request(&[("network.peer.address", any("/run/socket")), ("client.address", any("name"))]);
    assert_eq!(socket, json!({"method": "GET"}));
}

#[test]
fn the_server_that_is_called_is_no_client() {
    let http = http(SpanKind::Client, [("http.method", any("GET")), ("net.peer.ip", any("192.0.2.1"))]);
    assert_eq!(http["request"].get("client_ip"), None);
}

#[test]
fn a_received_message_says_how_long_the_response_was() {
    let mut call = span(SpanKind::Client, [("http.method", any("GET"))]);
    call.events = vec![event(
        "message",
        [("message.type", any("RECEIVED")), ("messaging.message_payload_size_bytes", any(452))],
    )];
    assert_eq!(document(call)["http"]["response"], json!({"content_length": 452}));
}

#[test]
fn addresses_alone_are_no_http_and_stay_metadata() {
    let call = document(span(SpanKind::Client, [("net.peer.name", any("db")), ("net.peer.port", any(5432))]));
    assert_eq!(call.get("http"), None);
    assert_eq!(call["metadata"]["default"], json!({"net.peer.name": "db", "net.peer.port": 5432}));
}
