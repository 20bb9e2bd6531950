//! A body of a response, and the call that ends with it.

use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Buf;
use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::call::Call;

pin_project! {
    /// Closes the call when the body ends, fails or is dropped.
    #[derive(Debug)]
    pub(crate) struct Receiving<B> {
        #[pin]
        body: B,
        call: Option<Call>,
    }

    impl<B> PinnedDrop for Receiving<B> {
        fn drop(this: Pin<&mut Self>) {
            // Nobody reads the rest: that is no failure of the call.
            if let Some(call) = this.project().call.take() {
                call.close();
            }
        }
    }
}

/// A part of the body, or what broke it off.
type Polled<B> = Result<Frame<<B as Body>::Data>, <B as Body>::Error>;

impl<B: Body> Receiving<B> {
    /// The body of a call whose head has come. What is empty has ended.
    pub(crate) fn new(body: B, call: Option<Call>) -> Self {
        let is_empty = body.is_end_stream();
        let mut receiving = Self { body, call };
        if let Some(call) = receiving.call.take_if(|_| is_empty) {
            call.close();
        }
        receiving
    }

    /// Polls the body; `fail` records an error of it.
    pub(crate) fn poll_frame(
        self: Pin<&mut Self>,
        task: &mut Context<'_>,
        fail: impl FnOnce(Call, &B::Error),
    ) -> Poll<Option<Polled<B>>> {
        let mut this = self.project();
        let frame = ready!(Call::watch(this.call, || this.body.as_mut().poll_frame(task)));
        if let Some(mut call) = this.call.take() {
            match &frame {
                Some(Ok(frame)) => {
                    call.received(frame.data_ref().map_or(0, Buf::remaining));
                    if this.body.is_end_stream() {
                        call.end();
                    } else {
                        *this.call = Some(call);
                    }
                }
                Some(Err(error)) => fail(call, error),
                None => call.end(),
            }
        }
        Poll::Ready(frame)
    }

    pub(crate) fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    pub(crate) fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
