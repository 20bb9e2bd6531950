//! X-Ray's API as its clients use it: boto3, the AWS CLI, the AWS SDK for Rust, X-Ray's own SDK, and plain HTTP.

mod article;
mod boto3;
mod changes;
mod http;
#[path = "../python/interpreter.rs"]
mod interpreter;
mod keep_alive;
mod requests;
mod rust_sdk;
mod server;
