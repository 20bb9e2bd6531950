//! What an argument of a handler knows of its invocation.

use std::borrow::Cow;

/// An argument of a handler that carries the invocation's trace header and deadline.
///
/// `LambdaEvent`, `lambda_runtime::Context` and `lambda_http::Request` implement it (features `lambda`, `lambda-http`),
/// so does [`TraceHeader`](crate::TraceHeader). Implement it for an event type of your own that brings a header along;
/// `context = expr` also takes the header as a string.
///
/// ```
/// use std::borrow::Cow;
/// use tracer_runtime::{Invocation, capture_lambda_handler};
///
/// struct Job { trace_header: String }
///
/// impl Invocation for Job {
///     fn trace_header(&self) -> Option<Cow<'_, str>> {
///         Some(Cow::Borrowed(&self.trace_header))
///     }
/// }
///
/// #[capture_lambda_handler]
/// fn handler(job: Job) -> usize {
///     job.trace_header.len()
/// }
/// # assert_eq!(handler(Job { trace_header: String::new() }), 0);
/// ```
#[diagnostic::on_unimplemented(
    message = "`{Self}` carries no Lambda context",
    label = "no trace header can be read from this",
    note = "take a `LambdaEvent<T>`, a `lambda_http::Request` or a `lambda_runtime::Context` (features `lambda` and \
            `lambda-http` of tracer-runtime), or implement `tracer_runtime::Invocation` for `{Self}`"
)]
pub trait Invocation {
    /// The tracing header, `Root=…;Parent=…;Sampled=1`.
    ///
    /// ```
    /// use tracer_runtime::{Invocation, Sampling, TraceHeader, TraceId};
    ///
    /// let header = TraceHeader::new(TraceId::from_parts(1, 2), None, Sampling::Sampled);
    /// assert!(header.trace_header().unwrap().starts_with("Root=1-00000001-"));
    /// ```
    fn trace_header(&self) -> Option<Cow<'_, str>>;

    /// When the invocation is ended by force, in epoch milliseconds. `None` where that is not known.
    ///
    /// ```
    /// use tracer_runtime::{Invocation, Sampling, TraceHeader, TraceId};
    ///
    /// let header = TraceHeader::new(TraceId::from_parts(1, 2), None, Sampling::Sampled);
    /// assert_eq!(header.deadline(), None);
    /// ```
    fn deadline(&self) -> Option<u64> {
        None
    }
}

impl Invocation for crate::TraceHeader {
    fn trace_header(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Owned(self.to_string()))
    }
}

impl<T: Invocation + ?Sized> Invocation for &T {
    fn trace_header(&self) -> Option<Cow<'_, str>> {
        (**self).trace_header()
    }

    fn deadline(&self) -> Option<u64> {
        (**self).deadline()
    }
}

impl<T: Invocation> Invocation for Option<T> {
    fn trace_header(&self) -> Option<Cow<'_, str>> {
        self.as_ref()?.trace_header()
    }

    fn deadline(&self) -> Option<u64> {
        self.as_ref()?.deadline()
    }
}
