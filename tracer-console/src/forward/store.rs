//! The store of a console that forwards: what it takes is queued, and kept too where that is asked for.

use std::sync::Arc;
use std::time::Duration;

use super::queue::Queue;
use super::xray::LARGEST;
use crate::compiled::TraceGraph;
use crate::document::Document;
use crate::refusal::{Refusal, RefusalCode};
use crate::search::{Found, Search};
use crate::store::{Revision, StoreError, TraceSize, TraceStore};
use crate::submitted::Submitted;
use crate::trace::Trace;
use crate::trace_id::TraceId;
use crate::trace_outcome::TraceOutcome;

/// Queues, and answers from another store.
pub(super) struct ForwardStore {
    queue: Arc<Queue>,
    answers: Arc<dyn TraceStore>,
    keeps: bool,
    /// Whether there is a target that takes documents which are larger than X-Ray takes.
    takes_any_size: bool,
}

impl ForwardStore {
    /// Questions are answered from this store, and with `keeps` it has what is queued.
    pub(super) fn new(
        queue: Arc<Queue>,
        answers: Arc<dyn TraceStore>,
        keeps: bool,
        takes_any_size: bool,
    ) -> Self {
        Self { queue, answers, keeps, takes_any_size }
    }

    fn is_sent(&self, document: &Document) -> bool {
        self.takes_any_size || document.text().len() <= LARGEST
    }

    fn too_large(&self, document: &Document) -> Refusal {
        let kept = if self.keeps { "it is kept here and" } else { "it is" };
        let bytes = document.text().len();
        let message = format!("the document has {bytes} bytes, X-Ray takes {LARGEST}; {kept} not forwarded");
        Refusal::new(RefusalCode::LimitExceeded, message).of(document.text().as_bytes())
    }
}

impl TraceStore for ForwardStore {
    fn record(&self, document: Document) -> Result<(), Refusal> {
        let closed = || Err(Refusal::new(RefusalCode::NotStored, "the queue is closed"));
        self.record_all(vec![document]).pop().unwrap_or_else(closed)
    }

    fn record_all(&self, documents: Vec<Document>) -> Vec<Result<(), Refusal>> {
        self.submit(documents).wait()
    }

    fn submit(&self, documents: Vec<Document>) -> Submitted {
        let outcome =
            |document: &Document| if self.is_sent(document) { Ok(()) } else { Err(self.too_large(document)) };
        let outcomes: Vec<_> = documents.iter().map(outcome).collect();
        let sent = documents.iter().filter(|document| self.is_sent(document));
        let appending = self.queue.append(sent.map(|document| document.text().into()).collect());
        // Both wait for the disk together.
        let kept = self.keeps.then(|| self.answers.submit(documents));
        Submitted::new(move || {
            let kept = kept.map(Submitted::wait).unwrap_or_default();
            together(outcomes, &appending.wait(), kept)
        })
    }

    fn search(&self, search: &Search) -> Result<Found, StoreError> {
        self.answers.search(search)
    }

    fn outcomes(&self, search: &Search, each: &mut dyn FnMut(&TraceOutcome)) -> Result<(), StoreError> {
        self.answers.outcomes(search, each)
    }

    fn graphs(&self, search: &Search, each: &mut dyn FnMut(&TraceGraph<'_>)) -> Result<(), StoreError> {
        self.answers.graphs(search, each)
    }

    fn settings(&self, kind: &str) -> Result<Vec<(String, String)>, StoreError> {
        self.answers.settings(kind)
    }

    fn put_setting(&self, kind: &str, name: &str, value: Option<&str>) -> Result<(), StoreError> {
        self.answers.put_setting(kind, name, value)
    }

    fn trace(&self, id: TraceId) -> Option<Trace> {
        self.answers.trace(id)
    }

    fn documents(&self, id: TraceId) -> Vec<Arc<str>> {
        self.answers.documents(id)
    }

    fn size(&self, id: TraceId) -> TraceSize {
        self.answers.size(id)
    }

    fn changed_since(&self, since: Revision) -> Vec<(TraceId, Revision)> {
        self.answers.changed_since(since)
    }

    fn revision(&self) -> Revision {
        self.answers.revision()
    }

    fn wait_for_change(&self, seen: Revision, timeout: Duration) -> Revision {
        self.answers.wait_for_change(seen, timeout)
    }
}

/// What became of each document: whether it is queued decides; what the store beside the queue does not take is said.
fn together(
    mut outcomes: Vec<Result<(), Refusal>>,
    appended: &Result<(), String>,
    kept: Vec<Result<(), Refusal>>,
) -> Vec<Result<(), Refusal>> {
    if let Err(why) = appended {
        let refusal = Refusal::new(RefusalCode::NotStored, why.clone());
        outcomes
            .iter_mut()
            .filter(|outcome| outcome.is_ok())
            .for_each(|outcome| *outcome = Err(refusal.clone()));
    }
    for (outcome, kept) in outcomes.iter_mut().zip(kept) {
        if let (Ok(()), Err(refusal)) = (&outcome, kept) {
            let message = format!("it is forwarded, and not kept here: {}", refusal.message);
            *outcome = Err(Refusal { message, ..refusal });
        }
    }
    outcomes
}
