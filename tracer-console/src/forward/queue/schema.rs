//! The queue's file: opened, made, and held as long as it is open.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::error::QueueError;
use crate::private_file::make_private;

/// Each brings a file from the version of its index to the next.
const MIGRATIONS: [&str; 1] = [include_str!("../../../migrations/queue/0001_queue.sql")];
const KNOWN: i64 = MIGRATIONS.len() as i64;

/// How long somebody else may hold the file: a process that is just ending.
const PATIENCE: Duration = Duration::from_secs(2);
/// The log gives back what it took beyond this.
const LOG: i64 = 4 << 20;

/// The connection that has the file to itself; the file is made where there is none, readable by its owner only.
pub(super) fn open(path: &Path) -> Result<Connection, QueueError> {
    make_private(path);
    connect(path).map_err(|source| match source.sqlite_error_code() {
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => {
            QueueError::InUse { path: path.to_owned() }
        }
        _ => QueueError::Open { path: path.to_owned(), source },
    })?
}

/// The outer error is SQLite's, the inner one says that the file is none of ours.
fn connect(path: &Path) -> rusqlite::Result<Result<Connection, QueueError>> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(32);
    // Whoever comes second gets no lock. It goes with the process, however that ends.
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    if is_foreign(&connection)? {
        return Ok(Err(QueueError::Foreign { path: path.to_owned() }));
    }
    // Before the first table: it cannot be changed later. Space that is given back goes to the file system.
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
    connection.pragma_update(None, "journal_mode", "WAL")?;
    connection.pragma_update(None, "journal_size_limit", LOG)?;
    // What is acknowledged survives a power cut (C2).
    connection.pragma_update(None, "synchronous", "FULL")?;
    // On macOS nothing less reaches the disk; elsewhere it says nothing.
    connection.pragma_update(None, "fullfsync", true)?;
    migrate(&connection, path).map(|migrated| migrated.map(|()| connection))
}

/// Whether it has tables and they are not ours.
fn is_foreign(connection: &Connection) -> rusqlite::Result<bool> {
    let tables = "SELECT count(*) > 0, coalesce(sum(name IN ('queued', 'waiting', 'targets')), 0) = 3 \
                  FROM sqlite_schema WHERE type = 'table'";
    let (any, ours): (bool, bool) = connection.query_row(tables, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(any && !ours)
}

fn migrate(connection: &Connection, path: &Path) -> rusqlite::Result<Result<(), QueueError>> {
    let found: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
    if found > KNOWN {
        return Ok(Err(QueueError::Newer { path: path.to_owned(), found, known: KNOWN }));
    }
    for (at, migration) in MIGRATIONS.iter().enumerate().skip(usize::try_from(found).unwrap_or_default()) {
        let step = format!("BEGIN IMMEDIATE; {migration} PRAGMA user_version = {}; COMMIT;", at + 1);
        connection.execute_batch(&step)?;
    }
    // Also where there was nothing to do: the lock is taken with the first write.
    connection.execute_batch("BEGIN EXCLUSIVE; COMMIT;")?;
    Ok(Ok(()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_file_is_the_owners_only_and_held_by_one() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("forward.db");
        for _ in 0..2 {
            let first = open(&path).unwrap();
            assert!(matches!(open(&path), Err(QueueError::InUse { .. })));
            drop(first);
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn what_is_no_queue_of_ours_is_refused_and_left_as_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let foreign = directory.path().join("places.sqlite");
        Connection::open(&foreign).unwrap().execute_batch("CREATE TABLE bookmarks (url TEXT)").unwrap();
        let text = directory.path().join("notes.txt");
        std::fs::write(&text, "notes of mine ".repeat(1_000)).unwrap();
        let before = [&foreign, &text].map(|path| std::fs::read(path).unwrap());
        assert!(matches!(open(&foreign), Err(QueueError::Foreign { .. })));
        assert!(matches!(open(&text), Err(QueueError::Open { .. })));
        assert!(matches!(open(directory.path()), Err(QueueError::Open { .. })));
        assert_eq!([&foreign, &text].map(|path| std::fs::read(path).unwrap()), before);
    }

    #[test]
    fn a_file_of_a_newer_program_is_refused_by_its_version() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("forward.db");
        open(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
        assert!(matches!(open(&path), Err(QueueError::Newer { found: 99, .. })));
    }
}
