//! The same names as `recording`, each an inlined nothing: compiled without the feature `enable`.

#![allow(clippy::needless_pass_by_value, clippy::unused_self, clippy::must_use_candidate, missing_docs)]
#![allow(missing_debug_implementations)]

// Each integration uses a part of it, and without any nobody does.
#[allow(dead_code)]
#[path = "compiled_out/downstream.rs"]
pub(crate) mod downstream;

use std::borrow::Cow;
use std::future::Future;

use serde::Serialize;

use crate::annotation::{Annotation, AnnotationValue};
use crate::daemon_address::DaemonAddress;
use crate::namespace::Namespace;
use crate::sink::{NotSent, Sink};
use crate::trace_id::TraceId;

#[inline]
pub fn put_annotation(_: &str, _: impl AnnotationValue) {}
#[inline]
pub fn put_checked_annotation(_: &'static str, _: Annotation<'_>) {}
#[inline]
pub fn put_metadata<T: Serialize + ?Sized>(_: &str, _: &T) {}
#[inline]
pub fn put_metadata_in<T: Serialize + ?Sized>(_: &str, _: &str, _: &T) {}
#[inline]
pub fn put_metadata_with<T: Serialize>(_: &str, _: impl FnOnce() -> T) {}
#[inline]
pub fn set_namespace(_: Namespace) {}
#[inline]
pub fn set_http_request(_: &str, _: &str) {}
#[inline]
pub fn set_http_response(_: u16, _: Option<u64>) {}
#[inline]
pub fn set_aws(_: &str, _: &str) {}
#[inline]
pub fn set_sql(_: &str, _: &str) {}
#[inline]
pub fn set_fault() {}
#[inline]
pub fn set_error() {}
#[inline]
pub fn set_throttle() {}
#[inline]
pub fn add_error<E: std::error::Error + ?Sized>(_: &E) {}

#[inline]
pub fn trace_id() -> Option<TraceId> {
    None
}

#[inline]
pub fn trace_header() -> Option<String> {
    None
}

#[inline]
pub const fn is_sampled() -> bool {
    false
}

#[inline]
pub fn subsegment<R>(_: &str, block: impl FnOnce() -> R) -> R {
    block()
}

/// The future itself.
pub type Subsegment<F> = F;
/// The future itself.
pub type Carried<F> = F;

#[inline]
pub fn subsegment_async<F: Future>(_: impl Into<Cow<'static, str>>, future: F) -> F {
    future
}

/// Runs futures in subsegments; compiled out.
pub trait InSubsegment: Future + Sized {
    #[inline]
    fn in_subsegment(self, _: impl Into<Cow<'static, str>>) -> Self {
        self
    }

    #[inline]
    fn in_current_subsegment(self) -> Self {
        self
    }
}

impl<F: Future> InSubsegment for F {}

#[derive(Debug, Clone)]
pub struct Handle(());

impl Handle {
    #[inline]
    pub fn current() -> Self {
        Self(())
    }

    #[inline]
    pub fn enter<R>(&self, body: impl FnOnce() -> R) -> R {
        body()
    }

    #[inline]
    pub fn carry<F: Future>(&self, future: F) -> F {
        future
    }
}

#[cfg(feature = "tokio")]
#[inline]
#[track_caller]
pub fn spawn<F>(future: F) -> tokio::task::JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    tokio::spawn(future)
}

#[cfg(feature = "tokio")]
#[inline]
#[track_caller]
pub fn spawn_blocking<F, R>(body: F) -> tokio::task::JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    tokio::task::spawn_blocking(body)
}

#[derive(Debug, Clone)]
pub struct Tracer(());

impl Tracer {
    #[inline]
    pub fn builder() -> TracerBuilder {
        TracerBuilder(())
    }

    #[inline]
    pub fn global() -> Self {
        Self(())
    }

    #[inline]
    pub fn is_enabled(&self) -> bool {
        false
    }

    /// Without tracing nobody reads it.
    #[inline]
    pub fn service(&self) -> &'static str {
        "service_undefined"
    }
}

#[derive(Debug, Default)]
pub struct TracerBuilder(());

impl TracerBuilder {
    #[inline]
    pub fn enabled(self, _: bool) -> Self {
        self
    }

    #[inline]
    pub fn service<'a>(self, _: impl Into<Cow<'a, str>>) -> Self {
        self
    }

    #[inline]
    pub fn capture_response(self, _: bool) -> Self {
        self
    }

    #[inline]
    pub fn capture_error(self, _: bool) -> Self {
        self
    }

    #[inline]
    pub fn collect_sql_queries(self, _: bool) -> Self {
        self
    }

    #[inline]
    pub fn sink(self, _: impl Sink + 'static) -> Self {
        self
    }

    #[inline]
    pub fn build(self) -> Tracer {
        Tracer(())
    }

    /// # Errors
    /// Never.
    #[inline]
    pub fn install(self) -> Result<Tracer, AlreadyInstalled> {
        Ok(Tracer(()))
    }
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("the process has a tracer already: install yours once, first thing in `main`")]
pub struct AlreadyInstalled;

macro_rules! sinks {
    ($($sink:ident)*) => {$(
        impl Sink for $sink {
            fn send(&self, _: &[u8]) -> Result<(), NotSent> {
                Ok(())
            }
        }
    )*};
}

sinks!(UdpSink MemorySink StdoutSink);

#[derive(Debug)]
pub struct UdpSink(());

impl UdpSink {
    #[inline]
    pub fn new(_: DaemonAddress) -> Self {
        Self(())
    }
}

#[derive(Debug, Clone, Default)]
pub struct MemorySink(());

impl MemorySink {
    #[inline]
    pub fn datagrams(&self) -> Vec<Vec<u8>> {
        Vec::new()
    }

    #[inline]
    pub fn documents(&self) -> Vec<String> {
        Vec::new()
    }
}

#[derive(Debug, Clone, Copy, Default)]
pub struct StdoutSink;
