//! The name and namespace of a segment or subsegment: X-Ray names services, OpenTelemetry operations.

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

use super::attributes::Attributes;
use super::resource::Resource;
use super::role::Role;

/// X-Ray's limit, in characters.
pub(super) const LONGEST: usize = 200;
/// What a span without any name is called.
const NAMELESS: &str = "span";

/// Whether the span is a call of an AWS SDK.
pub(super) fn is_aws_call(attributes: &Attributes<'_>) -> bool {
    matches!(attributes.text(&["rpc.system", "rpc.system.name"]), Some("aws-api"))
}

/// The name, in the order of AWS's exporter.
pub(super) fn name(span: &Span, attributes: &Attributes<'_>, resource: &Resource<'_>, role: Role) -> String {
    let of_service = || resource.text(&["service.name"]).filter(|_| role.is_service(span));
    let found = local_service(span, attributes, role)
        .or_else(|| remote_service(span, attributes))
        .or_else(|| attributes.text(&["peer.service"]))
        .or_else(|| attributes.text(&["aws.service"]))
        .map(str::to_owned)
        .or_else(|| database(attributes))
        .or_else(|| of_service().map(str::to_owned))
        .or_else(|| {
            attributes
                .text(&["rpc.service", "http.host", "net.peer.name", "server.address"])
                .map(str::to_owned)
        });
    sanitised(found.as_deref().unwrap_or(&span.name))
}

/// The name of the service that the root of its spans in this process stands for.
fn local_service<'a>(span: &Span, attributes: &Attributes<'a>, role: Role) -> Option<&'a str> {
    let names_service =
        span.kind() == SpanKind::Server || (span.kind() == SpanKind::Internal && role.is_local_root());
    attributes.text(&["aws.local.service"]).filter(|_| names_service)
}

/// The name of the service that is called.
pub(super) fn remote_service<'a>(span: &Span, attributes: &Attributes<'a>) -> Option<&'a str> {
    if !is_dependency(span) {
        return None;
    }
    let name = attributes.text(&["aws.remote.service"])?;
    let prefixes = ["AWS.SDK.", "AWS::"].into_iter().filter(|_| is_aws_call(attributes));
    Some(prefixes.into_iter().find_map(|prefix| name.strip_prefix(prefix)).unwrap_or(name))
}

fn is_dependency(span: &Span) -> bool {
    matches!(span.kind(), SpanKind::Client | SpanKind::Producer | SpanKind::Consumer)
}

/// X-Ray's convention: the database at its host.
fn database(attributes: &Attributes<'_>) -> Option<String> {
    let name = attributes.text(&["db.name", "db.namespace"])?;
    let url = attributes.text(&["db.connection_string"]).and_then(host);
    let host = url.or_else(|| attributes.text(&["server.address"]));
    Some(host.map_or_else(|| name.to_owned(), |host| format!("{name}@{host}")))
}

/// The host of a URL such as `jdbc:mysql://user@db.example:3306/orders`.
fn host(url: &str) -> Option<&str> {
    let (_, rest) = url.strip_prefix("jdbc:").unwrap_or(url).split_once("://")?;
    let authority = rest.split(['/', '?', '#', ';']).next()?;
    let host = authority.rsplit_once('@').map_or(authority, |(_, host)| host);
    let host = match host.strip_prefix('[') {
        Some(v6) => v6.split_once(']')?.0,
        None => host.split_once(':').map_or(host, |(host, _)| host),
    };
    (!host.is_empty()).then_some(host)
}

/// The characters that X-Ray takes, as many as it takes.
pub(super) fn sanitised(name: &str) -> String {
    let is_legal = |c: &char| c.is_alphanumeric() || "_.:/%&#=+-@ ".contains(*c);
    let legal: String = name.chars().filter(is_legal).take(LONGEST).collect();
    if legal.trim().is_empty() { NAMELESS.to_owned() } else { legal }
}

