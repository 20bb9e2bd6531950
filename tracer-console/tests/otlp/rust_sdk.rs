//! OpenTelemetry's SDK for Rust.

use opentelemetry::trace::{
    Link, Span as _, SpanContext, SpanKind, Status, TraceContextExt as _, TraceFlags, Tracer as _,
    TracerProvider as _,
};
use opentelemetry::{Array, Context, KeyValue, SpanId, StringValue, TraceId, Value};
use opentelemetry_otlp::{
    Compression, Protocol, SpanExporter, WithExportConfig as _, WithHttpConfig as _, WithTonicConfig as _,
};
use opentelemetry_sdk::Resource;
use opentelemetry_sdk::trace::SdkTracerProvider;

use crate::shop::{assert_shop, console};

fn provider(service: &'static str, exporter: SpanExporter) -> SdkTracerProvider {
    let version = KeyValue::new("service.version", "1.2");
    let resource = Resource::builder().with_service_name(service).with_attribute(version).build();
    SdkTracerProvider::builder().with_resource(resource).with_simple_exporter(exporter).build()
}

/// The request through two services; its trace's id.
fn tell(web: &SdkTracerProvider, orders: &SdkTracerProvider) -> String {
    let (web, orders) = (web.tracer("shop"), orders.tracer("shop"));
    let sender = SpanContext::new(
        TraceId::from_hex("5b8efff798038103d269b633813fc60c").unwrap(),
        SpanId::from_hex("eee19b7ec3c1b174").unwrap(),
        TraceFlags::SAMPLED,
        true,
        Default::default(),
    );
    let names = Value::Array(Array::String(vec![StringValue::from("order.id")]));
    let root = web
        .span_builder("POST /orders")
        .with_kind(SpanKind::Server)
        .with_links(vec![Link::new(sender, vec![KeyValue::new("why", "retry")], 0)])
        .with_attributes([
            KeyValue::new("http.request.method", "POST"),
            KeyValue::new("url.scheme", "https"),
            KeyValue::new("server.address", "shop.example"),
            KeyValue::new("url.path", "/orders"),
            KeyValue::new("http.response.status_code", 502),
            KeyValue::new("client.address", "192.0.2.7"),
            KeyValue::new("enduser.id", "alice"),
            KeyValue::new("order.id", "o-1"),
            KeyValue::new("aws.xray.annotations", names),
        ])
        .start_with_context(&web, &Context::new());
    let root = Context::new().with_span(root);
    let work = root.with_span(web.start_with_context("checkout", &root));
    work.span().add_event("priced", vec![KeyValue::new("total", 99.5)]);
    work.span().set_status(Status::error(""));
    let call = web.span_builder("GET").with_kind(SpanKind::Client).with_attributes([
        KeyValue::new("http.request.method", "GET"),
        KeyValue::new("url.full", "http://orders.internal/o-1"),
        KeyValue::new("http.response.status_code", 500),
        KeyValue::new("peer.service", "orders"),
    ]);
    let call = work.with_span(call.start_with_context(&web, &work));
    let served = orders.span_builder("GET /{id}").with_kind(SpanKind::Server).with_attributes([
        KeyValue::new("http.request.method", "GET"),
        KeyValue::new("http.response.status_code", 500),
    ]);
    let afar = Context::new().with_remote_span_context(call.span().span_context().clone());
    let served = afar.with_span(served.start_with_context(&orders, &afar));
    let query = orders.span_builder("SELECT shop").with_kind(SpanKind::Client).with_attributes([
        KeyValue::new("db.system.name", "postgresql"),
        KeyValue::new("db.namespace", "shop"),
        KeyValue::new("server.address", "db.internal"),
        KeyValue::new("db.query.text", "SELECT ?"),
    ]);
    let mut query = query.start_with_context(&orders, &served);
    query.record_error(&std::io::Error::other("the database sleeps"));
    query.set_status(Status::error("slow"));
    query.end();
    for context in [&served, &call, &work, &root] {
        context.span().end();
    }
    root.span().span_context().trace_id().to_string()
}

#[test]
fn what_the_sdk_sends_over_http_in_either_encoding_is_a_trace() {
    for protocol in [Protocol::HttpBinary, Protocol::HttpJson] {
        let console = console();
        let exporter = || {
            let builder = SpanExporter::builder()
                .with_http()
                .with_compression(Compression::Gzip)
                .with_protocol(protocol);
            builder.with_endpoint(format!("http://{}/v1/traces", console.local_addr())).build().unwrap()
        };
        let (web, orders) = (provider("web", exporter()), provider("orders", exporter()));
        let id = tell(&web, &orders);
        assert_shop(&console, &id, "rust");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn what_the_sdk_sends_over_grpc_is_a_trace() {
    let console = console();
    let exporter = || {
        let builder = SpanExporter::builder().with_tonic().with_compression(Compression::Gzip);
        builder.with_endpoint(format!("http://{}", console.otlp_grpc_addr().unwrap())).build().unwrap()
    };
    let (web, orders) = (provider("web", exporter()), provider("orders", exporter()));
    let id = tokio::task::spawn_blocking(move || tell(&web, &orders)).await.unwrap();
    assert_shop(&console, &id, "rust");
}
