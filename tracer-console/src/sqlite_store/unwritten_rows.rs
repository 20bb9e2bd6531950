//! Traces whose documents are in the file and whose rows are not yet: pages that many traces touch are written once for all of
//! them. After a kill they are known by their numbers, which come after those of all rows.

use std::collections::HashMap;
use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::compression::Unpacker;
use super::error::SqliteError;
use super::reader::{documents_of, id_of_documents, trace_of};
use super::retention::Retention;
use super::row::{Row, Size};
use crate::trace_id::TraceId;

/// So many are written at the latest, whoever waits meanwhile: they take 10 MB of memory. In a file of 600,000 traces a document
/// takes 43 µs of the processor with 5,000 of them, 37 with 10,000, 38 with 20,000, and took 71 when rows were written at once.
const MOST: usize = if cfg!(test) { 40 } else { 10_000 };
/// So many bytes of documents come at most before rows are written, and what is too much is forgotten: less where little is kept.
const MOST_BYTES: u64 = 32 << 20;
const SHARE_OF_ALL: u64 = 4;
/// For so long at most programs that only read the file do not see them, and who waits for a change is not woken.
const LONGEST: Duration = Duration::from_secs(1);
/// Fewer wait only so long: they are written in a few milliseconds.
const FEW: usize = 1_000;
const MOMENT: Duration = Duration::from_millis(250);
/// Longer than rows wait, and than it takes to write them.
const PATIENCE: Duration = Duration::from_secs(if cfg!(test) { 60 } else { 3 });

/// The rows that the writer has to write.
#[derive(Debug, Default)]
pub(super) struct UnwrittenRows {
    traces: HashMap<TraceId, Unwritten>,
    /// Of the transaction that is open.
    new: Vec<TraceId>,
    /// Of documents that came since rows were written, and at most.
    bytes: u64,
    most_bytes: u64,
    since: Option<Instant>,
    /// Whether the transaction that is open writes them.
    are_written: bool,
    /// Whether the last transaction that would have written them failed.
    pub(super) are_stuck: bool,
    numbers: Arc<UnwrittenNumbers>,
}

/// A trace whose row is to be written.
#[derive(Debug)]
pub(super) struct Unwritten {
    pub(super) trace: i64,
    /// Where the trace is one document; `None` where it is to be derived from all of them.
    pub(super) row: Option<(Row, Size)>,
}

/// The numbers of these traces, by which who reads finds their documents.
#[derive(Debug, Default)]
pub(super) struct UnwrittenNumbers(Mutex<HashMap<TraceId, i64>>);

