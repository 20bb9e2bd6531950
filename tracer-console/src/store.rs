//! Where documents go and traces come from.

use std::time::{Duration, Instant};

use crate::compiled::{ServiceGraph, TraceGraph};
use crate::document::Document;
use crate::refusal::Refusal;
use crate::search::{Found, Search, visit};
use crate::submitted::Submitted;
use crate::trace::Trace;
use crate::trace_id::TraceId;
use crate::trace_outcome::TraceOutcome;

/// A point in the life of a store: it grows with every document that was taken.
///
/// ```
/// # use tracer_console::{Document, MemoryStore, TraceStore};
/// # let store = MemoryStore::default();
/// # let document = Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2}"#)?;
/// # let id = document.trace_id();
/// store.record(document)?;
/// assert!(store.revision() > tracer_console::Revision::default());
/// # Ok::<(), tracer_console::Refusal>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub struct Revision(pub(crate) u64);

/// How much of a trace has arrived.
///
/// ```
/// assert_eq!(tracer_console::TraceSize::default().bytes, 0);
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct TraceSize {
    /// Documents that were taken.
    pub documents: u64,
    /// Bytes of their text.
    pub bytes: u64,
}

/// Keeps documents and gives traces. A document of the same trace and id as an earlier one is merged with it: complete
/// replaces in progress whatever the order, and of two complete ones the later counts.
///
/// ```
/// # use tracer_console::{Document, MemoryStore, TraceStore};
/// # let store = MemoryStore::default();
/// # let document = Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2}"#)?;
/// # let id = document.trace_id();
/// let store: &dyn TraceStore = &store;
/// store.record(document)?;
/// assert!(store.trace(id).is_some());
/// # Ok::<(), tracer_console::Refusal>(())
/// ```
pub trait TraceStore: Send + Sync {
    /// Takes a document.
    ///
    /// ```
    /// # use tracer_console::{Document, MemoryStore, TraceStore};
    /// # let store = MemoryStore::default();
    /// # let document = Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2}"#)?;
    /// # let id = document.trace_id();
    /// store.record(document)?;
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    ///
    /// # Errors
    /// A [`Refusal`] when a limit of the store forbids it.
    fn record(&self, document: Document) -> Result<(), Refusal>;

    /// Takes documents, and answers for each when those that it took are as durable as the store makes them.
    ///
    /// ```
    /// # use tracer_console::{Document, MemoryStore, TraceStore};
    /// # let store = MemoryStore::default();
    /// # let document = Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2}"#)?;
    /// let outcomes = store.record_all(vec![document]);
    /// assert_eq!(outcomes, [Ok(())]);
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    fn record_all(&self, documents: Vec<Document>) -> Vec<Result<(), Refusal>> {
        documents.into_iter().map(|document| self.record(document)).collect()
    }

    /// Takes documents as [`TraceStore::record_all`] does, while who sends them does something else: a store that can gathers
    /// what comes within a moment.
    ///
    /// ```
    /// # use tracer_console::{Document, MemoryStore, TraceStore};
    /// # let store = MemoryStore::default();
    /// # let document = Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2}"#)?;
    /// assert_eq!(store.submit(vec![document]).wait(), [Ok(())]);
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    fn submit(&self, documents: Vec<Document>) -> Submitted {
        let outcomes = self.record_all(documents);
        Submitted::new(|| outcomes)
    }

    /// A page of the traces that a search may mean, newest first: every trace that it means, and perhaps others.
    ///
    /// ```
    /// use tracer_console::{MemoryStore, Search, Timestamp, TraceStore};
    ///
    /// let search = Search::between(Timestamp::from_micros(0), Timestamp::now());
    /// assert!(MemoryStore::default().search(&search)?.traces.is_empty());
    /// # Ok::<(), tracer_console::StoreError>(())
    /// ```
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    fn search(&self, search: &Search) -> Result<Found, StoreError>;

    /// Calls `each` with the outcome of every trace that a search means, newest first: none that it does not mean.
    ///
    /// ```
    /// use tracer_console::{MemoryStore, Search, Timestamp, TraceStore};
    ///
    /// let mut slowest = 0.0;
    /// let search = Search::between(Timestamp::from_micros(0), Timestamp::now());
    /// MemoryStore::default().outcomes(&search, &mut |outcome| {
    ///     slowest = outcome.response_time.map_or(slowest, |seconds| seconds.max(slowest));
    /// })?;
    /// # Ok::<(), tracer_console::StoreError>(())
    /// ```
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    fn outcomes(&self, search: &Search, each: &mut dyn FnMut(&TraceOutcome)) -> Result<(), StoreError> {
        visit(self, search, &mut |trace| each(&TraceOutcome::of(trace)))
    }

