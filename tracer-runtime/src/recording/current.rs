//! What is current: the trace, the header to pass on, and a handle to carry elsewhere.

use std::future::Future;

use crate::trace_header::TraceHeader;
use crate::trace_id::TraceId;

use super::context::{self, Context, Entered, Kept};
use super::source::header_of_environment;
use super::traced::Carried;
use super::tracer::Tracer;

/// The id of the current trace, also of one that is not recorded, for logs and support tickets.
///
/// ```
/// # use tracer_runtime::testing;
/// assert_eq!(tracer_runtime::trace_id(), None);
/// testing::capture(|| assert_eq!(tracer_runtime::trace_id().unwrap().to_string().len(), 35));
/// ```
#[must_use]
pub fn trace_id() -> Option<TraceId> {
    if let Some(current) = context::current() {
        let state = current.invocation.lock();
        return state.has_trace.then(|| state.header.root());
    }
    let header: TraceHeader = header_of_environment(Tracer::global_ref().config())?.parse().ok()?;
    Some(header.root())
}

/// The tracing header to send with a call, its `Parent` the current subsegment; as it came where nothing is recorded.
///
/// ```
/// # use tracer_runtime::testing;
/// testing::capture(|| {
///     tracer_runtime::subsegment("pay.example.com", || {
///         let header = tracer_runtime::trace_header().unwrap();
///         assert!(header.starts_with("Root=1-") && header.ends_with(";Sampled=1"));
///     });
/// });
/// ```
#[must_use]
pub fn trace_header() -> Option<String> {
    match context::current() {
        Some(current) => current.invocation.lock().header_to_pass_on(current.id),
        None => header_of_environment(Tracer::global_ref().config()),
    }
}

/// Whether what happens here is recorded.
///
/// ```
/// # use tracer_runtime::testing;
/// assert!(!tracer_runtime::is_sampled());
/// testing::capture(|| assert!(tracer_runtime::is_sampled()));
/// ```
#[must_use]
#[inline]
pub fn is_sampled() -> bool {
    context::is_recording()
}

/// A place in a trace, to carry to another thread, task or callback.
///
/// What runs inside of [`Handle::enter`] records below the subsegment that was current when the handle was made, also
/// after that one is closed.
///
/// ```
/// use tracer_runtime::{Handle, subsegment, testing};
///
/// let trace = testing::capture(|| {
///     subsegment("outer", || {
///         let handle = Handle::current();
///         std::thread::spawn(move || handle.enter(|| subsegment("inner", || ()))).join().unwrap();
///     });
/// });
/// assert_eq!(trace.subsegment("outer").subsegment("inner").name(), "inner");
/// ```
#[derive(Clone)]
pub struct Handle {
    place: Option<Kept>,
}

impl Handle {
    /// The current place; outside of a trace a handle that does nothing.
    ///
    /// ```
    /// let handle = tracer_runtime::Handle::current();
    /// ```
    #[must_use]
    pub fn current() -> Self {
        Self { place: context::current().map(Context::keep) }
    }

    /// Runs `body` in this place.
    ///
    /// ```
    /// assert_eq!(tracer_runtime::Handle::current().enter(|| 1 + 1), 2);
    /// ```
    pub fn enter<R>(&self, body: impl FnOnce() -> R) -> R {
        let _entered = Entered::new(self.place.as_ref());
        body()
    }

    /// A future that runs in this place.
    ///
    /// ```
    /// let future = tracer_runtime::Handle::current().carry(async { 1 + 1 });
    /// ```
    pub fn carry<F: Future>(&self, future: F) -> Carried<F> {
        Carried::new(self.place.clone(), future)
    }
}

impl std::fmt::Debug for Handle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Handle").field("id", &self.place.as_ref().map(|place| place.id)).finish()
    }
}

/// Spawns a tokio task that records below the current subsegment (feature `tokio`).
///
/// # Panics
/// Outside of a tokio runtime, as `tokio::spawn` does.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let answer = tracer_runtime::spawn(async { 42 }).await.unwrap();
/// assert_eq!(answer, 42);
/// # });
/// ```
#[cfg(feature = "tokio")]
#[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
#[track_caller]
pub fn spawn<F>(future: F) -> tokio::task::JoinHandle<F::Output>
where
    F: Future + Send + 'static,
    F::Output: Send + 'static,
{
    tokio::spawn(Handle::current().carry(future))
}

/// Runs a blocking function on tokio's blocking threads, recording below the current subsegment (feature `tokio`).
///
/// # Panics
/// Outside of a tokio runtime, as `tokio::task::spawn_blocking` does.
///
/// ```
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let answer = tracer_runtime::spawn_blocking(|| 42).await.unwrap();
/// assert_eq!(answer, 42);
/// # });
/// ```
#[cfg(feature = "tokio")]
#[cfg_attr(docsrs, doc(cfg(feature = "tokio")))]
#[track_caller]
pub fn spawn_blocking<F, R>(body: F) -> tokio::task::JoinHandle<R>
where
    F: FnOnce() -> R + Send + 'static,
    R: Send + 'static,
{
    let handle = Handle::current();
    tokio::task::spawn_blocking(move || handle.enter(body))
}
