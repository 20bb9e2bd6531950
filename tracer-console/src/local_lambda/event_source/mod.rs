//! Event source mappings: the messages of an SQS queue invoke a function, as Lambda's own pollers do it.
//!
//! Downwards: [`builder`] sets one up; [`mapping`] is one that runs; [`poller`] receives, invokes and deletes;
//! [`event`], [`batch_tracing`] and [`batch_response`] are what Lambda makes of messages and of answers; [`reason`] tells
//! why SQS did not do as asked.

mod batch_response;
mod batch_tracing;
mod builder;
mod event;
mod mapping;
mod poller;
mod reason;

pub use builder::{EventSourceBuilder, EventSourceError};
pub use mapping::{Batch, BatchWaitError, EventSourceMapping};
