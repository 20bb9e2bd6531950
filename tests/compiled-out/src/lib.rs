//! Every runtime call and every form of the attributes, in a program that may compile tracing out.

pub mod named;

use std::future::Future;

use lambda_runtime::{Error, LambdaEvent};
use serde_json::Value;
use tracer_runtime::{
    ErrorFlag, Handle, InSubsegment, MemorySink, Namespace, StdoutSink, Tracer, UdpSink, annotate,
    capture_lambda_handler, capture_method, metadata,
};

/// A handler that calls all there is.
///
/// # Errors
/// Where the event says so.
#[capture_lambda_handler(capture_response = false)]
pub async fn handler(event: LambdaEvent<Value>) -> Result<u32, Error> {
    use tracer_runtime as tracer;

    tracer::put_annotation("Key", 1);
    tracer::put_metadata("key", &event.payload);
    tracer::put_metadata_in("namespace", "key", &1);
    tracer::put_metadata_with("key", || 1);
    annotate!("Key" = 1);
    metadata!("key" = 1);
    metadata!(in "namespace", "key" = 1);
    tracer::set_namespace(Namespace::Remote);
    tracer::set_http_request("GET", "https://example.com");
    tracer::set_http_response(200, Some(1));
    tracer::set_aws("operation", "GetItem");
    tracer::set_sql("user", "me");
    let (_, _, _) = (tracer::trace_id(), tracer::trace_header(), tracer::is_sampled());
    let handle = Handle::current();
    let sum = handle.enter(|| tracer::subsegment("block", || add(1, 2)));
    let sum = tracer::subsegment_async("block", future(sum)).in_current_subsegment().await;
    let sum = handle.carry(async { sum }.in_subsegment("block")).await;
    let sum = tracer::spawn(async move { sum }).await?;
    let sum = tracer::spawn_blocking(move || sum).await?;
    if event.payload["fail"] == true {
        let error = "x".parse::<u32>().err().ok_or("it is a number")?;
        tracer::add_error(&error);
        tracer::set_fault();
        tracer::set_error();
        tracer::set_throttle();
        return Err(error.into());
    }
    Ok(sum)
}

/// A predicate.
#[must_use]
pub fn flag(_: &std::num::ParseIntError) -> ErrorFlag {
    ErrorFlag::Ignore
}

/// A function with arguments that are never evaluated.
#[capture_method(annotate("A" = a, "B" = b))]
#[must_use]
pub fn add(a: u32, b: u32) -> u32 {
    a + b
}

/// A function that returns a future.
#[capture_method]
pub fn future(sum: u32) -> impl Future<Output = u32> + Send {
    async move { sum }
}

/// A function that fails.
///
/// # Errors
/// Where the text is no number.
#[capture_method(err = flag)]
pub fn parse(text: &str) -> Result<u32, std::num::ParseIntError> {
    text.parse()
}

/// Every setting.
///
/// # Errors
/// Where a tracer is installed already.
pub fn install() -> Result<Tracer, Box<dyn std::error::Error>> {
    let settings =
        Tracer::builder().service("svc").enabled(true).capture_error(false).capture_response(false);
    let settings =
        settings.sink(MemorySink::default()).sink(StdoutSink).sink(UdpSink::new("127.0.0.1:2000".parse()?));
    Ok(settings.install()?)
}
