//! The one thread that writes: it takes what waits, writes it in one transaction, and answers when that is durable.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::batch::Batch;
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
use super::retention::{Retention, forget};
use super::schema::open_writer;
use super::trouble::Trouble;
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
    /// Rows that are late are derived.
    Derive {
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
    limits: MemoryLimits,
    retention: Retention,
    log: Log,
    trouble: Trouble,
    progress: Arc<Progress>,
    /// Given back when the connection is closed.
    _lock: Lock,
}

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
        Self::open_file(path, limits, retention, progress).map_err(|error| error.while_opening(path))
    }

    fn open_file(
        path: &Path,
        limits: MemoryLimits,
        retention: Retention,
        progress: Arc<Progress>,
    ) -> Result<Self, SqliteError> {
        let lock = Lock::of(path)?;
        let connection = open_writer(path)?;
        let packing = Arc::new(Packing::new(&connection)?);
        progress.resume(&connection)?;
        let mut writer = Self {
            next: next_number(&connection)?,
            connection,
            packing,
            training: Training::default(),
            unpacker: Unpacker::default(),
            names: Names::default(),
            open: OpenTraces::default(),
            limits,
            retention,
            log: Log::of(path),
            trouble: Trouble::default(),
            progress,
            _lock: lock,
        };
        // First: it gives names and shapes other numbers than the writer may remember.
        bring_up_to_date(&mut writer.connection, path)?;
        // Those that a kill left; where that fails, who asks for them says so.
        writer.derive_late();
        Ok(writer)
    }

    /// What compresses documents as this writer can write them.
    pub(super) fn packing(&self) -> Arc<Packing> {
        Arc::clone(&self.packing)
    }

    /// Works until nobody can send any more.
    pub(super) fn run(mut self, jobs: &Receiver<Job>) {
        let mut due = Instant::now();
        loop {
            let patience = if self.progress.is_late() { QUIET } else { TIDYING };
            let first = match jobs.recv_timeout(patience) {
                Ok(first) => first,
                Err(RecvTimeoutError::Timeout) if self.progress.is_late() && self.derive_late() => continue,
                Err(RecvTimeoutError::Timeout) => {
                    // What cannot be forgotten now is tried again.
                    while self.tidy().unwrap_or(false) {}
                    continue;
                }
                Err(RecvTimeoutError::Disconnected) => break,
            };
            let batch = gather(first, jobs, due);
            self.work(batch);
            due = Instant::now() + GATHERING;
        }
        self.derive_late();
        // Readers of the file alone find everything in it.
        let _ = self.connection.pragma_update(None, "wal_checkpoint", "TRUNCATE");
    }

    /// Derives the rows that are late, if any are; whether none are then.
    fn derive_late(&mut self) -> bool {
        let is_late = |writer: &Self| late_traces::are_any(&writer.connection).unwrap_or(true);
        if is_late(self) {
            let (done, _) = channel();
            self.work(vec![Job::Derive { done }]);
        }
        !is_late(self)
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

    fn work(&mut self, batch: Vec<Job>) {
        let mut answers = Vec::new();
        let (mut records, mut askers) = (Vec::new(), Vec::new());
        for job in batch {
            match job {
                Job::Record { mut documents, done, .. } => {
                    answers.push((documents.len(), done));
                    records.append(&mut documents);
                }
                Job::Derive { done } => askers.push(done),
                Job::Put { kind, name, value, done } => {
                    let _ = done.send(self.put(&kind, &name, value.as_deref()));
                }
            }
        }
        if records.is_empty() && askers.is_empty() {
            return;
        }
        let recorded = self.record(&mut records, !askers.is_empty()).inspect(|_| self.trouble.is_over());
        let mut derived = Ok(());
        let mut outcome = recorded.unwrap_or_else(|error| {
            self.trouble.begins(&error);
            self.progress.take_back();
            // Nothing of the transaction is in the file, so nothing of it may be remembered.
            self.open = OpenTraces::default();
            self.names = Names::default();
            self.training = Training::default();
            let refusal = Refusal::new(RefusalCode::NotStored, error.to_string());
            derived = Err(refusal.clone());
            vec![Err(refusal); records.len()]
        });
        // Before the answers: who has one may ask for what changed.
        self.progress.announce(late_traces::are_any(&self.connection).unwrap_or(true));
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

    fn record(&mut self, documents: &mut [Prepared], is_asked: bool) -> Result<Outcome, SqliteError> {
        let Self {
            connection,
            packing,
            training,
            unpacker,
            names,
            next,
            open,
            limits,
            retention,
            log,
            progress,
            ..
        } = self;
        let transaction = connection.transaction()?;
        let before = Retention::used(&transaction)?;
        let batch = Batch {
            transaction: &transaction,
            unpacker,
            names,
            next,
            open,
            limits: *limits,
            progress,
            training: (packing.dictionary() == 0).then_some(training),
        };
        let outcome = batch.write(documents, is_asked)?;
        let dictionary = training.train(&transaction)?;
        for id in forget(&transaction, unpacker, names, retention, before)? {
            open.close(id);
        }
        transaction.commit()?;
        open.close_least_used();
        if let Some(dictionary) = dictionary {
            dictionary.begin(packing);
        }
        // What is committed is stored, whether or not space can be given back now.
        let _ = retention.shrink(connection);
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
