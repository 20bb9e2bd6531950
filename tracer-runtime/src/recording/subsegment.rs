//! Subsegments by hand: for a block of code that is no function.

use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use pin_project_lite::pin_project;

use super::current::Handle;
use super::open::Open;
use super::scope::Scope;
use super::traced::{Carried, Traced};

/// Runs a block as a subsegment of the current one, with the name as given.
///
/// It ends with the block, also by a panic, which marks it as a fault. A name has at most 200 letters, digits, white
/// space and `_ . : / % & # = + \ - @`; other characters are removed. Outside of a trace only the block runs.
///
/// ```
/// use tracer_runtime::{subsegment, testing};
///
/// let trace = testing::capture(|| assert_eq!(subsegment("parse", || 42), 42));
/// assert_eq!(trace.subsegment("parse").name(), "parse");
/// ```
pub fn subsegment<R>(name: &str, block: impl FnOnce() -> R) -> R {
    Scope::enter(Open::named(name)).call(block)
}

/// Runs a future as a subsegment of the current one; see [`InSubsegment::in_subsegment`].
///
/// ```
/// use tracer_runtime::subsegment_async;
///
/// async fn parse() -> u8 {
///     subsegment_async("parse", async { 42 }).await
/// }
/// ```
pub fn subsegment_async<F: Future>(name: impl Into<Cow<'static, str>>, future: F) -> Subsegment<F> {
    future.in_subsegment(name)
}

/// Runs futures in subsegments.
///
/// ```
/// use tracer_runtime::InSubsegment;
///
/// async fn parse() -> u8 {
///     async { 42 }.in_subsegment("parse").await
/// }
/// ```
pub trait InSubsegment: Future + Sized {
    /// A subsegment of what is current at the first poll, open from then to the end, and current while it is polled.
    ///
    /// Dropped before its end it closes with the annotation `Cancelled`.
    ///
    /// ```
    /// # use tracer_runtime::{InSubsegment, testing};
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let trace = testing::capture_async(async {
    ///     async { 42 }.in_subsegment("parse").await;
    /// }).await;
    /// assert_eq!(trace.subsegment("parse").name(), "parse");
    /// # });
    /// ```
    fn in_subsegment(self, name: impl Into<Cow<'static, str>>) -> Subsegment<Self> {
        let close: Probe<Self::Output> = |output, scope| {
            drop(scope);
            output
        };
        Subsegment { traced: Traced::named(name.into(), self, close) }
    }

    /// The same future, recording below what is current now: for futures that are spawned.
    ///
    /// ```
    /// # use tracer_runtime::InSubsegment;
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let answer = tokio::spawn(async { 42 }.in_current_subsegment()).await.unwrap();
    /// assert_eq!(answer, 42);
    /// # });
    /// ```
    fn in_current_subsegment(self) -> Carried<Self> {
        Handle::current().carry(self)
    }
}

impl<F: Future> InSubsegment for F {}

/// Closes the scope and gives the output on.
type Probe<T> = fn(T, Scope) -> T;

pin_project! {
    /// A future in a subsegment: what [`InSubsegment::in_subsegment`] returns.
    ///
    /// ```
    /// use tracer_runtime::{Subsegment, subsegment_async};
    ///
    /// let future: Subsegment<_> = subsegment_async("parse", std::future::ready(42));
    /// ```
    #[must_use = "futures do nothing unless polled"]
    pub struct Subsegment<F: Future> {
        #[pin]
        traced: Traced<F, Probe<F::Output>>,
    }
}

impl<F: Future> Future for Subsegment<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<F::Output> {
        self.project().traced.poll(task)
    }
}
