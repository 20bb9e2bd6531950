//! A courier: takes what its target's lane has, sends it, and tells the queue what became of it. A target has several.

use std::sync::Arc;
use std::time::{Duration, Instant};

use super::far::{Failure, FailureKind, Far, Reply, Word};
use super::lane::{Batch, FULL, Lane, Outcome, Task};
use super::ledger::Fate;
use super::queue::{Number, Queue, Queued, TargetId, Verdict};
use super::seldom::Seldom;

/// Documents that are sent together have no more bytes, but for one that has more alone.
const MOST_BYTES: usize = 4 << 20;
/// A far end that has failed so often with the same documents may do so because of one of them.
const OFTEN: u32 = 3;

/// What the couriers of a target share.
pub(super) struct Courier {
    pub(super) name: String,
    pub(super) target: TargetId,
    pub(super) far: Arc<dyn Far>,
    pub(super) lane: Arc<Lane>,
    pub(super) queue: Arc<Queue>,
    /// How many documents were rejected is counted; not each has a line.
    pub(super) rejections: Seldom,
}

impl Courier {
    /// Works until the lane is over.
    pub(super) fn run(&self) {
        while let Some(task) = self.lane.next() {
            let began = Instant::now();
            let outcome = self.work(task, began);
            self.lane.finished(began, outcome);
        }
    }

    fn work(&self, task: Task, began: Instant) -> Outcome {
        let (documents, failures) = match task {
            Task::Load { after } => match self.queue.load(self.target, after, FULL, MOST_BYTES) {
                Ok(loaded) => {
                    self.lane.loaded(loaded.up_to);
                    (loaded.documents, 0)
                }
                Err(error) => {
                    self.lane.loaded(after);
                    log::error!("{}: {error}", self.name);
                    return Outcome::Failed(Vec::new(), None);
                }
            },
            Task::Again(batch) => match self.queue.reload(self.target, batch.numbers.clone()) {
                Ok(documents) => {
                    self.queue.ledger().retry(self.target, documents.len() as u64);
                    (documents, batch.failures)
                }
                Err(error) => {
                    log::error!("{}: {error}", self.name);
                    return Outcome::Failed(vec![batch], None);
                }
            },
        };
        if documents.is_empty() {
            // What it was has been dropped meanwhile.
            return Outcome::Nothing;
        }
        match self.far.send(&documents) {
            Reply::Said(words) => self.heed(&documents, words, failures, began.elapsed()),
            Reply::Failed(failure) => self.keep(&documents, failures, &failure),
            Reply::Refused { one_may_be_the_reason: true, .. } if documents.len() > 1 => {
                Outcome::Answered(halves(&documents, failures))
            }
            Reply::Refused { why, .. } => self.reject(&documents, &why),
        }
    }

    fn heed(&self, documents: &[Queued], words: Vec<Word>, failures: u32, took: Duration) -> Outcome {
        let [mut sent, mut rejected, mut skipped, mut later] = [const { Vec::new() }; 4];
        let mut why_later = String::new();
        for (queued, word) in documents.iter().zip(words) {
            match word {
                Word::Taken => sent.push(queued.number),
                Word::Skipped => skipped.push(queued.number),
                Word::Rejected(why) => {
                    rejected.push(queued.number);
                    self.rejections.say(|| log::error!("{}: rejected for good: {why}", self.name));
                }
                Word::Later(why) => {
                    later.push(queued.number);
                    why_later = why;
                }
            }
        }
        if !sent.is_empty() {
            let (name, count, seconds) = (&self.name, sent.len(), took.as_secs_f64());
            log::info!("{name}: Successfully sent batch of {count} segments ({seconds:.3} seconds)");
        }
        self.settle(Fate::Sent, sent);
        self.settle(Fate::Rejected, rejected);
        self.settle(Fate::Skipped, skipped);
        if later.is_empty() {
            return Outcome::Answered(Vec::new());
        }
        log::warn!("{}: {} documents are to be sent again, such as {why_later}", self.name, later.len());
        Outcome::Failed(vec![Batch { numbers: later, failures }], None)
    }

    fn keep(&self, documents: &[Queued], failures: u32, failure: &Failure) -> Outcome {
        let (name, count) = (&self.name, documents.len());
        log::warn!("{name}: {count} documents could not be sent, and are sent again: {}", failure.why);
        let one_may_be_the_reason = failures >= OFTEN && may_be_of_a_document(failure.kind);
        let batches = if one_may_be_the_reason {
            halves(documents, failures)
        } else {
            vec![Batch { numbers: numbers(documents), failures }]
        };
        Outcome::Failed(batches, failure.after)
    }

    fn reject(&self, documents: &[Queued], why: &str) -> Outcome {
        let (name, count) = (&self.name, documents.len());
        self.rejections.say(|| log::error!("{name}: {count} documents were rejected for good: {why}"));
        self.settle(Fate::Rejected, numbers(documents));
        Outcome::Answered(Vec::new())
    }

    fn settle(&self, fate: Fate, numbers: Vec<Number>) {
        self.queue.settle(Verdict { target: self.target, fate, numbers });
    }
}

fn numbers(documents: &[Queued]) -> Vec<Number> {
    documents.iter().map(|queued| queued.number).collect()
}

/// One of the documents may be why nothing was taken: it is found by sending fewer.
fn halves(documents: &[Queued], failures: u32) -> Vec<Batch> {
    let halves = documents.chunks(documents.len().div_ceil(2));
    halves.map(|half| Batch { numbers: numbers(half), failures }).collect()
}

/// Whether the far end may fail that way over what a document holds. More calls do not help one that is away or busy.
fn may_be_of_a_document(kind: FailureKind) -> bool {
    matches!(kind, FailureKind::Timeout | FailureKind::Status(500 | 502 | 504) | FailureKind::Other)
}
