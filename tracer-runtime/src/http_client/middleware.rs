//! The middleware of the clients that have such: reqwest's and ureq's.

use super::ignored::Ignored;

/// Traces the requests of reqwest (feature `reqwest`) and of ureq (feature `ureq`); see the [module](crate::http_client).
///
/// ```
/// let middleware = tracer_runtime::http_client::TracerMiddleware::new();
/// ```
#[derive(Debug, Clone, Default)]
pub struct TracerMiddleware {
    pub(super) ignored: Ignored,
}

impl TracerMiddleware {
    /// A middleware that traces every request.
    ///
    /// ```
    /// let middleware = tracer_runtime::http_client::TracerMiddleware::new();
    /// ```
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Leaves requests to these paths of a host alone; no paths means all. See
    /// [what is not traced](crate::http_client#what-is-not-traced).
    ///
    /// ```
    /// use tracer_runtime::http_client::TracerMiddleware;
    ///
    /// let middleware = TracerMiddleware::new().ignore_endpoint("*.internal", &["/health"]);
    /// ```
    #[must_use]
    pub fn ignore_endpoint(self, host: &str, paths: &[&str]) -> Self {
        Self { ignored: self.ignored.and(host, paths) }
    }
}
