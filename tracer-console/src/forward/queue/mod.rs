//! The queue: documents that were acknowledged and not yet sent on, on disk, each until every target has it.
//!
//! A [`QueueFile`] is the SQLite file and knows nothing of threads; a [`Queue`] is the one thread that works on it, and shares
//! transactions between all who wait for it.

mod dropping;
mod error;
mod file;
#[cfg(test)]
mod model_tests;
mod queued;
mod schema;
mod thread;

pub use error::QueueError;
pub(super) use queued::{Number, Queued, TargetId, Verdict};
pub(super) use thread::Queue;
