//! Subsegments by hand: for a block of code that is no function.

use std::borrow::Cow;
use std::future::Future;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use pin_project_lite::pin_project;

use super::current::Handle;
use super::open::Open;
use super::scope::Scope;
use super::traced::{Carried, poll_in};

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
        Subsegment { future: Some(self), stage: Stage::Unpolled(name.into()) }
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

enum Stage {
    Unpolled(Cow<'static, str>),
    Open(Open),
    Bare,
}

impl Stage {
    fn enter(&mut self) -> Scope {
        match std::mem::replace(self, Self::Bare) {
            Self::Unpolled(name) => Scope::enter(Open::named(&name)),
            Self::Open(open) => open.enter(),
            Self::Bare => Scope::INERT,
        }
    }
}

pin_project! {
    /// A future in a subsegment: what [`InSubsegment::in_subsegment`] returns.
    ///
    /// ```
    /// use tracer_runtime::{Subsegment, subsegment_async};
    ///
    /// let future: Subsegment<_> = subsegment_async("parse", std::future::ready(42));
    /// ```
    #[must_use = "futures do nothing unless polled"]
    pub struct Subsegment<F> {
        #[pin]
        future: Option<F>,
        stage: Stage,
    }

    impl<F> PinnedDrop for Subsegment<F> {
        fn drop(this: Pin<&mut Self>) {
            let mut this = this.project();
            if let Stage::Open(_) = this.stage {
                let scope = this.stage.enter();
                this.future.set(None);
                scope.cancel();
            }
        }
    }
}

impl<F: Future> Future for Subsegment<F> {
    type Output = F::Output;

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<F::Output> {
        let mut this = self.project();
        let Some(future) = this.future.as_mut().as_pin_mut() else { super::traced::polled_after_the_end() };
        let scope = this.stage.enter();
        let polled = poll_in(&scope, || future.poll(task));
        if polled.is_ready() {
            this.future.set(None);
            scope.close();
        } else if let Some(open) = scope.leave() {
            *this.stage = Stage::Open(open);
        }
        polled
    }
}
