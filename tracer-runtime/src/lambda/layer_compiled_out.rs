//! The layer without tracing: the service as it is.

use lambda_runtime::{LambdaEvent, LambdaInvocation};
use std::task::{Context as TaskContext, Poll};
use tower::{Layer, Service};

use crate::Tracer;

/// Traces each invocation; compiled out.
#[derive(Debug, Clone, Default)]
pub struct TracerLayer;

impl TracerLayer {
    /// A layer that does nothing.
    #[must_use]
    pub fn new() -> Self {
        Self
    }

    /// A layer that does nothing.
    #[must_use]
    pub fn with_tracer(_: Tracer) -> Self {
        Self
    }
}

impl<S> Layer<S> for TracerLayer {
    type Service = TracerService<S>;

    fn layer(&self, inner: S) -> TracerService<S> {
        TracerService { inner }
    }
}

/// The service as it is.
#[derive(Debug, Clone)]
pub struct TracerService<S> {
    inner: S,
}

impl<S: Service<LambdaInvocation>> Service<LambdaInvocation> for TracerService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, task: &mut TaskContext<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, invocation: LambdaInvocation) -> S::Future {
        self.inner.call(invocation)
    }
}

impl<S: Service<LambdaEvent<T>>, T> Service<LambdaEvent<T>> for TracerService<S> {
    type Response = S::Response;
    type Error = S::Error;
    type Future = S::Future;

    fn poll_ready(&mut self, task: &mut TaskContext<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, event: LambdaEvent<T>) -> S::Future {
        self.inner.call(event)
    }
}
