//! A batch of messages: each record in its own subsegment, and what is told of the failed ones.

use std::future::Future;
use std::ops::Range;

use futures_util::StreamExt as _;
use futures_util::stream::FuturesUnordered;

use super::outcome::Outcome;
use super::record::{MessageRecord, record_subsegment};

/// A batch of messages, and how its source is told which ones failed.
///
/// `SqsEvent`, `SnsEvent` and `KinesisEvent` of `aws_lambda_events` implement it (feature `lambda-events`), and those with the bodies
/// already read, `SqsEventObj<T>` and `SnsEventObj<T>`. Implement it for a batch of your own:
///
/// ```
/// use tracer_runtime::messages::{Failures, MessageBatch, MessageRecord};
///
/// struct Job { trace_header: String }
/// struct Jobs(Vec<Job>);
///
/// impl MessageRecord for Job {
///     fn trace_header(&self) -> Option<&str> {
///         Some(&self.trace_header)
///     }
/// }
///
/// impl MessageBatch for Jobs {
///     type Record = Job;
///     /// Which ones to try again.
///     type Answer<E> = Vec<usize>;
///
///     fn records(&self) -> &[Job] {
///         &self.0
///     }
///
///     fn answer<E>(&self, failures: Failures<E>) -> Vec<usize> {
///         failures.indices().collect()
///     }
/// }
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let jobs = Jobs(vec![Job { trace_header: String::new() }]);
/// let again = tracer_runtime::messages::for_each_record(&jobs, |_| async { Err::<(), _>("not now") }).await;
/// assert_eq!(again, [0]);
/// # });
/// ```
pub trait MessageBatch {
    /// One message.
    type Record: MessageRecord;

    /// What the source is told when all were tried, `E` being the error of one.
    type Answer<E>;

    /// The messages, in the order in which they were sent.
    ///
    /// ```
    /// # #[cfg(feature = "lambda-events")] {
    /// use aws_lambda_events::sqs::SqsEvent;
    /// use tracer_runtime::messages::MessageBatch;
    ///
    /// assert!(SqsEvent::default().records().is_empty());
    /// # }
    /// ```
    fn records(&self) -> &[Self::Record];

    /// Whether a message must not be worked on before those in front of it: then the first failure stops the batch.
    ///
    /// ```
    /// # #[cfg(feature = "lambda-events")] {
    /// use aws_lambda_events::kinesis::KinesisEvent;
    /// use tracer_runtime::messages::MessageBatch;
    ///
    /// assert!(KinesisEvent::default().is_ordered());
    /// # }
    /// ```
    fn is_ordered(&self) -> bool {
        false
    }

    /// Says which ones failed.
    ///
    /// ```
    /// # #[cfg(feature = "lambda-events")] {
    /// use aws_lambda_events::sqs::SqsEvent;
    /// use tracer_runtime::messages::{Failures, MessageBatch};
    ///
    /// let response = SqsEvent::default().answer(Failures::<String>::default());
    /// assert!(response.batch_item_failures.is_empty());
    /// # }
    /// ```
    fn answer<E>(&self, failures: Failures<E>) -> Self::Answer<E>;
}

/// Which messages of a batch failed, with their errors, and which ones were not tried for that.
///
/// ```
/// use tracer_runtime::messages::Failures;
///
/// assert_eq!(Failures::<String>::default().indices().count(), 0);
/// ```
#[derive(Debug, Clone)]
pub struct Failures<E> {
    /// In the order of the batch.
    failed: Vec<(usize, E)>,
    untried: Range<usize>,
}

impl<E> Default for Failures<E> {
    fn default() -> Self {
        Self { failed: Vec::new(), untried: 0..0 }
    }
}

impl<E> Failures<E> {
    /// The places in the batch of all that are to come again: what failed, and what was not tried.
    ///
    /// ```
    /// # use tracer_runtime::messages::Failures;
    /// assert!(Failures::<String>::default().indices().next().is_none());
    /// ```
    pub fn indices(&self) -> impl Iterator<Item = usize> {
        self.failed.iter().map(|(at, _)| *at).chain(self.untried.clone())
    }

    /// The error of the first message that failed.
    ///
    /// ```
    /// # use tracer_runtime::messages::Failures;
    /// assert_eq!(Failures::<String>::default().into_first_error(), None);
    /// ```
    #[must_use]
    pub fn into_first_error(self) -> Option<E> {
        self.failed.into_iter().next().map(|(_, error)| error)
    }
}

