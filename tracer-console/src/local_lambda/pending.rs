//! Invocations that have begun.

use tokio::sync::oneshot;

use super::result::{InvocationResult, InvokeError};

/// A synchronous invocation on its way: [`PendingInvocation::wait`] for it, or await it.
///
/// ```no_run
/// # let lambda = tracer_console::LocalLambda::builder().start()?;
/// let function = lambda.function("orders", "target/debug/orders").start()?;
/// let pending = function.begin(serde_json::json!({}));
/// println!("{}", pending.wait()?.status());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "the invocation goes on, but its result is lost"]
pub struct PendingInvocation(
    pub(super) oneshot::Receiver<Result<InvocationResult, InvokeError>>,
    pub(super) String,
);

/// An asynchronous invocation on its way: the results of all its attempts.
///
/// ```no_run
/// # let lambda = tracer_console::LocalLambda::builder().start()?;
/// let function = lambda.function("orders", "target/debug/orders").start()?;
/// println!("{} attempts", function.begin_event(serde_json::json!({})).wait()?.len());
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
#[must_use = "the invocation goes on, but its results are lost"]
pub struct PendingEvent(
    pub(super) oneshot::Receiver<Result<Vec<InvocationResult>, InvokeError>>,
    pub(super) String,
);

impl PendingInvocation {
    /// Waits for the answer, in any thread, with or without an asynchronous runtime of one's own.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// let function = lambda.function("orders", "target/debug/orders").start()?;
    /// let result = function.begin(serde_json::json!({})).wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`InvokeError`] when the function was not reached.
    pub fn wait(self) -> Result<InvocationResult, InvokeError> {
        pollster::block_on(self.answered())
    }

    /// The answer, to be awaited on any runtime.
    ///
    /// ```
    /// # async fn example(function: tracer_console::Function) -> Result<(), tracer_console::InvokeError> {
    /// let result = function.begin(serde_json::json!({})).answered().await?;
    /// # Ok(())
    /// # }
    /// ```
    ///
    /// # Errors
    /// [`InvokeError`] when the function was not reached.
    pub async fn answered(self) -> Result<InvocationResult, InvokeError> {
        self.0.await.unwrap_or(Err(InvokeError::Stopped { function: self.1 }))
    }
}

impl PendingEvent {
    /// Waits for the end of all attempts.
    ///
    /// ```no_run
    /// # let lambda = tracer_console::LocalLambda::builder().start()?;
    /// let function = lambda.function("orders", "target/debug/orders").start()?;
    /// let attempts = function.begin_event(serde_json::json!({})).wait()?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`InvokeError`] when the function was not reached.
    pub fn wait(self) -> Result<Vec<InvocationResult>, InvokeError> {
        pollster::block_on(self.0).unwrap_or(Err(InvokeError::Stopped { function: self.1 }))
    }
}
