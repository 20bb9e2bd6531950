//! What can be wrong with a queue's file.

use std::path::PathBuf;

/// The queue cannot be used.
///
/// ```
/// let error = tracer_console::QueueError::InUse { path: "forward.db".into() };
/// assert!(error.to_string().contains("--queue"));
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum QueueError {
    /// The file cannot be opened or made.
    #[error("cannot open the queue {path:?}: {source}; name another file with --queue")]
    Open {
        /// The file.
        path: PathBuf,
        /// Why not.
        source: rusqlite::Error,
    },
    /// Another program has its queue there.
    #[error(
        "another program forwards from the queue {path:?}: stop that one, or name another file with --queue"
    )]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// The file is a database of another kind.
    #[error(
        "{path:?} is a database of some other program, and is left as it is: name another file with --queue"
    )]
    Foreign {
        /// The file.
        path: PathBuf,
    },
    /// A newer program wrote the file.
    #[error(
        "the queue {path:?} is of version {found} and this program knows versions up to {known}: use the newer program, or name \
         another file with --queue"
    )]
    Newer {
        /// The file.
        path: PathBuf,
        /// Its version.
        found: i64,
        /// The latest that is known here.
        known: i64,
    },
    /// The thread that works on the file could not be started.
    #[error("the thread of the queue could not be started: {0}")]
    Thread(#[source] std::io::Error),
    /// The disk is full, or nearly: what is left of it is for taking out what was sent.
    #[error("the disk of the queue is full: documents are taken again once there is room on it")]
    DiskFull,
    /// Something failed while it was in use: a damaged file.
    #[error("the queue failed: {0}; if its file is damaged, move it away and a new one is made")]
    Failed(#[source] rusqlite::Error),
    /// The queue is closed.
    #[error("the queue is closed")]
    Closed,
}

impl From<rusqlite::Error> for QueueError {
    fn from(error: rusqlite::Error) -> Self {
        match error.sqlite_error_code() {
            Some(rusqlite::ErrorCode::DiskFull) => Self::DiskFull,
            _ => Self::Failed(error),
        }
    }
}
