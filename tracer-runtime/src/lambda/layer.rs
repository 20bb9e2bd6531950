//! A tower layer that does what the attribute does.

use std::fmt::Display;
use std::task::{Context as TaskContext, Poll};

use lambda_runtime::{LambdaEvent, LambdaInvocation};
use tower::{Layer, Service};

use crate::Tracer;
use crate::recording::callsite::{Callsite, Owner};
use crate::recording::scope::Scope;
use crate::recording::source::{Source, Using};
use crate::recording::traced::Traced;

/// Traces each invocation, as `#[capture_lambda_handler]` does.
///
/// On a [`Runtime`](lambda_runtime::Runtime) it opens the handler's subsegment before the event is read and sends the
/// trace after the response is posted. It cannot see the handler's error there; the attribute inside, which
/// takes the subsegment over, or this layer around the handler itself can:
///
/// ```no_run
/// use lambda_runtime::{Error, LambdaEvent, Runtime, service_fn};
/// use tower::ServiceBuilder;
/// use tracer_runtime::lambda::TracerLayer;
///
/// async fn handler(event: LambdaEvent<String>) -> Result<String, Error> {
///     Ok(event.payload)
/// }
///
/// # #[tokio::main]
/// # async fn main() -> Result<(), Error> {
/// let handler = ServiceBuilder::new().layer(TracerLayer::new()).service_fn(handler);
/// Runtime::new(handler).layer(TracerLayer::new()).run().await
/// # }
/// ```
#[derive(Debug, Clone, Default)]
pub struct TracerLayer {
    tracer: Option<Tracer>,
}

impl TracerLayer {
    /// A layer that records with the process's own tracer.
    ///
    /// ```
    /// let layer = tracer_runtime::lambda::TracerLayer::new();
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// A layer that records with `tracer`.
    ///
    /// ```
    /// use tracer_runtime::{Tracer, lambda::TracerLayer};
    ///
    /// let layer = TracerLayer::with_tracer(Tracer::builder().service("orders").build());
    /// ```
    #[must_use]
    pub fn with_tracer(tracer: Tracer) -> Self {
        Self { tracer: Some(tracer) }
    }
}

impl<S> Layer<S> for TracerLayer {
    type Service = TracerService<S>;

    fn layer(&self, inner: S) -> TracerService<S> {
        TracerService { inner, tracer: self.tracer.clone() }
    }
}

/// What [`TracerLayer`] makes of a service.
///
/// ```
/// use tower::Layer;
/// use tracer_runtime::lambda::{TracerLayer, TracerService};
///
/// let service: TracerService<()> = TracerLayer::new().layer(());
/// ```
#[derive(Debug, Clone)]
pub struct TracerService<S> {
    inner: S,
    tracer: Option<Tracer>,
}

static CALLSITE: Callsite = Callsite::handler(module_path!(), "handler", file!(), line!());

impl<S> TracerService<S> {
    fn open(&self, source: Source<'_>) -> Scope {
        let using = self.tracer.as_ref().map_or(Using::global(), Using::tracer);
        let scope = Scope::handler(&CALLSITE, Owner::none(), using, source);
        if let Some(open) = scope.open() {
            open.make_adoptable();
        }
        scope
    }
}

/// Records the outcome and closes the scope.
type Probe<R> = fn(R, Scope) -> R;

/// Around the whole runtime.
impl<S, E> Service<LambdaInvocation> for TracerService<S>
where
    S: Service<LambdaInvocation, Response = (), Error = E>,
    E: Display,
{
    type Response = ();
    type Error = E;
    type Future = Traced<S::Future, Probe<Result<(), E>>>;

    fn poll_ready(&mut self, task: &mut TaskContext<'_>) -> Poll<Result<(), E>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, invocation: LambdaInvocation) -> Self::Future {
        let scope = self.open(Source::of(&invocation.context));
        let future = self.inner.call(invocation);
        Traced::opened(scope, future, probe)
    }
}

/// Around the handler.
impl<S, T> Service<LambdaEvent<T>> for TracerService<S>
where
    S: Service<LambdaEvent<T>>,
    S::Error: Display,
{
    type Response = S::Response;
    type Error = S::Error;
    type Future = Traced<S::Future, Probe<Result<S::Response, S::Error>>>;

    fn poll_ready(&mut self, task: &mut TaskContext<'_>) -> Poll<Result<(), S::Error>> {
        self.inner.poll_ready(task)
    }

    fn call(&mut self, event: LambdaEvent<T>) -> Self::Future {
        let scope = self.open(Source::of(&event.context));
        let future = self.inner.call(event);
        Traced::opened(scope, future, probe)
    }
}

fn probe<R, E: Display>(result: Result<R, E>, scope: Scope) -> Result<R, E> {
    if let Err(error) = &result {
        scope.fail_with_text(error);
    }
    drop(scope);
    result
}
