//! `http`: from the attributes of the semantic conventions for HTTP, those before 1.21 and those since.

use std::net::{IpAddr, Ipv6Addr};

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
use serde_json::{Map, Value, json};

use super::attributes::Attributes;

/// Any of these makes it an HTTP request; addresses alone do not.
const OF_HTTP: [&str; 15] = [
    "http.method",
    "http.request.method",
    "http.client_ip",
    "http.user_agent",
    "user_agent.original",
    "http.status_code",
    "http.response.status_code",
    "http.url",
    "url.full",
    "http.scheme",
    "url.scheme",
    "http.host",
    "http.target",
    "url.path",
    "url.query",
];
/// What else the member holds then.
const BESIDE: [&str; 14] = [
    "http.server_name",
    "net.host.name",
    "net.host.port",
    "host.name",
    "net.peer.name",
    "net.peer.port",
    "net.peer.ip",
    "network.peer.address",
    "network.peer.port",
    "client.address",
    "server.address",
    "server.port",
    "http.response_content_length",
    "http.response.body.size",
];
const STATUS: [&str; 2] = ["http.status_code", "http.response.status_code"];

/// The status that a response had.
pub(super) fn status(attributes: &Attributes<'_>) -> Option<i64> {
    attributes.integer(&STATUS)
}

/// The member; `None` for what is no HTTP request.
pub(super) fn member(span: &Span, attributes: &mut Attributes<'_>) -> Option<Value> {
    if !attributes.has_any(&OF_HTTP) {
        return None;
    }
    let (request, response) = (request(span, attributes), response(span, attributes));
    attributes.take(&OF_HTTP);
    attributes.take(&BESIDE);
    Some(json!({"request": request, "response": response}))
}

fn request(span: &Span, attributes: &Attributes<'_>) -> Map<String, Value> {
    let is_server = matches!(span.kind(), SpanKind::Server | SpanKind::Consumer);
    let mut request = Map::new();
    let mut put = |key: &str, value: Option<Value>| {
        if let Some(value) = value {
            request.insert(key.into(), value);
        }
    };
    let text = |keys: &[&str]| attributes.text(keys).map(Value::from);
    put("method", text(&["http.method", "http.request.method"]));
    put("url", url(attributes, is_server).map(Value::from));
    put("user_agent", text(&["http.user_agent", "user_agent.original"]));
    // The peer of a call is the server, which is no client.
    if is_server {
        let (ip, forwarded) = client(attributes);
        put("client_ip", ip.map(Value::from));
        put("x_forwarded_for", forwarded.then_some(Value::Bool(true)));
    }
    request
}

/// The client's address, and whether it is that in a header, as only the headers tell where no peer is named.
fn client<'a>(attributes: &Attributes<'a>) -> (Option<&'a str>, bool) {
    let is_ip = |text: &&str| text.parse::<IpAddr>().is_ok();
    let peer = attributes
        .text(&["net.peer.ip"])
        .or_else(|| attributes.text(&["network.peer.address"]).filter(is_ip));
    let said =
        attributes.text(&["http.client_ip"]).or_else(|| attributes.text(&["client.address"]).filter(is_ip));
    let forwarded = said.is_some() && peer.is_none() || attributes.flag("aws.xray.x_forwarded_for");
    (said.or(peer), forwarded)
}

fn response(span: &Span, attributes: &Attributes<'_>) -> Map<String, Value> {
    let length = attributes
        .integer(&["http.response_content_length", "http.response.body.size"])
        .or_else(|| received(attributes))
        .or_else(|| span.events.iter().find_map(|event| received(&Attributes::of(&event.attributes))));
    let members = [("status", status(attributes)), ("content_length", length)];
    members.into_iter().filter_map(|(key, value)| Some((key.into(), json!(value?)))).collect()
}

/// The size of a message that was received, as some instrumentations say it on the span or in an event.
fn received(attributes: &Attributes<'_>) -> Option<i64> {
    let is_received = attributes.text(&["message.type"]) == Some("RECEIVED");
    let size =
        || attributes.integer(&["messaging.message_payload_size_bytes", "messaging.message.body.size"]);
    is_received.then(size).flatten()
}

/// The URL as it was said, or put together from its parts as the conventions say.
fn url(attributes: &Attributes<'_>, is_server: bool) -> Option<String> {
    if let Some(url) = attributes.text(&["http.url", "url.full"]) {
        return Some(url.to_owned());
    }
    let said = attributes.text(&["http.scheme", "url.scheme"]);
    let (names, ports): (&[&str], &[&str]) = if is_server {
        (
            &["http.server_name", "net.host.name", "host.name", "server.address"],
            &["net.host.port", "server.port"],
        )
    } else {
        (
            &["net.peer.name", "net.peer.ip", "server.address"],
            &["net.peer.port", "server.port", "network.peer.port"],
        )
    };
    let host = attributes.text(&["http.host"]);
    let port = attributes.integer(ports).filter(|_| host.is_none());
    // Nobody who says no scheme asks on that port without TLS.
    let scheme = said.unwrap_or(if port == Some(443) { "https" } else { "http" });
    let host = match host {
        Some(host) => authority(host, None),
        None => authority(attributes.text(names)?, port.filter(|port| !is_default(scheme, *port))),
    };
    let target = attributes.text(&["http.target"]).map_or_else(|| path(attributes), str::to_owned);
    Some(format!("{scheme}://{host}{target}"))
}

/// A host and its port, which some instrumentations say with the host already.
fn authority(host: &str, port: Option<i64>) -> String {
    if host.parse::<Ipv6Addr>().is_ok() {
        return authority(&format!("[{host}]"), port);
    }
    let has_port = host.rsplit_once(':').is_some_and(|(host, port)| {
        !host.is_empty()
            && !port.is_empty()
            && port.bytes().all(|byte| byte.is_ascii_digit())
            && is_whole(host)
    });
    match port.filter(|_| !has_port) {
        Some(port) => format!("{host}:{port}"),
        None => host.to_owned(),
    }
}

/// Not the first half of an address of version 6.
fn is_whole(host: &str) -> bool {
    host.ends_with(']') || !host.contains(':')
}

fn is_default(scheme: &str, port: i64) -> bool {
    matches!((scheme, port), ("http", 80) | ("https", 443))
}

fn path(attributes: &Attributes<'_>) -> String {
    let path = attributes.text(&["url.path"]).unwrap_or("/");
    let query = attributes.text(&["url.query"]).map(|query| query.strip_prefix('?').unwrap_or(query));
    query.map_or_else(|| path.to_owned(), |query| format!("{path}?{query}"))
}

#[cfg(test)]
#[path = "http_tests.rs"]
mod tests;
