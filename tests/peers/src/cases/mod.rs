//! The cases, a file each, and the functions that some of them share.

pub(crate) mod fastrace;
pub(crate) mod http;
mod instrumented;
pub(crate) mod lambda_otel_lite;
pub(crate) mod limit;
pub(crate) mod otel_xray;
pub(crate) mod powertools;
pub(crate) mod tracer;
pub(crate) mod tracing_disabled;
pub(crate) mod xray_lite;
