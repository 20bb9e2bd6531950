//! The tracer: its settings, its sink, and the one of the process.

use std::borrow::Cow;
use std::fmt;
use std::panic::{AssertUnwindSafe, RefUnwindSafe, UnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use once_cell::sync::OnceCell;
use thiserror::Error;

use super::config::Config;
use super::context::Entered;
use super::outbox::Sent;
use super::udp::UdpSink;
use super::warning;
use crate::sink::{NotSent, Sink};

/// Settings and a sink; what the attributes record goes through the process's own, which nobody needs to make.
///
/// Build one to set the service, to switch tracing on or off, or to choose the sink; [`TracerBuilder::install`] makes
/// it the process's own, and `#[capture_lambda_handler(tracer = expr)]` uses it for one handler. Clones are handles of
/// the same tracer.
///
/// ```
/// use tracer_runtime::{MemorySink, Tracer};
///
/// let tracer = Tracer::builder().service("order-service").enabled(true).sink(MemorySink::default()).build();
/// assert_eq!(tracer.service(), "order-service");
/// ```
#[derive(Clone)]
pub struct Tracer {
    inner: Arc<Inner>,
}

struct Inner {
    config: Config,
    sink: Option<Arc<dyn Sink>>,
    /// The largest datagram that gets through.
    limit: AtomicUsize,
    cold: ColdStart,
    /// Whether the watcher thread sends early and before the deadline.
    is_watched: bool,
}

/// Where the first handler's cold start is remembered.
enum ColdStart {
    OfProcess,
    OfTracer(AtomicBool),
}

static GLOBAL: OnceCell<Tracer> = OnceCell::new();
/// Whether there is a process's own tracer and it is switched off, so that a function finds out with one load.
static IS_OFF: AtomicBool = AtomicBool::new(false);
static PROCESS_IS_WARM: AtomicBool = AtomicBool::new(false);
/// How many guards of `testing::disabled` are alive.
pub(crate) static DISABLED: AtomicUsize = AtomicUsize::new(0);

/// No sink takes less: a document that does not pass in this is lost.
const SMALLEST_LIMIT: usize = 1024;

impl Tracer {
    /// Begins a tracer whose settings come from the environment unless they are set here.
    ///
    /// ```
    /// let tracer = tracer_runtime::Tracer::builder().enabled(false).build();
    /// assert!(!tracer.is_enabled());
    /// ```
    pub fn builder() -> TracerBuilder {
        TracerBuilder::default()
    }

    /// The process's own tracer: the installed one, or one made from the environment now.
    ///
    /// ```
    /// // Tracing is off outside Lambda.
    /// assert!(!tracer_runtime::Tracer::global().is_enabled());
    /// ```
    #[must_use]
    pub fn global() -> Self {
        Self::global_ref().clone()
    }

    pub(crate) fn global_ref() -> &'static Self {
        GLOBAL.get_or_init(|| Self::builder().build().announced())
    }

    /// Whether the process's own tracer is known to be switched off.
    #[inline]
    pub(crate) fn is_off() -> bool {
        IS_OFF.load(Ordering::Relaxed)
    }

    fn announced(self) -> Self {
        IS_OFF.store(!self.inner.config.enabled, Ordering::Relaxed);
        self
    }

    /// Whether anything is recorded at all; a trace is recorded only if its header says so, too.
    ///
    /// ```
    /// assert!(tracer_runtime::Tracer::builder().enabled(true).build().is_enabled());
    /// ```
    #[must_use]
    pub fn is_enabled(&self) -> bool {
        self.inner.config.enabled && !self.is_disabled_for_tests()
    }

    fn is_disabled_for_tests(&self) -> bool {
        let is_global = || GLOBAL.get().is_some_and(|global| Arc::ptr_eq(&global.inner, &self.inner));
        DISABLED.load(Ordering::Relaxed) > 0 && is_global()
    }

    /// The service's name: the `Service` annotation, and the namespace of metadata that names no other.
    ///
    /// ```
    /// assert_eq!(tracer_runtime::Tracer::builder().service("orders").build().service(), "orders");
    /// ```
    #[must_use]
    pub fn service(&self) -> &str {
        &self.inner.config.service
    }

    pub(crate) fn config(&self) -> &Config {
        &self.inner.config
    }

    pub(crate) fn is_watched(&self) -> bool {
        self.inner.is_watched
    }

    /// Whether this is the first handler of a sandbox that started for it: true once, whoever asks first.
    pub(crate) fn starts_cold(&self) -> bool {
        let warm = match &self.inner.cold {
            ColdStart::OfProcess => &PROCESS_IS_WARM,
            ColdStart::OfTracer(warm) => warm,
        };
        !warm.swap(true, Ordering::Relaxed) && self.inner.config.can_start_cold
    }

    /// The largest datagram to send now, in bytes.
    pub(crate) fn limit(&self) -> usize {
        self.inner.limit.load(Ordering::Relaxed)
    }

    /// Sends a datagram that was made for `limit`. Where it is too large for the system, the limit goes down for all that follow.
    pub(crate) fn send(&self, datagram: &[u8], limit: usize) -> Sent {
        let Some(sink) = &self.inner.sink else {
            return Sent::Gone;
        };
        // A sink that is traced itself must not record into what it sends.
        let _outside = Entered::outside();
        let Ok(outcome) = catch_unwind(AssertUnwindSafe(|| sink.send(datagram))) else {
            // Not which one: it may panic when it is shown, too.
            warning::once("sink", || "the sink panicked, and a document is lost".to_owned());
            return Sent::Gone;
        };
        let smaller = (datagram.len() / 2).max(SMALLEST_LIMIT);
        // Each try is for a smaller limit than the one before, so there is an end to it.
        if outcome != Err(NotSent::TooLarge) || smaller >= limit {
            return Sent::Gone;
        }
        let before = self.inner.limit.fetch_min(smaller, Ordering::Relaxed);
        Sent::TooLarge { limit: smaller.min(before) }
    }
}

