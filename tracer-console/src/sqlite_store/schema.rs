//! The database's file: opened, made, brought up to date.

use std::path::Path;
use std::time::Duration;

use rusqlite::{Connection, OpenFlags};

use super::derivation::is_up_to_date;
use super::error::SqliteError;
use super::urls;
use crate::private_file::make_private;

/// Each brings a database from the version of its index to the next.
pub(super) const MIGRATIONS: [&str; 5] = [
    include_str!("../../migrations/0001_traces.sql"),
    include_str!("../../migrations/0002_searches.sql"),
    include_str!("../../migrations/0003_shapes.sql"),
    include_str!("../../migrations/0004_documents.sql"),
    include_str!("../../migrations/0005_late_traces.sql"),
];
const KNOWN: i64 = MIGRATIONS.len() as i64;

/// How long somebody else may keep the file: a shell that looks into it.
pub(super) const PATIENCE: Duration = Duration::from_secs(10);

/// The connection that writes; the file is made where there is none, readable by its owner only.
pub(super) fn open_writer(path: &Path) -> Result<Connection, SqliteError> {
    make_private(path);
    let connection = open(path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
    let opened = |source| SqliteError::Open { path: path.to_owned(), source };
    if is_foreign(&connection).map_err(opened)? {
        return Err(SqliteError::Foreign { path: path.to_owned() });
    }
    // Before the first table: it cannot be changed later. Space that is given back goes to the file system.
    connection.pragma_update(None, "auto_vacuum", "INCREMENTAL").map_err(opened)?;
    connection.pragma_update(None, "journal_mode", "WAL").map_err(opened)?;
    // What is acknowledged survives a power cut (C2).
    connection.pragma_update(None, "synchronous", "FULL").map_err(opened)?;
    // On macOS nothing less reaches the disk; elsewhere it says nothing.
    connection.pragma_update(None, "fullfsync", true).map_err(opened)?;
    // 16 MB of the log before it is moved into the file: pages that many transactions change are written there once for all of
    // them (17,400 documents/s became 19,100 with 16 clients).
    connection.pragma_update(None, "wal_autocheckpoint", 4_000).map_err(opened)?;
    migrate(&connection, path)?;
    Ok(connection)
}

/// A connection that reads while another writes.
pub(super) fn open_reader(path: &Path) -> Result<Connection, SqliteError> {
    open(path, OpenFlags::SQLITE_OPEN_READ_ONLY)
}

/// Whether a file that is not to be changed is a database of this version.
pub(super) fn check(connection: &Connection, path: &Path) -> Result<(), SqliteError> {
    let opened = |source| SqliteError::Open { path: path.to_owned(), source };
    if is_foreign(connection).map_err(opened)? {
        return Err(SqliteError::Foreign { path: path.to_owned() });
    }
    match version(connection).map_err(opened)? {
        KNOWN if is_up_to_date(connection).map_err(opened)? => Ok(()),
        found if found > KNOWN => Err(SqliteError::Newer { path: path.to_owned(), found, known: KNOWN }),
        found => Err(SqliteError::Older { path: path.to_owned(), found, known: KNOWN }),
    }
}

fn version(connection: &Connection) -> rusqlite::Result<i64> {
    connection.query_row("PRAGMA user_version", [], |row| row.get(0))
}

fn open(path: &Path, flags: OpenFlags) -> Result<Connection, SqliteError> {
    let opened = |source| SqliteError::Open { path: path.to_owned(), source };
    let flags = flags | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags).map_err(opened)?;
    connection.busy_timeout(PATIENCE).map_err(opened)?;
    connection.set_prepared_statement_cache_capacity(64);
    add_functions(&connection).map_err(opened)?;
    Ok(connection)
}

/// What searches use beyond SQL.
pub(super) fn add_functions(connection: &Connection) -> rusqlite::Result<()> {
    rusqlite::vtab::array::load_module(connection)?;
    urls::add_function(connection)
}

/// Whether it has tables and they are not ours.
fn is_foreign(connection: &Connection) -> rusqlite::Result<bool> {
    let tables = "SELECT count(*) > 0, coalesce(sum(name IN ('traces', 'documents', 'dictionaries')), 0) = 3 \
                  FROM sqlite_schema WHERE type = 'table'";
    let (any, ours): (bool, bool) = connection.query_row(tables, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(any && !ours)
}

pub(super) fn migrate(connection: &Connection, path: &Path) -> Result<(), SqliteError> {
    let opened = |source| SqliteError::Open { path: path.to_owned(), source };
    let found = version(connection).map_err(opened)?;
    if found > KNOWN {
        return Err(SqliteError::Newer { path: path.to_owned(), found, known: KNOWN });
    }
    for (at, migration) in MIGRATIONS.iter().enumerate().skip(usize::try_from(found).unwrap_or_default()) {
        let step = format!("BEGIN IMMEDIATE; {migration} PRAGMA user_version = {}; COMMIT;", at + 1);
        connection.execute_batch(&step).map_err(opened)?;
    }
    Ok(())
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
            assert_eq!(version, KNOWN);
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
