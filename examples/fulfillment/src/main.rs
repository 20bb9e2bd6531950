//! Takes the order service's orders from the queue and has them shipped. What cannot be shipped goes back to the queue, and only that.

mod shipping;
#[cfg(all(test, feature = "trace"))]
mod tests;

use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent};
use lambda_runtime::{Error, LambdaEvent, run, service_fn};
use tracer_runtime::capture_lambda_handler;
use tracer_runtime::messages::for_each_record;

use crate::shipping::ship;

#[tokio::main(flavor = "current_thread")]
async fn main() -> Result<(), Error> {
    run(service_fn(handler)).await
}

/// Each message has a subsegment of its own, which says whose trace it came from.
#[capture_lambda_handler]
async fn handler(event: LambdaEvent<SqsEvent>) -> Result<SqsBatchResponse, Error> {
    Ok(for_each_record(&event.payload, ship).await)
}
