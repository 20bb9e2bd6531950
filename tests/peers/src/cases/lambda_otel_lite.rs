//! `lambda-otel-lite`: OTLP, compressed and in base64, on standard output, which is nowhere here.
//!
//! Its subscriber and its flush at the end of an invocation, without its wrapper of the handler, which reads attributes
//! from the event: less than a user gets.

use std::net::SocketAddr;

use anyhow::{Result, anyhow};
use lambda_otel_lite::{TelemetryConfig, init_telemetry};

use crate::case::{Case, Invoke, Work};
use crate::cases::instrumented;

pub(crate) const CASE: Case = Case {
    name: "lambda-otel-lite",
    of: Some("lambda-otel-lite"),
    datagrams: |_| 0,
    work: Work::Rust(start),
};

fn start(_: SocketAddr) -> Result<Invoke> {
    let runtime = tokio::runtime::Builder::new_current_thread().build()?;
    let telemetry = runtime.block_on(init_telemetry(TelemetryConfig::default()));
    let (_, completion) = telemetry.map_err(|error| anyhow!("lambda-otel-lite: {error}"))?;
    Ok(Box::new(move |items| {
        instrumented::handler(items);
        completion.complete();
    }))
}
