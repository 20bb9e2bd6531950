//! How far the writer has come: the revision, and who waits for the next.

use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use rusqlite::Connection;

use super::batch::Rows;
use super::error::SqliteError;
use crate::store::Revision;

/// The revision of the store: what is written, and what is durable and so can be seen.
#[derive(Debug, Default)]
pub(super) struct Progress {
    revisions: Mutex<Revisions>,
    changed: Condvar,
}

#[derive(Debug, Default)]
struct Revisions {
    written: u64,
    durable: u64,
    /// Which rows of traces are late, or not written yet.
    late: Rows,
}

impl Progress {
    /// Goes on where the file ends.
    pub(super) fn resume(&self, connection: &Connection) -> Result<(), SqliteError> {
        let latest = "SELECT coalesce(max(revision), 0) FROM traces";
        let latest: i64 = connection.query_row(latest, [], |row| row.get(0))?;
        let mut revisions = self.lock();
        revisions.written = u64::try_from(latest).unwrap_or_default();
        revisions.durable = revisions.written;
        Ok(())
    }

    /// The revision of the next trace that is written.
    pub(super) fn next_revision(&self) -> i64 {
        let mut revisions = self.lock();
        revisions.written += 1;
        i64::try_from(revisions.written).unwrap_or(i64::MAX)
    }

    /// What was written since the last announcement is not in the file: no revision of it is ever seen.
    pub(super) fn take_back(&self) {
        let mut revisions = self.lock();
        revisions.written = revisions.durable;
    }

    /// What was written is durable: whoever waits may look. `late`: which rows of traces are late, or not written yet.
    pub(super) fn announce(&self, late: Rows) {
        let mut revisions = self.lock();
        let is_changed = revisions.durable != revisions.written;
        revisions.durable = revisions.written;
        revisions.late = late;
        drop(revisions);
        if is_changed {
            self.changed.notify_all();
        }
    }

    /// For which rows who looks into the tables should ask first.
    pub(super) fn late(&self) -> Rows {
        self.lock().late
    }

    pub(super) fn revision(&self) -> Revision {
        Revision(self.lock().durable)
    }

    pub(super) fn wait_for_change(&self, seen: Revision, timeout: Duration) -> Revision {
        let is_seen = |revisions: &mut Revisions| Revision(revisions.durable) == seen;
        let waited = self.changed.wait_timeout_while(self.lock(), timeout, is_seen);
        Revision(waited.unwrap_or_else(PoisonError::into_inner).0.durable)
    }

    fn lock(&self) -> MutexGuard<'_, Revisions> {
        self.revisions.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
