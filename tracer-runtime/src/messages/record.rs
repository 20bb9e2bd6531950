//! One received message, and its subsegment.

use std::future::Future;

use super::outcome::Outcome;
use super::traced;

/// A received message: what ties its subsegment to the trace of whoever sent it.
///
/// The records of SQS, SNS and Kinesis implement it (feature `lambda-events`). Implement it for a type of your own; for one of
/// another crate make an [`Envelope`].
///
/// ```
/// use tracer_runtime::messages::MessageRecord;
///
/// /// The detail of an event on EventBridge, whose sender puts the header into it.
/// struct OrderPlaced { order_id: String, trace_header: Option<String> }
///
/// impl MessageRecord for OrderPlaced {
///     fn trace_header(&self) -> Option<&str> {
///         self.trace_header.as_deref()
///     }
///
///     fn message_id(&self) -> Option<&str> {
///         Some(&self.order_id)
///     }
/// }
/// ```
pub trait MessageRecord {
    /// The tracing header that came with it, as it came.
    ///
    /// ```
    /// # use tracer_runtime::messages::{Envelope, MessageRecord};
    /// assert_eq!(Envelope::default().trace_header(), None);
    /// ```
    fn trace_header(&self) -> Option<&str>;

    /// What its queue, topic or stream knows it by.
    ///
    /// ```
    /// # use tracer_runtime::messages::{Envelope, MessageRecord};
    /// assert_eq!(Envelope::default().message_id(), None);
    /// ```
    fn message_id(&self) -> Option<&str> {
        None
    }

    /// Its queue, topic or stream: an ARN, a URL or a name.
    ///
    /// ```
    /// # use tracer_runtime::messages::{Envelope, MessageRecord};
    /// assert_eq!(Envelope::default().source(), None);
    /// ```
    fn source(&self) -> Option<&str> {
        None
    }
}

impl<M: MessageRecord + ?Sized> MessageRecord for &M {
    fn trace_header(&self) -> Option<&str> {
        (**self).trace_header()
    }

    fn message_id(&self) -> Option<&str> {
        (**self).message_id()
    }

    fn source(&self) -> Option<&str> {
        (**self).source()
    }
}

/// What is known of a message whose type cannot implement [`MessageRecord`], such as `aws_sdk_sqs::types::Message`.
///
/// ```
/// use std::collections::HashMap;
/// use tracer_runtime::messages::{Envelope, record_subsegment};
///
/// # struct Message { id: Option<String>, attributes: HashMap<String, String> }
/// # async fn fulfill(_: &Message) -> Result<(), std::fmt::Error> { Ok(()) }
/// async fn consume(message: &Message) -> Result<(), std::fmt::Error> {
///     let envelope = Envelope {
///         trace_header: message.attributes.get("AWSTraceHeader").map(String::as_str),
///         message_id: message.id.as_deref(),
///         source: Some("orders"),
///     };
///     record_subsegment(&envelope, fulfill(message)).await
/// }
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Envelope<'a> {
    /// The tracing header that came with it, as it came.
    pub trace_header: Option<&'a str>,
    /// What its queue, topic or stream knows it by.
    pub message_id: Option<&'a str>,
    /// Its queue, topic or stream: an ARN, a URL or a name.
    pub source: Option<&'a str>,
}

impl MessageRecord for Envelope<'_> {
    fn trace_header(&self) -> Option<&str> {
        self.trace_header
    }

    fn message_id(&self) -> Option<&str> {
        self.message_id
    }

    fn source(&self) -> Option<&str> {
        self.source
    }
}

/// Runs the work on one message in a subsegment of its own, tied to the sender's trace; see [the module](super#what-a-records-subsegment-says).
///
/// It is open from the first poll of `work` to its end, and current while that is polled. An error that `work` returns marks a
/// fault, a panic too, and goes on; its text is recorded unless the function around says `capture_error = false`. Dropped
/// before its end it closes with the annotation `Cancelled`. What `work` returns is returned. Where nothing is recorded only `work` runs, and `record` is not asked.
///
/// ```
/// use tracer_runtime::messages::{Envelope, record_subsegment};
/// use tracer_runtime::testing;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let trace = testing::capture_async(async {
///     let header = "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1";
///     let message = Envelope { trace_header: Some(header), message_id: Some("m-1"), source: Some("orders") };
///     record_subsegment(&message, async { "12".parse::<u8>() }).await
/// }).await;
/// let orders = trace.subsegment("orders");
/// assert_eq!(orders.annotation("SenderTraceId"), "1-67891233-abcdef012345678912345678");
/// assert_eq!(orders.annotation("MessageId"), "m-1");
/// # });
/// ```
pub fn record_subsegment<M, F, Kind>(record: &M, work: F) -> impl Future<Output = F::Output>
where
    M: MessageRecord + ?Sized,
    F: Future,
    F::Output: Outcome<Kind>,
{
    traced::in_record(record, work)
}
