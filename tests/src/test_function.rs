//! A Lambda function for the tests of a function's whole life: the event says what it does.
//!
//! `MODE` says how it is traced: `attribute` (the default), `layer` (the attribute and the layer on the runtime), `only-layer`,
//! `concurrent` (overlapping invocations), `stream` and `stream-opaque` (streamed responses).

use futures_util::{Stream, stream};
use lambda_runtime::streaming::{Body, channel};
use lambda_runtime::{Error, LambdaEvent, Runtime, StreamResponse, run, service_fn};
use serde::Deserialize;
use serde_json::{Value, json};
use tracer_runtime::lambda::TracerLayer;
use tracer_runtime::{
    InSubsegment, capture_lambda_handler, capture_method, put_annotation, spawn, subsegment,
};

#[derive(Debug, Deserialize)]
struct Order {
    #[serde(rename = "do")]
    what: What,
    #[serde(default)]
    number: u64,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum What {
    Answer,
    Fail,
    Panic,
    /// Closes one subsegment and then yields forever.
    Hang,
    /// Closes one subsegment and then blocks the thread forever.
    Block,
    /// Closes one subsegment that names the process and then waits to be killed.
    AwaitKill,
    /// Leaves a task behind that ends after the response.
    Late,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    match std::env::var("MODE").as_deref() {
        Ok("layer") => Runtime::new(service_fn(handler)).layer(TracerLayer::new()).run().await,
        Ok("only-layer") => Runtime::new(service_fn(work)).layer(TracerLayer::new()).run().await,
        Ok("concurrent") => Runtime::new(service_fn(handler)).run_concurrent().await,
        Ok("stream") => run(service_fn(streaming)).await,
        Ok("stream-opaque") => run(service_fn(streaming_opaque)).await,
        _ => run(service_fn(handler)).await,
    }
}

#[capture_lambda_handler]
async fn handler(event: LambdaEvent<Order>) -> Result<Value, Error> {
    work(event).await
}

async fn work(event: LambdaEvent<Order>) -> Result<Value, Error> {
    let order = event.payload;
    put_annotation("Number", order.number);
    step(order.number).await;
    match order.what {
        What::Answer => {}
        What::Fail => return Err("asked to fail".into()),
        What::Panic => panic!("asked to panic"),
        What::Hang => std::future::pending::<()>().in_subsegment("open").await,
        What::Block => subsegment("open", block),
        What::AwaitKill => {
            subsegment("process", || put_annotation("Process", std::process::id()));
            subsegment("open", block);
        }
        What::Late => {
            // It outlives the handler, so its document comes alone.
            spawn(async { tokio::task::yield_now().await }.in_subsegment("late"));
        }
    }
    Ok(json!({ "number": order.number, "header": std::env::var("_X_AMZN_TRACE_ID").ok() }))
}

/// Never lets the runtime run again.
fn block() {
    loop {
        std::thread::park();
    }
}

#[capture_method(capture_response = false)]
async fn step(number: u64) {
    for _ in 0..number % 5 {
        tokio::task::yield_now().await;
    }
    put_annotation("Number", number);
}

#[capture_lambda_handler]
async fn streaming(event: LambdaEvent<Order>) -> Result<StreamResponse<Body>, Error> {
    let (mut sender, body) = channel();
    spawn(
        async move {
            for part in ["first ", "second ", "third"] {
                step(1).await;
                sender.send_data(part.into()).await?;
            }
            Ok::<(), Error>(())
        }
        .in_subsegment("writer"),
    );
    put_annotation("Number", event.payload.number);
    Ok(body.into())
}

#[capture_lambda_handler]
async fn streaming_opaque(
    event: LambdaEvent<Order>,
) -> Result<StreamResponse<impl Stream<Item = Result<String, Error>> + Unpin + Send>, Error> {
    put_annotation("Number", event.payload.number);
    Ok(StreamResponse::from(Box::pin(stream::unfold(0, |at| async move {
        step(at).await;
        (at < 3).then(|| (Ok(format!("part {at} ")), at + 1))
    }))))
}
