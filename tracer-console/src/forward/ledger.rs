//! What became of every document: for each target, what was sent, rejected, dropped or still waits.

use std::collections::BTreeMap;
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::counts::{ForwardCounts, TargetCounts};
use super::queue::TargetId;

/// What became of a document that a target needs no more.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Fate {
    /// The far end took it.
    Sent,
    /// The far end will never take it.
    Rejected,
    /// It is nothing for this kind of target.
    Skipped,
}

/// The books. They balance: what waited at first and what was received is sent, rejected, skipped, dropped, or waits.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    entries: Mutex<Entries>,
}

#[derive(Debug, Default)]
struct Entries {
    received: u64,
    targets: BTreeMap<TargetId, TargetCounts>,
}

impl Ledger {
    /// The books of targets, by name, for each of which so many documents wait already.
    pub(super) fn open(targets: impl IntoIterator<Item = (TargetId, String, u64)>) -> Self {
        let counts =
            |(target, name, waiting)| (target, TargetCounts { name, waiting, ..TargetCounts::default() });
        let targets = targets.into_iter().map(counts).collect();
        Self { entries: Mutex::new(Entries { received: 0, targets }) }
    }

    fn entries(&self) -> MutexGuard<'_, Entries> {
        self.entries.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// So many documents are durable, and wait for every target.
    pub(super) fn receive(&self, documents: u64) {
        let mut entries = self.entries();
        entries.received += documents;
        entries.targets.values_mut().for_each(|counts| counts.waiting += documents);
    }

    /// So many documents of a target had to make room.
    pub(super) fn drop_oldest(&self, target: TargetId, documents: u64) {
        if let Some(counts) = self.entries().targets.get_mut(&target) {
            counts.waiting = counts.waiting.saturating_sub(documents);
            counts.dropped += documents;
        }
    }

    /// The fate of so many documents, of which `waited` still waited: the others had been dropped while they were under way, and
    /// so were not.
    pub(super) fn settle(&self, target: TargetId, fate: Fate, documents: u64, waited: u64) {
        if let Some(counts) = self.entries().targets.get_mut(&target) {
            counts.waiting = counts.waiting.saturating_sub(waited);
            counts.dropped = counts.dropped.saturating_sub(documents.saturating_sub(waited));
            match fate {
                Fate::Sent => counts.sent += documents,
                Fate::Rejected => counts.rejected += documents,
                Fate::Skipped => counts.skipped += documents,
            }
        }
    }

    /// So many documents of a target are sent once more.
    pub(super) fn retry(&self, target: TargetId, documents: u64) {
        if let Some(counts) = self.entries().targets.get_mut(&target) {
            counts.retried += documents;
        }
    }

    /// The counts now.
    pub(super) fn counts(&self) -> ForwardCounts {
        let entries = self.entries();
        ForwardCounts { received: entries.received, targets: entries.targets.values().cloned().collect() }
    }
}
