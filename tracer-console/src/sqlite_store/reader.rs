//! Reads traces beside the writer: each reader has a connection of its own.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension as _};

use super::compression::Unpacker;
use super::error::SqliteError;
use super::known_shapes::KnownShapes;
use super::row::{Row, blob_of, id_of};
use super::schema::open_reader;
use crate::document::Document;
use crate::entities::Entities;
use crate::link::LinkedFrom;
use crate::memory_store::weight;
use crate::store::{Revision, TraceSize};
use crate::trace::Trace;
use crate::trace_id::{EntityId, TraceId};

/// Connections that read: as many as read at once, and a few that wait for the next.
pub(super) struct Readers {
    path: PathBuf,
    idle: Mutex<Vec<Reader>>,
}

/// Each has files open and pages in memory: after a rush only so many are kept.
const MOST_IDLE: usize = 8;

pub(super) struct Reader {
    pub(super) connection: Connection,
    pub(super) unpacker: Unpacker,
    pub(super) shapes: KnownShapes,
}

/// What the documents of a trace come to.
pub(super) struct Loaded {
    pub(super) trace: i64,
    pub(super) entities: Entities,
    /// As they were when the row was derived; `None` where that was after the last document.
    derived: Option<Entities>,
    pub(super) documents: i64,
    pub(super) bytes: usize,
    /// Of memory, estimated.
    pub(super) weight: usize,
}

impl Loaded {
    /// The row as it is in the tables.
    pub(super) fn row(&self, id: TraceId) -> Row {
        let entities = self.derived.as_ref().unwrap_or(&self.entities);
        Row::of(&Trace::compile(id, entities.to_vec(), Vec::new()))
    }
}

impl Readers {
    pub(super) fn new(path: PathBuf) -> Self {
        Self { path, idle: Mutex::default() }
    }

    /// Reads with a connection that nobody else uses meanwhile.
    pub(super) fn read<T>(
        &self,
        read: impl FnOnce(&mut Reader) -> Result<T, SqliteError>,
    ) -> Result<T, SqliteError> {
        let idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let mut reader = match idle {
            Some(reader) => reader,
            None => Reader {
                connection: open_reader(&self.path)?,
                unpacker: Unpacker::default(),
                shapes: KnownShapes::default(),
            },
        };
        let found = read(&mut reader);
        let mut idle = self.idle.lock().unwrap_or_else(PoisonError::into_inner);
        if idle.len() < MOST_IDLE {
            idle.push(reader);
        }
        found
    }
}

impl Reader {
    pub(super) fn trace(&mut self, id: TraceId) -> Result<Option<Trace>, SqliteError> {
        // One picture, whatever is written meanwhile.
        let transaction = self.connection.transaction()?;
        let Some(loaded) = load_entities(&transaction, &mut self.unpacker, id)? else { return Ok(None) };
        let linked_from = linked_from(&transaction, id)?;
        Ok(Some(Trace::compile(id, loaded.entities.to_vec(), linked_from)))
    }

    pub(super) fn traces(
        &mut self,
        ids: &[TraceId],
        each: &mut dyn FnMut(Trace, TraceSize),
    ) -> Result<(), SqliteError> {
        let transaction = self.connection.transaction()?;
        for &id in ids {
            let Some(loaded) = load_entities(&transaction, &mut self.unpacker, id)? else { continue };
            let size = TraceSize { documents: loaded.documents.cast_unsigned(), bytes: loaded.bytes as u64 };
            let linked_from = linked_from(&transaction, id)?;
            each(Trace::compile(id, loaded.entities.to_vec(), linked_from), size);
        }
        Ok(())
    }

    pub(super) fn size(&mut self, id: TraceId) -> Result<TraceSize, SqliteError> {
        let mut select =
            self.connection.prepare_cached("SELECT documents, bytes FROM traces WHERE id = ?1")?;
        let sizes = select.query_row([blob_of(id)], |row| Ok((row.get(0)?, row.get(1)?))).optional()?;
        let (documents, bytes): (i64, i64) = sizes.unwrap_or_default();
        Ok(TraceSize { documents: documents.cast_unsigned(), bytes: bytes.cast_unsigned() })
    }

    pub(super) fn documents(&mut self, id: TraceId) -> Result<Vec<Arc<str>>, SqliteError> {
        let transaction = self.connection.transaction()?;
        let texts = match find(&transaction, id)? {
            Some((trace, _)) => load_texts(&transaction, &mut self.unpacker, trace)?,
            None => Vec::new(),
        };
        Ok(texts.into_iter().map(Arc::from).collect())
    }

