//! A store in memory, bounded.

use std::collections::{BTreeMap, HashMap, HashSet};
use std::ops::Bound;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::compiled::CompiledTrace;
use crate::document::Document;
use crate::entities::Entities;
use crate::lenient_json::count;
use crate::link::LinkIndex;
use crate::refusal::{Refusal, RefusalCode};
use crate::search::{Found, Position, Search, TimeRange, TimeRangeType, TraceTimes};
use crate::store::{Revision, StoreError, TraceSize, TraceStore};
use crate::timestamp::Timestamp;
use crate::trace::Trace;
use crate::trace_id::TraceId;

/// How much a [`MemoryStore`] keeps.
///
/// ```
/// use tracer_console::{MemoryLimits, MemoryStore};
///
/// let store = MemoryStore::new(MemoryLimits { bytes: 16 << 20, ..MemoryLimits::default() });
/// ```
#[derive(Debug, Clone, Copy)]
pub struct MemoryLimits {
    /// Bytes of memory over all traces, estimated from the documents' text; above it the traces that changed longest ago
    /// are forgotten.
    pub bytes: usize,
    /// Segments and subsegments in one trace; above it documents are refused.
    pub entities_per_trace: usize,
    /// Bytes of document text in one trace; above it documents are refused.
    pub bytes_per_trace: usize,
    /// Bytes of memory that one trace takes, estimated from its documents' text; above it documents are refused: who asks for the
    /// trace has all of it in memory, however short its text is.
    pub memory_per_trace: usize,
    /// Bytes of one document's text; longer ones are refused.
    pub bytes_per_document: usize,
}

/// How much of a trace there is.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Held {
    pub(crate) entities: usize,
    /// Of text.
    pub(crate) bytes: usize,
    /// Of memory, estimated.
    pub(crate) weight: usize,
}

impl Default for MemoryLimits {
    fn default() -> Self {
        let bytes = 256 << 20;
        Self {
            bytes,
            entities_per_trace: 200_000,
            bytes_per_trace: 64 << 20,
            memory_per_trace: 256 << 20,
            bytes_per_document: usize::MAX,
        }
    }
}

impl MemoryLimits {
    /// What X-Ray takes (fact sheet 1.12), in bytes of a document and of a trace.
    pub(crate) const OF_XRAY: (usize, usize) = (64 << 10, 500 << 10);

    /// The limits of X-Ray itself: 64 KB a document and 500 KB a trace.
    ///
    /// ```
    /// # use tracer_console::MemoryLimits;
    /// assert_eq!(MemoryLimits::strict().bytes_per_document, 65_536);
    /// ```
    #[must_use]
    pub fn strict() -> Self {
        let (bytes_per_document, bytes_per_trace) = Self::OF_XRAY;
        Self { bytes_per_document, bytes_per_trace, ..Self::default() }
    }

    /// Whether a trace that has so much may have a document with so many entities more, too.
    pub(crate) fn check(
        &self,
        (id, text, more): (TraceId, &str, usize),
        Held { entities, bytes, weight: held }: Held,
    ) -> Result<(), Refusal> {
        let message = if text.len() > self.bytes_per_document {
            format!("the document has {} bytes, and may have {}", text.len(), self.bytes_per_document)
        } else if entities + more > self.entities_per_trace || bytes + text.len() > self.bytes_per_trace {
            format!("trace {id} has reached {entities} segments and subsegments in {bytes} bytes")
        } else if held + weight(text.as_bytes()) > self.memory_per_trace {
            format!("trace {id} would take more than {} MiB of memory", self.memory_per_trace >> 20)
        } else {
            return Ok(());
        };
        Err(Refusal::new(RefusalCode::LimitExceeded, message).of(text.as_bytes()))
    }
}

