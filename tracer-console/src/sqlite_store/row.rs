//! What the tables know of a trace: the columns that filters look at, derived from its documents.

use std::cmp::Ordering;
use std::sync::Arc;

use rusqlite::types::{ToSql, ToSqlOutput, Value, ValueRef};
use rusqlite::{Connection, params};

use super::error::SqliteError;
use super::names::Names;
use super::packed_graph::pack;
use super::shape::{Shape, TEXTS, texts_of};
use crate::compiled::{AnnotationValue, CompiledTrace, TraceGraph};
use crate::search::TraceTimes;
use crate::timestamp::Timestamp;
use crate::trace::Trace;
use crate::trace_id::TraceId;

/// A value that is looked for by index; each type is a range of its own.
#[derive(Debug, Clone)]
pub(super) enum Indexed {
    Boolean(bool),
    Number(f64),
    Text(String),
}

/// A link to another trace.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct LinkRow {
    pub(super) target: TraceId,
    pub(super) segment: i64,
    pub(super) id: i64,
    pub(super) name: String,
}

/// What `response_time` and `duration` are while there is none.
pub(super) const NO_TIME: i64 = -1;

/// How much there is of a trace.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Size {
    pub(super) documents: i64,
    pub(super) bytes: usize,
}

/// The row of a trace, and what the index tables know of it.
#[derive(Debug, Clone, Default)]
pub(super) struct Row {
    /// Epoch microseconds.
    pub(super) start: i64,
    /// As it is written: what the trace has in common with others.
    pub(super) shape: Arc<[u8]>,
    /// Microseconds; -1 where nothing has ended that would say.
    pub(super) response_time: i64,
    pub(super) duration: i64,
    /// Epoch microseconds.
    pub(super) latest: i64,
    /// The first and the last.
    pub(super) ends: Option<(i64, i64)>,
    pub(super) url: Option<String>,
    pub(super) graph: Vec<u8>,
    /// In order, each once; these are slices as thousands of rows may wait in memory.
    pub(super) annotations: Box<[(String, Indexed)]>,
    pub(super) texts: Box<[(&'static str, String)]>,
    pub(super) links: Box<[LinkRow]>,
}

impl Row {
    pub(super) fn of(trace: &Trace) -> Self {
        let compiled = CompiledTrace::of(trace);
        let times = TraceTimes::of(trace, &compiled);
        let graph = TraceGraph::of(&compiled);
        let mut row = Self {
            start: times.start.micros(),
            shape: Shape::of(&compiled, &graph.shape).to_bytes(),
            response_time: compiled.response_micros().unwrap_or(NO_TIME),
            duration: compiled.duration_micros().unwrap_or(NO_TIME),
            latest: times.latest.micros(),
            ends: times.ends.map(|(first, last)| (first.micros(), last.micros())),
            url: compiled.http_request("url").map(str::to_owned),
            graph: pack(&graph, times.start),
            ..Self::default()
        };
        (row.annotations, row.texts, row.links) = (annotations(&compiled), texts(&compiled), links(trace));
        row
    }

    /// Writes the row of a trace, a new one or one that is there.
    pub(super) fn write(
        &self,
        connection: &Connection,
        names: &mut Names,
        (trace, id): (i64, TraceId),
        size: Size,
        revision: i64,
    ) -> Result<(), SqliteError> {
        let insert = "INSERT INTO traces (trace, start, shape, response_time, duration, latest, first_end, last_end, \
                      url, graph, id, documents, bytes, arrived, revision) \
                      VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12, ?13, ?14, ?15) \
                      ON CONFLICT (trace) DO UPDATE SET start = excluded.start, shape = excluded.shape, \
                      response_time = excluded.response_time, duration = excluded.duration, latest = excluded.latest, \
                      first_end = excluded.first_end, last_end = excluded.last_end, url = excluded.url, \
                      graph = excluded.graph, documents = excluded.documents, bytes = excluded.bytes, \
                      arrived = excluded.arrived, revision = excluded.revision";
        let more = params![
            blob_of(id),
            size.documents,
            i64::try_from(size.bytes).unwrap_or(i64::MAX),
            self.since_start(Timestamp::now().micros()),
            revision,
        ];
        self.execute(connection, names, trace, insert, more)
    }

    /// Writes what is derived of a trace that is there.
    pub(super) fn rewrite(
        &self,
        connection: &Connection,
        names: &mut Names,
        trace: i64,
        size: Size,
    ) -> Result<(), SqliteError> {
        let update = "UPDATE traces SET start = ?2, shape = ?3, response_time = ?4, duration = ?5, latest = ?6, \
                      first_end = ?7, last_end = ?8, url = ?9, graph = ?10, documents = ?11, bytes = ?12, \
                      arrived = start + arrived - ?2 WHERE trace = ?1";
        let bytes = i64::try_from(size.bytes).unwrap_or(i64::MAX);
        self.execute(connection, names, trace, update, params![size.documents, bytes])
    }

    /// Executes a statement with the number of a trace, what is derived of it, and `more`.
    fn execute(
        &self,
        connection: &Connection,
        names: &mut Names,
        trace: i64,
        statement: &str,
        more: &[&dyn ToSql],
    ) -> Result<(), SqliteError> {
        let shape = names.shapes.number(connection, &self.shape)?;
        let (latest, ends) = (self.since_start(self.latest), self.ends);
        let first_end = ends.map(|(first, _)| self.since_start(first));
        let last_end = ends.map(|(_, last)| self.since_start(last));
        let Self { start, response_time, duration, url, graph, .. } = self;
        let derived =
            params![trace, start, shape, response_time, duration, latest, first_end, last_end, url, graph];
        let values: Vec<&dyn ToSql> = derived.iter().chain(more).copied().collect();
        connection.prepare_cached(statement)?.execute(values.as_slice())?;
        Ok(())
    }

    fn since_start(&self, time: i64) -> i64 {
        time.saturating_sub(self.start)
    }
}

fn annotations(compiled: &CompiledTrace<'_>) -> Box<[(String, Indexed)]> {
    let mut annotations = Vec::new();
    for (key, entries) in compiled.annotations().iter() {
        let values = entries.iter().map(|entry| match entry.value {
            AnnotationValue::String(text) => Indexed::Text(text.to_owned()),
            // SQLite has one zero, and a row for each would be one row.
            AnnotationValue::Number(number) => Indexed::Number(number + 0.0),
            AnnotationValue::Boolean(value) => Indexed::Boolean(value),
        });
        annotations.extend(values.map(|value| (key.to_owned(), value)));
    }
    in_order(annotations)
}

fn texts(compiled: &CompiledTrace<'_>) -> Box<[(&'static str, String)]> {
    let of_segment = |segment| {
        let found = TEXTS.into_iter().zip(texts_of(segment));
        found.filter_map(|(key, text)| Some((key, text?.to_owned())))
    };
    in_order(compiled.segments().iter().flat_map(of_segment).collect())
}

fn links(trace: &Trace) -> Box<[LinkRow]> {
    let mut links = Vec::new();
    for node in trace.nodes() {
        links.extend(node.entity().links().map(|link| LinkRow {
            target: link.trace_id(),
            segment: node.id().number().cast_signed(),
            id: link.id().number().cast_signed(),
            name: node.name().to_owned(),
        }));
    }
    in_order(links)
}

fn in_order<T: Ord>(mut rows: Vec<T>) -> Box<[T]> {
    rows.sort_unstable();
    rows.dedup();
    rows.into()
}

pub(super) fn blob_of(id: TraceId) -> [u8; 16] {
    id.to_bytes()
}

pub(super) fn id_of(blob: [u8; 16]) -> TraceId {
    TraceId::from_bytes(blob)
}

impl Indexed {
    fn kind(&self) -> u8 {
        match self {
            Self::Boolean(_) => 0,
            Self::Number(_) => 1,
            Self::Text(_) => 2,
        }
    }
}

impl Ord for Indexed {
    fn cmp(&self, other: &Self) -> Ordering {
        match (self, other) {
            (Self::Boolean(one), Self::Boolean(other)) => one.cmp(other),
            (Self::Number(one), Self::Number(other)) => one.total_cmp(other),
            (Self::Text(one), Self::Text(other)) => one.cmp(other),
            _ => self.kind().cmp(&other.kind()),
        }
    }
}

impl PartialOrd for Indexed {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}

impl PartialEq for Indexed {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other) == Ordering::Equal
    }
}

impl Eq for Indexed {}

impl ToSql for Indexed {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(match self {
            Self::Boolean(value) => ToSqlOutput::Owned(Value::Blob(vec![u8::from(*value)])),
            Self::Number(number) => ToSqlOutput::Owned(Value::Real(*number)),
            Self::Text(text) => ToSqlOutput::Borrowed(ValueRef::Text(text.as_bytes())),
        })
    }
}
