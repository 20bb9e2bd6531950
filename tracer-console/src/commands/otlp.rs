//! How OpenTelemetry's spans are taken.

use tracer_console::{Console, IndexedAttributes, OtlpOptions};

#[derive(Debug, clap::Args)]
pub(crate) struct Otlp {
    /// Take OpenTelemetry's spans over HTTP on another address too; without one, on 127.0.0.1:4318, where SDKs send to
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, default_missing_value = "127.0.0.1:4318")]
    otlp: Option<String>,
    /// Take OpenTelemetry's spans over gRPC; without an address, on 127.0.0.1:4317
    #[arg(long, value_name = "ADDRESS", num_args = 0..=1, default_missing_value = "127.0.0.1:4317")]
    otlp_grpc: Option<String>,
    /// Make annotations of these attributes of spans, as the exporter's indexed_attributes does
    #[arg(long, value_name = "ATTRIBUTE", value_delimiter = ',')]
    otlp_index: Vec<String>,
    /// Make annotations of all attributes of spans that can be one
    #[arg(long, conflicts_with = "otlp_index")]
    otlp_index_all: bool,
}

impl Otlp {
    pub(crate) fn options(self) -> OtlpOptions {
        let indexed = match self.otlp_index_all {
            true => IndexedAttributes::all(),
            false => IndexedAttributes::listed(self.otlp_index),
        };
        OtlpOptions { http: self.otlp, grpc: self.otlp_grpc, indexed }
    }
}

/// On which further addresses a console takes spans, in words.
pub(crate) fn addresses(console: &Console) -> String {
    let addresses = [(console.otlp_addr(), "HTTP"), (console.otlp_grpc_addr(), "gRPC")];
    let said = addresses
        .into_iter()
        .filter_map(|(address, over)| Some(format!(", spans on {} over {over}", address?)));
    said.collect()
}
