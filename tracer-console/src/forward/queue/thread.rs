//! The one thread that works on the file: who waits for it shares transactions with all others who do.

use std::path::Path;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use super::error::QueueError;
use super::file::{QueueFile, Waiting};
use super::queued::{Loaded, Number, Queued, TargetId, Verdict};
use crate::forward::ledger::Ledger;

/// Jobs that may wait; who has another one waits.
const WAITING: usize = 1_024;
/// No transaction takes more documents: the next ones wait, and share the next.
const MOST_DOCUMENTS: usize = 5_000;
/// After so long without a job space is given back, and some of it at such distances where there is always one.
const TIDYING: Duration = Duration::from_secs(5);

/// A queue that is open.
pub(in crate::forward) struct Queue {
    /// `None` once it is being dropped.
    jobs: Option<SyncSender<Job>>,
    thread: Option<JoinHandle<()>>,
    ledger: Arc<Ledger>,
    targets: Vec<TargetId>,
    last: Number,
    others: Vec<(String, u64)>,
}

enum Job {
    Append {
        texts: Vec<Box<str>>,
        done: Sender<Result<(), String>>,
    },
    Settle(Verdict),
    Load {
        target: TargetId,
        after: Number,
        most: usize,
        most_bytes: usize,
        done: Sender<Result<Loaded, QueueError>>,
    },
    Reload {
        target: TargetId,
        numbers: Vec<Number>,
        done: Sender<Result<Vec<Queued>, QueueError>>,
    },
}

/// Documents that are being appended.
#[must_use]
pub(in crate::forward) struct Appending(Receiver<Result<(), String>>);

impl Appending {
    /// Waits until they are durable; an error says why they are not.
    pub(in crate::forward) fn wait(self) -> Result<(), String> {
        self.0.recv().unwrap_or_else(|_| Err(QueueError::Closed.to_string()))
    }
}

impl Queue {
    /// Opens the file for these targets; it takes at most so many bytes. `announce` is called, on the queue's thread, with the
    /// number of the latest document whenever there are more.
    pub(in crate::forward) fn open(
        path: &Path,
        bytes: u64,
        targets: &[&str],
        announce: impl Fn(Number) + Send + 'static,
    ) -> Result<Self, QueueError> {
        let file = QueueFile::open(path, bytes, targets)?;
        let Waiting { of_targets, of_others } = file.waiting()?;
        let ids = file.targets().to_vec();
        let named = ids.iter().zip(targets);
        let named = named
            .map(|(id, name)| (*id, (*name).to_owned(), of_targets.get(id).copied().unwrap_or_default()));
        let ledger = Arc::new(Ledger::open(named));
        let last = file.last();
        let worker = Worker::new(file, Arc::clone(&ledger), announce);
        let (jobs, queue) = sync_channel(WAITING);
        let thread =
            std::thread::Builder::new().name("tracer-queue".into()).spawn(move || worker.run(&queue));
        let thread = Some(thread.map_err(QueueError::Thread)?);
        Ok(Self { jobs: Some(jobs), thread, ledger, targets: ids, last, others: of_others })
    }

    /// The targets, in the order in which they were named.
    pub(in crate::forward) fn targets(&self) -> &[TargetId] {
        &self.targets
    }

    /// The number of the latest document when it was opened.
    pub(in crate::forward) fn last(&self) -> Number {
        self.last
    }

    /// Targets that were not named, for which documents wait from an earlier time, and how many.
    pub(in crate::forward) fn others(&self) -> &[(String, u64)] {
        &self.others
    }

    pub(in crate::forward) fn ledger(&self) -> &Arc<Ledger> {
        &self.ledger
    }

    fn send(&self, job: Job) {
        // Without a thread nobody answers, and who waits for the answer sees that.
        let _ = self.jobs.as_ref().map(|jobs| jobs.send(job));
    }

    /// Appends documents, for every target.
    pub(in crate::forward) fn append(&self, texts: Vec<Box<str>>) -> Appending {
        let (done, appended) = channel();
        self.send(Job::Append { texts, done });
        Appending(appended)
    }