/// A [`TraceStore`] in memory.
///
/// ```
/// # use tracer_console::{Document, MemoryStore, TraceStore};
/// # let store = MemoryStore::default();
/// # let document = Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2}"#)?;
/// # let id = document.trace_id();
/// store.record(document)?;
/// assert_eq!(store.trace(id).unwrap().len(), 1);
/// # Ok::<(), tracer_console::Refusal>(())
/// ```
#[derive(Debug, Default)]
pub struct MemoryStore {
    limits: MemoryLimits,
    kept: Mutex<Kept>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Kept {
    traces: HashMap<TraceId, Record>,
    /// The order of last change: what to forget first.
    by_change: BTreeMap<Revision, TraceId>,
    /// When they began, of those whose times are known.
    by_start: BTreeMap<Position, TraceTimes>,
    /// The others: their times are derived when a search asks.
    untimed: HashSet<TraceId>,
    links: LinkIndex,
    /// By kind and name.
    settings: BTreeMap<(String, String), String>,
    bytes: usize,
    revision: Revision,
}

#[derive(Debug, Default)]
struct Record {
    entities: Entities,
    documents: Vec<Arc<str>>,
    /// Of text.
    bytes: usize,
    /// Of memory, estimated.
    weight: usize,
    changed: Revision,
    /// When it began, if its times are known.
    start: Option<Timestamp>,
}

impl Record {
    fn held(&self) -> Held {
        Held { entities: self.entities.len(), bytes: self.bytes, weight: self.weight }
    }
}

impl Kept {
    fn take(&mut self, document: Document, limits: MemoryLimits) -> Result<(), Refusal> {
        let id = document.trace_id();
        let bytes = document.text().len();
        let held = self.traces.get(&id).map(Record::held).unwrap_or_default();
        limits.check((id, document.text(), document.entities().len()), held)?;
        let record = self.traces.entry(id).or_default();
        record.documents.push(document.text().into());
        let weight = weight(document.text().as_bytes());
        record.bytes += bytes;
        record.weight += weight;
        self.bytes += weight;
        for entity in document.into_entities() {
            self.links.add(id, &entity);
            record.entities.upsert(entity);
        }
        self.revision.0 += 1;
        self.by_change.remove(&record.changed);
        record.changed = self.revision;
        if let Some(start) = record.start.take() {
            self.by_start.remove(&Position { start, id });
        }
        self.untimed.insert(id);
        self.by_change.insert(self.revision, id);
        self.forget_beyond(limits.bytes);
        Ok(())
    }

    /// Keeps at least the trace that has just changed.
    fn forget_beyond(&mut self, bytes: usize) {
        while self.bytes > bytes && self.by_change.len() > 1 {
            let Some((_, oldest)) = self.by_change.pop_first() else {
                return;
            };
            self.untimed.remove(&oldest);
            if let Some(record) = self.traces.remove(&oldest) {
                self.bytes -= record.weight;
                if let Some(start) = record.start {
                    self.by_start.remove(&Position { start, id: oldest });
                }
                record.entities.iter().for_each(|entity| self.links.forget(oldest, entity));
            }
        }
    }

    /// The times of a trace as it was at a revision.
    fn know(&mut self, id: TraceId, times: TraceTimes, at: Revision) {
        if let Some(record) = self.traces.get_mut(&id).filter(|record| record.changed == at) {
            record.start = Some(times.start);
            self.by_start.insert(Position { start: times.start, id }, times);
            self.untimed.remove(&id);
        }
    }

    /// The traces that may be in a range, newest first, of those whose times are known.
    fn positions(&self, range: TimeRange) -> Vec<Position> {
        let least = |start| Position { start, id: TraceId::from_bytes([0; 16]) };
        let (from, to) = (least(range.from.min(range.to)), least(range.to));
        let bounds = match range.by {
            TimeRangeType::TraceId => (Bound::Included(from), Bound::Excluded(to)),
            TimeRangeType::Event => (Bound::Unbounded, Bound::Excluded(to)),
            TimeRangeType::Service => (Bound::Unbounded, Bound::Unbounded),
        };
        let began = self.by_start.range(bounds).rev();
        began.filter(|(_, times)| range.may_hold(times)).map(|(position, _)| *position).collect()
    }
}

/// About what JSON takes in memory: an object of a few bytes is a map of hundreds, and hostile senders know that.
pub(crate) fn weight(text: &[u8]) -> usize {
    text.len() + 639 * count(text, b'{') + 159 * count(text, b'[') + 39 * count(text, b',')
}

impl MemoryStore {
    /// An empty store with limits of your own.
    ///
    /// ```
    /// # use tracer_console::{MemoryLimits, MemoryStore};
    /// let store = MemoryStore::new(MemoryLimits { entities_per_trace: 1_000, ..MemoryLimits::default() });
    /// ```
    #[must_use]
    pub fn new(limits: MemoryLimits) -> Self {
        Self { limits, ..Self::default() }
    }

