//! The future of a response, together with the call that waits for it.

use std::future::Future;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use pin_project_lite::pin_project;

use super::call::Call;

pin_project! {
    /// Gives the call back with the output; dropped before that, the call counts as cancelled.
    #[derive(Debug)]
    pub(crate) struct Sending<F> {
        #[pin]
        future: F,
        call: Option<Call>,
    }
}

impl<F> Sending<F> {
    pub(crate) fn new(call: Option<Call>, future: F) -> Self {
        Self { future, call }
    }
}

impl<F: Future> Future for Sending<F> {
    type Output = (F::Output, Option<Call>);

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        let output = ready!(Call::watch(this.call, || this.future.poll(task)));
        Poll::Ready((output, this.call.take()))
    }
}