    /// Tells the fate of documents.
    pub(in crate::forward) fn settle(&self, verdict: Verdict) {
        if !verdict.numbers.is_empty() {
            self.send(Job::Settle(verdict));
        }
    }

    /// The next documents of a target: at most so many, and of at most so many bytes unless it is one.
    pub(in crate::forward) fn load(
        &self,
        target: TargetId,
        after: Number,
        most: usize,
        most_bytes: usize,
    ) -> Result<Loaded, QueueError> {
        let (done, loaded) = channel();
        self.send(Job::Load { target, after, most, most_bytes, done });
        loaded.recv().unwrap_or(Err(QueueError::Closed))
    }

    /// Those of the documents that still wait for the target.
    pub(in crate::forward) fn reload(
        &self,
        target: TargetId,
        numbers: Vec<Number>,
    ) -> Result<Vec<Queued>, QueueError> {
        let (done, loaded) = channel();
        self.send(Job::Reload { target, numbers, done });
        loaded.recv().unwrap_or(Err(QueueError::Closed))
    }
}

/// Does what waits, and closes the file.
impl Drop for Queue {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}

struct Worker<A> {
    file: QueueFile,
    ledger: Arc<Ledger>,
    announce: A,
    /// Verdicts that could not be written: the disk is full, perhaps. They are tried again.
    unsettled: Vec<Verdict>,
    /// When space was given back last.
    tidied: Instant,
}

impl<A: Fn(Number)> Worker<A> {
    fn new(file: QueueFile, ledger: Arc<Ledger>, announce: A) -> Self {
        Self { file, ledger, announce, unsettled: Vec::new(), tidied: Instant::now() }
    }

