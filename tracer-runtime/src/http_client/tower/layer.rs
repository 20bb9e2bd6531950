//! What makes a traced client of a client.

use std::fmt;
use std::marker::PhantomData;

use http::Uri;
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
    settings: Settings,
    errors: PhantomData<fn() -> K>,
}

/// What its client does.
#[derive(Debug, Clone, Default)]
pub(super) struct Settings {
    pub(super) ignored: Ignored,
    /// Where requests go whose URI is a path alone.
    pub(super) origin: Option<Uri>,
}

impl TracerLayer {
    /// A layer that traces every request.
    ///
    /// ```
    /// let layer = tracer_runtime::http_client::TracerLayer::new();
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self { settings: Settings::default(), errors: PhantomData }
    }

    /// For a client whose error, or whose body's error, does not implement [`std::error::Error`], as the boxed one of a
    /// tower stack. An error that only prints is recorded without its sources; a boxed one with them.
    ///
    /// ```
    /// let layer = tracer_runtime::http_client::TracerLayer::new().printed_errors();
    /// ```
    #[must_use]
    pub fn printed_errors(self) -> TracerLayer<Printed> {
        TracerLayer { settings: self.settings, errors: PhantomData }
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
    pub fn ignore_endpoint(mut self, host: &str, paths: &[&str]) -> Self {
        self.settings.ignored = self.settings.ignored.and(host, paths);
        self
    }

    /// Where requests go whose URI is a path alone, as those of a gRPC client are: its channel adds the rest below this
    /// layer. A `Host` header that such a request has names the host all the same; without either it is left alone.
    ///
    /// ```
    /// use tracer_runtime::http_client::TracerLayer;
    ///
    /// let layer = TracerLayer::new().origin(http::Uri::from_static("http://inventory.internal:50051"));
    /// ```
    #[must_use]
    pub fn origin(mut self, origin: Uri) -> Self {
        self.settings.origin = Some(origin);
        self
    }
}

impl<S, K> Layer<S> for TracerLayer<K> {
    type Service = TracerService<S, K>;

    fn layer(&self, inner: S) -> TracerService<S, K> {
        TracerService::new(inner, self.settings.clone())
    }
}

impl Default for TracerLayer {
    fn default() -> Self {
        Self::new()
    }
}

impl<K> Clone for TracerLayer<K> {
    fn clone(&self) -> Self {
        Self { settings: self.settings.clone(), errors: PhantomData }
    }
}

impl<K> fmt::Debug for TracerLayer<K> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("TracerLayer").field("settings", &self.settings).finish()
    }
}
