//! A consumer outside of Lambda: it sends the segment that AWS would send for a function.

use std::borrow::Cow;
use std::future::Future;
use std::time::SystemTime;

use super::outcome::Outcome;
use super::traced;
use crate::Tracer;

/// A consumer outside of Lambda, by the name of its segment.
///
/// [`continue_trace`] and [`consume_batch`] do with the name alone.
///
/// ```
/// use tracer_runtime::messages::Consumer;
///
/// let consumer = Consumer::new("fulfillment-worker").origin("AWS::ECS::Container");
/// ```
#[derive(Debug, Clone)]
pub struct Consumer {
    #[cfg_attr(not(feature = "enable"), allow(dead_code))]
    pub(super) settings: Settings,
}

#[derive(Debug, Clone)]
#[cfg_attr(not(feature = "enable"), allow(dead_code))]
pub(super) struct Settings {
    pub(super) name: Cow<'static, str>,
    pub(super) tracer: Option<Tracer>,
    pub(super) origin: Option<Cow<'static, str>>,
    pub(super) deadline: Option<SystemTime>,
}

impl Consumer {
    /// A consumer whose segments have this name: the service's, as it is shown in the service graph.
    ///
    /// A segment's name has at most 200 letters, digits, spaces and `_ . : / % & # = + - @`; other characters are removed.
    ///
    /// ```
    /// let consumer = tracer_runtime::messages::Consumer::new("fulfillment-worker");
    /// ```
    #[must_use]
    pub fn new(name: impl Into<Cow<'static, str>>) -> Self {
        Self { settings: Settings { name: name.into(), tracer: None, origin: None, deadline: None } }
    }

    /// Records with `tracer`, and not with that of the trace that this runs in or the process's own.
    ///
    /// ```
    /// use tracer_runtime::{Tracer, messages::Consumer};
    ///
    /// let consumer = Consumer::new("fulfillment-worker").tracer(Tracer::builder().enabled(true).build());
    /// ```
    #[must_use]
    pub fn tracer(mut self, tracer: Tracer) -> Self {
        self.settings.tracer = Some(tracer);
        self
    }

    /// The kind of machine that it runs on, which is the node's type in the service graph: `AWS::EC2::Instance`,
    /// `AWS::ECS::Container`, `AWS::EKS::Container`, `AWS::AppRunner::Service` and so on.
    ///
    /// ```
    /// let consumer = tracer_runtime::messages::Consumer::new("fulfillment-worker").origin("AWS::ECS::Container");
    /// ```
    #[must_use]
    pub fn origin(mut self, origin: impl Into<Cow<'static, str>>) -> Self {
        self.settings.origin = Some(origin.into());
        self
    }

    /// When the work will be ended by force, or is to be given to another consumer: shortly before that what is still open is sent as in
    /// progress. A time that is over, or more than an hour away, counts as none.
    ///
    /// ```
    /// use std::time::{Duration, SystemTime};
    /// use tracer_runtime::messages::Consumer;
    ///
    /// let visibility_timeout = Duration::from_secs(30);
    /// let consumer = Consumer::new("fulfillment-worker").deadline(SystemTime::now() + visibility_timeout);
    /// ```
    #[must_use]
    pub fn deadline(mut self, deadline: SystemTime) -> Self {
        self.settings.deadline = Some(deadline);
        self
    }

    /// Goes on in the sender's trace; see [`continue_trace`].
    ///
    /// ```
    /// use tracer_runtime::messages::Consumer;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let consumer = Consumer::new("fulfillment-worker").origin("AWS::ECS::Container");
    /// let header = "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1";
    /// consumer.continue_trace(header, async { /* … */ }).await;
    /// # });
    /// ```
    pub fn continue_trace<'a, F, Kind>(
        &self,
        header: impl Into<Option<&'a str>>,
        work: F,
    ) -> impl Future<Output = F::Output>
    where
        F: Future,
        F::Output: Outcome<Kind>,
    {
        traced::in_senders_trace(self, header.into(), work)
    }

    /// Works on a batch in a trace of its own; see [`consume_batch`].
    ///
    /// ```
    /// use tracer_runtime::messages::Consumer;
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let consumer = Consumer::new("fulfillment-worker").origin("AWS::ECS::Container");
    /// let header = "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1";
    /// consumer.consume_batch([header], async { /* … */ }).await;
    /// # });
    /// ```
    pub fn consume_batch<H, F, Kind>(&self, headers: H, work: F) -> impl Future<Output = F::Output>
    where
        H: IntoIterator<Item: AsRef<str>>,
        F: Future,
        F::Output: Outcome<Kind>,
    {
        traced::in_trace_of_its_own(self, headers, work)
    }
}