// A panic of the sink, the only code of a user's in here, is caught where it is called.
impl UnwindSafe for Inner {}
impl RefUnwindSafe for Inner {}

impl fmt::Debug for Tracer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let config = &self.inner.config;
        f.debug_struct("Tracer")
            .field("config", config)
            .field("sink", &self.inner.sink)
            .finish_non_exhaustive()
    }
}

/// Settings of a [`Tracer`] that differ from the environment's.
///
/// ```
/// use tracer_runtime::{StdoutSink, Tracer};
///
/// let tracer = Tracer::builder().service("orders").capture_response(false).sink(StdoutSink).build();
/// ```
#[derive(Debug, Default)]
#[must_use]
pub struct TracerBuilder {
    enabled: Option<bool>,
    service: Option<String>,
    capture_response: Option<bool>,
    capture_error: Option<bool>,
    collect_sql_queries: Option<bool>,
    sink: Option<Arc<dyn Sink>>,
    is_test: bool,
}

impl TracerBuilder {
    /// Switches tracing on or off, whatever the environment says; only `AWS_XRAY_SDK_ENABLED=false` beats it.
    ///
    /// ```
    /// assert!(!tracer_runtime::Tracer::builder().enabled(false).build().is_enabled());
    /// ```
    pub fn enabled(self, enabled: bool) -> Self {
        Self { enabled: Some(enabled), ..self }
    }