    /// Works until nobody can send any more.
    fn run(mut self, jobs: &Receiver<Job>) {
        loop {
            match jobs.recv_timeout(TIDYING) {
                Ok(first) => self.work(first, jobs),
                Err(RecvTimeoutError::Timeout) => self.rest(),
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        self.settle_unsettled();
    }

    fn rest(&mut self) {
        self.settle_unsettled();
        // What cannot be given back now is tried again.
        while self.file.tidy().unwrap_or(false) {}
    }

    fn settle_unsettled(&mut self) {
        if !self.unsettled.is_empty() {
            self.write(&[], &[]);
        }
    }

    /// Does a job and what came with it: what is written first, so that what is loaded then is there.
    fn work(&mut self, first: Job, jobs: &Receiver<Job>) {
        let (mut texts, mut appenders, mut reads) = (Vec::new(), Vec::new(), Vec::new());
        let mut next = Some(first);
        while let Some(job) = next {
            match job {
                Job::Append { texts: mut some, done } => {
                    texts.append(&mut some);
                    appenders.push(done);
                }
                Job::Settle(verdict) => self.unsettled.push(verdict),
                read => reads.push(read),
            }
            next = (texts.len() < MOST_DOCUMENTS).then(|| jobs.try_recv().ok()).flatten();
        }
        if !texts.is_empty() || !self.unsettled.is_empty() {
            self.write(&texts, &appenders);
        }
        for read in reads {
            self.read(read);
        }
        if self.tidied.elapsed() >= TIDYING {
            let _ = self.file.tidy();
            self.tidied = Instant::now();
        }
    }

    fn write(&mut self, texts: &[Box<str>], appenders: &[Sender<Result<(), String>>]) {
        if !texts.is_empty() && !self.file.has_room() {
            let full = QueueError::DiskFull.to_string();
            appenders.iter().for_each(|done| drop(done.send(Err(full.clone()))));
            return self.settle_unsettled();
        }
        let written = self.file.work(texts, &self.unsettled);
        let outcome = match written {
            Ok((drops, settled)) => {
                self.ledger.receive(texts.len() as u64);
                for (target, dropped) in drops {
                    self.ledger.drop_oldest(target, dropped);
                }
                for (verdict, waited) in self.unsettled.drain(..).zip(settled) {
                    self.ledger.settle(verdict.target, verdict.fate, verdict.numbers.len() as u64, waited);
                }
                Ok(())
            }
            Err(error) => Err(error.to_string()),
        };
        if outcome.is_ok() && !texts.is_empty() {
            (self.announce)(self.file.last());
        }
        for done in appenders {
            // Whoever does not wait for the answer needs none.
            let _ = done.send(outcome.clone());
        }
    }

    fn read(&self, job: Job) {
        match job {
            Job::Load { target, after, most, most_bytes, done } => {
                let _ = done.send(self.file.load(target, after, most, most_bytes));
            }
            Job::Reload { target, numbers, done } => {
                let _ = done.send(self.file.reload(target, &numbers));
            }
            Job::Append { .. } | Job::Settle(_) => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::forward::ledger::Fate;

    #[test]
    fn on_a_full_disk_nothing_is_taken_and_what_was_sent_is_taken_out() {
        let home = tempfile::tempdir().unwrap();
        let mut file = QueueFile::open(&home.path().join("forward.db"), 64 << 20, &["a"]).unwrap();
        let target = file.targets()[0];
        file.work(["1", "2"], &[]).unwrap();
        file.leave(0);
        let ledger = Arc::new(Ledger::open([(target, "a".to_owned(), 2)]));
        let mut worker = Worker::new(file, Arc::clone(&ledger), |_| {});
        let (jobs, queue) = sync_channel(4);
        let (done, appended) = channel();
        jobs.send(Job::Settle(Verdict { target, fate: Fate::Sent, numbers: vec![1] })).unwrap();
        worker.work(Job::Append { texts: vec!["3".into()], done }, &queue);
        assert!(appended.recv().unwrap().unwrap_err().contains("the disk of the queue is full"));
        let counts = ledger.counts();
        assert_eq!((counts.received, counts.targets[0].sent, counts.targets[0].waiting), (0, 1, 1));
    }

    /// What it has of the disk and does not use is its own again.
    #[test]
    fn on_a_full_disk_documents_are_taken_again_once_those_before_are_sent() {
        let home = tempfile::tempdir().unwrap();
        let mut file = QueueFile::open(&home.path().join("forward.db"), 64 << 20, &["a"]).unwrap();
        let target = file.targets()[0];
        let documents = || std::iter::repeat_n("x".repeat(20_000), 1_000);
        file.work(documents(), &[]).unwrap();
        file.leave(0);
        assert!(!file.has_room());
        let sent = Verdict { target, fate: Fate::Sent, numbers: (1..=1_000).collect() };
        file.work([] as [&str; 0], &[sent]).unwrap();
        assert!(file.has_room());
        file.work(documents(), &[]).unwrap();
        assert!(!file.has_room(), "and full again");
    }

    #[test]
    fn space_is_given_back_also_where_there_is_always_a_job() {
        let home = tempfile::tempdir().unwrap();
        let path = home.path().join("forward.db");
        let mut file = QueueFile::open(&path, 64 << 20, &["a"]).unwrap();
        let target = file.targets()[0];
        file.work(std::iter::repeat_n("x".repeat(20_000), 1_000), &[]).unwrap();
        let full = file.used();
        let ledger = Arc::new(Ledger::open([(target, "a".to_owned(), 1_000)]));
        let mut worker = Worker::new(file, ledger, |_| {});
        let (_jobs, queue) = sync_channel(1);
        worker
            .work(Job::Settle(Verdict { target, fate: Fate::Sent, numbers: (1..=1_000).collect() }), &queue);
        for _ in 0..10 {
            worker.tidied = Instant::now().checked_sub(TIDYING).unwrap();
            worker.work(Job::Append { texts: vec!["1".into()], done: channel().0 }, &queue);
        }
        drop(worker);
        let size = std::fs::metadata(&path).unwrap().len();
        assert!(full > 20_000_000 && size < full / 3, "{full} bytes were used, and {size} are taken");
    }
}
