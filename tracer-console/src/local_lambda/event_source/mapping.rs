//! An event source mapping that runs, and the batches that it is done with.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use tokio::sync::watch;

use crate::local_lambda::result::InvocationResult;

/// A queue's messages invoke a function for as long as this is kept. Dropped, it invokes no more: batches on their way are
/// finished, and what a poll on its way still brings (at most 20 s later) is given back to the queue. It ends with its
/// [`LocalLambda`](crate::LocalLambda) too.
///
/// ```no_run
/// # use std::time::Duration;
/// # let lambda = tracer_console::LocalLambda::builder().start()?;
/// let function = lambda.function("fulfillment", "target/debug/fulfillment").start()?;
/// let mapping = function.event_source("http://127.0.0.1:4566/123456789012/fulfillment").start()?;
/// let batch = mapping.wait_for_batch(Duration::from_secs(10))?;
/// println!("{} messages in trace {:?}", batch.message_ids().len(), batch.result().trace_id());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "it polls only for as long as it is kept"]
pub struct EventSourceMapping {
    finished: Arc<Finished>,
    /// Dropped with it, which tells the poller.
    _wants: watch::Sender<()>,
}

/// A batch of messages that the function was invoked with.
///
/// ```no_run
/// # let lambda = tracer_console::LocalLambda::builder().start()?;
/// # let function = lambda.function("fulfillment", "target/debug/fulfillment").start()?;
/// # let mapping = function.event_source("http://127.0.0.1:4566/123456789012/fulfillment").start()?;
/// let batch = mapping.wait_for_batch(std::time::Duration::from_secs(10))?;
/// assert!(batch.failed_ids().is_empty());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
pub struct Batch {
    pub(super) message_ids: Vec<String>,
    pub(super) failed_ids: Vec<String>,
    pub(super) result: InvocationResult,
}

impl Batch {
    /// The ids of the messages, in the order in which the function saw them.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// # let function = lambda.function("fulfillment", "target/debug/fulfillment").start()?;
    /// # let mapping = function.event_source("http://127.0.0.1:4566/123456789012/fulfillment").start()?;
    /// # let batch = mapping.wait_for_batch(std::time::Duration::from_secs(10))?;
    /// println!("{} messages", batch.message_ids().len());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn message_ids(&self) -> &[String] {
        &self.message_ids
    }

    /// The ids of the messages that become visible again: those that failed, and those that SQS would not delete. The others were
    /// deleted.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// # let function = lambda.function("fulfillment", "target/debug/fulfillment").start()?;
    /// # let mapping = function.event_source("http://127.0.0.1:4566/123456789012/fulfillment").start()?;
    /// # let batch = mapping.wait_for_batch(std::time::Duration::from_secs(10))?;
    /// println!("{} come back", batch.failed_ids().len());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn failed_ids(&self) -> &[String] {
        &self.failed_ids
    }

    /// How the invocation ended; its trace is a new one.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// # let function = lambda.function("fulfillment", "target/debug/fulfillment").start()?;
    /// # let mapping = function.event_source("http://127.0.0.1:4566/123456789012/fulfillment").start()?;
    /// # let batch = mapping.wait_for_batch(std::time::Duration::from_secs(10))?;
    /// println!("{:?}", batch.result().trace_id());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn result(&self) -> &InvocationResult {
        &self.result
    }
}

/// No batch was finished in the time.
///
/// ```no_run
/// # let lambda = tracer_console::LocalLambda::builder().start()?;
/// # let function = lambda.function("fulfillment", "target/debug/fulfillment").start()?;
/// # let mapping = function.event_source("http://127.0.0.1:4566/123456789012/fulfillment").start()?;
/// if let Err(error) = mapping.wait_for_batch(std::time::Duration::ZERO) {
///     println!("{error}");
/// }
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(
    "no batch of messages was finished within {timeout:?}: {}",
    trouble.as_deref().unwrap_or("the queue had none for the function, or it has not answered yet")
)]
pub struct BatchWaitError {
    /// How long was waited.
    pub timeout: Duration,
    /// What SQS last answered with instead of messages.
    pub trouble: Option<String>,
}

impl EventSourceMapping {
    pub(super) fn new(finished: Arc<Finished>, wants: watch::Sender<()>) -> Self {
        Self { finished, _wants: wants }
    }

    /// Waits for a batch that the function has answered and whose good messages were deleted; each is given once, the
    /// earliest first. The latest 1,000 are kept for this.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// # let function = lambda.function("fulfillment", "target/debug/fulfillment").start()?;
    /// # let mapping = function.event_source("http://127.0.0.1:4566/123456789012/fulfillment").start()?;
    /// let batch = mapping.wait_for_batch(std::time::Duration::from_secs(10))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`BatchWaitError`] when there is none in the time.
    pub fn wait_for_batch(&self, timeout: Duration) -> Result<Batch, BatchWaitError> {
        self.finished.next(timeout)
    }
}

/// The batches that are done and that nobody has asked for.
#[derive(Debug, Default)]
pub(super) struct Finished {
    state: Mutex<State>,
    added: Condvar,
}

#[derive(Debug, Default)]
struct State {
    batches: VecDeque<Batch>,
    trouble: Option<String>,
}

impl Finished {
    const KEPT: usize = 1000;

    pub(super) fn add(&self, batch: Batch) {
        let mut state = self.lock();
        if state.batches.len() == Self::KEPT {
            state.batches.pop_front();
        }
        state.batches.push_back(batch);
        drop(state);
        self.added.notify_all();
    }

    /// SQS answered with an error, or is well again.
    pub(super) fn set_trouble(&self, trouble: Option<String>) {
        self.lock().trouble = trouble;
    }

    fn next(&self, timeout: Duration) -> Result<Batch, BatchWaitError> {
        let waited = self.added.wait_timeout_while(self.lock(), timeout, |state| state.batches.is_empty());
        let mut state = waited.unwrap_or_else(PoisonError::into_inner).0;
        let batch = state.batches.pop_front();
        batch.ok_or_else(|| BatchWaitError { timeout, trouble: state.trouble.clone() })
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