    pub(super) fn changed_since(&self, since: Revision) -> Result<Vec<(TraceId, Revision)>, SqliteError> {
        let select = "SELECT id, revision FROM traces WHERE revision > ?1 ORDER BY revision";
        let since = i64::try_from(since.0).unwrap_or(i64::MAX);
        let mut select = self.connection.prepare_cached(select)?;
        let rows = select.query_map([since], |row| {
            Ok((id_of(row.get(0)?), Revision(row.get::<_, i64>(1)?.try_into().unwrap_or_default())))
        })?;
        Ok(rows.collect::<Result<_, _>>()?)
    }

    /// The settings of a kind, by name.
    pub(super) fn settings(&self, kind: &str) -> Result<Vec<(String, String)>, SqliteError> {
        let mut select = self
            .connection
            .prepare_cached("SELECT name, value FROM settings WHERE kind = ?1 ORDER BY name")?;
        let rows = select.query_map([kind], |row| Ok((row.get(0)?, row.get(1)?)))?;
        Ok(rows.collect::<Result<_, _>>()?)
    }
}

/// The entities of a trace, if anything of it is there.
pub(super) fn load_entities(
    connection: &Connection,
    unpacker: &mut Unpacker,
    id: TraceId,
) -> Result<Option<Loaded>, SqliteError> {
    let Some((trace, of_row)) = find(connection, id)? else { return Ok(None) };
    let (entities, derived) = Default::default();
    let mut loaded = Loaded { trace, entities, derived, documents: 0, bytes: 0, weight: 0 };
    for text in load_texts(connection, unpacker, trace)? {
        if loaded.documents == of_row {
            loaded.derived = Some(loaded.entities.clone());
        }
        loaded.documents += 1;
        loaded.bytes += text.len();
        loaded.weight += weight(text.as_bytes());
        // It was taken once, so it can be read; a damaged one is as if it had never come.
        if let Ok(document) = Document::parse(&text) {
            document.into_entities().into_iter().for_each(|entity| loaded.entities.upsert(entity));
        }
    }
    Ok(Some(loaded))
}

/// The number of a trace, if anything of it is there, and of how many documents its row was derived.
fn find(connection: &Connection, id: TraceId) -> Result<Option<(i64, i64)>, SqliteError> {
    let mut select = connection.prepare_cached("SELECT trace, documents FROM traces WHERE id = ?1")?;
    Ok(select.query_row([blob_of(id)], |row| Ok((row.get(0)?, row.get(1)?))).optional()?)
}

/// Of a trace there are no more documents.
pub(super) const MOST_DOCUMENTS: i64 = 1 << 20;

/// The numbers that the documents of a trace may have, the first and the last.
pub(super) fn documents_of(trace: i64) -> (i64, i64) {
    let first = trace.saturating_mul(MOST_DOCUMENTS);
    (first, first.saturating_add(MOST_DOCUMENTS - 1))
}

fn load_texts(
    connection: &Connection,
    unpacker: &mut Unpacker,
    trace: i64,
) -> Result<Vec<String>, SqliteError> {
    let mut select = connection.prepare_cached(
        "SELECT dictionary, text FROM documents WHERE document BETWEEN ?1 AND ?2 ORDER BY document",
    )?;
    let rows = select.query_map(documents_of(trace), |row| Ok((row.get(0)?, row.get(1)?)))?;
    let packed: Vec<(i64, Vec<u8>)> = rows.collect::<Result<_, _>>()?;
    let mut texts = Vec::with_capacity(packed.len());
    for (dictionary, text) in packed {
        // An empty text keeps the number of the documents right where one is damaged.
        texts.push(unpacker.unpack(connection, dictionary, &text)?.unwrap_or_default());
    }
    Ok(texts)
}

fn linked_from(connection: &Connection, id: TraceId) -> Result<Vec<LinkedFrom>, SqliteError> {
    let select = "SELECT traces.id, links.segment, links.name, links.id FROM links JOIN traces USING (trace) \
                  WHERE links.target = ?1 LIMIT ?2";
    let mut select = connection.prepare_cached(select)?;
    let entity = |number: i64| EntityId::from_number(number.cast_unsigned());
    let rows = select.query_map((blob_of(id), LinkedFrom::MOST as i64), |row| {
        Ok(LinkedFrom::new(id_of(row.get(0)?), entity(row.get(1)?), row.get(2)?, entity(row.get(3)?)))
    })?;
    Ok(rows.collect::<Result<_, _>>()?)
}