    /// Derives the times of a trace, once for each of its states.
    fn derive_times(&self, id: TraceId) -> Option<TraceTimes> {
        let changed = self.kept().traces.get(&id)?.changed;
        // Not under the lock: it takes as long as the trace is large.
        let trace = self.trace(id)?;
        let times = TraceTimes::of(&trace, &CompiledTrace::of(&trace));
        self.kept().know(id, times, changed);
        Some(times)
    }

    fn kept(&self) -> MutexGuard<'_, Kept> {
        self.kept.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl TraceStore for MemoryStore {
    fn record(&self, document: Document) -> Result<(), Refusal> {
        let taken = self.kept().take(document, self.limits);
        self.changed.notify_all();
        taken
    }

    fn search(&self, search: &Search) -> Result<Found, StoreError> {
        // One picture: each trace is in one of them, and what changes meanwhile is found as it was.
        let (mut positions, untimed) = {
            let kept = self.kept();
            (kept.positions(search.range), kept.untimed.iter().copied().collect::<Vec<_>>())
        };
        let derived = untimed.into_iter().filter_map(|id| Some((id, self.derive_times(id)?)));
        let meant = derived.filter(|(_, times)| search.range.may_hold(times));
        positions.extend(meant.map(|(id, times)| Position { start: times.start, id }));
        if !positions.is_sorted_by(|one, other| one > other) {
            positions.sort_unstable_by(|one, other| other.cmp(one));
        }
        let is_later = |position: &Position| search.after.is_none_or(|after| *position < after);
        let scanned = positions.len() as u64;
        let mut left = positions.into_iter().filter(is_later);
        let page: Vec<_> = left.by_ref().take(search.limit).collect();
        let next = left.next().and(page.last().copied());
        let traces = page.into_iter().map(|position| position.id).collect();
        Ok(Found { traces, is_exact: search.is_of_all(), scanned, next })
    }

    fn settings(&self, kind: &str) -> Result<Vec<(String, String)>, StoreError> {
        let kept = self.kept();
        let of_kind = kept.settings.iter().filter(|((of, _), _)| of == kind);
        Ok(of_kind.map(|((_, name), value)| (name.clone(), value.clone())).collect())
    }

    fn put_setting(&self, kind: &str, name: &str, value: Option<&str>) -> Result<(), StoreError> {
        let key = (kind.to_owned(), name.to_owned());
        let mut kept = self.kept();
        match value {
            Some(value) => kept.settings.insert(key, value.to_owned()),
            None => kept.settings.remove(&key),
        };
        Ok(())
    }

    fn trace(&self, id: TraceId) -> Option<Trace> {
        let kept = self.kept();
        let entities = kept.traces.get(&id)?.entities.to_vec();
        let linked_from = kept.links.to(id);
        drop(kept);
        Some(Trace::compile(id, entities, linked_from))
    }

    fn documents(&self, id: TraceId) -> Vec<Arc<str>> {
        self.kept().traces.get(&id).map(|record| record.documents.clone()).unwrap_or_default()
    }

    fn size(&self, id: TraceId) -> TraceSize {
        let kept = self.kept();
        let size = |record: &Record| TraceSize {
            documents: record.documents.len() as u64,
            bytes: record.bytes as u64,
        };
        kept.traces.get(&id).map(size).unwrap_or_default()
    }

    fn changed_since(&self, since: Revision) -> Vec<(TraceId, Revision)> {
        let after = Revision(since.0 + 1);
        self.kept().by_change.range(after..).map(|(&revision, &id)| (id, revision)).collect()
    }

    fn revision(&self) -> Revision {
        self.kept().revision
    }

    fn wait_for_change(&self, seen: Revision, timeout: Duration) -> Revision {
        let wait = self.changed.wait_timeout_while(self.kept(), timeout, |kept| kept.revision == seen);
        wait.unwrap_or_else(PoisonError::into_inner).0.revision
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn document(trace: usize, more: &str) -> Document {
        let text = format!(
            "{{\"name\":\"j\",\"id\":\"cbafb490a105b1f4\",\"trace_id\":\"1-6b02e002-{trace:024x}\",\
             \"start_time\":1,\"end_time\":2{more}}}"
        );
        Document::parse(&text).unwrap()
    }

    #[test]
    fn a_trace_whose_first_document_is_refused_is_not_there() {
        let store = MemoryStore::new(MemoryLimits { entities_per_trace: 0, ..MemoryLimits::default() });
        let refused = document(1, "");
        let id = refused.trace_id();
        assert_eq!(store.record(refused).unwrap_err().code, RefusalCode::LimitExceeded);
        assert_eq!(store.trace(id), None);
        assert!(store.kept().traces.is_empty());
    }

    #[test]
    fn links_are_known_from_both_ends_once_and_forgotten_with_their_trace() {
        let store = MemoryStore::new(MemoryLimits { bytes: 16 << 10, ..MemoryLimits::default() });
        let sender = document(1, "");
        let sent = sender.trace_id();
        let link = json!({"trace_id": sent.to_string(), "id": "cbafb490a105b1f4", "attributes": {}});
        let links = format!(",\"links\":[{link},{{\"trace_id\":\"nonsense\",\"id\":\"\"}},7]");
        store.record(document(2, &links)).unwrap();
        store.record(document(2, &links)).unwrap();
        store.record(sender).unwrap();
        let linked = store.trace(sent).unwrap().linked_from().to_vec();
        assert_eq!(linked.len(), 1);
        assert_eq!((linked[0].name(), linked[0].trace_id()), ("j", document(2, "").trace_id()));
        assert_eq!(linked[0].id(), store.trace(sent).unwrap().roots().next().unwrap().id());
        for trace in 3..100 {
            store.record(document(trace, "")).unwrap();
            store.record(document(1, "")).unwrap();
        }
        assert!(store.trace(linked[0].trace_id()).is_none());
        assert!(store.trace(sent).unwrap().linked_from().is_empty());
    }

    #[test]
    fn a_search_derives_the_times_of_what_changed_since_the_last_one() {
        let store = MemoryStore::default();
        let known = || {
            let kept = store.kept();
            (kept.by_start.len(), kept.untimed.len())
        };
        (0..50).for_each(|trace| store.record(document(trace, "")).unwrap());
        let search = Search::between(Timestamp::from_micros(0), Timestamp::now()).limit(5);
        let first = store.search(&search).unwrap();
        assert_eq!((first.traces.len(), first.scanned), (5, 50));
        assert_eq!(known(), (50, 0));
        store.record(document(7, ",\"user\":\"a\"")).unwrap();
        assert_eq!(known(), (49, 1));
        assert_eq!(store.search(&search).unwrap().traces, first.traces);
        assert_eq!(known(), (50, 0));
    }

    #[test]
    fn a_trace_that_grows_while_times_are_derived_is_found() {
        let store = MemoryStore::default();
        let search = Search::between(Timestamp::from_micros(0), Timestamp::now());
        store.record(document(0, "")).unwrap();
        assert_eq!(store.search(&search).unwrap().traces.len(), 1);
        let many = format!(",\"subsegments\":[{}{{}}]", "{},".repeat(200));
        (1..100).for_each(|trace| store.record(document(trace, &many)).unwrap());
        let found = std::thread::scope(|scope| {
            scope.spawn(|| {
                while store.kept().untimed.len() == 99 {
                    std::thread::yield_now();
                }
                store.record(document(0, "")).unwrap();
            });
            store.search(&search).unwrap().traces
        });
        assert!(found.contains(&document(0, "").trace_id()));
        assert_eq!(found.len(), 100);
    }

    #[test]
    fn what_is_forgotten_is_not_found() {
        let store = MemoryStore::new(MemoryLimits { bytes: 4 << 10, ..MemoryLimits::default() });
        let search = Search::between(Timestamp::from_micros(0), Timestamp::now());
        for trace in 0..50 {
            store.record(document(trace, "")).unwrap();
            let found = store.search(&search).unwrap().traces;
            assert!(found.iter().all(|id| store.trace(*id).is_some()));
            let kept = store.kept();
            assert_eq!((found.len(), kept.untimed.len()), (kept.traces.len(), 0));
        }
    }

    #[test]
    fn small_text_that_takes_much_memory_is_forgotten_by_its_memory() {
        let store = MemoryStore::new(MemoryLimits { bytes: 4 << 20, ..MemoryLimits::default() });
        for trace in 0..10 {
            let many = format!(",\"subsegments\":[{}{{}}]", "{},".repeat(2000));
            store.record(document(trace, &many)).unwrap();
        }
        assert!(store.kept().traces.len() < 5);
    }
}
