//! How a trace went, as far as a store knows it without reading documents.

use crate::compiled::{AnnotationValue, CompiledTrace};
use crate::timestamp::Timestamp;

/// When a trace began, how long it took and how it went: what its summary says, without the rest.
///
/// ```
/// use tracer_console::{MemoryStore, Search, Timestamp, TraceStore};
///
/// let (mut traces, mut faults) = (0, 0);
/// let search = Search::between(Timestamp::from_micros(0), Timestamp::now());
/// MemoryStore::default().outcomes(&search, &mut |outcome| {
///     traces += 1;
///     faults += u32::from(outcome.has_fault);
/// })?;
/// # Ok::<(), tracer_console::StoreError>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct TraceOutcome {
    /// When its earliest segment began.
    pub start: Timestamp,
    /// Seconds that its entry point took, to the microsecond; `None` while that is in progress.
    pub response_time: Option<f64>,
    /// Seconds from the start to the latest end of a completed segment, to the microsecond; `None` where none is completed.
    pub duration: Option<f64>,
    /// The entry point has no flag and no status from 400.
    pub is_ok: bool,
    /// Of the entry point.
    pub has_error: bool,
    /// Of the entry point.
    pub has_fault: bool,
    /// Of any segment or subsegment.
    pub has_throttle: bool,
    /// Something is in progress, without its parent, or announced and not there.
    pub is_partial: bool,
    /// An annotation `ColdStart` is true.
    pub has_cold_start: bool,
    /// An annotation `ColdStart` is false.
    pub has_warm_start: bool,
    /// Of the entry point.
    pub http_status: Option<u64>,
}

impl TraceOutcome {
    pub(crate) fn of(trace: &CompiledTrace<'_>) -> Self {
        let (has_cold_start, has_warm_start) = cold_and_warm_starts(trace);
        Self {
            start: trace.start(),
            response_time: trace.response_micros().map(seconds),
            duration: trace.duration_micros().map(seconds),
            is_ok: trace.is_ok(),
            has_error: trace.has_error(),
            has_fault: trace.has_fault(),
            has_throttle: trace.has_throttle(),
            is_partial: trace.is_partial(),
            has_cold_start,
            has_warm_start,
            http_status: trace.http_status(),
        }
    }
}

#[allow(clippy::cast_precision_loss, reason = "microseconds of a duration fit into 53 bits")]
pub(crate) fn seconds(micros: i64) -> f64 {
    micros as f64 / 1e6
}

/// Whether functions of the trace said that they started cold, and that they did not.
pub(crate) fn cold_and_warm_starts(trace: &CompiledTrace<'_>) -> (bool, bool) {
    let said = trace.annotations().values("ColdStart");
    let is = |cold: bool| said.iter().any(|entry| entry.value == AnnotationValue::Boolean(cold));
    (is(true), is(false))
}
