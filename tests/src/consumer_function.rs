//! A Lambda function that takes batches of messages: each body says what becomes of its message.
//!
//! `MODE` says of what, and how: `sqs` (the default), `sqs-concurrent`, `sns`, `kinesis`.

use aws_lambda_events::kinesis::KinesisEvent;
use aws_lambda_events::sns::SnsEvent;
use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use aws_lambda_events::streams::KinesisEventResponse;
use lambda_runtime::{Error, LambdaEvent, Runtime, run, service_fn};
use serde::Deserialize;
use tracer_runtime::{capture_lambda_handler, capture_method, messages, put_annotation};

#[derive(Debug, Deserialize)]
struct Order {
    #[serde(rename = "do")]
    what: What,
    number: u64,
}

#[derive(Debug, Clone, Copy, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum What {
    Succeed,
    Fail,
    Panic,
    /// Yields forever.
    Hang,
}

#[tokio::main]
async fn main() -> Result<(), Error> {
    match std::env::var("MODE").as_deref() {
        Ok("sqs-concurrent") => Runtime::new(service_fn(sqs_concurrent)).run_concurrent().await,
        Ok("sns") => run(service_fn(sns)).await,
        Ok("kinesis") => run(service_fn(kinesis)).await,
        _ => run(service_fn(sqs)).await,
    }
}

#[capture_lambda_handler(name = "## handler")]
async fn sqs(event: LambdaEvent<SqsEvent>) -> Result<SqsBatchResponse, Error> {
    let work = async |body: &Option<String>| fulfill(body.as_deref().unwrap_or_default().as_bytes()).await;
    Ok(messages::for_each_record(&event.payload, |message| work(&message.body)).await)
}

#[capture_lambda_handler(name = "## handler")]
async fn sqs_concurrent(event: LambdaEvent<SqsEvent>) -> Result<SqsBatchResponse, Error> {
    let response = messages::for_each_record_concurrent(&event.payload, 100, |message| async {
        fulfill(message.body.as_deref().unwrap_or_default().as_bytes()).await
    });
    Ok(response.await)
}

#[capture_lambda_handler(name = "## handler")]
async fn sns(event: LambdaEvent<SnsEvent>) -> Result<(), Error> {
    messages::for_each_record(&event.payload, |record| fulfill(record.sns.message.as_bytes())).await
}

#[capture_lambda_handler(name = "## handler")]
async fn kinesis(event: LambdaEvent<KinesisEvent>) -> Result<KinesisEventResponse, Error> {
    Ok(messages::for_each_record(&event.payload, |record| fulfill(&record.kinesis.data)).await)
}

async fn fulfill(body: &[u8]) -> Result<(), Error> {
    let order: Order = serde_json::from_slice(body)?;
    put_annotation("Number", order.number);
    step(order.number).await;
    match order.what {
        What::Succeed => Ok(()),
        What::Fail => Err(format!("order {} is wrong", order.number).into()),
        What::Panic => panic!("asked to panic"),
        What::Hang => std::future::pending().await,
    }
}

#[capture_method(annotate("Number" = number))]
async fn step(number: u64) {
    for _ in 0..number % 7 {
        tokio::task::yield_now().await;
    }
}
