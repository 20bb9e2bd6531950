//! Messages that are received: a subsegment for each record of a batch, and consumers outside Lambda (feature `messages`).
//!
//! In a **Lambda function** the batch has one trace, and AWS itself links it to those of the senders. What it cannot tell is
//! which record did what: [`for_each_record`] gives each a subsegment, says whose trace it came from, marks the failed ones and reports them
//! so that only these come again (the event types need the feature `lambda-events`):
//!
//! ```no_run
//! # #[cfg(all(feature = "lambda", feature = "lambda-events"))]
//! # mod function {
//! use aws_lambda_events::sqs::{SqsBatchResponse, SqsEvent, SqsMessage};
//! use lambda_runtime::{Error, LambdaEvent, run, service_fn};
//! use tracer_runtime::{capture_lambda_handler, messages};
//!
//! #[capture_lambda_handler]
//! async fn handler(event: LambdaEvent<SqsEvent>) -> Result<SqsBatchResponse, Error> {
//!     Ok(messages::for_each_record(&event.payload, fulfill).await)
//! }
//!
//! async fn fulfill(message: &SqsMessage) -> Result<(), Error> {
//!     // …
//!     # let _ = message;
//!     Ok(())
//! }
//!
//! #[tokio::main]
//! async fn main() -> Result<(), Error> {
//!     run(service_fn(handler)).await
//! }
//! # }
//! # fn main() {}
//! ```
//!
//! **Outside of Lambda** nobody sends a segment for the consumer, so it sends its own. [`continue_trace`] goes on in the trace of
//! whoever sent the message; [`consume_batch`] has a trace of its own, linked to those of the senders. Both record only what the
//! senders' headers say is sampled, and only where tracing is on: `POWERTOOLS_TRACE_ENABLED=true`, or a
//! [`Tracer`](crate::Tracer) that is built so.
//!
//! ```no_run
//! use tracer_runtime::messages;
//!
//! # struct Message { trace_header: Option<String>, body: String }
//! # async fn receive() -> Message { std::future::pending().await }
//! # async fn fulfill(body: &str) -> Result<(), std::num::ParseIntError> { body.parse::<u8>().map(drop) }
//! # async fn work() {
//! loop {
//!     let message = receive().await;
//!     let work = fulfill(&message.body);
//!     let outcome = messages::continue_trace(message.trace_header.as_deref(), "fulfillment-worker", work).await;
//! # drop(outcome);
//! }
//! # }
//! ```
//!
//! # What a record's subsegment says
//!
//! It is named after its queue, topic or stream. A subsegment cannot have `links`, so what ties it to the sender's trace is
//!
//! - the annotation `SenderTraceId`: `annotation.SenderTraceId = "1-…"` finds who consumed what a trace sent;
//! - the annotation `MessageId`, the name that the queue's own logs and API know it by: one that comes again has the same;
//! - the metadata `message`, with the whole header as `AWSTraceHeader` (SQS's name for it), the `id`, and the `source` as it came.
//!
//! X-Ray indexes 50 annotations a trace, so these are two and no more; the rest is metadata.

mod batch;
mod consumer;
#[cfg(feature = "lambda-events")]
mod lambda_events;
mod outcome;
mod record;
#[cfg(feature = "enable")]
mod traced;
#[cfg(not(feature = "enable"))]
#[path = "traced_compiled_out.rs"]
mod traced;

#[cfg(all(test, feature = "enable"))]
mod tests;

pub use self::batch::{Failures, MessageBatch, for_each_record, for_each_record_concurrent};
pub use self::consumer::{Consumer, consume_batch, continue_trace};
pub use self::outcome::Outcome;
#[doc(hidden)]
pub use self::outcome::kind;
pub use self::record::{Envelope, MessageRecord, record_subsegment};
