//! A search among all traces of a store: which might be meant, newest first.

use std::sync::Arc;

use crate::compiled::CompiledTrace;
use crate::filter::{Filter, FilterError, FilterExpression, Prefilter};
use crate::large_traces::{one_of_many, split_at_large};
use crate::store::{StoreError, TraceStore};
use crate::timestamp::Timestamp;
use crate::trace::Trace;
use crate::trace_id::TraceId;

/// What is sought: a store answers with every trace that matches, and perhaps with more.
///
/// ```
/// use tracer_console::{MemoryStore, Search, Timestamp, TraceStore};
///
/// let search = Search::between(Timestamp::from_micros(0), Timestamp::now());
/// assert!(MemoryStore::default().search(&search)?.traces.is_empty());
/// # Ok::<(), tracer_console::StoreError>(())
/// ```
#[derive(Debug, Clone)]
pub struct Search {
    pub(crate) range: TimeRange,
    filter: Arc<Filter>,
    /// Of the filter.
    prefilter: Arc<Prefilter>,
    pub(crate) after: Option<Position>,
    pub(crate) limit: usize,
}

/// A stretch of time, its end not included, and what of a trace must lie in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TimeRange {
    pub(crate) from: Timestamp,
    pub(crate) to: Timestamp,
    pub(crate) by: TimeRangeType,
}

/// By which of its times a trace is in a range (facts 7.4).
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub(crate) enum TimeRangeType {
    /// When it began.
    #[default]
    TraceId,
    /// Whether anything of it went on.
    Event,
    /// When one of its segments ended.
    Service,
}

/// Where a page of traces ends: the next begins behind it.
///
/// ```
/// let found = tracer_console::Found::default();
/// let next: Option<tracer_console::Position> = found.next;
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub struct Position {
    pub(crate) start: Timestamp,
    pub(crate) id: TraceId,
}

/// A page of what a search found.
///
/// ```
/// assert!(tracer_console::Found::default().traces.is_empty());
/// ```
#[derive(Debug, Clone, Default)]
pub struct Found {
    /// Every trace of this page that matches, perhaps with others, newest first.
    pub traces: Vec<TraceId>,
    /// Whether these are just the traces that are meant: otherwise each must be looked at.
    pub is_exact: bool,
    /// How many traces were looked at.
    pub scanned: u64,
    /// Where the next page begins; `None` when this is the last.
    pub next: Option<Position>,
}

impl Search {
    /// All traces that began in a range, the end not included.
    ///
    /// ```
    /// use tracer_console::{Search, Timestamp};
    ///
    /// let search = Search::between(Timestamp::from_micros(0), Timestamp::now());
    /// ```
    #[must_use]
    pub fn between(from: Timestamp, to: Timestamp) -> Self {
        Self::of(TimeRange { from, to, by: TimeRangeType::default() }, Arc::default())
    }

    /// The traces in a range that a filter keeps.
    pub(crate) fn of(range: TimeRange, filter: Arc<Filter>) -> Self {
        let prefilter = Arc::new(filter.prefilter());
        Self { range, filter, prefilter, after: None, limit: usize::MAX }
    }

    /// Those that a filter expression asks for, as far as the store can tell by its indexes: others may be among them.
    ///
    /// ```
    /// # use tracer_console::{FilterExpression, Search, Timestamp};
    /// let filter = FilterExpression::parse("annotation.OrderId = \"ORD-12345\"")?;
    /// let search = Search::between(Timestamp::from_micros(0), Timestamp::now()).matching(&filter)?;
    /// # Ok::<(), tracer_console::FilterError>(())
    /// ```
    ///
    /// # Errors
    /// [`FilterError`] for an expression that names a group: which groups there are, only the API knows.
    pub fn matching(self, filter: &FilterExpression) -> Result<Self, FilterError> {
        let Self { range, after, limit, .. } = self;
        Ok(Self { after, limit, ..Self::of(range, Arc::new(filter.with_groups(&[])?)) })
    }

    /// At most so many traces in a page.
    ///
    /// ```
    /// # use tracer_console::{Search, Timestamp};
    /// let search = Search::between(Timestamp::from_micros(0), Timestamp::now()).limit(100);
    /// ```
    #[must_use]
    pub fn limit(self, limit: usize) -> Self {
        Self { limit, ..self }
    }

    /// The page that begins behind `position`.
    ///
    /// ```
    /// # use tracer_console::{MemoryStore, Search, Timestamp, TraceStore};
    /// let search = Search::between(Timestamp::from_micros(0), Timestamp::now()).limit(100);
    /// if let Some(next) = MemoryStore::default().search(&search)?.next {
    ///     let search = search.after(next);
    /// }
    /// # Ok::<(), tracer_console::StoreError>(())
    /// ```
    #[must_use]
    pub fn after(self, position: Position) -> Self {
        Self { after: Some(position), ..self }
    }

    /// The same in another range.
    pub(crate) fn within(self, range: TimeRange) -> Self {
        Self { range, ..self }
    }

    pub(crate) fn prefilter(&self) -> &Prefilter {
        &self.prefilter
    }

    /// Whether the prefilter says all that the filter does.
    pub(crate) fn is_prefilter_exact(&self) -> bool {
        self.filter.is_prefilter_exact()
    }

    /// Whether every trace that began or was active in the range is meant.
    pub(crate) fn is_of_all(&self) -> bool {
        self.filter.is_any() && self.range.by != TimeRangeType::Service
    }

