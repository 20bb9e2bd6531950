//! The one thread that writes: it takes what waits, writes it in one transaction, and answers when that is durable.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::batch::{Batch, Rows};
use super::compression::{Packing, Training, Unpacker};
use super::derivation::bring_up_to_date;
use super::error::SqliteError;
use super::late_traces;
use super::lock::Lock;
use super::log::Log;
use super::names::Names;
use super::open_traces::OpenTraces;
use super::prepared::Prepared;
use super::progress::Progress;
use super::reader::trace_of;
use super::retention::{Retention, forget};
use super::schema::open_writer;
use super::trouble::{Trouble, Written};
use super::unwritten_rows::{UnwrittenNumbers, UnwrittenRows};
use crate::memory_store::MemoryLimits;
use crate::refusal::{Refusal, RefusalCode};

/// What each document of a job came to.
pub(super) type Outcome = Vec<Result<(), Refusal>>;

/// An outcome, and the documents for whoever made them to free.
pub(super) type Answer = (Outcome, Vec<Prepared>);

/// Something for the writer to do; the answer comes when it is durable.
pub(super) enum Job {
    /// `is_awaited`: whether somebody does nothing else until it is durable.
    Record {
        documents: Vec<Prepared>,
        is_awaited: bool,
        done: Sender<Answer>,
    },
    /// Rows are to be as the documents are.
    Derive {
        rows: Rows,
        done: Sender<Result<(), Refusal>>,
    },
    Put {
        kind: String,
        name: String,
        value: Option<String>,
        done: Sender<Result<(), SqliteError>>,
    },
}

/// No transaction takes more documents: the next ones wait, and share the next.
const MOST_DOCUMENTS: usize = 5_000;

/// What nobody waits for is written no oftener: pages that a thousand documents touch are written once for all of them. The
/// first after a pause is written at once.
const GATHERING: Duration = Duration::from_millis(50);

/// After so long without anything to write, rows are that are not yet.
const PAUSE: Duration = Duration::from_millis(20);

/// After so long without anything to write, rows that are late are derived: other programs may read the file.
const QUIET: Duration = Duration::from_secs(1);

/// After so long without anything to write, what is too old is forgotten.
const TIDYING: Duration = Duration::from_secs(60);

pub(super) struct Writer {
    connection: Connection,
    packing: Arc<Packing>,
    training: Training,
    unpacker: Unpacker,
    names: Names,
    /// The number of the trace that comes next.
    next: i64,
    open: OpenTraces,
    unwritten: UnwrittenRows,
    /// The bytes of the file that were in use when rows were written last.
    used: u64,
    /// Whether transactions wait for the disk.
    is_synchronous: bool,
    limits: MemoryLimits,
    retention: Retention,
    log: Log,
    trouble: Trouble,
    progress: Arc<Progress>,
    /// Given back when the connection is closed.
    _lock: Lock,
}

fn next_number(connection: &Connection) -> Result<i64, SqliteError> {
    let number = |last: &str| connection.query_row(last, [], |row| row.get::<_, i64>(0));
    let documents = number("SELECT coalesce(max(document), 0) FROM documents")?;
    Ok(number("SELECT coalesce(max(trace), 0) FROM traces")?.max(trace_of(documents)) + 1)
}

impl Writer {
    pub(super) fn open(
        path: &Path,
        limits: MemoryLimits,
        retention: Retention,
        progress: Arc<Progress>,
    ) -> Result<Self, SqliteError> {
        Self::open_file(path, limits, retention, progress).map_err(|error| error.while_opening(path))
    }

    fn open_file(
        path: &Path,
        limits: MemoryLimits,
        retention: Retention,
        progress: Arc<Progress>,
    ) -> Result<Self, SqliteError> {
        let lock = Lock::of(path)?;
        let mut connection = open_writer(path)?;
        // First: it gives names and shapes other numbers than the writer may remember, and what is in use is more then.
        bring_up_to_date(&mut connection, path)?;
        let packing = Arc::new(Packing::new(&connection)?);
        progress.resume(&connection)?;
        let mut writer = Self {
            next: next_number(&connection)?,
            used: Retention::used(&connection)?,
            connection,
            packing,
            training: Training::default(),
            unpacker: Unpacker::default(),
            names: Names::default(),
            open: OpenTraces::default(),
            unwritten: UnwrittenRows::default(),
            is_synchronous: true,
            limits,
            retention,
            log: Log::of(path),
            trouble: Trouble::default(),
            progress,
            _lock: lock,
        };
        writer.unwritten =
            UnwrittenRows::of_file(&writer.connection, &mut writer.unpacker, &writer.retention)?;
        // Those that a kill left; where that fails, who asks for them says so.
        writer.derive_late();
        Ok(writer)
    }

