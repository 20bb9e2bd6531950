//! Traces that grow: what the writer knows of them, so that it need not read them again for each document.

use std::sync::Arc;

use lru::LruCache;

use super::prepared::Prepared;
use super::reader::Loaded;
use super::row::{Row, Size};
use crate::entities::Entities;
use crate::memory_store::{Held, weight};
use crate::trace::Trace;
use crate::trace_id::TraceId;

/// How many traces are kept ready to grow.
const MOST: usize = 4_096;
/// How much memory they may take, in bytes and estimated; the one that grew last is kept however large it is.
pub(super) const MOST_WEIGHT: usize = if cfg!(test) { 16 << 10 } else { 128 << 20 };

/// Segments and subsegments of a large trace: to derive as many takes half a millisecond.
const LARGE: usize = if cfg!(test) { 3 } else { 1_000 };

/// A trace of more than one document that grew lately.
#[derive(Debug, Default)]
pub(super) struct OpenTrace {
    /// The number of its row.
    pub(super) trace: i64,
    /// Its row as it is written; `None` while it is not.
    row: Option<Row>,
    /// Of how many segments and subsegments the row was derived; 0 where that is not known.
    derived: usize,
    pub(super) documents: i64,
    pub(super) bytes: usize,
    entities: Entities,
    /// Of memory, estimated.
    pub(super) weight: usize,
}

impl OpenTrace {
    /// One whose first document is written in the same transaction.
    pub(super) fn new(trace: i64, first: &mut Prepared) -> Self {
        let mut new = Self { trace, ..Self::default() };
        new.take(first);
        new
    }

    /// One that is in the file.
    pub(super) fn read(id: TraceId, loaded: Loaded) -> Self {
        let row = Some(loaded.row(id));
        let Loaded { trace, entities, documents, bytes, weight, .. } = loaded;
        Self { trace, row, derived: 0, documents, bytes, entities, weight }
    }

    /// One that is in the file, but for its row.
    pub(super) fn unwritten(loaded: Loaded) -> Self {
        let Loaded { trace, entities, documents, bytes, weight, .. } = loaded;
        Self { trace, row: None, derived: 0, documents, bytes, entities, weight }
    }

    /// Merges a document into it, and leaves of it only what need not be kept in memory.
    pub(super) fn take(&mut self, document: &mut Prepared) {
        self.documents += 1;
        self.bytes += document.text.len();
        self.weight += weight(document.text.as_bytes());
        for entity in document.take_entities() {
            self.entities.upsert(entity);
        }
    }

    pub(super) fn held(&self) -> Held {
        Held { entities: self.entities.len(), bytes: self.bytes, weight: self.weight }
    }

    /// Its row as it is in the tables; `None` where it is not there yet.
    pub(super) fn row(&self) -> Option<&Row> {
        self.row.as_ref()
    }

    /// Whether its row may stay as it is for now: to derive it takes as long as the trace is large, so a large one is only
    /// derived again when it has grown by a part of itself, or when somebody asks.
    pub(super) fn may_be_late(&self) -> bool {
        let len = self.entities.len();
        len >= LARGE && len < self.derived + self.derived / 4
    }

    /// Its row is written.
    pub(super) fn is_derived(&mut self, row: Row) {
        (self.row, self.derived) = (Some(row), self.entities.len());
    }

    pub(super) fn size(&self) -> Size {
        Size { documents: self.documents, bytes: self.bytes }
    }

    /// Its row as it is now.
    pub(super) fn derive(&self, id: TraceId) -> Row {
        Row::of(&Trace::compile(id, self.entities.iter().map(Arc::clone).collect(), Vec::new()))
    }
}

/// The traces that grew last.
#[derive(Debug)]
pub(super) struct OpenTraces(LruCache<TraceId, OpenTrace>);

impl Default for OpenTraces {
    fn default() -> Self {
        // None that is changed may leave before its row is written, or noted as late.
        Self(LruCache::unbounded())
    }
}

impl OpenTraces {
    pub(super) fn get(&self, id: TraceId) -> Option<&OpenTrace> {
        self.0.peek(&id)
    }

    /// To let it grow.
    pub(super) fn get_mut(&mut self, id: TraceId) -> Option<&mut OpenTrace> {
        self.0.get_mut(&id)
    }

    pub(super) fn open(&mut self, id: TraceId, trace: OpenTrace) -> &mut OpenTrace {
        self.0.get_or_insert_mut(id, || trace)
    }

    pub(super) fn close(&mut self, id: TraceId) {
        self.0.pop(&id);
    }

    /// Keeps as many ready as there is room for: those that grew last.
    pub(super) fn close_least_used(&mut self) {
        let mut weight: usize = self.0.iter().map(|(_, trace)| trace.weight).sum();
        while (weight > MOST_WEIGHT || self.0.len() > MOST)
            && self.0.len() > 1
            && let Some((_, trace)) = self.0.pop_lru()
        {
            weight -= trace.weight;
        }
    }
}