    /// When a trace was in the range, if it is meant.
    pub(crate) fn moment(&self, trace: &Trace, compiled: &CompiledTrace<'_>) -> Option<Timestamp> {
        self.range.moment(trace, compiled).filter(|_| self.filter.keeps(compiled))
    }
}

/// Ids that are held at a time.
const PAGE: usize = 1_000;

/// Calls `each` with every trace that a search means, read from its documents, newest first.
pub(crate) fn visit(
    store: &(impl TraceStore + ?Sized),
    search: &Search,
    each: &mut dyn FnMut(&CompiledTrace<'_>),
) -> Result<(), StoreError> {
    let mut left = search.limit;
    let mut page = search.clone();
    while left > 0 {
        page.limit = left.min(PAGE);
        let found = store.search(&page)?;
        visit_one_large(store, &found.traces, &mut |trace| {
            let compiled = CompiledTrace::of(trace);
            if left > 0 && (found.is_exact || search.moment(trace, &compiled).is_some()) {
                each(&compiled);
                left -= 1;
            }
        })?;
        page.after = found.next;
        if page.after.is_none() {
            break;
        }
    }
    Ok(())
}

/// Calls `each` with every trace that is there; of the large ones there is one at a time.
fn visit_one_large(
    store: &(impl TraceStore + ?Sized),
    ids: &[TraceId],
    each: &mut dyn FnMut(&Trace),
) -> Result<(), StoreError> {
    let mut left = ids;
    while !left.is_empty() {
        let (few, large, rest) = split_at_large(store, left);
        if !few.is_empty() {
            store.traces(few, &mut |trace, _| each(&trace))?;
        }
        if let Some(id) = large {
            let _one = one_of_many();
            store.traces(&[id], &mut |trace, _| each(&trace))?;
        }
        left = rest;
    }
    Ok(())
}

/// The times by which a trace is in a range.
#[derive(Debug, Clone, Copy)]
pub(crate) struct TraceTimes {
    /// When it began.
    pub(crate) start: Timestamp,
    /// The last time that is known of it.
    pub(crate) latest: Timestamp,
    /// When the first and the last of it ended: of any part, as a segment may be made up from its subsegments.
    pub(crate) ends: Option<(Timestamp, Timestamp)>,
}

impl TraceTimes {
    pub(crate) fn of(trace: &Trace, compiled: &CompiledTrace<'_>) -> Self {
        let start = compiled.start();
        let ends = || trace.nodes().filter_map(|node| node.end());
        Self {
            start,
            // No search may miss a trace because an end lies before a start.
            latest: trace.end().map_or(start, |end| end.max(start)),
            ends: ends().min().zip(ends().max()),
        }
    }
}

impl TimeRange {
    /// When a trace is in the range: its start, when it was first active there, or when its first segment ended there.
    pub(crate) fn moment(self, trace: &Trace, compiled: &CompiledTrace<'_>) -> Option<Timestamp> {
        let is_in = |time: &Timestamp| (self.from..self.to).contains(time);
        match self.by {
            TimeRangeType::TraceId => Some(compiled.start()).filter(is_in),
            TimeRangeType::Event => {
                let times = TraceTimes::of(trace, compiled);
                (times.latest >= self.from).then_some(times.start.max(self.from)).filter(is_in)
            }
            TimeRangeType::Service => {
                let ends = compiled.segments().iter().filter_map(|segment| segment.measured().end());
                ends.filter(is_in).min()
            }
        }
    }

    /// Whether a trace with these times may be in the range: it is, but for an end between the first and the last.
    pub(crate) fn may_hold(self, times: &TraceTimes) -> bool {
        match self.by {
            TimeRangeType::TraceId => self.from <= times.start && times.start < self.to,
            TimeRangeType::Event => times.start < self.to && self.from <= times.latest,
            TimeRangeType::Service => {
                times.ends.is_some_and(|(first, last)| self.from <= last && first < self.to)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Barrier;
    use std::sync::atomic::{AtomicU64, Ordering};

    use serde_json::json;

    use super::*;
    use crate::document::Document;
    use crate::memory_store::MemoryStore;

    /// Calls `each` with a trace that has so much text, in so many threads.
    fn visit_in(threads: usize, text: usize, each: impl Fn() + Sync) {
        let store = MemoryStore::default();
        let document = json!({"name": "job", "id": "cbafb490a105b1f4", "start_time": 1, "end_time": 2,
            "trace_id": "1-6b02e002-9311b20839c1ed87c6cec943", "metadata": {"text": "x".repeat(text)}});
        store.record(Document::parse(&document.to_string()).unwrap()).unwrap();
        let search = Search::between(Timestamp::from_micros(0), Timestamp::now());
        std::thread::scope(|scope| {
            for _ in 0..threads {
                scope.spawn(|| visit(&store, &search, &mut |_| each()).unwrap());
            }
        });
    }

    #[test]
    fn large_traces_are_visited_one_at_a_time() {
        let (now, most) = (AtomicU64::new(0), AtomicU64::new(0));
        visit_in(8, 300_000, || {
            most.fetch_max(now.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            (0..1_000).for_each(|_| std::thread::yield_now());
            now.fetch_sub(1, Ordering::SeqCst);
        });
        assert_eq!(most.into_inner(), 1);
    }

    #[test]
    fn small_traces_are_visited_side_by_side() {
        let together = Barrier::new(4);
        visit_in(4, 0, || _ = together.wait());
    }
}