    /// Calls `each` with what every trace that a search means adds to service graphs, newest first.
    #[doc(hidden)]
    fn graphs(&self, search: &Search, each: &mut dyn FnMut(&TraceGraph<'_>)) -> Result<(), StoreError> {
        visit(self, search, &mut |trace| each(&TraceGraph::of(trace)))
    }

    /// Adds every trace that a search means to the service graph of its range, newest first; returns how many there are.
    #[doc(hidden)]
    fn add_to_graph(&self, search: &Search, graph: &mut ServiceGraph) -> Result<u64, StoreError> {
        let mut count = 0;
        self.graphs(search, &mut |trace| {
            graph.add_graph(trace);
            count += 1;
        })?;
        Ok(count)
    }

    /// The settings of one kind, such as groups: name and value of each, by name.
    ///
    /// ```
    /// use tracer_console::{MemoryStore, TraceStore};
    ///
    /// assert!(MemoryStore::default().settings("group")?.is_empty());
    /// # Ok::<(), tracer_console::StoreError>(())
    /// ```
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    fn settings(&self, kind: &str) -> Result<Vec<(String, String)>, StoreError>;

    /// Sets or forgets a setting.
    ///
    /// ```
    /// use tracer_console::{MemoryStore, TraceStore};
    ///
    /// let store = MemoryStore::default();
    /// store.put_setting("group", "slow", Some("responsetime > 1"))?;
    /// assert_eq!(store.settings("group")?, [("slow".to_owned(), "responsetime > 1".to_owned())]);
    /// # Ok::<(), tracer_console::StoreError>(())
    /// ```
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be written.
    fn put_setting(&self, kind: &str, name: &str, value: Option<&str>) -> Result<(), StoreError>;

    /// The trace as it is known so far; `None` when nothing of it has arrived or it has been forgotten.
    ///
    /// ```
    /// # use tracer_console::{Document, MemoryStore, TraceStore};
    /// # let store = MemoryStore::default();
    /// # let document = Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2}"#)?;
    /// # let id = document.trace_id();
    /// assert!(store.trace(id).is_none());
    /// store.record(document)?;
    /// assert!(store.trace(id).is_some());
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    fn trace(&self, id: TraceId) -> Option<Trace>;

    /// Calls `each` with those of these traces that are there, in this order, and with how much of each has arrived.
    ///
    /// ```
    /// # use tracer_console::{Document, MemoryStore, TraceStore};
    /// # let store = MemoryStore::default();
    /// # let document = Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2}"#)?;
    /// # let id = document.trace_id();
    /// store.record(document)?;
    /// store.traces(&[id], &mut |trace, size| assert_eq!((trace.len(), size.documents), (1, 1)))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`StoreError`] when the store cannot be read.
    fn traces(&self, ids: &[TraceId], each: &mut dyn FnMut(Trace, TraceSize)) -> Result<(), StoreError> {
        for id in ids {
            // Before the trace: a document that comes between them makes it more than it is said to be, and not less.
            let size = self.size(*id);
            if let Some(trace) = self.trace(*id) {
                each(trace, size);
            }
        }
        Ok(())
    }

    /// The texts of a trace's documents as they arrived, in the order in which they arrived.
    ///
    /// ```
    /// # use tracer_console::{Document, MemoryStore, TraceStore};
    /// # let store = MemoryStore::default();
    /// # let document = Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2}"#)?;
    /// # let id = document.trace_id();
    /// store.record(document)?;
    /// assert_eq!(store.documents(id).len(), 1);
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    fn documents(&self, id: TraceId) -> Vec<std::sync::Arc<str>>;

    /// How much of a trace has arrived; nothing of one that is not there.
    ///
    /// ```
    /// # use tracer_console::{Document, MemoryStore, TraceStore};
    /// # let store = MemoryStore::default();
    /// # let document = Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2}"#)?;
    /// # let id = document.trace_id();
    /// assert_eq!(store.size(id).documents, 0);
    /// store.record(document)?;
    /// assert_eq!(store.size(id).documents, 1);
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    fn size(&self, id: TraceId) -> TraceSize;

    /// The traces that changed after `since`, each once, the latest change last. `Revision::default()` gives all.
    ///
    /// ```
    /// # use tracer_console::{Document, MemoryStore, TraceStore};
    /// # let store = MemoryStore::default();
    /// # let document = Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2}"#)?;
    /// # let id = document.trace_id();
    /// let before = store.revision();
    /// store.record(document)?;
    /// assert_eq!(store.changed_since(before)[0].0, id);
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    fn changed_since(&self, since: Revision) -> Vec<(TraceId, Revision)>;

    /// The revision now.
    ///
    /// ```
    /// # use tracer_console::{Document, MemoryStore, TraceStore};
    /// # let store = MemoryStore::default();
    /// # let document = Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2}"#)?;
    /// # let id = document.trace_id();
    /// let before = store.revision();
    /// store.record(document)?;
    /// assert!(store.revision() > before);
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    fn revision(&self) -> Revision;

    /// Waits until the revision is not `seen` any more or the time is over; returns the revision then.
    ///
    /// ```
    /// # use tracer_console::{Document, MemoryStore, TraceStore};
    /// # let store = MemoryStore::default();
    /// # let document = Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2}"#)?;
    /// # let id = document.trace_id();
    /// let seen = store.revision();
    /// store.record(document)?;
    /// assert!(store.wait_for_change(seen, std::time::Duration::from_secs(1)) > seen);
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    fn wait_for_change(&self, seen: Revision, timeout: Duration) -> Revision;
}

/// A store cannot be read or written.
///
/// ```
/// let error = tracer_console::StoreError::new("the disk is full");
/// assert_eq!(error.to_string(), "the store failed: the disk is full");
/// ```
#[derive(Debug, thiserror::Error)]
#[error("the store failed: {0}")]
pub struct StoreError(#[source] Box<dyn std::error::Error + Send + Sync>);

impl StoreError {
    /// An error for `reason`.
    ///
    /// ```
    /// let error = tracer_console::StoreError::new("the disk is full");
    /// ```
    pub fn new(reason: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self(reason.into())
    }
}

/// The time was over before a trace was as it was waited for.
///
/// ```
/// # use tracer_console::{Document, MemoryStore, TraceStore};
/// # let store = MemoryStore::default();
/// # let document = Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2}"#)?;
/// # let id = document.trace_id();
/// let store: &dyn TraceStore = &store;
/// let error = store.wait_for_trace(id, |_| true, std::time::Duration::ZERO).unwrap_err();
/// assert!(error.to_string().contains("nothing of it arrived"));
/// # Ok::<(), tracer_console::Refusal>(())
/// ```
#[derive(Debug, thiserror::Error)]
#[error("trace {id} did not become as expected within {timeout:?}: {}", self.state())]
pub struct WaitError {
    /// The trace that was waited for.
    pub id: TraceId,
    /// How long.
    pub timeout: Duration,
    /// As far as it is known; `None` when nothing of it arrived.
    pub trace: Option<Box<Trace>>,
}

impl WaitError {
    fn state(&self) -> String {
        let Some(trace) = &self.trace else {
            return "nothing of it arrived; does the tracer send to this console's address, and is the trace sampled?".into();
        };
        let names: Vec<_> = trace.nodes().take(12).map(|node| format!("{:?}", node.name())).collect();
        format!("{} segments and subsegments arrived: {}", trace.len(), names.join(", "))
    }
}

const CENTURY: Duration = Duration::from_secs(100 * 365 * 86_400);

impl dyn TraceStore + '_ {
    /// Waits until the trace is as `is_ready` asks, and returns it.
    ///
    /// ```
    /// use tracer_console::{Document, MemoryStore, TraceStore};
    /// use std::time::Duration;
    ///
    /// let store: &dyn TraceStore = &MemoryStore::default();
    /// let document = Document::parse(r#"{"name":"job","id":"cbafb490a105b1f4","start_time":1,"end_time":2,
    ///     "trace_id":"1-6b02e002-9311b20839c1ed87c6cec943"}"#)?;
    /// let id = document.trace_id();
    /// store.record(document)?;
    /// let trace = store.wait_for_trace(id, |trace| trace.is_settled(), Duration::from_secs(1))?;
    /// assert_eq!(trace.roots().next().unwrap().name(), "job");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`WaitError`] with the trace as far as it is known when the time is over.
    pub fn wait_for_trace(
        &self,
        id: TraceId,
        mut is_ready: impl FnMut(&Trace) -> bool,
        timeout: Duration,
    ) -> Result<Trace, WaitError> {
        // A timeout beyond what the clock can say is as good as a century.
        let deadline = Instant::now().checked_add(timeout).unwrap_or_else(|| Instant::now() + CENTURY);
        loop {
            let seen = self.revision();
            let trace = self.trace(id);
            if let Some(trace) = trace.as_ref().filter(|trace| is_ready(trace)) {
                return Ok(trace.clone());
            }
            let left = deadline.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Err(WaitError { id, timeout, trace: trace.map(Box::new) });
            }
            self.wait_for_change(seen, left);
        }
    }
}
