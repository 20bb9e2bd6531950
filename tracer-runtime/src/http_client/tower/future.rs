//! The future of a traced client's response.

use std::fmt;
use std::future::Future;
use std::marker::PhantomData;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use http::Response;
use http_body::Body;
use pin_project_lite::pin_project;

use super::body::TracedBody;
use super::errors::{Describe, Typed};
use crate::http_client::call::Call;
use crate::http_client::sending::Sending;

pin_project! {
    /// The future of [`TracerService`](super::TracerService). Dropped before its end, its subsegment counts as cancelled.
    ///
    /// ```
    /// use tower::Service;
    /// use tracer_runtime::http_client::{ResponseFuture, TracerService};
    ///
    /// fn call<S, B, R>(client: &mut TracerService<S>, request: http::Request<B>) -> ResponseFuture<S::Future>
    /// where
    ///     S: Service<http::Request<B>, Response = http::Response<R>, Error = std::io::Error>,
    ///     R: http_body::Body,
    /// {
    ///     client.call(request)
    /// }
    /// ```
    #[must_use = "futures do nothing unless polled"]
    pub struct ResponseFuture<F, K = Typed> {
        #[pin]
        sending: Sending<F>,
        errors: PhantomData<fn() -> K>,
    }
}

impl<F, K> ResponseFuture<F, K> {
    pub(super) fn new(call: Option<Call>, future: F) -> Self {
        Self { sending: Sending::new(call, future), errors: PhantomData }
    }
}

impl<F, K, B, E> Future for ResponseFuture<F, K>
where
    F: Future<Output = Result<Response<B>, E>>,
    B: Body,
    K: Describe<E>,
{
    type Output = Result<Response<TracedBody<B, K>>, E>;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let (result, call) = ready!(self.project().sending.poll(task));
        let Some(mut call) = call else {
            return Poll::Ready(result.map(|response| response.map(|body| TracedBody::new(body, None))));
        };
        Poll::Ready(match result {
            Ok(response) => {
                call.answered(response.status(), response.headers());
                Ok(response.map(|body| TracedBody::new(body, Some(call))))
            }
            Err(error) => {
                K::describe(&error, |error| call.fail(error));
                Err(error)
            }
        })
    }
}

impl<F, K> fmt::Debug for ResponseFuture<F, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ResponseFuture").finish_non_exhaustive()
    }
}
