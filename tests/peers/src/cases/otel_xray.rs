//! `tracing`, OpenTelemetry's SDK and its X-Ray exporter, which sends a document for each span.

use std::collections::HashMap;
use std::net::SocketAddr;

use anyhow::Result;
use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::TracerProvider;
use opentelemetry_aws::trace::{XrayIdGenerator, XrayPropagator};
use opentelemetry_aws::xray_exporter::daemon_client::XrayDaemonClient;
use opentelemetry_aws::xray_exporter::{SegmentTranslator, XrayExporter};
use opentelemetry_sdk::trace::{SdkTracerProvider, TracerProviderBuilder};
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

use crate::case::{Case, Invoke, Work};
use crate::cases::instrumented;
use crate::workload;

pub(crate) const SIMPLE: Case = Case {
    name: "otel-xray-simple",
    of: Some("opentelemetry-aws"),
    datagrams: |children| children + 1,
    work: Work::Rust(|daemon| start(builder().with_simple_exporter(exporter(daemon)?), false)),
};

pub(crate) const BATCH: Case = Case {
    name: "otel-xray-batch",
    of: Some("opentelemetry-aws"),
    datagrams: |children| children + 1,
    work: Work::Rust(|daemon| start(builder().with_batch_exporter(exporter(daemon)?), true)),
};

pub(super) fn builder() -> TracerProviderBuilder {
    SdkTracerProvider::builder().with_id_generator(XrayIdGenerator::default())
}

pub(super) fn exporter(daemon: SocketAddr) -> Result<XrayExporter<XrayDaemonClient>> {
    // The trace id of the work is an old one.
    let translator = SegmentTranslator::new().skip_timestamp_validation();
    Ok(XrayExporter::new(XrayDaemonClient::new(daemon)?).with_translator(translator))
}

/// A frozen sandbox runs no thread, so what is batched is flushed at the end of each invocation.
fn start(builder: TracerProviderBuilder, flushes: bool) -> Result<Invoke> {
    let provider = builder.build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("order-service"));
    tracing_subscriber::registry().with(layer).try_init()?;
    let propagator = XrayPropagator::default();
    Ok(Box::new(move |items| {
        let carrier = HashMap::from([("x-amzn-trace-id".to_owned(), workload::SAMPLED.to_owned())]);
        let _parent = propagator.extract(&carrier).attach();
        instrumented::handler(items);
        if flushes && let Err(error) = provider.force_flush() {
            eprintln!("{error}");
        }
    }))
}
