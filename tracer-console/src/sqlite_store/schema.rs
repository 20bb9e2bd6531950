//! The database's file: opened, made, brought up to date.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::derivation::is_up_to_date;
use super::error::SqliteError;
use super::urls;
use crate::private_file::make_private;
use crate::sqlite_file::{self, Schema, Unusable};

/// Each brings a database from the version of its index to the next.
pub(super) const MIGRATIONS: [&str; 6] = [
    include_str!("../../migrations/0001_traces.sql"),
    include_str!("../../migrations/0002_searches.sql"),
    include_str!("../../migrations/0003_shapes.sql"),
    include_str!("../../migrations/0004_documents.sql"),
    include_str!("../../migrations/0005_late_traces.sql"),
    include_str!("../../migrations/0006_text_chunks.sql"),
];
const SCHEMA: Schema = Schema { migrations: &MIGRATIONS, tables: ["traces", "documents", "dictionaries"] };

/// How long somebody else may keep the file: a shell that looks into it.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// The connection that writes; the file is made where there is none, readable by its owner only.
pub(super) fn open_writer(path: &Path) -> Result<Connection, SqliteError> {
    make_private(path);
    let opened = |source| SqliteError::Open { path: path.to_owned(), source };
    let flags =
        OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(opened)?;
    prepare(&connection).map_err(opened)?;
    SCHEMA.make(&connection).map_err(|why| unusable(why, path))?;
    // 16 MB of the log before it is moved into the file: pages that many transactions change are written there once for all of
    // them (17,400 documents/s became 19,100 with 16 clients).
    connection.pragma_update(None, "wal_autocheckpoint", 4_000).map_err(opened)?;
    Ok(connection)
}

/// A connection that reads while another writes.
pub(super) fn open_reader(path: &Path) -> Result<Connection, SqliteError> {
    let opened = |source| SqliteError::Open { path: path.to_owned(), source };
    let connection = sqlite_file::open_to_read(path).map_err(opened)?;
    let connection = connection.ok_or_else(|| SqliteError::Log { path: path.to_owned() })?;
    prepare(&connection).map_err(opened)?;
    Ok(connection)
}

/// Whether a file that is not to be changed is a database of this version.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<(), SqliteError> {
    let (found, known) = (SCHEMA.check(connection).map_err(|why| unusable(why, path))?, SCHEMA.known());
    let opened = |source| SqliteError::Open { path: path.to_owned(), source };
    if found == known && is_up_to_date(connection).map_err(opened)? {
        return Ok(());
    }
    Err(SqliteError::Older { path: path.to_owned(), found, known })
}

fn unusable(why: Unusable, path: &Path) -> SqliteError {
    let path = path.to_owned();
    match why {
        Unusable::Foreign => SqliteError::Foreign { path },
        Unusable::Newer { found, known } => SqliteError::Newer { path, found, known },
        Unusable::Sqlite(source) => SqliteError::Open { path, source },
    }
}

fn prepare(connection: &Connection) -> rusqlite::Result<()> {
    connection.busy_timeout(PATIENCE)?;
    connection.set_prepared_statement_cache_capacity(64);
    add_functions(connection)
}

/// What searches use beyond SQL.
pub(super) fn add_functions(connection: &Connection) -> rusqlite::Result<()> {
    rusqlite::vtab::array::load_module(connection)?;
    urls::add_function(connection)
}

/// Brings a database up to date that is in memory only.
#[cfg(test)]
pub(super) fn migrate(connection: &Connection, path: &Path) -> Result<(), SqliteError> {
    SCHEMA.migrate(connection).map_err(|why| unusable(why, path))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_file_is_the_owners_only_and_is_brought_up_to_date_once() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("traces.db");
        for _ in 0..2 {
            let connection = open_writer(&path).unwrap();
            let version: i64 = connection.query_row("PRAGMA user_version", [], |row| row.get(0)).unwrap();
            assert_eq!(version, SCHEMA.known());
        }
        #[cfg(unix)]
        {
            use std::os::unix::fs::PermissionsExt as _;
            assert_eq!(std::fs::metadata(&path).unwrap().permissions().mode() & 0o777, 0o600);
        }
    }

    #[test]
    fn a_file_of_a_newer_program_is_refused_by_its_version() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("traces.db");
        open_writer(&path).unwrap().pragma_update(None, "user_version", 99).unwrap();
        let error = open_writer(&path).unwrap_err();
        assert!(matches!(error, SqliteError::Newer { found: 99, .. }), "{error}");
    }

    #[test]
    fn a_database_of_another_program_is_refused_and_left_as_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("places.sqlite");
        Connection::open(&path).unwrap().execute_batch("CREATE TABLE bookmarks (url TEXT)").unwrap();
        let before = std::fs::read(&path).unwrap();
        assert!(matches!(open_writer(&path), Err(SqliteError::Foreign { .. })));
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }

    #[test]
    fn what_is_no_database_is_refused_and_left_as_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("notes.txt");
        std::fs::write(&path, "this is no database, it is a text of mine".repeat(100)).unwrap();
        assert!(matches!(open_writer(&path), Err(SqliteError::Open { .. })));
        assert!(std::fs::read_to_string(&path).unwrap().starts_with("this is no database"));
    }
}
