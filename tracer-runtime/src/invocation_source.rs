//! What an argument of a handler knows of its invocation.

use std::borrow::Cow;

/// An argument of a handler that carries the invocation's trace header and deadline.
///
/// `LambdaEvent`, `lambda_runtime::Context` and `lambda_http::Request` implement it (features `lambda`, `lambda-http`),
/// so do [`TraceHeader`](crate::TraceHeader) and strings for `context = expr`. Implement it for an event type of
/// your own that brings a header along.
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
    /// use tracer_runtime::Invocation;
    ///
    /// assert_eq!("Root=1".trace_header().as_deref(), Some("Root=1"));
    /// ```
    fn trace_header(&self) -> Option<Cow<'_, str>>;

    /// When the invocation is ended by force, in epoch milliseconds. `None` where that is not known.
    ///
    /// ```
    /// use tracer_runtime::Invocation;
    ///
    /// assert_eq!("Root=1".deadline(), None);
    /// ```
    fn deadline(&self) -> Option<u64> {
        None
    }
}

impl Invocation for str {
    fn trace_header(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(self))
    }
}

impl Invocation for String {
    fn trace_header(&self) -> Option<Cow<'_, str>> {
        Some(Cow::Borrowed(self))
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
