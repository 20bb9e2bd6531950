//! The one thread that writes: it takes what waits, writes it in one transaction, and answers when that is durable.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender};

use lru::LruCache;
use rusqlite::{Connection, Transaction};

use super::compression::{Packer, Unpacker};
use super::error::SqliteError;
use super::lock::Lock;
use super::names::Names;
use super::progress::Progress;
use super::reader::load_entities;
use super::retention::{Retention, forget};
use super::row::{Row, Size};
use super::row_changes::RowChanges;
use super::schema::open_writer;
use crate::document::Document;
use crate::entities::Entities;
use crate::memory_store::MemoryLimits;
use crate::refusal::{Refusal, RefusalCode};
use crate::trace::Trace;
use crate::trace_id::TraceId;

/// What each document of a job came to.
pub(super) type Outcome = Vec<Result<(), Refusal>>;

/// Something for the writer to do; the answer comes when it is durable.
pub(super) enum Job {
    Record { documents: Vec<Document>, done: Sender<Outcome> },
    Put { kind: String, name: String, value: Option<String>, done: Sender<Result<(), SqliteError>> },
}

/// No transaction takes more documents: the next ones wait, and share the next.
const MOST_DOCUMENTS: usize = 5_000;
/// How many traces are kept ready to grow.
const OPEN_TRACES: NonZeroUsize = NonZeroUsize::new(4_096).unwrap();

/// How large their documents may be, in bytes; what is made of these takes some times as much.
const OPEN_BYTES: usize = 16 << 20;

pub(super) struct Writer {
    connection: Connection,
    packer: Packer,
    unpacker: Unpacker,
    names: Names,
    open: LruCache<TraceId, OpenTrace>,
    limits: MemoryLimits,
    retention: Retention,
    progress: Arc<Progress>,
    /// Given back when the connection is closed.
    _lock: Lock,
}

/// A trace that grew lately.
#[derive(Debug, Clone, Default)]
struct OpenTrace {
    /// Its row, once there is one.
    trace: Option<i64>,
    entities: Entities,
    documents: i64,
    bytes: usize,
    row: Row,
}

impl Writer {
    pub(super) fn open(
        path: &Path,
        limits: MemoryLimits,
        retention: Retention,
        progress: Arc<Progress>,
    ) -> Result<Self, SqliteError> {
        let lock = Lock::of(path)?;
        let connection = open_writer(path)?;
        let packer = Packer::new(&connection)?;
        progress.resume(&connection)?;
        let (names, unpacker, open) = (Names::default(), Unpacker::default(), LruCache::new(OPEN_TRACES));
        Ok(Self { connection, packer, unpacker, names, open, limits, retention, progress, _lock: lock })
    }

    /// Works until nobody can send any more.
    pub(super) fn run(mut self, jobs: &Receiver<Job>) {
        while let Ok(first) = jobs.recv() {
            let mut batch = vec![first];
            let mut documents = batch[0].documents();
            while documents < MOST_DOCUMENTS
                && let Ok(job) = jobs.try_recv()
            {
                documents += job.documents();
                batch.push(job);
            }
            self.work(batch);
        }
        // Readers of the file alone find everything in it.
        let _ = self.connection.pragma_update(None, "wal_checkpoint", "TRUNCATE");
    }

    fn work(&mut self, batch: Vec<Job>) {
        let mut answers = Vec::new();
        let mut records = Vec::new();
        for job in batch {
            match job {
                Job::Record { documents, done } => {
                    answers.push((documents.len(), done));
                    records.extend(documents);
                }
                Job::Put { kind, name, value, done } => {
                    let _ = done.send(self.put(&kind, &name, value.as_deref()));
                }
            }
        }
        if records.is_empty() {
            return;
        }
        let count = records.len();
        let mut outcome = self.record(records).unwrap_or_else(|error| {
            // Nothing of the transaction is in the file, so nothing of it may be remembered.
            self.open.clear();
            self.names = Names::default();
            self.packer = Packer::new(&self.connection).unwrap_or_default();
            let refusal = Refusal::new(RefusalCode::NotStored, error.to_string());
            vec![Err(refusal); count]
        });
        for (count, done) in answers {
            let later = outcome.split_off(count);
            // Whoever does not wait for the answer needs none.
            let _ = done.send(std::mem::replace(&mut outcome, later));
        }
        self.progress.announce();
    }

    fn put(&mut self, kind: &str, name: &str, value: Option<&str>) -> Result<(), SqliteError> {
        match value {
            Some(value) => self.connection.execute(
                "INSERT OR REPLACE INTO settings (kind, name, value) VALUES (?1, ?2, ?3)",
                [kind, name, value],
            )?,
            None => {
                self.connection.execute("DELETE FROM settings WHERE kind = ?1 AND name = ?2", [kind, name])?
            }
        };
        Ok(())
    }

