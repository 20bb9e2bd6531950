//! An SQLite file of this program: told from those of others, made durable, brought from version to version.

use std::path::Path;

use percent_encoding::{NON_ALPHANUMERIC, percent_encode};
use rusqlite::{Connection, OpenFlags};

/// What makes a file one of ours.
#[derive(Debug)]
pub(crate) struct Schema {
    /// Each brings a file from the version of its index to the next.
    pub(crate) migrations: &'static [&'static str],
    /// Tables that each of its files has.
    pub(crate) tables: [&'static str; 3],
}

/// Why a file is not one of ours to use.
#[derive(Debug)]
pub(crate) enum Unusable {
    /// It has tables, and others than ours.
    Foreign,
    /// A newer program wrote it.
    Newer { found: i64, known: i64 },
    /// SQLite says so.
    Sqlite(rusqlite::Error),
}

impl From<rusqlite::Error> for Unusable {
    fn from(error: rusqlite::Error) -> Self {
        Self::Sqlite(error)
    }
}

impl Schema {
    /// The version that the last migration makes.
    pub(crate) const fn known(&self) -> i64 {
        self.migrations.len() as i64
    }

    /// Makes the file ours: an empty one has its tables then, and an older one is brought up to date.
    pub(crate) fn make(&self, connection: &Connection) -> Result<(), Unusable> {
        self.refuse_foreign(connection)?;
        // Before the first table: it cannot be changed later. Space that is given back goes to the file system.
        connection.pragma_update(None, "auto_vacuum", "INCREMENTAL")?;
        connection.pragma_update(None, "journal_mode", "WAL")?;
        // What is acknowledged survives a power cut (C2).
        connection.pragma_update(None, "synchronous", "FULL")?;
        // On macOS nothing less reaches the disk; elsewhere it says nothing.
        connection.pragma_update(None, "fullfsync", true)?;
        self.migrate(connection)
    }

    /// Does what is missing, each migration in a transaction of its own.
    pub(crate) fn migrate(&self, connection: &Connection) -> Result<(), Unusable> {
        let found = self.refuse_newer(connection)?;
        for (at, migration) in
            self.migrations.iter().enumerate().skip(usize::try_from(found).unwrap_or_default())
        {
            let step = format!("BEGIN IMMEDIATE; {migration} PRAGMA user_version = {}; COMMIT;", at + 1);
            connection.execute_batch(&step)?;
        }
        Ok(())
    }

    /// The version of a file that is not to be changed: the latest, or an older one.
    pub(crate) fn check(&self, connection: &Connection) -> Result<i64, Unusable> {
        self.refuse_foreign(connection)?;
        self.refuse_newer(connection)
    }

    fn refuse_newer(&self, connection: &Connection) -> Result<i64, Unusable> {
        let found = connection.query_row("PRAGMA user_version", [], |row| row.get(0))?;
        let known = self.known();
        if found > known { Err(Unusable::Newer { found, known }) } else { Ok(found) }
    }

    fn refuse_foreign(&self, connection: &Connection) -> Result<(), Unusable> {
        let [first, second, third] = self.tables;
        let tables = "SELECT count(*) > 0, coalesce(sum(name IN (?1, ?2, ?3)), 0) = 3 FROM sqlite_schema WHERE type = 'table'";
        let answer = |row: &rusqlite::Row<'_>| Ok((row.get(0)?, row.get(1)?));
        let (any, ours): (bool, bool) = connection.query_row(tables, [first, second, third], answer)?;
        if any && !ours { Err(Unusable::Foreign) } else { Ok(()) }
    }
}

/// How a file can be read that is not to be changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reading {
    /// Beside whoever writes it: SQLite keeps a file of its own there for that.
    Beside,
    /// As it is: there is no place for that file, and nobody writes.
    AsItIs,
    /// Not at all: its log holds what is not in it yet, and there is no place to read that.
    NotThere,
}

impl Reading {
    /// `log` is the size of `-wal`, where it is there.
    fn of(directory_is_writable: bool, log: Option<u64>, has_index: bool) -> Self {
        match log {
            _ if directory_is_writable => Self::Beside,
            // Somebody may be writing, and says in the index what is where.
            Some(_) if has_index => Self::Beside,
            Some(1..) => Self::NotThere,
            Some(0) | None => Self::AsItIs,
        }
    }

    fn of_file(path: &Path) -> Self {
        let beside = |what: &str| {
            let mut name = path.as_os_str().to_owned();
            name.push(what);
            std::fs::metadata(name)
        };
        let log = beside("-wal").ok().map(|log| log.len());
        Self::of(is_in_writable_directory(path), log, beside("-shm").is_ok())
    }
}

#[cfg(unix)]
fn is_in_writable_directory(path: &Path) -> bool {
    use rustix::fs::{Access, access};
    let directory = path.parent().filter(|parent| !parent.as_os_str().is_empty()).unwrap_or(Path::new("."));
    access(directory, Access::WRITE_OK | Access::EXEC_OK).is_ok()
}

