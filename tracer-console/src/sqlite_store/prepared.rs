//! A document as the writer takes it: what can be done without the database is done, on the thread of whoever sends it.

use std::sync::Arc;

use super::compression::{DictionaryId, Packer};
use super::row::Row;
use crate::document::Document;
use crate::entity::Entity;
use crate::trace::Trace;
use crate::trace_id::TraceId;

/// A document with its text compressed, and with the row of its trace should it be all of it.
///
/// What is parsed is freed at once where it can be: kept until a thousand others are written, it costs twice as much to take
/// and to free that memory. And what is left is given back to the thread that made it: memory that another thread frees costs
/// five times as much (17 of 94 µs a document, measured).
#[derive(Debug)]
pub(super) struct Prepared {
    pub(super) id: TraceId,
    pub(super) text: Box<str>,
    pub(super) dictionary: DictionaryId,
    pub(super) packed: Vec<u8>,
    /// How many segments and subsegments it has.
    pub(super) count: usize,
    /// Kept where it names a parent: then its trace has other documents.
    entities: Vec<Arc<Entity>>,
    pub(super) row: Row,
}

impl Prepared {
    pub(super) fn new(document: Document, packer: &mut Packer) -> Self {
        let (id, entities, text) = document.into_parts();
        let (dictionary, packed) = packer.pack(&text);
        let mut entities: Vec<_> = entities.into_iter().map(Arc::new).collect();
        let (count, is_part) = (entities.len(), entities.first().is_some_and(|first| first.parent.is_some()));
        let row = Row::of(&Trace::compile(id, entities.clone(), Vec::new()));
        if !is_part {
            entities = Vec::new();
        }
        Self { id, text, dictionary, packed, count, entities, row }
    }

    /// Its segments and subsegments, parsed again where they are not kept.
    pub(super) fn take_entities(&mut self) -> Vec<Arc<Entity>> {
        if !self.entities.is_empty() {
            return std::mem::take(&mut self.entities);
        }
        // It was parsed once, so it can be parsed.
        let entities = Document::parse(&self.text).map(Document::into_entities).unwrap_or_default();
        entities.into_iter().map(Arc::new).collect()
    }
}