/// Works on the messages of a batch one after the other, each in a [subsegment of its own](record_subsegment), and says which
/// ones failed.
///
/// | Batch | What it comes to | After a failure |
/// |---|---|---|
/// | `SqsEvent` | `SqsBatchResponse` with the message ids of the failed | the next message; of a FIFO queue none, and the untried ones count as failed |
/// | `KinesisEvent` | `KinesisEventResponse` with the sequence number of the failed, from which Lambda goes on | none |
/// | `SnsEvent` | `Err` with the error of the first that failed: SNS knows no part of a batch | the next message |
///
/// The event source mapping must ask for it with `FunctionResponseTypes: [ReportBatchItemFailures]`; without that Lambda takes
/// every answer for success and **failed messages are lost**. A panic in the work goes on, so the whole batch fails, as
/// without tracing. Where nothing is recorded it does the same, without the subsegments.
///
/// ```
/// # #[cfg(feature = "lambda-events")]
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
/// use tracer_runtime::messages::for_each_record;
///
/// let mut event = SqsEvent::default();
/// for (id, body) in [("a", "1"), ("b", "x")] {
///     let mut message = SqsMessage::default();
///     (message.message_id, message.body) = (Some(id.to_owned()), Some(body.to_owned()));
///     event.records.push(message);
/// }
///
/// let response = for_each_record(&event, |message| async {
///     message.body.as_deref().unwrap_or_default().parse::<u8>()
/// })
/// .await;
/// assert_eq!(response.batch_item_failures.len(), 1);
/// assert_eq!(response.batch_item_failures[0].item_identifier, "b");
/// # });
/// ```
pub async fn for_each_record<'a, B, F, Fut, T, E, Kind>(batch: &'a B, mut work: F) -> B::Answer<E>
where
    B: MessageBatch + ?Sized,
    F: FnMut(&'a B::Record) -> Fut,
    Fut: Future<Output = Result<T, E>>,
    Result<T, E>: Outcome<Kind>,
{
    let records = batch.records();
    let mut failures = Failures::default();
    for (at, record) in records.iter().enumerate() {
        // In the subsegment is what the closure itself does, too.
        let outcome = record_subsegment(record, async { work(record).await }).await;
        let Err(error) = outcome else { continue };
        failures.failed.push((at, error));
        if batch.is_ordered() {
            failures.untried = at + 1..records.len();
            break;
        }
    }
    batch.answer(failures)
}

/// [`for_each_record`] with up to `limit` messages at a time, zero being one; those of a FIFO queue or a Kinesis shard
/// one after the other all the same.
///
/// The messages share the task: they take turns at each `.await`. Their failures are reported in the order of the batch.
///
/// ```
/// # #[cfg(feature = "lambda-events")]
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// use aws_lambda_events::sqs::SqsEvent;
/// use tracer_runtime::messages::for_each_record_concurrent;
///
/// # let event = SqsEvent::default();
/// let response = for_each_record_concurrent(&event, 10, |message| async {
///     message.body.as_deref().unwrap_or_default().parse::<u8>()
/// })
/// .await;
/// # assert!(response.batch_item_failures.is_empty());
/// # });
/// ```
pub async fn for_each_record_concurrent<'a, B, F, Fut, T, E, Kind>(
    batch: &'a B,
    limit: usize,
    work: F,
) -> B::Answer<E>
where
    B: MessageBatch + ?Sized,
    F: Fn(&'a B::Record) -> Fut,
    Fut: Future<Output = Result<T, E>>,
    Result<T, E>: Outcome<Kind>,
{
    if batch.is_ordered() {
        return for_each_record(batch, work).await;
    }
    let work = &work;
    let mut waiting = batch.records().iter().enumerate().map(|(at, record)| async move {
        let outcome = record_subsegment(record, async move { work(record).await }).await;
        outcome.err().map(|error| (at, error))
    });
    let mut running: FuturesUnordered<_> = waiting.by_ref().take(limit.max(1)).collect();
    let mut failures = Failures::default();
    while let Some(failed) = running.next().await {
        failures.failed.extend(failed);
        running.extend(waiting.next());
    }
    failures.failed.sort_unstable_by_key(|(at, _)| *at);
    batch.answer(failures)
}
