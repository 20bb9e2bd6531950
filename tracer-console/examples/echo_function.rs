//! A function for trying the local Lambda: the event says what to do.
//!
//! `{"do": "echo" | "error" | "panic" | "exit" | "sleep" | "environment" | "stream" | "meet"}`; in the event of a batch
//! of messages each body says it: `error` fails the batch, `fail` the message, `sleep` takes longer than any timeout.

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use lambda_runtime::{Error, LambdaEvent, service_fn, streaming};
use serde_json::{Value, json};

static INVOCATIONS: AtomicU32 = AtomicU32::new(0);

#[tokio::main]
async fn main() -> Result<(), Error> {
    if std::env::var_os("FAIL_INIT").is_some() {
        std::process::exit(7);
    }
    if std::env::var_os("STREAM").is_some() {
        return lambda_runtime::run(service_fn(stream)).await;
    }
    if std::env::var_os("AWS_LAMBDA_MAX_CONCURRENCY").is_some() {
        return lambda_runtime::run_concurrent(service_fn(handle)).await;
    }
    lambda_runtime::run(service_fn(handle)).await
}

async fn handle(event: LambdaEvent<Value>) -> Result<Value, Error> {
    let LambdaEvent { payload, context } = event;
    println!("invoked {}", context.request_id);
    let invocation = INVOCATIONS.fetch_add(1, Ordering::SeqCst) + 1;
    if let Some(records) = payload["Records"].as_array() {
        if records.iter().any(|record| record["body"] == "sleep") {
            tokio::time::sleep(Duration::from_secs(60)).await;
        }
        return batch(records, &json!({"event": payload, "trace": context.xray_trace_id}));
    }
    match payload["do"].as_str().unwrap_or("echo") {
        "error" => Err("the order is not there".into()),
        "panic" => panic!("the handler panicked"),
        "exit" => std::process::exit(3),
        "sleep" => {
            tokio::time::sleep(Duration::from_secs(60)).await;
            Ok(Value::Null)
        }
        "environment" => Ok(std::env::vars().collect::<Value>()),
        "api" => Ok(json!({"statusCode": payload["status"], "body": "{}"})),
        "meet" => {
            // Answers only once two invocations are here at the same time.
            while INVOCATIONS.load(Ordering::SeqCst) < 2 {
                tokio::time::sleep(Duration::from_millis(1)).await;
            }
            Ok(json!({"trace": context.xray_trace_id, "invocation": invocation}))
        }
        _ => Ok(json!({
            "event": payload, "invocation": invocation, "request_id": context.request_id, "deadline": context.deadline,
            "arn": context.invoked_function_arn, "trace": context.xray_trace_id,
        })),
    }
}

fn batch(records: &[Value], seen: &Value) -> Result<Value, Error> {
    let says = |record: &&Value, what: &str| record["body"].as_str() == Some(what);
    if records.iter().any(|record| says(&record, "error")) {
        return Err("a message cannot be read".into());
    }
    let failed = records.iter().filter(|record| says(record, "fail"));
    let failures: Vec<_> = failed.map(|record| json!({"itemIdentifier": record["messageId"]})).collect();
    Ok(json!({"batchItemFailures": failures, "seen": seen}))
}

async fn stream(
    event: LambdaEvent<Value>,
) -> Result<
    lambda_runtime::FunctionResponse<Value, impl tokio_stream::Stream<Item = Result<Vec<u8>, Error>>>,
    Error,
> {
    let fails = event.payload["fails"] == true;
    let mut chunks: Vec<Result<Vec<u8>, Error>> = vec![Ok(b"one ".to_vec()), Ok(b"two".to_vec())];
    if fails {
        chunks.push(Err("broken in the middle".into()));
    }
    let _ = streaming::channel;
    Ok(lambda_runtime::FunctionResponse::StreamingResponse(lambda_runtime::StreamResponse {
        metadata_prelude: lambda_runtime::MetadataPrelude::default(),
        stream: tokio_stream::iter(chunks),
    }))
}
