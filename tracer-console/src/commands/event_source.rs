//! The queue whose messages invoke the function.

use std::time::Duration;

use tracer_console::{EventSourceMapping, Function};

use super::Failure;
use super::time::duration;

#[derive(Debug, clap::Args)]
pub(crate) struct EventSource {
    /// Invoke the function with the messages of an SQS queue on this machine, until Ctrl-C
    #[arg(long, value_name = "URL")]
    sqs_queue: Option<String>,
    /// Where SQS is [default: the beginning of the queue's URL]
    #[arg(long, value_name = "http://HOST:PORT", requires = "sqs_queue")]
    sqs_endpoint: Option<String>,
    /// How many messages a batch may have
    #[arg(long, default_value_t = 10, requires = "sqs_queue")]
    batch_size: usize,
    /// How long to gather messages for a batch [default: no time]
    #[arg(long, value_parser = duration, requires = "sqs_queue")]
    batch_window: Option<Duration>,
    /// The function's answer names the messages that failed
    #[arg(long, requires = "sqs_queue")]
    report_batch_item_failures: bool,
}

impl EventSource {
    pub(crate) fn is_given(&self) -> bool {
        self.sqs_queue.is_some()
    }

    /// Begins to poll, if there is a queue.
    pub(crate) fn start(&self, function: &Function) -> Result<Option<EventSourceMapping>, Failure> {
        let Some(queue) = &self.sqs_queue else {
            return Ok(None);
        };
        let mut source = function
            .event_source(queue)
            .batch_size(self.batch_size)
            .batch_window(self.batch_window.unwrap_or_default());
        if let Some(endpoint) = &self.sqs_endpoint {
            source = source.endpoint(endpoint);
        }
        if self.report_batch_item_failures {
            source = source.report_batch_item_failures();
        }
        Ok(Some(source.start()?))
    }
}
