//! The trace header and deadline that Lambda's own types carry.

use std::borrow::Cow;

use lambda_runtime::{Context, LambdaEvent};

use crate::Invocation;

impl Invocation for Context {
    fn trace_header(&self) -> Option<Cow<'_, str>> {
        self.xray_trace_id.as_deref().map(Cow::Borrowed)
    }

    fn deadline(&self) -> Option<u64> {
        Some(self.deadline).filter(|deadline| *deadline > 0)
    }
}

impl<T> Invocation for LambdaEvent<T> {
    fn trace_header(&self) -> Option<Cow<'_, str>> {
        self.context.trace_header()
    }

    fn deadline(&self) -> Option<u64> {
        Invocation::deadline(&self.context)
    }
}

/// Of Lambda's context, and where there is none (behind the web adapter) of the request's own header.
#[cfg(feature = "lambda-http")]
impl Invocation for lambda_http::Request {
    fn trace_header(&self) -> Option<Cow<'_, str>> {
        use lambda_http::RequestExt as _;

        let of_context = self.lambda_context_ref().and_then(|context| context.xray_trace_id.as_deref());
        let of_request = || self.headers().get("x-amzn-trace-id").and_then(|value| value.to_str().ok());
        of_context.or_else(of_request).map(Cow::Borrowed)
    }

    fn deadline(&self) -> Option<u64> {
        use lambda_http::RequestExt as _;

        self.lambda_context_ref().and_then(Invocation::deadline)
    }
}
