//! The body of a traced client's response.

use std::fmt;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll};

use http_body::{Body, Frame, SizeHint};
use pin_project_lite::pin_project;

use super::errors::{Describe, Typed};
use crate::http_client::call::Call;
use crate::http_client::receiving::Receiving;

pin_project! {
    /// The body of the client's response. When it ends, fails or is dropped, the request's subsegment ends.
    ///
    /// ```
    /// use http_body::Body;
    /// use tracer_runtime::http_client::TracedBody;
    ///
    /// async fn read(body: impl Body) {}
    ///
    /// async fn read_traced<B>(body: TracedBody<B>)
    /// where
    ///     B: Body<Error = std::io::Error>,
    /// {
    ///     read(body).await
    /// }
    /// ```
    pub struct TracedBody<B, K = Typed> {
        #[pin]
        receiving: Receiving<B>,
        errors: PhantomData<fn() -> K>,
    }
}

impl<B: Body, K> TracedBody<B, K> {
    pub(super) fn new(body: B, call: Option<Call>) -> Self {
        Self { receiving: Receiving::new(body, call), errors: PhantomData }
    }
}

impl<B: Body, K: Describe<B::Error>> Body for TracedBody<B, K> {
    type Data = B::Data;
    type Error = B::Error;

    fn poll_frame(
        self: Pin<&mut Self>,
        task: &mut Context<'_>,
    ) -> Poll<Option<Result<Frame<B::Data>, B::Error>>> {
        let fail = |call: Call, error: &B::Error| K::describe(error, |error| call.fail(error));
        self.project().receiving.poll_frame(task, fail)
    }

    fn is_end_stream(&self) -> bool {
        self.receiving.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.receiving.size_hint()
    }
}

impl<B, K> fmt::Debug for TracedBody<B, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracedBody").finish_non_exhaustive()
    }
}
