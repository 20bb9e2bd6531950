//! What can be wrong with a database.

use std::path::PathBuf;

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
        "cannot open the database {path:?}: {source}; name another file with --db, or keep traces in memory with --memory"
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
    /// The thread that writes could not be started.
    #[error("the thread that writes the database could not be started: {0}")]
    Thread(#[source] std::io::Error),
    /// Something failed while it was in use: a full disk, a damaged file.
    #[error("the database failed: {0}; if its file is damaged, move it away and a new one is made")]
    Failed(#[from] rusqlite::Error),
}
