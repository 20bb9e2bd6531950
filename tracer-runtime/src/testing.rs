//! For users' tests: capture what a piece of code records and assert on it, in parallel with other tests.
//!
//! ```
//! use tracer_runtime::{capture_method, testing};
//!
//! #[capture_method]
//! fn get_order(id: &str) -> Result<u32, std::num::ParseIntError> {
//!     tracer_runtime::put_annotation("OrderId", id);
//!     id.parse()
//! }
//!
//! let trace = testing::capture(|| get_order("x"));
//! let get_order = trace.subsegment("get_order");
//! assert_eq!(get_order.annotation("OrderId"), "x");
//! assert!(get_order.is_fault());
//! ```

mod exception;
mod recorded_subsegment;
#[cfg(feature = "messages")]
mod segment;
mod tree;

use std::future::Future;
use std::sync::atomic::Ordering;

use crate::recording::context::{Entered, Kept};
use crate::recording::open::segment_of;
use crate::recording::{Beginning, Carried, DISABLED, InvocationRef, MemorySink, Tracer, TracerBuilder};
use crate::{Sampling, SegmentId, TraceHeader, TraceId};

pub use self::exception::Exception;
pub use self::recorded_subsegment::RecordedSubsegment;
#[cfg(feature = "messages")]
#[cfg_attr(docsrs, doc(cfg(feature = "messages")))]
pub use self::segment::Link;
pub use self::tree::RecordedTrace;

/// Runs `body` in a trace of its own and returns what it recorded, whatever the environment says.
///
/// Other threads and tests are not touched. A handler called inside takes part in this trace, unless its event
/// brings a trace header of its own; then its subsegments are found in the result all the same. The result of `body` is
/// dropped: keep it in a variable outside where a test needs it.
///
/// ```
/// use tracer_runtime::{subsegment, testing};
///
/// let trace = testing::capture(|| subsegment("parse", || ()));
/// assert_eq!(trace.subsegments().len(), 1);
/// ```
pub fn capture<R>(body: impl FnOnce() -> R) -> RecordedTrace {
    capture_with(Tracer::builder(), body)
}

/// [`capture`] with other settings, such as the service's name.
///
/// ```
/// use tracer_runtime::{Tracer, capture_method, testing};
///
/// #[capture_method]
/// fn total() -> u32 { 42 }
///
/// let trace = testing::capture_with(Tracer::builder().service("orders"), total);
/// assert!(trace.subsegment("total").json()["metadata"]["orders"].is_object());
/// ```
pub fn capture_with<R>(settings: TracerBuilder, body: impl FnOnce() -> R) -> RecordedTrace {
    let capture = Capture::new(settings);
    {
        let place = capture.place();
        let _entered = Entered::new(Some(&place));
        drop(body());
    }
    capture.finish()
}

/// Polls `future` in a trace of its own and returns what it recorded; see [`capture`].
///
/// ```
/// # use tracer_runtime::{InSubsegment, testing};
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let trace = testing::capture_async(async { async {}.in_subsegment("parse").await }).await;
/// assert_eq!(trace.subsegment("parse").name(), "parse");
/// # });
/// ```
pub async fn capture_async<F: Future>(future: F) -> RecordedTrace {
    capture_async_with(Tracer::builder(), future).await
}

/// [`capture_async`] with other settings.
///
/// ```
/// # use tracer_runtime::{Tracer, testing};
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let trace = testing::capture_async_with(Tracer::builder().capture_error(false), async {}).await;
/// assert!(trace.subsegments().is_empty());
/// # });
/// ```
pub async fn capture_async_with<F: Future>(settings: TracerBuilder, future: F) -> RecordedTrace {
    let capture = Capture::new(settings);
    drop(Carried::new(Some(capture.place()), future).await);
    capture.finish()
}

/// Switches the process's own tracer off until the guard is dropped: the fixture of a test whose environment would
/// switch it on. What [`capture`] records is not touched.
///
/// ```
/// let off = tracer_runtime::testing::disabled();
/// assert!(!tracer_runtime::Tracer::global().is_enabled());
/// drop(off);
/// ```
#[must_use = "tracing is off for as long as this lives"]
pub fn disabled() -> Disabled {
    DISABLED.fetch_add(1, Ordering::Relaxed);
    Disabled(())
}

/// Tracing is off while this lives: what [`disabled`] returns.
///
/// ```
/// let off: tracer_runtime::testing::Disabled = tracer_runtime::testing::disabled();
/// ```
#[derive(Debug)]
pub struct Disabled(());

impl Drop for Disabled {
    fn drop(&mut self) {
        DISABLED.fetch_sub(1, Ordering::Relaxed);
    }
}

struct Capture {
    sink: MemorySink,
    invocation: InvocationRef,
}

impl Capture {
    fn new(settings: TracerBuilder) -> Self {
        let sink = MemorySink::default();
        let tracer = settings.sink(sink.clone()).for_test().build();
        let parent = SegmentId(fastrand::u64(1..));
        let root = TraceId::from_parts(fastrand::u32(..), fastrand::u128(..));
        let header = TraceHeader::new(root, Some(parent), Sampling::Sampled).to_string();
        let beginning = Beginning { header: Some(&header), deadline: None };
        let Some(invocation) = InvocationRef::begin(&tracer, beginning) else {
            unreachable!("a beginning with a header makes an invocation")
        };
        Self { sink, invocation }
    }

    fn place(&self) -> Kept {
        segment_of(self.invocation.clone())
    }

    fn finish(self) -> RecordedTrace {
        self.invocation.entry().send_everything();
        RecordedTrace::of(&self.sink.documents())
    }
}