/// Works on a message in a segment of its own, in the trace of whoever sent it: `header` is the tracing header that came with it.
///
/// The segment hangs on the subsegment of the call that sent the message. It is open from the first poll of `work` to its end, and
/// current while that is polled, so what is recorded inside is below it, and calls pass the trace on. An error that `work` returns
/// marks a fault, a panic too, and goes on; its text is recorded unless the tracer's `capture_error` is off. Dropped before its end the
/// segment closes with the annotation `Cancelled`. What `work` returns is returned.
///
/// Only what the header calls sampled is recorded: with `Sampled=0`, or no decision, or a header that names no trace, nothing is, and
/// calls pass the header on as it came. What is longer than 1,024 bytes is no header, and is not passed on. Without a header `work` runs
/// as if this were not here. Tracing is off outside of Lambda unless it is asked for: `POWERTOOLS_TRACE_ENABLED=true`, [`TracerBuilder::enabled`](crate::TracerBuilder::enabled), or [`Consumer::tracer`].
///
/// In a Lambda function use [`record_subsegment`](super::record_subsegment): Lambda sends the segment there.
///
/// ```
/// use tracer_runtime::{messages, subsegment, testing};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let header = "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1";
/// let trace = testing::capture_async(async {
///     messages::continue_trace(header, "fulfillment-worker", async { subsegment("ship", || ()) }).await;
/// }).await;
/// let worker = trace.subsegment("fulfillment-worker");
/// assert!(worker.is_segment());
/// assert_eq!(worker.json()["trace_id"], "1-67891233-abcdef012345678912345678");
/// assert_eq!(worker.json()["parent_id"], "53995c3f42cd8ad8");
/// assert_eq!(worker.subsegments()[0].name(), "ship");
/// # });
/// ```
pub fn continue_trace<'a, F, Kind>(
    header: impl Into<Option<&'a str>>,
    name: impl Into<Cow<'static, str>>,
    work: F,
) -> impl Future<Output = F::Output>
where
    F: Future,
    F::Output: Outcome<Kind>,
{
    traced::in_senders_trace(Consumer::new(name), header.into(), work)
}

/// Works on a batch of messages in a segment with a trace of its own, linked to those of the senders: `headers` are the tracing headers that
/// came with the messages.
///
/// It is recorded if any of them is sampled, and has `links` to the first 20 calls that sent a sampled one: so many X-Ray keeps. Give each
/// message its [subsegment](super::record_subsegment) inside. Where none is sampled nothing is recorded, and calls pass on
/// that this trace is not. All else is as with [`continue_trace`].
///
/// ```
/// use tracer_runtime::messages::{self, Envelope, record_subsegment};
/// use tracer_runtime::testing;
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let headers = [
///     "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1",
///     "Root=1-67891234-abcdef012345678912345678;Parent=53995c3f42cd8ad9;Sampled=0",
/// ];
/// let trace = testing::capture_async(messages::consume_batch(headers, "fulfillment-worker", async {
///     for header in headers {
///         let message = Envelope { trace_header: Some(header), ..Envelope::default() };
///         record_subsegment(&message, async { /* … */ }).await;
///     }
/// })).await;
/// let worker = trace.subsegment("fulfillment-worker");
/// assert_eq!(worker.links().len(), 1);
/// assert_eq!(worker.links()[0].trace_id().to_string(), "1-67891233-abcdef012345678912345678");
/// assert_eq!(worker.subsegments().len(), 2);
/// # });
/// ```
pub fn consume_batch<H, F, Kind>(
    headers: H,
    name: impl Into<Cow<'static, str>>,
    work: F,
) -> impl Future<Output = F::Output>
where
    H: IntoIterator<Item: AsRef<str>>,
    F: Future,
    F::Output: Outcome<Kind>,
{
    traced::in_trace_of_its_own(Consumer::new(name), headers, work)
}
