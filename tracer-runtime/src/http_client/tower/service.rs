//! A traced client.

use std::fmt;
use std::marker::PhantomData;
use std::task::{Context, Poll};

use http::{Request, Response};
use http_body::Body;
use tower::Service;

use super::ResponseFuture;
use super::body::TracedBody;
use super::errors::{Describe, Typed};
use super::layer::Settings;
use crate::http_client::call::{Call, TRACE_HEADER};
use crate::http_client::target::Target;

/// What [`TracerLayer`](super::TracerLayer) makes of a client.
///
/// ```
/// use tower::Layer;
/// use tracer_runtime::http_client::{TracerLayer, TracerService};
///
/// let service: TracerService<()> = TracerLayer::new().layer(());
/// ```
pub struct TracerService<S, K = Typed> {
    inner: S,
    settings: Settings,
    errors: PhantomData<fn() -> K>,
}

impl<S, K> TracerService<S, K> {
    pub(super) fn new(inner: S, settings: Settings) -> Self {
        Self { inner, settings, errors: PhantomData }
    }
}

impl<S, K, A, B> Service<Request<A>> for TracerService<S, K>
where
    S: Service<Request<A>, Response = Response<B>>,
    B: Body,
    K: Describe<S::Error>,
{
    type Response = Response<TracedBody<B, K>>;
    type Error = S::Error;
    type Future = ResponseFuture<S::Future, K>;

    fn poll_ready(&mut self, task: &mut Context<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, mut request: Request<A>) -> Self::Future {
        let Settings { ignored, origin } = &self.settings;
        let mut begun = Call::begin(ignored, || Target::of_request(&request, origin.as_ref()));
        if let Some(header) = begun.header {
            request.headers_mut().insert(TRACE_HEADER, header);
        }
        let future = Call::watch(&mut begun.call, || self.inner.call(request));
        ResponseFuture::new(begun.call, future)
    }
}

impl<S: Clone, K> Clone for TracerService<S, K> {
    fn clone(&self) -> Self {
        Self::new(self.inner.clone(), self.settings.clone())
    }
}

impl<S: fmt::Debug, K> fmt::Debug for TracerService<S, K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracerService").field("inner", &self.inner).field("settings", &self.settings).finish()
    }
}
