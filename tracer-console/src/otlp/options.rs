//! How a console takes spans.

use super::IndexedAttributes;

/// How a [`Console`](crate::Console) takes what OpenTelemetry's SDKs send, beside `POST /v1/traces` on its own port.
///
/// ```
/// use tracer_console::{Console, ConsoleOptions, IndexedAttributes, OtlpOptions};
///
/// let otlp = OtlpOptions { grpc: Some("127.0.0.1:0".into()), indexed: IndexedAttributes::all(), ..Default::default() };
/// let console = Console::start(ConsoleOptions { otlp, ..ConsoleOptions::any_port() })?;
/// println!("OTEL_EXPORTER_OTLP_ENDPOINT=http://{}", console.otlp_grpc_addr().unwrap());
/// # Ok::<(), tracer_console::ConsoleError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct OtlpOptions {
    /// A further address for OTLP over HTTP, `host:port`; its default port is 4318.
    pub http: Option<String>,
    /// An address for OTLP over gRPC, `host:port`; its default port is 4317.
    pub grpc: Option<String>,
    /// Which attributes become annotations.
    pub indexed: IndexedAttributes,
}
