//! How much of the disk the queue may take: beyond it the oldest documents are dropped, and counted.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use rusqlite::{Connection, Transaction};

use super::error::QueueError;
use super::queued::{Number, TargetId};

/// The file is looked at again after so many bytes of documents.
const BETWEEN_LOOKS: u64 = 256 << 10;
/// Documents that are looked at together.
const AT_ONCE: i64 = 256;
/// What a document takes beside its text.
const BESIDE: u64 = 32;
/// Pages that are given back at a time.
const PAGES_AT_ONCE: i64 = 1_000;

/// So many bytes of the disk are left to others, and to SQLite: it needs some to take out what was sent.
const RESERVE: u64 = 16 << 20;
/// What the log has beyond this is given back soon, and is not counted on.
const LOG: u64 = 4 << 20;

/// The bound.
#[derive(Debug)]
pub(super) struct Room {
    bytes: u64,
    reserve: u64,
    /// The directory of the file.
    directory: PathBuf,
    /// SQLite's log beside it, which is written again from its beginning.
    log: PathBuf,
    /// What the disk has left, as tests will have it.
    #[cfg(test)]
    left: Option<u64>,
}

/// How many documents were dropped of each target that still waited for them.
pub(super) type Drops = BTreeMap<TargetId, u64>;

impl Room {
    /// So many bytes for the file at this path.
    pub(super) fn of(path: &Path, bytes: u64) -> Self {
        let directory = path.canonicalize().ok().and_then(|path| path.parent().map(Path::to_owned));
        let mut log = path.as_os_str().to_owned();
        log.push("-wal");
        Self {
            bytes,
            reserve: RESERVE,
            directory: directory.unwrap_or_default(),
            log: log.into(),
            #[cfg(test)]
            left: None,
        }
    }

    /// Whether the disk has room for more: what is free on it, and what the file has and does not use.
    pub(super) fn is_on_disk(&self, connection: &Connection) -> Result<bool, QueueError> {
        let Some(free) = self.free_bytes().filter(|free| *free < self.reserve) else { return Ok(true) };
        let number = |pragma| connection.query_row(pragma, [], |row| row.get::<_, i64>(0));
        let unused = number("PRAGMA freelist_count")?.saturating_mul(number("PRAGMA page_size")?);
        let log = std::fs::metadata(&self.log).map_or(0, |log| log.len().min(LOG));
        Ok(free.saturating_add(unused.unsigned_abs()).saturating_add(log) >= self.reserve)
    }

    fn free_bytes(&self) -> Option<u64> {
        #[cfg(test)]
        if self.left.is_some() {
            return self.left;
        }
        free_bytes(&self.directory)
    }

    /// As if the disk had no more than so much left.
    #[cfg(test)]
    pub(super) fn leave(&mut self, bytes: u64) {
        self.left = Some(bytes);
    }

    /// Whether so many bytes since the last look are a reason to look again.
    pub(super) fn is_worth_a_look(&self, bytes: u64) -> bool {
        bytes >= BETWEEN_LOOKS
    }

    /// Drops the oldest documents until the file is within its bound.
    pub(super) fn make(&self, transaction: &Transaction<'_>, drops: &mut Drops) -> Result<(), QueueError> {
        loop {
            let used = Self::used(transaction)?;
            let Some(excess) = used.checked_sub(self.bytes).filter(|excess| *excess > 0) else {
                return Ok(());
            };
            let Some(up_to) = oldest(transaction, excess)? else { return Ok(()) };
            drop_up_to(transaction, up_to, drops)?;
        }
    }

    /// The bytes of the file that are in use.
    pub(super) fn used(connection: &Connection) -> Result<u64, QueueError> {
        let number = |pragma| connection.query_row(pragma, [], |row| row.get::<_, i64>(0));
        let used = number("PRAGMA page_count")? - number("PRAGMA freelist_count")?;
        Ok(used.saturating_mul(number("PRAGMA page_size")?).unsigned_abs())
    }

    /// Gives some of what is free back to the file system, if it is much; whether there is more.
    pub(super) fn shrink(&self, connection: &Connection) -> Result<bool, QueueError> {
        let number = |pragma| connection.query_row(pragma, [], |row| row.get::<_, i64>(0));
        let free = number("PRAGMA freelist_count")?;
        // Some is soon used again.
        if free <= PAGES_AT_ONCE {
            return Ok(false);
        }
        connection.pragma(None, "incremental_vacuum", PAGES_AT_ONCE.to_string(), |_| Ok(()))?;
        Ok(free > 2 * PAGES_AT_ONCE)
    }
}

/// What the disk has left, where the system says so.
#[cfg(unix)]
fn free_bytes(directory: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(directory).ok()?;
    Some(disk.f_bavail.saturating_mul(disk.f_frsize))
}

#[cfg(not(unix))]
fn free_bytes(_: &Path) -> Option<u64> {
    None
}

/// The number up to which the oldest documents have about so many bytes; `None` where there is no document.
fn oldest(transaction: &Transaction<'_>, excess: u64) -> Result<Option<Number>, QueueError> {
    let select = "SELECT number, octet_length(text) FROM queued ORDER BY number LIMIT ?1";
    let mut select = transaction.prepare_cached(select)?;
    let mut rows = select.query([AT_ONCE])?;
    let (mut up_to, mut bytes) = (None, 0);
    while bytes < excess
        && let Some(row) = rows.next()?
    {
        up_to = Some(row.get(0)?);
        bytes += row.get::<_, i64>(1)?.unsigned_abs() + BESIDE;
    }
    Ok(up_to)
}

fn drop_up_to(transaction: &Transaction<'_>, number: Number, drops: &mut Drops) -> Result<(), QueueError> {
    let count = "SELECT target, count(*) FROM waiting WHERE number <= ?1 GROUP BY target";
    let mut count = transaction.prepare_cached(count)?;
    let rows = count.query_map([number], |row| Ok((TargetId(row.get(0)?), row.get::<_, i64>(1)?)))?;
    for row in rows {
        let (target, dropped) = row?;
        *drops.entry(target).or_default() += dropped.unsigned_abs();
    }
    transaction.prepare_cached("DELETE FROM waiting WHERE number <= ?1")?.execute([number])?;
    transaction.prepare_cached("DELETE FROM queued WHERE number <= ?1")?.execute([number])?;
    Ok(())
}