    fn record(&mut self, documents: Vec<Document>) -> Result<Outcome, SqliteError> {
        let Self { connection, packer, unpacker, names, open, limits, retention, progress, .. } = self;
        let transaction = connection.transaction()?;
        let mut batch = Batch {
            transaction: &transaction,
            packer,
            unpacker,
            open,
            limits: *limits,
            touched: BTreeSet::new(),
        };
        let mut outcome = Vec::with_capacity(documents.len());
        for document in documents {
            outcome.push(batch.take(document)?);
        }
        let touched = std::mem::take(&mut batch.touched);
        let mut changes = RowChanges::default();
        for id in touched {
            let Some(trace) = open.get_mut(&id) else { continue };
            let Some(number) = trace.trace else { continue };
            let row = Row::of(&Trace::compile(id, trace.entities.to_vec(), Vec::new()));
            let size = Size { documents: trace.documents, bytes: trace.bytes };
            row.write(&transaction, number, size, progress.next_revision())?;
            changes.add(number, &trace.row, &row);
            trace.row = row;
        }
        changes.write(&transaction, names)?;
        packer.train(&transaction)?;
        for id in forget(&transaction, unpacker, names, retention)? {
            open.pop(&id);
        }
        transaction.commit()?;
        close_least_used(open);
        // What is committed is stored, whether or not space can be given back now.
        let _ = retention.shrink(connection);
        Ok(outcome)
    }
}

impl Job {
    fn documents(&self) -> usize {
        match self {
            Self::Record { documents, .. } => documents.len(),
            Self::Put { .. } => 0,
        }
    }
}

/// The documents of one transaction.
struct Batch<'a> {
    transaction: &'a Transaction<'a>,
    packer: &'a mut Packer,
    unpacker: &'a mut Unpacker,
    open: &'a mut LruCache<TraceId, OpenTrace>,
    limits: MemoryLimits,
    touched: BTreeSet<TraceId>,
}

impl Batch<'_> {
    /// Writes a document and merges it into its trace; the inner error is a limit of the store.
    fn take(&mut self, document: Document) -> Result<Result<(), Refusal>, SqliteError> {
        let id = document.trace_id();
        self.find(id)?;
        let Some(trace) = self.open.get_mut(&id) else { return Ok(Ok(())) };
        if let Err(refusal) = self.limits.check(&document, trace.entities.len(), trace.bytes) {
            return Ok(Err(refusal));
        }
        let number = match trace.trace {
            Some(number) => number,
            None => Row::begin(self.transaction, id)?,
        };
        let (dictionary, text) = self.packer.pack(document.text());
        let insert = "INSERT INTO documents (trace, number, dictionary, text) VALUES (?1, ?2, ?3, ?4)";
        self.transaction.prepare_cached(insert)?.execute(rusqlite::params![
            number,
            trace.documents,
            dictionary,
            text
        ])?;
        trace.trace = Some(number);
        trace.documents += 1;
        trace.bytes += document.text().len();
        document.into_entities().into_iter().for_each(|entity| trace.entities.upsert(entity));
        self.touched.insert(id);
        Ok(Ok(()))
    }

    /// Makes sure that the trace is among the open ones: new, or read again.
    fn find(&mut self, id: TraceId) -> Result<(), SqliteError> {
        if self.open.contains(&id) {
            return Ok(());
        }
        let loaded = load_entities(self.transaction, self.unpacker, id)?;
        let trace = loaded.map_or_else(OpenTrace::default, |loaded| OpenTrace {
            row: Row::of(&Trace::compile(id, loaded.entities.to_vec(), Vec::new())),
            trace: Some(loaded.trace),
            entities: loaded.entities,
            documents: loaded.documents,
            bytes: loaded.bytes,
        });
        // One that was touched in this transaction is written at its end, so it must not leave before.
        if self.open.len() == self.open.cap().get() {
            let least = self.open.peek_lru().map(|(id, _)| *id);
            if least.is_some_and(|least| self.touched.contains(&least)) {
                let larger = self.open.cap().saturating_mul(NonZeroUsize::MIN.saturating_add(1));
                self.open.resize(larger);
            }
        }
        self.open.put(id, trace);
        Ok(())
    }
}

/// Keeps as many traces ready as there is room for: those that grew last.
fn close_least_used(open: &mut LruCache<TraceId, OpenTrace>) {
    open.resize(OPEN_TRACES);
    let mut bytes: usize = open.iter().map(|(_, trace)| trace.bytes).sum();
    while bytes > OPEN_BYTES
        && let Some((_, trace)) = open.pop_lru()
    {
        bytes -= trace.bytes;
    }
}
