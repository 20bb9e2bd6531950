//! A search among all traces of a store: which might be meant, newest first.

use crate::compiled::CompiledTrace;
use crate::filter::{FilterError, FilterExpression, Prefilter};
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
    pub(crate) prefilter: Prefilter,
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
        let range = TimeRange { from, to, by: TimeRangeType::default() };
        Self { range, prefilter: Prefilter::Anything, after: None, limit: usize::MAX }
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
        Ok(Self { prefilter: filter.with_groups(&[])?.prefilter(), ..self })
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
