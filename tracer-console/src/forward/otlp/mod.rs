//! An OpenTelemetry backend: documents become spans and are posted to its OTLP/HTTP endpoint.
//!
//! A document in progress is nothing for it: OpenTelemetry has spans that ended, and takes each once. The document that completes it
//! is sent.

mod attributes;
mod backend;
mod origin;
mod outcome;
mod request;
mod resource;
mod span;

pub(super) use backend::Backend;

#[cfg(test)]
#[path = "round_trip_tests.rs"]
mod tests;
