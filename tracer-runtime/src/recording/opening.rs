//! A future whose subsegment or segment something else opens, at the first poll.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context as TaskContext, Poll};

use pin_project_lite::pin_project;

use super::scope::Scope;
use super::traced::Traced;

pin_project! {
    /// A future that is traced from its first poll to its end, as [`Traced`] is.
    #[must_use = "futures do nothing unless polled"]
    pub(crate) struct Opening<F, P, O> {
        #[pin]
        traced: Traced<F, P>,
        open: Option<O>,
    }
}

impl<F: Future, P, T, O> Opening<F, P, O>
where
    P: FnMut(F::Output, Scope) -> T,
    O: FnOnce() -> Scope,
{
    pub(crate) fn new(open: O, future: F, probe: P) -> Self {
        Self { traced: Traced::opened(Scope::inert(), future, probe), open: Some(open) }
    }
}

impl<F: Future, P, T, O> Future for Opening<F, P, O>
where
    P: FnMut(F::Output, Scope) -> T,
    O: FnOnce() -> Scope,
{
    type Output = T;

    fn poll(self: Pin<&mut Self>, task: &mut TaskContext<'_>) -> Poll<T> {
        let mut this = self.project();
        if let Some(open) = this.open.take() {
            this.traced.as_mut().resume(open());
        }
        this.traced.poll(task)
    }
}
