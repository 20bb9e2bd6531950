//! What makes a traced client of a client.

use std::fmt;
use std::marker::PhantomData;

use tower::Layer;

use super::TracerService;
use super::errors::{Printed, Typed};
use crate::http_client::ignored::Ignored;

/// Traces the requests of a client that is a tower service of `http` requests; see the [module](crate::http_client).
///
/// ```
/// use tower::ServiceBuilder;
/// use tracer_runtime::http_client::TracerLayer;
///
/// let client = ServiceBuilder::new().layer(TracerLayer::new());
/// ```
pub struct TracerLayer<K = Typed> {
    ignored: Ignored,
    errors: PhantomData<fn() -> K>,
}

impl TracerLayer {
    /// A layer that traces every request.
    ///
    /// ```
    /// let layer = tracer_runtime::http_client::TracerLayer::new();
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self { ignored: Ignored::default(), errors: PhantomData }
    }

    /// For a client whose error, or whose body's error, does not implement [`std::error::Error`], as the boxed one of a
    /// tower stack. An error that only prints is recorded without its sources; a boxed one with them.
    ///
    /// ```
    /// let layer = tracer_runtime::http_client::TracerLayer::new().printed_errors();
    /// ```
    #[must_use]
    pub fn printed_errors(self) -> TracerLayer<Printed> {
        TracerLayer { ignored: self.ignored, errors: PhantomData }
    }
}

impl<K> TracerLayer<K> {
    /// Leaves requests to these paths of a host alone; no paths means all. See
    /// [what is not traced](crate::http_client#what-is-not-traced).
    ///
    /// ```
    /// let layer = tracer_runtime::http_client::TracerLayer::new().ignore_endpoint("*.internal", &["/health"]);
    /// ```
    #[must_use]
    pub fn ignore_endpoint(self, host: &str, paths: &[&str]) -> Self {
        Self { ignored: self.ignored.and(host, paths), errors: PhantomData }
    }
}

impl<S, K> Layer<S> for TracerLayer<K> {
    type Service = TracerService<S, K>;

    fn layer(&self, inner: S) -> TracerService<S, K> {
        TracerService::new(inner, self.ignored.clone())
    }
}

impl Default for TracerLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<K> Clone for TracerLayer<K> {
    fn clone(&self) -> Self {
        Self { ignored: self.ignored.clone(), errors: PhantomData }
    }
}

impl<K> fmt::Debug for TracerLayer<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracerLayer").field("ignored", &self.ignored).finish()
    }
}