/// `aws` for calls of AWS, `remote` for other calls.
pub(super) fn namespace(span: &Span, attributes: &Attributes<'_>, role: Role) -> Option<&'static str> {
    let is_named_by_service = || {
        attributes.text(&["aws.service"]).is_some()
            && remote_service(span, attributes).is_none()
            && attributes.text(&["peer.service"]).is_none()
    };
    if is_aws_call(attributes) || is_named_by_service() {
        return Some("aws");
    }
    let is_remote = span.kind() == SpanKind::Client
        || (role == Role::Subsegment
            && is_dependency(span)
            && attributes.text(&["aws.remote.service"]).is_some());
    is_remote.then_some("remote")
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::super::fixtures::{Entries, any, document_of, span};
    use super::*;

    fn named(kind: SpanKind, entries: Entries<'_>) -> (String, Option<String>) {
        let document = document_of(span(kind, entries.iter().cloned()), [("service.name", any("orders"))]);
        let text = |key: &str| document.get(key).and_then(Value::as_str).map(str::to_owned);
        (text("name").unwrap(), text("namespace"))
    }

    #[test]
    fn a_server_is_named_after_its_service_and_a_call_after_what_is_called() {
        use SpanKind::{Client, Consumer, Internal, Producer, Server};
        let aws = || ("rpc.system", any("aws-api"));
        let remote = |name: &str| ("aws.remote.service", any(name));
        let table: [(SpanKind, Entries<'_>, &str, Option<&str>); 20] = [
            (Server, &[], "orders", None),
            (Server, &[("aws.local.service", any("local"))], "local", None),
            (Server, &[("peer.service", any("peer"))], "peer", None),
            (Internal, &[], "GET /orders", None),
            (Internal, &[("aws.local.service", any("local"))], "GET /orders", None),
            (Client, &[], "GET /orders", Some("remote")),
            (Client, &[remote("billing"), ("peer.service", any("peer"))], "billing", Some("remote")),
            (Client, &[remote("AWS.SDK.S3")], "AWS.SDK.S3", Some("remote")),
            (Client, &[remote("AWS.SDK.S3"), aws()], "S3", Some("aws")),
            (Client, &[remote("AWS::S3"), aws()], "S3", Some("aws")),
            (Producer, &[remote("queue")], "queue", Some("remote")),
            (Consumer, &[remote("queue")], "queue", Some("remote")),
            (Producer, &[], "GET /orders", None),
            (Client, &[("peer.service", any("peer")), ("http.host", any("h"))], "peer", Some("remote")),
            (Client, &[("aws.service", any("DynamoDB"))], "DynamoDB", Some("aws")),
            (Client, &[aws(), ("rpc.service", any("SQS")), ("server.address", any("h"))], "SQS", Some("aws")),
            (Client, &[("http.host", any("h")), ("net.peer.name", any("p"))], "h", Some("remote")),
            (Client, &[("net.peer.name", any("p"))], "p", Some("remote")),
            (Client, &[("server.address", any("s"))], "s", Some("remote")),
            (Internal, &[("db.name", any("shop"))], "shop", None),
        ];
        for (kind, entries, name, namespace) in table {
            assert_eq!(
                named(kind, entries),
                (name.into(), namespace.map(str::to_owned)),
                "{kind:?} {entries:?}"
            );
        }
    }

    #[test]
    fn a_database_is_named_with_its_host() {
        for (url, expected) in [
            ("jdbc:mysql://db.dev.example.com:3306", "shop@db.dev.example.com"),
            ("postgresql://user:secret@db.example/shop?ssl=1", "shop@db.example"),
            ("mysql://[2001:db8::1]:3306/shop", "shop@2001:db8::1"),
            ("Server=db;Database=shop", "shop"),
            ("mysql://", "shop"),
        ] {
            let (name, _) =
                named(SpanKind::Client, &[("db.name", any("shop")), ("db.connection_string", any(url))]);
            assert_eq!(name, expected, "{url}");
        }
        let (name, _) =
            named(SpanKind::Client, &[("db.namespace", any("shop")), ("server.address", any("db"))]);
        assert_eq!(name, "shop@db");
    }

    #[test]
    fn names_have_the_characters_and_the_length_that_x_ray_takes() {
        assert_eq!(sanitised("GET /{id}*\u{7}?"), "GET /id");
        assert_eq!(sanitised("прибыль ½"), "прибыль ½");
        assert_eq!(sanitised("*\n"), "span");
        assert_eq!(sanitised(&"é".repeat(300)).chars().count(), 200);
    }
}
