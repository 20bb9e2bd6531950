//! Where a handler's trace header and deadline come from, and which tracer it uses.

// Public for the expansions only, through `__private`.
#![allow(missing_docs, missing_debug_implementations)]

use std::borrow::Cow;

use super::config::Config;
use super::context::Context;
use super::invocation::{Beginning, InvocationRef};
use super::tracer::Tracer;
use crate::invocation_source::Invocation;
use crate::trace_header::TraceHeader;

/// The trace header and the deadline of one invocation, as its arguments tell them.
#[derive(Debug, Clone, Default)]
pub struct Source<'a> {
    header: Option<Cow<'a, str>>,
    deadline: Option<u64>,
}

impl<'a> Source<'a> {
    #[must_use]
    pub fn of<I: Invocation + ?Sized>(invocation: &'a I) -> Self {
        let header = invocation.trace_header().filter(|text| !text.trim().is_empty());
        Self { header, deadline: invocation.deadline() }
    }

    /// Without a lifetime, to be kept until a future is first polled. Where tracing is off there is nothing to keep.
    #[must_use]
    pub fn kept(self, using: Using<'_>) -> Source<'static> {
        if !using.resolve().is_enabled() {
            return Source::default();
        }
        Source { header: self.header.map(|text| Cow::Owned(text.into_owned())), deadline: self.deadline }
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.header.is_none() && self.deadline.is_none()
    }

    /// Whether `current` is a place in this very invocation. An invocation that says nothing of a trace is part of
    /// whatever called it.
    pub(crate) fn is_of(&self, current: &Context) -> bool {
        let Some(text) = &self.header else { return true };
        let Ok(header) = text.parse::<TraceHeader>() else {
            return false;
        };
        let state = current.invocation.lock();
        state.has_trace && state.header.root() == header.root() && state.header.parent() == header.parent()
    }

    /// Begins the invocation: by its own header, by the environment's only where it has none (P7).
    pub(crate) fn begin(&self, tracer: &Tracer) -> Option<InvocationRef> {
        let environment = || header_of_environment(tracer.config()).map(Cow::Owned);
        let header = self.header.clone().or_else(environment)?;
        InvocationRef::begin(tracer, Beginning { header: Some(&header), deadline: self.deadline })
    }
}

/// `_X_AMZN_TRACE_ID`, unless invocations overlap in this process.
pub(crate) fn header_of_environment(config: &Config) -> Option<String> {
    if !config.header_from_environment {
        return None;
    }
    std::env::var("_X_AMZN_TRACE_ID").ok().filter(|text| !text.trim().is_empty())
}

/// The tracer that an attribute names, or the process's own.
#[derive(Debug, Clone, Copy)]
pub struct Using<'a>(Option<&'a Tracer>);

impl<'a> Using<'a> {
    #[must_use]
    pub const fn global() -> Self {
        Self(None)
    }

    #[must_use]
    pub const fn tracer(tracer: &'a Tracer) -> Self {
        Self(Some(tracer))
    }

    /// Whether nothing is to be recorded where there is no trace.
    #[inline]
    pub(crate) fn is_off(self) -> bool {
        self.0.is_none() && Tracer::is_off()
    }

    pub(crate) fn explicit(self) -> Option<&'a Tracer> {
        self.0
    }

    pub(crate) fn resolve(self) -> &'a Tracer {
        self.0.unwrap_or_else(|| Tracer::global_ref())
    }
}

/// `context = env`: only the environment tells.
#[derive(Debug, Clone, Copy)]
pub struct Environment;

impl From<Environment> for Source<'_> {
    fn from(_: Environment) -> Self {
        Self::default()
    }
}

/// `context = expr`: what carries the context, or the header as a string.
pub fn explicit_source<C: Carrier + ?Sized>(carrier: &C) -> Source<'_> {
    carrier.source()
}

#[diagnostic::on_unimplemented(
    message = "`context` takes what carries the Lambda context, and `{Self}` does not",
    note = "give it a `LambdaEvent<T>`, a `lambda_http::Request`, a `lambda_runtime::Context`, a `TraceHeader`, the header as \
            a string, or implement `tracer_runtime::Invocation` for `{Self}`"
)]
pub trait Carrier {
    fn source(&self) -> Source<'_>;
}

impl<I: Invocation + ?Sized> Carrier for I {
    fn source(&self) -> Source<'_> {
        Source::of(self)
    }
}

impl Carrier for str {
    fn source(&self) -> Source<'_> {
        Source { header: Some(Cow::Borrowed(self)).filter(|text| !text.trim().is_empty()), deadline: None }
    }
}

impl Carrier for &str {
    fn source(&self) -> Source<'_> {
        (**self).source()
    }
}

impl Carrier for String {
    fn source(&self) -> Source<'_> {
        self.as_str().source()
    }
}

impl Carrier for &String {
    fn source(&self) -> Source<'_> {
        self.as_str().source()
    }
}

/// An argument of a handler that is asked whether it carries the context.
#[derive(Debug)]
pub struct Sought<'a, T: ?Sized>(pub &'a T);

/// No argument so far carries the context.
#[derive(Debug)]
pub struct Absent;

/// The first argument that carries the context.
#[derive(Debug)]
pub struct Present<'a>(Source<'a>);

pub trait SeekInvocation<'a> {
    fn seek(&self) -> Present<'a>;
}

impl<'a, T: Invocation + ?Sized> SeekInvocation<'a> for &Sought<'a, T> {
    fn seek(&self) -> Present<'a> {
        Present(Source::of(self.0))
    }
}

pub trait SeekAny {
    fn seek(&self) -> Absent;
}

impl<T: ?Sized> SeekAny for Sought<'_, T> {
    fn seek(&self) -> Absent {
        Absent
    }
}

impl Absent {
    pub fn or<N>(self, next: N) -> N {
        next
    }
}

impl Present<'_> {
    #[must_use]
    pub fn or<N>(self, _: N) -> Self {
        self
    }
}

/// What a handler's arguments must come to.
#[diagnostic::on_unimplemented(
    message = "no argument of this handler carries the Lambda context",
    label = "the trace header is not to be found here",
    note = "take a `LambdaEvent<T>`, a `lambda_http::Request` or a `lambda_runtime::Context` (features `lambda` and \
            `lambda-http` of tracer-runtime), name it with `context = expr`, or write `context = env` to use the \
            environment's"
)]
pub trait Found<'a> {
    fn source(self) -> Source<'a>;
}

impl<'a> Found<'a> for Present<'a> {
    fn source(self) -> Source<'a> {
        self.0
    }
}

pub fn start_from<'a>(found: impl Found<'a>) -> Source<'a> {
    found.source()
}

/// Finds the argument that carries the context; no argument is a compile error.
#[doc(hidden)]
#[macro_export]
macro_rules! __find_source {
    ($($argument:expr),+ $(,)?) => {{
        use $crate::__private::{SeekAny as _, SeekInvocation as _};
        $crate::__private::start_from($crate::__find_among!($($argument),+))
    }};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __find_among {
    ($argument:expr) => {
        (&&$crate::__private::Sought(&$argument)).seek()
    };
    ($argument:expr, $($more:expr),+) => {
        (&&$crate::__private::Sought(&$argument)).seek().or($crate::__find_among!($($more),+))
    };
}
