//! OpenTelemetry in: what its SDKs send becomes segments that X-Ray's API answers with.

mod access;
mod command;
mod grpc;
mod http;
#[path = "../python/interpreter.rs"]
mod interpreter;
mod python;
mod rust_sdk;
mod shop;
mod udp;
