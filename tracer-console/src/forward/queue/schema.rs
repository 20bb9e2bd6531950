//! The queue's file: opened, made, and held as long as it is open.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, ErrorCode, OpenFlags};

use super::error::QueueError;
use crate::private_file::make_private;
use crate::sqlite_file::{Schema, Unusable};

/// Each brings a file from the version of its index to the next.
const MIGRATIONS: [&str; 2] = [
    include_str!("../../../migrations/queue/0001_queue.sql"),
    include_str!("../../../migrations/queue/0002_accounts.sql"),
];
const SCHEMA: Schema = Schema { migrations: &MIGRATIONS, tables: ["queued", "waiting", "targets"] };

/// How long somebody else may hold the file: a process that is just ending.
const PATIENCE: Duration = Duration::from_secs(2);
/// The log gives back what it took beyond this.
const LOG: i64 = 4 << 20;

/// The connection that has the file to itself; the file is made where there is none, readable by its owner only.
pub(super) fn open(path: &Path) -> Result<Connection, QueueError> {
    make_private(path);
    let path = path.to_owned();
    connect(&path).map_err(|why| match why {
        Unusable::Foreign => QueueError::Foreign { path },
        Unusable::Newer { found, known } => QueueError::Newer { path, found, known },
        Unusable::Sqlite(source) => match source.sqlite_error_code() {
            Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => QueueError::InUse { path },
            _ => QueueError::Open { path, source },
        },
    })
}

fn connect(path: &Path) -> Result<Connection, Unusable> {
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(32);
    // Whoever comes second gets no lock. It goes with the process, however that ends.
    connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
    SCHEMA.make(&connection)?;
    connection.pragma_update(None, "journal_size_limit", LOG)?;
    // Also where there was nothing to do: the lock is taken with the first write.
    connection.execute_batch("BEGIN EXCLUSIVE; COMMIT;")?;
    Ok(connection)
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
