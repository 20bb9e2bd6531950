//! What is around the requests of an invocation.

use std::collections::HashMap;
use std::net::SocketAddr;

use anyhow::Result;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::TracerProvider;
use opentelemetry_aws::trace::XrayPropagator;
use opentelemetry_sdk_0_32::error::OTelSdkResult;
use opentelemetry_sdk_0_32::propagation::TraceContextPropagator;
use opentelemetry_sdk_0_32::trace::{SdkTracerProvider, SpanData, SpanExporter};
use tracer_runtime::capture_lambda_handler;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use super::Requests;
use crate::case::Invoke;
use crate::cases::{otel_xray, tracer};
use crate::workload;

/// Nothing at all.
pub(super) fn nothing(mut requests: Requests) -> Result<Invoke> {
    Ok(Box::new(move |items| requests(items.len())))
}

/// A traced handler.
pub(super) fn handler(daemon: SocketAddr, requests: Requests) -> Result<Invoke> {
    in_handler(daemon, workload::SAMPLED, requests)
}

/// A traced handler whose trace is not sampled.
pub(super) fn unsampled_handler(daemon: SocketAddr, requests: Requests) -> Result<Invoke> {
    in_handler(daemon, workload::UNSAMPLED, requests)
}

/// No handler, and tracing switched off.
pub(super) fn disabled(daemon: SocketAddr, requests: Requests) -> Result<Invoke> {
    tracer::install(daemon, false)?;
    nothing(requests)
}

fn in_handler(daemon: SocketAddr, header: &'static str, mut requests: Requests) -> Result<Invoke> {
    tracer::install(daemon, true)?;
    Ok(Box::new(move |items| traced(header, || requests(items.len()))))
}

#[capture_lambda_handler(context = header)]
fn traced(header: &str, requests: impl FnOnce()) {
    requests();
}

/// OpenTelemetry in the newest version for which reqwest-tracing writes a header. The spans go nowhere.
pub(super) fn otel_with_header(requests: Requests) -> Result<Invoke> {
    use opentelemetry_0_32::global;
    use opentelemetry_0_32::trace::TracerProvider as _;

    let provider = SdkTracerProvider::builder().with_simple_exporter(Nowhere).build();
    let layer = tracing_opentelemetry_0_33::layer().with_tracer(provider.tracer("order-service"));
    tracing_subscriber::registry().with(layer).try_init()?;
    global::set_text_map_propagator(TraceContextPropagator::new());
    nothing(requests)
}

#[derive(Debug)]
struct Nowhere;

impl SpanExporter for Nowhere {
    async fn export(&self, spans: Vec<SpanData>) -> OTelSdkResult {
        drop(std::hint::black_box(spans));
        Ok(())
    }
}

/// OpenTelemetry with its X-Ray exporter, a document for each span. reqwest-tracing writes no header for this version.
pub(super) fn otel_to_xray(daemon: SocketAddr, mut requests: Requests) -> Result<Invoke> {
    let provider = otel_xray::builder().with_simple_exporter(otel_xray::exporter(daemon)?).build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("order-service"));
    tracing_subscriber::registry().with(layer).try_init()?;
    let propagator = XrayPropagator::default();
    Ok(Box::new(move |items| {
        let carrier = HashMap::from([("x-amzn-trace-id".to_owned(), workload::SAMPLED.to_owned())]);
        let _parent = propagator.extract(&carrier).attach();
        requests(items.len());
    }))
}
