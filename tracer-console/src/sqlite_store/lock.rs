//! One program writes a database: whoever comes second is told.

use std::fs::{File, OpenOptions, TryLockError};
use std::path::Path;

use super::error::SqliteError;

/// Held while a database is open for writing; a program that was killed holds it no longer.
#[derive(Debug)]
pub(super) struct Lock {
    /// `None` where the file system has no locks.
    _file: Option<File>,
}

impl Lock {
    /// Takes it on a file beside the database, because SQLite has locks of its own on the database.
    pub(super) fn of(path: &Path) -> Result<Self, SqliteError> {
        let mut beside = path.canonicalize().unwrap_or_else(|_| path.to_owned()).into_os_string();
        beside.push("-lock");
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        // Where no file can be made, no database can: opening that says why.
        let Ok(file) = options.open(beside) else { return Ok(Self { _file: None }) };
        match file.try_lock() {
            Ok(()) => Ok(Self { _file: Some(file) }),
            Err(TryLockError::WouldBlock) => Err(SqliteError::InUse { path: path.to_owned() }),
            Err(TryLockError::Error(_)) => Ok(Self { _file: None }),
        }
    }
}
