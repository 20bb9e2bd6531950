//! Reads traces beside the writer: each reader has a connection of its own.

use std::path::PathBuf;
use std::sync::{Arc, Mutex, PoisonError};

use rusqlite::{Connection, OptionalExtension as _};

use super::compression::Unpacker;
use super::error::SqliteError;
use super::known_shapes::KnownShapes;
use super::row::{Row, blob_of, id_of};
use super::schema::open_reader;
use super::unwritten_rows::UnwrittenNumbers;
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
    unwritten: Arc<UnwrittenNumbers>,
    idle: Mutex<Vec<Reader>>,
}

/// Each has files open and pages in memory: after a rush only so many are kept.
const MOST_IDLE: usize = 8;

pub(super) struct Reader {
    pub(super) connection: Connection,
    pub(super) unpacker: Unpacker,
    pub(super) shapes: KnownShapes,
    unwritten: Arc<UnwrittenNumbers>,
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
    /// `unwritten` are traces whose rows a writer of this process has still to write.
    pub(super) fn new(path: PathBuf, unwritten: Arc<UnwrittenNumbers>) -> Self {
        Self { path, unwritten, idle: Mutex::default() }
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
                unwritten: Arc::clone(&self.unwritten),
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
        let unwritten = self.unwritten.get(id);
        // One picture, whatever is written meanwhile.
        let transaction = self.connection.transaction()?;
        let loaded = load_any(&transaction, &mut self.unpacker, id, unwritten)?;
        let Some(loaded) = loaded else { return Ok(None) };
        let linked_from = linked_from(&transaction, id)?;
        Ok(Some(Trace::compile(id, loaded.entities.to_vec(), linked_from)))
    }

    pub(super) fn traces(
        &mut self,
        ids: &[TraceId],
        each: &mut dyn FnMut(Trace, TraceSize),
    ) -> Result<(), SqliteError> {
        let unwritten: Vec<_> = ids.iter().map(|id| self.unwritten.get(*id)).collect();
        let transaction = self.connection.transaction()?;
        for (&id, unwritten) in ids.iter().zip(unwritten) {
            let loaded = load_any(&transaction, &mut self.unpacker, id, unwritten)?;
            let Some(loaded) = loaded else { continue };
            let size = TraceSize { documents: loaded.documents.cast_unsigned(), bytes: loaded.bytes as u64 };
            let linked_from = linked_from(&transaction, id)?;
            each(Trace::compile(id, loaded.entities.to_vec(), linked_from), size);
        }
        Ok(())
    }

    pub(super) fn size(&mut self, id: TraceId) -> Result<TraceSize, SqliteError> {
        let unwritten = self.unwritten.get(id);
        let transaction = self.connection.transaction()?;
        let select = "SELECT documents, bytes FROM traces WHERE id = ?1";
        let size = |row: &rusqlite::Row<'_>| Ok((row.get::<_, i64>(0)?, row.get::<_, i64>(1)?));
        let sizes = transaction.prepare_cached(select)?.query_row([blob_of(id)], size).optional()?;
        if let (None, Some(trace)) = (sizes, unwritten) {
            let texts = load_texts(&transaction, &mut self.unpacker, trace)?;
            let bytes = texts.iter().map(|text| text.len() as u64).sum();
            return Ok(TraceSize { documents: texts.len() as u64, bytes });
        }
        let (documents, bytes) = sizes.unwrap_or_default();
        Ok(TraceSize { documents: documents.cast_unsigned(), bytes: bytes.cast_unsigned() })
    }

    pub(super) fn documents(&mut self, id: TraceId) -> Result<Vec<Arc<str>>, SqliteError> {
        let unwritten = self.unwritten.get(id);
        let transaction = self.connection.transaction()?;
        let texts = match find(&transaction, id)?.map(|(trace, _)| trace).or(unwritten) {
            Some(trace) => load_texts(&transaction, &mut self.unpacker, trace)?,
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

/// The entities of a trace, if its row is there.
pub(super) fn load_entities(
    connection: &Connection,
    unpacker: &mut Unpacker,
    id: TraceId,
) -> Result<Option<Loaded>, SqliteError> {
    let Some((trace, of_row)) = find(connection, id)? else { return Ok(None) };
    load(connection, unpacker, trace, Some(of_row)).map(Some)
}

/// The entities of a trace that has no row yet.
pub(super) fn load_unwritten(
    connection: &Connection,
    unpacker: &mut Unpacker,
    trace: i64,
) -> Result<Loaded, SqliteError> {
    load(connection, unpacker, trace, None)
}

/// The entities of a trace whether or not its row is there, if anything of it is.
fn load_any(
    connection: &Connection,
    unpacker: &mut Unpacker,
    id: TraceId,
    unwritten: Option<i64>,
) -> Result<Option<Loaded>, SqliteError> {
    if let (None, Some(trace)) = (find(connection, id)?, unwritten) {
        let loaded = load_unwritten(connection, unpacker, trace)?;
        return Ok((loaded.documents > 0).then_some(loaded));
    }
    load_entities(connection, unpacker, id)
}

/// `of_row`: of how many documents its row was derived, if it has one.
fn load(
    connection: &Connection,
    unpacker: &mut Unpacker,
    trace: i64,
    of_row: Option<i64>,
) -> Result<Loaded, SqliteError> {
    let (entities, derived) = Default::default();
    let mut loaded = Loaded { trace, entities, derived, documents: 0, bytes: 0, weight: 0 };
    for text in load_texts(connection, unpacker, trace)? {
        if Some(loaded.documents) == of_row {
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
    Ok(loaded)
}

/// The trace that a trace's documents name; `None` where they are damaged.
pub(super) fn id_of_documents(
    connection: &Connection,
    unpacker: &mut Unpacker,
    trace: i64,
) -> Result<Option<TraceId>, SqliteError> {
    let texts = load_texts(connection, unpacker, trace)?;
    Ok(texts.iter().find_map(|text| Some(Document::parse(text).ok()?.trace_id())))
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

/// The number of the trace that a document is of.
pub(super) fn trace_of(document: i64) -> i64 {
    document.div_euclid(MOST_DOCUMENTS)
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
