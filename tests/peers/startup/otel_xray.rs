use std::collections::HashMap;

use opentelemetry::propagation::TextMapPropagator;
use opentelemetry::trace::TracerProvider;
use opentelemetry_aws::trace::XrayPropagator;
use opentelemetry_aws::xray_exporter::daemon_client::XrayDaemonClient;
use opentelemetry_aws::xray_exporter::{SegmentTranslator, XrayExporter};
use opentelemetry_sdk::trace::SdkTracerProvider;
use tracing::instrument;
use tracing_subscriber::layer::SubscriberExt;
use tracing_subscriber::util::SubscriberInitExt;

#[instrument]
fn handler() {
    child(1);
}

#[instrument(skip_all, fields(annotation.Number = number))]
fn child(number: u32) {
    let _ = number;
}

fn main() {
    let translator = SegmentTranslator::new().skip_timestamp_validation();
    let exporter = XrayExporter::new(XrayDaemonClient::default()).with_translator(translator);
    let provider = SdkTracerProvider::builder().with_simple_exporter(exporter).build();
    let layer = tracing_opentelemetry::layer().with_tracer(provider.tracer("hello"));
    tracing_subscriber::registry().with(layer).init();
    let header = std::env::var("_X_AMZN_TRACE_ID").unwrap();
    let carrier = HashMap::from([("x-amzn-trace-id".to_owned(), header)]);
    let _parent = XrayPropagator::default().extract(&carrier).attach();
    handler();
    println!("hello");
}