impl UnwrittenNumbers {
    /// To be asked before a picture of the tables is taken: where there is no number, the row is in that picture.
    pub(super) fn get(&self, id: TraceId) -> Option<i64> {
        self.lock().get(&id).copied()
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<TraceId, i64>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The number after which all documents are of traces without a row.
fn last_written(connection: &Connection) -> rusqlite::Result<i64> {
    let last = "SELECT coalesce(max(trace), 0) FROM traces";
    Ok(documents_of(connection.query_row(last, [], |row| row.get(0))?).1)
}

/// Waits until whoever writes the file has written the rows of what is in it, and says so where nobody does.
pub(super) fn await_rows(connection: &Connection, path: &Path) -> rusqlite::Result<()> {
    let begin = Instant::now();
    let until = last_document(connection)?;
    // What is forgotten meanwhile has no row any more, and no documents.
    while last_written(connection)? < until.min(last_document(connection)?) {
        if begin.elapsed() > PATIENCE {
            let path = path.display();
            eprintln!(
                "tracer-console: what came last to {path} is not found yet: whatever wrote it was killed; \
                 `tracer-console serve --db {path}` mends that"
            );
            break;
        }
        std::thread::sleep(Duration::from_millis(5));
    }
    Ok(())
}

fn last_document(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("SELECT coalesce(max(document), 0) FROM documents", [], |row| row.get(0))
}

impl UnwrittenRows {
    /// Those that a kill left.
    pub(super) fn of_file(
        connection: &Connection,
        unpacker: &mut Unpacker,
        retention: &Retention,
    ) -> Result<Self, SqliteError> {
        let most_bytes = MOST_BYTES.min(retention.bytes / SHARE_OF_ALL);
        let mut left = Self { most_bytes, ..Self::default() };
        let mut behind = last_written(connection)?;
        let mut next = connection.prepare("SELECT min(document) FROM documents WHERE document > ?1")?;
        while let Some(document) = next.query_row([behind], |row| row.get::<_, Option<i64>>(0))? {
            let trace = trace_of(document);
            behind = documents_of(trace).1;
            if let Some(id) = id_of_documents(connection, unpacker, trace)? {
                left.put(id, Unwritten { trace, row: None });
                left.since = Some(Instant::now());
            } else {
                // What is damaged is as if it had never come: who only reads would wait for its row. Where it stays, he waits.
                let forget = "DELETE FROM documents WHERE document BETWEEN ?1 AND ?2";
                let _ = connection.execute(forget, documents_of(trace));
            }
        }
        left.commit();
        Ok(left)
    }

    pub(super) fn numbers(&self) -> Arc<UnwrittenNumbers> {
        Arc::clone(&self.numbers)
    }

    /// The number of a trace, if it is one of them.
    pub(super) fn number(&self, id: TraceId) -> Option<i64> {
        self.traces.get(&id).map(|unwritten| unwritten.trace)
    }

    pub(super) fn iter(&self) -> impl Iterator<Item = (TraceId, &Unwritten)> {
        self.traces.iter().map(|(id, unwritten)| (*id, unwritten))
    }

    /// A document came, of whatever trace.
    pub(super) fn count(&mut self, bytes: usize) {
        self.bytes += bytes as u64;
        self.since.get_or_insert_with(Instant::now);
    }

    /// A trace is new, or has grown.
    pub(super) fn put(&mut self, id: TraceId, unwritten: Unwritten) {
        if self.traces.insert(id, unwritten).is_none() {
            self.new.push(id);
        }
    }

    /// Whether nothing came since they were written.
    pub(super) fn are_none(&self) -> bool {
        self.since.is_none()
    }

    /// Whether no transaction is to add to them.
    pub(super) fn are_many(&self) -> bool {
        self.traces.len() >= MOST || self.bytes >= self.most_bytes
    }

    /// Whether they have waited long enough.
    pub(super) fn are_due(&self) -> bool {
        let longest = if self.traces.len() < FEW { MOMENT } else { LONGEST };
        self.since.is_some_and(|since| since.elapsed() >= longest)
    }

    /// The transaction that is open writes them all.
    pub(super) fn write(&mut self) {
        self.are_written = true;
    }

    pub(super) fn are_written(&self) -> bool {
        self.are_written
    }

    /// What the transaction wrote is in the file.
    pub(super) fn commit(&mut self) {
        let mut numbers = self.numbers.lock();
        if self.are_written {
            numbers.clear();
            self.traces.clear();
            self.new.clear();
            (self.bytes, self.since, self.are_written, self.are_stuck) = (0, None, false, false);
        } else {
            let traces = &self.traces;
            let new = self.new.drain(..).filter_map(|id| Some((id, traces.get(&id)?.trace)));
            numbers.extend(new);
        }
    }

    /// Nothing of the transaction is in the file. What grew in it is derived from what is there.
    pub(super) fn take_back(&mut self) {
        for id in self.new.drain(..) {
            self.traces.remove(&id);
        }
        if self.are_written {
            (self.are_written, self.are_stuck) = (false, true);
            self.since = Some(Instant::now());
        }
    }
}

#[cfg(test)]
#[path = "unwritten_rows_tests.rs"]
mod tests;