    /// What compresses documents as this writer can write them.
    pub(super) fn packing(&self) -> Arc<Packing> {
        Arc::clone(&self.packing)
    }

    /// The traces whose rows it has still to write.
    pub(super) fn unwritten(&self) -> Arc<UnwrittenNumbers> {
        self.unwritten.numbers()
    }

    /// Works until nobody can send any more.
    pub(super) fn run(mut self, jobs: &Receiver<Job>) {
        let mut due = Instant::now();
        loop {
            let first = match jobs.recv_timeout(self.patience()) {
                Ok(first) => first,
                Err(RecvTimeoutError::Timeout) => {
                    self.rest();
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            };
            let batch = gather(first, jobs, due);
            self.work(batch, Rows::Few);
            if self.unwritten.are_due() {
                self.work(Vec::new(), Rows::Unwritten);
            }
            due = Instant::now() + GATHERING;
        }
        self.derive_late();
        // Readers of the file alone find everything in it.
        let _ = self.connection.pragma_update(None, "wal_checkpoint", "TRUNCATE");
    }

    /// How long it waits for something to write before it does what has time.
    fn patience(&self) -> Duration {
        if self.lacks(Rows::Unwritten) && !self.unwritten.are_stuck {
            return PAUSE;
        }
        if self.progress.late() == Rows::Few { TIDYING } else { QUIET }
    }

    /// Does what has time while nothing arrives.
    fn rest(&mut self) {
        if self.lacks(Rows::Unwritten) && !self.unwritten.are_stuck {
            self.work(Vec::new(), Rows::Unwritten);
        } else if self.progress.late() == Rows::Few || !self.derive_late() {
            // What cannot be forgotten now is tried again.
            while self.tidy().unwrap_or(false) {}
        }
    }

    /// Whether any of these rows are not as the documents are.
    fn lacks(&self, rows: Rows) -> bool {
        match rows {
            Rows::Few => false,
            Rows::Unwritten => !self.unwritten.are_none(),
            Rows::All => self.late() != Rows::Few,
        }
    }

    /// Which rows are not as the documents are.
    fn late(&self) -> Rows {
        if late_traces::are_any(&self.connection).unwrap_or(true) {
            Rows::All
        } else if self.unwritten.are_none() {
            Rows::Few
        } else {
            Rows::Unwritten
        }
    }

    /// Writes the rows that are not yet, or are late, if any are; whether none are then.
    fn derive_late(&mut self) -> bool {
        self.work(Vec::new(), Rows::All);
        !self.lacks(Rows::All)
    }

    /// Forgets what is too old or too much where nothing arrives that would make room; whether there is more of it.
    fn tidy(&mut self) -> Result<bool, SqliteError> {
        let Self { connection, unpacker, names, open, retention, .. } = self;
        let transaction = connection.transaction()?;
        let before = Retention::used(&transaction)?;
        let forgotten = forget(&transaction, unpacker, names, retention, before);
        let committed = forgotten.and_then(|forgotten| Ok(transaction.commit().map(|()| forgotten)?));
        let forgotten = committed.inspect_err(|_| *names = Names::default())?;
        forgotten.iter().for_each(|id| open.close(*id));
        retention.shrink(connection)?;
        Ok(!forgotten.is_empty())
    }

    fn work(&mut self, batch: Vec<Job>, mut rows: Rows) {
        let mut answers = Vec::new();
        let (mut records, mut askers) = (Vec::new(), Vec::new());
        for job in batch {
            match job {
                Job::Record { mut documents, done, .. } => {
                    answers.push((documents.len(), done));
                    records.append(&mut documents);
                }
                Job::Derive { rows: asked, done } => {
                    rows = rows.max(asked);
                    askers.push(done);
                }
                Job::Put { kind, name, value, done } => {
                    let _ = done.send(self.put(&kind, &name, value.as_deref()));
                }
            }
        }
        if records.is_empty() && !self.lacks(rows) {
            askers.into_iter().for_each(|asker| drop(asker.send(Ok(()))));
            return;
        }
        let written = if records.is_empty() { Written::Rows } else { Written::Documents };
        let recorded = self.record(&mut records, rows).inspect(|_| self.trouble.is_over(written));
        let mut derived = Ok(());
        let mut outcome = recorded.unwrap_or_else(|error| {
            self.trouble.begins(written, &error);
            self.progress.take_back();
            self.unwritten.take_back();
            // Nothing of the transaction is in the file, so nothing of it may be remembered.
            self.open = OpenTraces::default();
            self.names = Names::default();
            self.training = Training::default();
            let refusal = Refusal::new(RefusalCode::NotStored, error.to_string());
            // Rows that are late say what is not so; without those that are not yet, the others are as their documents are.
            if self.late() == Rows::All {
                derived = Err(refusal.clone());
            }
            vec![Err(refusal); records.len()]
        });
        // Before the answers: who has one may ask for what changed.
        self.progress.announce(self.late());
        for asker in askers {
            let _ = asker.send(derived.clone());
        }
        for (count, done) in answers {
            let (later, spared) = (outcome.split_off(count), records.split_off(count));
            let answer = (std::mem::replace(&mut outcome, later), std::mem::replace(&mut records, spared));
            // Whoever does not wait for the answer needs none.
            let _ = done.send(answer);
        }
    }

    fn put(&mut self, kind: &str, name: &str, value: Option<&str>) -> Result<(), SqliteError> {
        self.synchronize(true)?;
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

    /// Whether transactions wait until they are on the disk. Rows can be derived again from documents that were there before.
    fn synchronize(&mut self, is_synchronous: bool) -> Result<(), SqliteError> {
        if self.is_synchronous != is_synchronous {
            let synchronous = if is_synchronous { "FULL" } else { "NORMAL" };
            self.connection.pragma_update(None, "synchronous", synchronous)?;
            self.is_synchronous = is_synchronous;
        }
        Ok(())
    }

    fn record(&mut self, documents: &mut [Prepared], rows: Rows) -> Result<Outcome, SqliteError> {
        self.synchronize(!documents.is_empty())?;
        let Self {
            connection,
            packing,
            training,
            unpacker,
            names,
            next,
            open,
            unwritten,
            used,
            limits,
            retention,
            log,
            progress,
            ..
        } = self;
        let transaction = connection.transaction()?;
        let batch = Batch {
            transaction: &transaction,
            unpacker,
            names,
            next,
            open,
            unwritten,
            limits: *limits,
            progress,
            training: (packing.dictionary() == 0).then_some(training),
        };
        let outcome = batch.write(documents, rows)?;
        let dictionary = training.train(&transaction)?;
        let tidies = unwritten.are_written();
        if tidies {
            for id in forget(&transaction, unpacker, names, retention, *used)? {
                open.close(id);
            }
        }
        transaction.commit()?;
        unwritten.commit();
        open.close_least_used();
        if let Some(dictionary) = dictionary {
            dictionary.begin(packing);
        }
        // What is committed is stored, whether or not space can be given back now.
        if tidies {
            let _ = retention.shrink(connection);
            *used = Retention::used(connection).unwrap_or(*used);
        }
        let _ = log.keep_short(connection);
        Ok(outcome)
    }
}

/// The jobs that share a transaction: all that wait, and what comes until it is due if nobody waits for any of them.
fn gather(first: Job, jobs: &Receiver<Job>, due: Instant) -> Vec<Job> {
    let (mut documents, mut is_awaited) = (first.documents(), first.is_awaited());
    let mut batch = vec![first];
    while documents < MOST_DOCUMENTS {
        let patience =
            if is_awaited { Duration::ZERO } else { due.saturating_duration_since(Instant::now()) };
        let next = if patience.is_zero() { jobs.try_recv().ok() } else { jobs.recv_timeout(patience).ok() };
        let Some(next) = next else { break };
        documents += next.documents();
        is_awaited |= next.is_awaited();
        batch.push(next);
    }
    batch
}

impl Job {
    fn is_awaited(&self) -> bool {
        match self {
            Self::Record { is_awaited, .. } => *is_awaited,
            Self::Derive { .. } | Self::Put { .. } => true,
        }
    }

    fn documents(&self) -> usize {
        match self {
            Self::Record { documents, .. } => documents.len(),
            Self::Derive { .. } | Self::Put { .. } => 0,
        }
    }
}

#[cfg(test)]
#[path = "writer_tests.rs"]
mod tests;
