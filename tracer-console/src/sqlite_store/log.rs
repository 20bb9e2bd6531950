//! SQLite's log (the file `-wal`): readers that are never all at rest would let it grow without bound.

use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;

use super::schema::PATIENCE;

/// From so many bytes on, the writer waits for readers to let it begin anew; and again after as many more.
const LONG: u64 = 64 << 20;
/// A read takes milliseconds; for one that takes longer nobody waits again and again.
const WAITING: Duration = Duration::from_secs(2);

/// The log of a database.
#[derive(Debug)]
pub(super) struct Log {
    path: PathBuf,
    long: u64,
}

impl Log {
    pub(super) fn of(database: &Path) -> Self {
        let mut path = database.canonicalize().unwrap_or_else(|_| database.to_owned()).into_os_string();
        path.push("-wal");
        Self { path: path.into(), long: LONG }
    }

    /// Moves what it holds into the database and gives its space back, if it is long.
    pub(super) fn keep_short(&mut self, connection: &Connection) -> rusqlite::Result<()> {
        let size = std::fs::metadata(&self.path).map_or(0, |file| file.len());
        if size < self.long {
            return Ok(());
        }
        connection.busy_timeout(WAITING)?;
        let is_busy = connection.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0));
        connection.busy_timeout(PATIENCE)?;
        self.long = if is_busy? { size + LONG } else { LONG };
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite_store::schema::open_writer;

    fn grow(connection: &Connection, bytes: u64) {
        connection
            .execute("INSERT INTO dictionaries (bytes) VALUES (zeroblob(?1))", [bytes.cast_signed()])
            .unwrap();
    }

    #[test]
    fn a_long_log_begins_anew_once_nobody_reads_what_is_old() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("traces.db");
        let writer = open_writer(&path).unwrap();
        let mut log = Log::of(&path);
        let size = || std::fs::metadata(directory.path().join("traces.db-wal")).unwrap().len();
        let reader = Connection::open(&path).unwrap();
        reader.execute_batch("BEGIN; SELECT * FROM traces;").unwrap();
        grow(&writer, LONG);
        log.keep_short(&writer).unwrap();
        assert!(size() > LONG, "it is still read");
        reader.execute_batch("COMMIT").unwrap();
        log.keep_short(&writer).unwrap();
        assert!(size() > LONG, "it is not tried again at once");
        grow(&writer, LONG);
        log.keep_short(&writer).unwrap();
        assert_eq!(size(), 0);
    }
}
