//! Waiting for traces that a filter expression finds: for tests.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use crate::compiled::CompiledTrace;
use crate::filter::{Filter, FilterError, FilterExpression};
use crate::store::{Revision, TraceStore};
use crate::trace::Trace;
use crate::trace_id::TraceId;

/// The time was over before as many traces matched as were waited for; or the filter cannot be used.
///
/// ```
/// use std::time::Duration;
/// use tracer_console::{FilterExpression, MatchError, MemoryStore, TraceStore};
///
/// let store: &dyn TraceStore = &MemoryStore::default();
/// let error = store.wait_for_matching(&FilterExpression::parse("fault")?, 1, Duration::ZERO).unwrap_err();
/// assert_eq!(error.to_string(), "0 of 1 traces matched `fault` within 0ns, of 0 that arrived");
/// # Ok::<(), tracer_console::FilterError>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MatchError {
    /// Fewer matched.
    #[error("{} of {count} traces matched `{filter}` within {timeout:?}, of {arrived} that arrived", matching.len())]
    Fewer {
        /// What was waited for.
        filter: String,
        /// How many of it.
        count: usize,
        /// How long.
        timeout: Duration,
        /// Those that matched, in the order of their last change.
        matching: Vec<Trace>,
        /// How many traces there were in all.
        arrived: usize,
    },
    /// The expression names a group: which groups there are, only the API knows.
    #[error(transparent)]
    Filter(#[from] Box<FilterError>),
}

const CENTURY: Duration = Duration::from_secs(100 * 365 * 86_400);

impl dyn TraceStore + '_ {
    /// Waits until `count` traces that are settled match a filter expression, and returns them, the latest change last. Those
    /// that were there before count too.
    ///
    /// ```
    /// use std::time::Duration;
    /// use tracer_console::{Document, FilterExpression, MemoryStore, TraceStore};
    ///
    /// let store: &dyn TraceStore = &MemoryStore::default();
    /// store.record(Document::parse(r#"{"name":"job","id":"cbafb490a105b1f4","start_time":1,"end_time":2,
    ///     "trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","annotations":{"OrderId":"ORD-1"}}"#)?)?;
    /// let filter = FilterExpression::parse("annotation.OrderId = \"ORD-1\"")?;
    /// let traces = store.wait_for_matching(&filter, 1, Duration::from_secs(10))?;
    /// assert_eq!(traces[0].roots().next().unwrap().name(), "job");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`MatchError`] when the time is over, with those that matched; and for an expression that names a group.
    pub fn wait_for_matching(
        &self,
        filter: &FilterExpression,
        count: usize,
        timeout: Duration,
    ) -> Result<Vec<Trace>, MatchError> {
        let keeps = filter.with_groups(&[]).map_err(Box::new)?;
        // A timeout beyond what the clock can say is as good as a century.
        let deadline = Instant::now().checked_add(timeout).unwrap_or_else(|| Instant::now() + CENTURY);
        let mut seen = Seen::default();
        loop {
            seen.look(self, &keeps);
            let left = deadline.saturating_duration_since(Instant::now());
            if seen.by_change.len() >= count {
                return Ok(seen.matching());
            }
            if left.is_zero() {
                let (filter, arrived) = (filter.text().to_owned(), seen.changes.len());
                return Err(MatchError::Fewer { filter, count, timeout, matching: seen.matching(), arrived });
            }
            self.wait_for_change(seen.revision, left);
        }
    }
}

/// What was seen so far.
#[derive(Debug, Default)]
struct Seen {
    revision: Revision,
    /// The last change of each trace.
    changes: BTreeMap<TraceId, Revision>,
    /// Those that match.
    by_change: BTreeMap<Revision, Trace>,
}

impl Seen {
    /// Looks at what changed since it looked last.
    fn look(&mut self, store: &dyn TraceStore, filter: &Filter) {
        let now = store.revision();
        for (id, revision) in store.changed_since(self.revision) {
            self.revision = self.revision.max(revision);
            if let Some(before) = self.changes.insert(id, revision) {
                self.by_change.remove(&before);
            }
            // One that was forgotten meanwhile does not match.
            let trace = store.trace(id).filter(Trace::is_settled);
            if let Some(trace) = trace.filter(|trace| filter.keeps(&CompiledTrace::of(trace))) {
                self.by_change.insert(revision, trace);
            }
        }
        // A trace that changed and was forgotten is not told: it is not waited for again.
        self.revision = self.revision.max(now);
    }

    fn matching(self) -> Vec<Trace> {
        self.by_change.into_values().collect()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::document::Document;
    use crate::memory_store::MemoryStore;

    const PATIENCE: Duration = Duration::from_secs(60);

    fn document(trace: u64, more: &str) -> Document {
        let mut document = json!({"name": "job", "id": "cbafb490a105b1f4", "start_time": 1,
            "trace_id": format!("1-6b02e002-{trace:024x}")});
        let more: serde_json::Map<_, _> = serde_json::from_str(more).unwrap();
        document.as_object_mut().unwrap().extend(more);
        Document::parse(&document.to_string()).unwrap()
    }

    #[test]
    fn traces_count_once_they_match_and_are_settled() {
        let store = MemoryStore::default();
        store.record(document(1, "{\"in_progress\": true, \"fault\": true}")).unwrap();
        store.record(document(2, "{\"end_time\": 2}")).unwrap();
        let fault = FilterExpression::parse("fault").unwrap();
        let wait = |timeout| (&store as &dyn TraceStore).wait_for_matching(&fault, 2, timeout);
        let Err(MatchError::Fewer { matching, arrived, .. }) = wait(Duration::ZERO) else { panic!() };
        assert_eq!((matching.len(), arrived), (0, 2));
        let found = std::thread::scope(|scope| {
            let waiting = scope.spawn(|| wait(PATIENCE));
            store.record(document(3, "{\"end_time\": 2, \"fault\": true}")).unwrap();
            store.record(document(1, "{\"end_time\": 2, \"fault\": true}")).unwrap();
            waiting.join().unwrap()
        });
        let ids: Vec<_> = found.unwrap().iter().map(Trace::id).collect();
        assert_eq!(
            ids,
            [document(3, "{\"end_time\": 2}"), document(1, "{\"end_time\": 2}")].map(|one| one.trace_id())
        );
    }

    #[test]
    fn a_trace_that_matches_no_longer_does_not_count() {
        let store = MemoryStore::default();
        let mut seen = Seen::default();
        let ok = FilterExpression::parse("ok").unwrap().with_groups(&[]).unwrap();
        store.record(document(1, "{\"end_time\": 2}")).unwrap();
        seen.look(&store, &ok);
        assert_eq!(seen.by_change.len(), 1);
        store.record(document(1, "{\"end_time\": 3, \"fault\": true}")).unwrap();
        seen.look(&store, &ok);
        assert_eq!(seen.by_change.len(), 0);
    }

    #[test]
    fn a_group_is_refused() {
        let store: &dyn TraceStore = &MemoryStore::default();
        let group = FilterExpression::parse("group.name = \"slow\"").unwrap();
        assert!(matches!(store.wait_for_matching(&group, 1, PATIENCE), Err(MatchError::Filter(_))));
    }
}