    /// Names the service. An empty name counts as none.
    ///
    /// ```
    /// assert_eq!(tracer_runtime::Tracer::builder().service("").build().service(), "service_undefined");
    /// ```
    pub fn service<'a>(self, service: impl Into<Cow<'a, str>>) -> Self {
        let service = service.into().into_owned();
        Self { service: Some(service).filter(|name| !name.trim().is_empty()), ..self }
    }

    /// Whether return values go into the metadata of functions whose attribute does not say.
    ///
    /// ```
    /// let tracer = tracer_runtime::Tracer::builder().capture_response(false).build();
    /// ```
    pub fn capture_response(self, capture: bool) -> Self {
        Self { capture_response: Some(capture), ..self }
    }

    /// Whether the text of errors is recorded for functions whose attribute does not say; the fault always is.
    ///
    /// ```
    /// let tracer = tracer_runtime::Tracer::builder().capture_error(false).build();
    /// ```
    pub fn capture_error(self, capture: bool) -> Self {
        Self { capture_error: Some(capture), ..self }
    }

    /// Whether the text of SQL queries is recorded, without the values that are bound to its placeholders. Off unless
    /// `AWS_XRAY_COLLECT_SQL_QUERIES` says otherwise: a text may hold literals.
    ///
    /// ```
    /// let tracer = tracer_runtime::Tracer::builder().collect_sql_queries(true).build();
    /// ```
    pub fn collect_sql_queries(self, collect: bool) -> Self {
        Self { collect_sql_queries: Some(collect), ..self }
    }

    /// Where documents go, in place of the X-Ray daemon.
    ///
    /// ```
    /// let tracer = tracer_runtime::Tracer::builder().sink(tracer_runtime::StdoutSink).build();
    /// ```
    pub fn sink(self, sink: impl Sink + 'static) -> Self {
        Self { sink: Some(Arc::new(sink)), ..self }
    }

    /// A tracer for one test: on, with its own cold start, and never sending early.
    pub(crate) fn for_test(self) -> Self {
        Self { enabled: Some(true), is_test: true, ..self }
    }

    /// Makes the tracer.
    ///
    /// ```
    /// let tracer = tracer_runtime::Tracer::builder().build();
    /// ```
    #[must_use]
    pub fn build(self) -> Tracer {
        let mut config = Config::from_environment();
        config.enabled = self.enabled.unwrap_or(config.enabled) && (!config.forced_off || self.is_test);
        config.service = self.service.unwrap_or(config.service);
        config.capture_response = self.capture_response.unwrap_or(config.capture_response);
        config.capture_error = self.capture_error.unwrap_or(config.capture_error);
        config.collect_sql_queries = self.collect_sql_queries.unwrap_or(config.collect_sql_queries);
        let from_environment = || UdpSink::from_environment().map(|sink| Arc::new(sink) as Arc<dyn Sink>);
        let sink = self.sink.or_else(|| config.enabled.then(from_environment).flatten());
        config.enabled &= sink.is_some();
        let limit = sink.as_ref().map_or(SMALLEST_LIMIT, |sink| sink.largest_datagram().max(SMALLEST_LIMIT));
        let cold =
            if self.is_test { ColdStart::OfTracer(AtomicBool::new(false)) } else { ColdStart::OfProcess };
        let inner = Inner { config, sink, limit: AtomicUsize::new(limit), cold, is_watched: !self.is_test };
        Tracer { inner: Arc::new(inner) }
    }

    /// Makes the tracer the process's own; do it first thing in `main`.
    ///
    /// # Errors
    /// [`AlreadyInstalled`] if the process has one: installed before, or made when something was first recorded.
    ///
    /// ```
    /// use tracer_runtime::Tracer;
    ///
    /// let tracer = Tracer::builder().service("orders").install()?;
    /// assert_eq!(Tracer::global().service(), "orders");
    /// # Ok::<(), tracer_runtime::AlreadyInstalled>(())
    /// ```
    pub fn install(self) -> Result<Tracer, AlreadyInstalled> {
        let tracer = self.build();
        GLOBAL.set(tracer.clone()).map_err(|_| AlreadyInstalled)?;
        Ok(tracer.announced())
    }
}

/// The process has a tracer already.
///
/// ```
/// let error = tracer_runtime::AlreadyInstalled;
/// assert!(error.to_string().contains("first thing in `main`"));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
#[error("the process has a tracer already: install yours once, first thing in `main`")]
pub struct AlreadyInstalled;