/// Elsewhere only an attempt would tell.
#[cfg(not(unix))]
fn is_in_writable_directory(_: &Path) -> bool {
    true
}

/// A connection that reads only; `None` where that takes a directory that can be written.
pub(crate) fn open_to_read(path: &Path) -> rusqlite::Result<Option<Connection>> {
    let flags = OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    match Reading::of_file(path) {
        Reading::Beside => Connection::open_with_flags(path, flags).map(Some),
        Reading::AsItIs => {
            Connection::open_with_flags(immutable(path), flags | OpenFlags::SQLITE_OPEN_URI).map(Some)
        }
        Reading::NotThere => Ok(None),
    }
}

/// SQLite makes no file beside it and takes no lock.
fn immutable(path: &Path) -> String {
    format!("file:{}?immutable=1", percent_encode(path.as_os_str().as_encoded_bytes(), NON_ALPHANUMERIC))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLES: [&str; 3] = ["a", "b", "c"];
    const FIRST: &str = "CREATE TABLE a (x); CREATE TABLE b (x); CREATE TABLE c (x);";
    const SCHEMA: Schema = Schema { migrations: &[FIRST, "INSERT INTO a VALUES (1);"], tables: TABLES };
    const BROKEN: Schema = Schema {
        migrations: &[FIRST, "INSERT INTO a VALUES (1); INSERT INTO z VALUES (1);"],
        tables: TABLES,
    };

    fn rows(connection: &Connection) -> i64 {
        connection.query_row("SELECT count(*) FROM a", [], |row| row.get(0)).unwrap()
    }

    #[test]
    fn each_migration_is_done_once_and_one_that_fails_leaves_nothing() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file.db");
        let connection = Connection::open(&path).unwrap();
        assert!(matches!(BROKEN.make(&connection), Err(Unusable::Sqlite(_))));
        drop(connection);
        let connection = Connection::open(&path).unwrap();
        assert_eq!((rows(&connection), SCHEMA.check(&connection).unwrap()), (0, 1));
        for _ in 0..2 {
            SCHEMA.make(&connection).unwrap();
            assert_eq!((rows(&connection), SCHEMA.check(&connection).unwrap()), (1, 2));
        }
    }

    #[test]
    fn a_file_is_read_beside_its_writer_wherever_that_is_possible() {
        for (log, has_index) in
            [(None, false), (Some(0), false), (Some(0), true), (Some(9), false), (Some(9), true)]
        {
            assert_eq!(Reading::of(true, log, has_index), Reading::Beside);
        }
        for log in [0, 9] {
            assert_eq!(Reading::of(false, Some(log), true), Reading::Beside);
        }
        assert_eq!(Reading::of(false, None, false), Reading::AsItIs);
        assert_eq!(Reading::of(false, None, true), Reading::AsItIs);
        assert_eq!(Reading::of(false, Some(0), false), Reading::AsItIs);
        assert_eq!(Reading::of(false, Some(9), false), Reading::NotThere);
    }

    #[test]
    fn a_file_that_is_read_as_it_is_needs_nothing_beside_it_and_any_name_does() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("100% of it? yes#1 ä.db");
        let connection = Connection::open(&path).unwrap();
        SCHEMA.make(&connection).unwrap();
        drop(connection);
        let reader = Connection::open_with_flags(
            immutable(&path),
            OpenFlags::SQLITE_OPEN_READ_ONLY | OpenFlags::SQLITE_OPEN_URI,
        );
        assert_eq!(rows(&reader.unwrap()), 1);
        assert_eq!(std::fs::read_dir(directory.path()).unwrap().count(), 1);
    }

    /// Root writes everywhere: there is nothing to see then.
    #[cfg(unix)]
    #[test]
    fn a_directory_that_cannot_be_written_is_read_from_or_refused() {
        use std::fs::{Permissions, set_permissions};
        use std::os::unix::fs::PermissionsExt as _;
        if rustix::process::geteuid().is_root() {
            return;
        }
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("file.db");
        SCHEMA.make(&Connection::open(&path).unwrap()).unwrap();
        set_permissions(directory.path(), Permissions::from_mode(0o555)).unwrap();
        let connection = open_to_read(&path).unwrap().unwrap();
        assert_eq!((rows(&connection), SCHEMA.check(&connection).unwrap()), (1, 2));
        set_permissions(directory.path(), Permissions::from_mode(0o755)).unwrap();
        std::fs::write(directory.path().join("file.db-wal"), "what is not in it yet").unwrap();
        set_permissions(directory.path(), Permissions::from_mode(0o555)).unwrap();
        assert!(open_to_read(&path).unwrap().is_none());
        set_permissions(directory.path(), Permissions::from_mode(0o755)).unwrap();
    }
}
