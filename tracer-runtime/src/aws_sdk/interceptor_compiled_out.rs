//! An interceptor without a hook: compiled without the feature `enable`.

use aws_smithy_runtime_api::client::interceptors::{Intercept, dyn_dispatch_hint};

/// Traces the operations of a client of the AWS SDK; compiled out.
#[derive(Debug, Clone, Default)]
pub struct TracerInterceptor(());

impl TracerInterceptor {
    /// An interceptor that does nothing.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Changes nothing.
    #[must_use]
    pub fn message_headers(self, _: bool) -> Self {
        self
    }
}

#[dyn_dispatch_hint]
impl Intercept for TracerInterceptor {
    fn name(&self) -> &'static str {
        "TracerInterceptor"
    }
}
