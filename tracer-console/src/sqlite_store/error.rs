//! What can be wrong with a database.

use std::path::{Path, PathBuf};

use rusqlite::ErrorCode;

/// The database cannot be used.
///
/// ```
/// use tracer_console::{SqliteError, SqliteStore};
///
/// let directory = std::env::temp_dir();
/// assert!(matches!(SqliteStore::open(&directory), Err(SqliteError::Open { .. })));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum SqliteError {
    /// The file cannot be opened or made.
    #[error(
        "cannot open the database {path:?}: {source}{}; name another file with --db, or keep traces in memory with --memory",
        remedy(source)
    )]
    Open {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: rusqlite::Error,
    },
    /// Another program writes the file.
    #[error(
        "another program keeps its traces in the database {path:?}: stop that one, name another file with --db, or keep traces in \
         memory with --memory"
    )]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file is a database of another kind.
    #[error(
        "{path:?} is a database of some other program, and is left as it is: name another file with --db"
    )]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A newer program wrote the file.
    #[error(
        "the database {path:?} is of version {found} and this program knows versions up to {known}: use the newer program, or \
         name another file with --db"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The latest that is known here.
        known: i64,
    },
    /// An older program wrote the file, and it is not to be changed.
    #[error(
        "the database {path:?} is of version {found} and this program reads version {known}: `tracer-console serve --db` brings \
         it up to date"
    )]
    Older {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The version that is read here.
        known: i64,
    },
    /// The file's log holds what is not in the file yet, and its directory cannot be written, which reading a log takes.
    #[error(
        "the database {path:?} has a log beside it, {0:?}, and a log cannot be read in a directory that cannot be written: copy \
         both into one that can, and name the copy with --db",
        log_of(path)
    )]
    Log {
        /// The file.
        path: PathBuf,
    },
    /// The thread that writes could not be started.
    #[error("the thread that writes the database could not be started: {0}")]
    Thread(#[source] std::io::Error),
    /// Something failed while it was in use: a full disk, a damaged file.
    #[error("the database failed: {}{}", .0, remedy(.0))]
    Failed(#[from] rusqlite::Error),
}

impl SqliteError {
    /// Whoever opens a file can still name another one.
    pub(super) fn while_opening(self, path: &Path) -> Self {
        match self {
            Self::Failed(source) => Self::Open { path: path.to_owned(), source },
            other => other,
        }
    }
}

fn log_of(path: &Path) -> PathBuf {
    let mut log = path.as_os_str().to_owned();
    log.push("-wal");
    log.into()
}

/// What to do about it, where that is known.
fn remedy(error: &rusqlite::Error) -> &'static str {
    match error.sqlite_error_code() {
        Some(ErrorCode::DiskFull) => {
            "; the disk is full: make room on it, or keep less with --max-size; what was acknowledged is kept"
        }
        Some(ErrorCode::DatabaseCorrupt | ErrorCode::NotADatabase) => {
            "; the file is damaged, or is no database: move it away and a new one is made"
        }
        Some(ErrorCode::ReadOnly) => "; the file, or the directory that it is in, cannot be written",
        _ => "",
    }
}
