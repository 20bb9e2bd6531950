//! The one thread that writes: it takes what waits, writes it in one transaction, and answers when that is durable.

use std::collections::BTreeSet;
use std::num::NonZeroUsize;
use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::Duration;

use lru::LruCache;
use rusqlite::{Connection, Transaction};

use super::compression::{Packer, Unpacker};
use super::error::SqliteError;
use super::lock::Lock;
use super::log::Log;
use super::minutes::Minutes;
use super::names::Names;
use super::progress::Progress;
use super::reader::load_entities;
use super::retention::{Retention, forget};
use super::row::{Row, Size};
use super::row_changes::RowChanges;
use super::schema::open_writer;
use crate::document::Document;
use crate::entities::Entities;
use crate::memory_store::{MemoryLimits, weight};
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

/// How much memory they may take, in bytes and estimated; the one that grew last is kept however large it is.
const OPEN_WEIGHT: usize = 128 << 20;

/// After so long without anything to write, what is too old is forgotten.
const TIDYING: Duration = Duration::from_secs(60);

pub(super) struct Writer {
    connection: Connection,
    packer: Packer,
    unpacker: Unpacker,
    names: Names,
    /// The number of the trace that comes next.
    next: i64,
    open: LruCache<TraceId, OpenTrace>,
    limits: MemoryLimits,
    retention: Retention,
    log: Log,
    progress: Arc<Progress>,
    /// Given back when the connection is closed.
    _lock: Lock,
}

/// A trace that grew lately.
#[derive(Debug, Clone, Default)]
struct OpenTrace {
    /// The number of its row.
    trace: i64,
    /// Whether the row is not written yet.
    is_new: bool,
    entities: Entities,
    documents: i64,
    bytes: usize,
    /// Of memory, estimated.
    weight: usize,
    row: Row,
}

/// Of a trace of which nothing is written yet: SQLite counts from 1.
const NO_NUMBER: i64 = 0;

fn next_number(connection: &Connection) -> Result<i64, SqliteError> {
    Ok(connection.query_row("SELECT coalesce(max(trace), 0) + 1 FROM traces", [], |row| row.get(0))?)
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
        let (next, log) = (next_number(&connection)?, Log::of(path));
        let (names, unpacker, open) = (Names::default(), Unpacker::default(), LruCache::new(OPEN_TRACES));
        Ok(Self {
            connection,
            packer,
            unpacker,
            names,
            next,
            open,
            limits,
            retention,
            log,
            progress,
            _lock: lock,
        })
    }

    /// Works until nobody can send any more.
    pub(super) fn run(mut self, jobs: &Receiver<Job>) {
        loop {
            let first = match jobs.recv_timeout(TIDYING) {
                Ok(first) => first,
                Err(RecvTimeoutError::Timeout) => {
                    // What cannot be forgotten now is tried again.
                    while self.tidy().unwrap_or(false) {}
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            };
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

    /// Forgets what is too old or too much where nothing arrives that would make room; whether there is more of it.
    fn tidy(&mut self) -> Result<bool, SqliteError> {
        let Self { connection, unpacker, names, open, retention, .. } = self;
        let transaction = connection.transaction()?;
        let before = Retention::used(&transaction)?;
        let forgotten = forget(&transaction, unpacker, names, retention, before).inspect_err(|_| {
            *names = Names::default();
        })?;
        transaction.commit()?;
        for id in &forgotten {
            open.pop(id);
        }
        retention.shrink(connection)?;
        Ok(!forgotten.is_empty())
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
        // Before the answers: who has one may ask for what changed.
        self.progress.announce();
        for (count, done) in answers {
            let later = outcome.split_off(count);
            // Whoever does not wait for the answer needs none.
            let _ = done.send(std::mem::replace(&mut outcome, later));
        }
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
        let Self {
            connection, packer, unpacker, names, next, open, limits, retention, log, progress, ..
        } = self;
        let transaction = connection.transaction()?;
        let before = Retention::used(&transaction)?;
        let mut batch = Batch {
            transaction: &transaction,
            packer,
            unpacker,
            next,
            open,
            limits: *limits,
            touched: BTreeSet::new(),
        };
        let mut outcome = Vec::with_capacity(documents.len());
        for document in documents {
            outcome.push(batch.take(document)?);
        }
        let touched = std::mem::take(&mut batch.touched);
        let (mut changes, mut minutes) = (RowChanges::default(), Minutes::default());
        for id in touched {
            let Some(trace) = open.get_mut(&id) else { continue };
            let row = Row::of(&Trace::compile(id, trace.entities.to_vec(), Vec::new()));
            let size = Size { documents: trace.documents, bytes: trace.bytes };
            row.write(&transaction, (trace.trace, id), size, progress.next_revision())?;
            if !trace.is_new {
                minutes.remove(trace.row.start);
            }
            trace.is_new = false;
            minutes.add(row.start);
            changes.add(trace.trace, &trace.row, &row);
            trace.row = row;
        }
        changes.write(&transaction, names)?;
        minutes.write(&transaction)?;
        packer.train(&transaction)?;
        for id in forget(&transaction, unpacker, names, retention, before)? {
            open.pop(&id);
        }
        transaction.commit()?;
        close_least_used(open);
        // What is committed is stored, whether or not space can be given back now.
        let _ = retention.shrink(connection);
        let _ = log.keep_short(connection);
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
    next: &'a mut i64,
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
        if trace.trace == NO_NUMBER {
            (trace.trace, trace.is_new) = (*self.next, true);
            *self.next += 1;
        }
        let (dictionary, text) = self.packer.pack(document.text());
        let insert = "INSERT INTO documents (trace, number, dictionary, text) VALUES (?1, ?2, ?3, ?4)";
        self.transaction.prepare_cached(insert)?.execute(rusqlite::params![
            trace.trace,
            trace.documents,
            dictionary,
            text
        ])?;
        trace.documents += 1;
        trace.bytes += document.text().len();
        trace.weight += weight(document.text().as_bytes());
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
            trace: loaded.trace,
            is_new: false,
            entities: loaded.entities,
            documents: loaded.documents,
            bytes: loaded.bytes,
            weight: loaded.weight,
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
    let mut weight: usize = open.iter().map(|(_, trace)| trace.weight).sum();
    while weight > OPEN_WEIGHT
        && open.len() > 1
        && let Some((_, trace)) = open.pop_lru()
    {
        weight -= trace.weight;
    }
}
