//! What the far end of a target is, and what it says to documents.

use std::time::Duration;

use super::queue::Queued;

/// The far end of a target.
pub(super) trait Far: Send + Sync {
    /// Sends documents and waits for what is said to them, for a bounded time.
    fn send(&self, documents: &[Queued]) -> Reply;
}

/// What the far end said, if it did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Reply {
    /// It said something to each document, in their order.
    Said(Vec<Word>),
    /// It failed, or could not be reached: the same may be sent again later.
    Failed(Failure),
    /// It refuses all of it, and would again.
    Refused {
        why: String,
        /// Whether one of the documents may be the reason, so that the others are taken without it.
        one_may_be_the_reason: bool,
    },
}

/// What the far end said to a document.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Word {
    Taken,
    /// It is nothing for this kind of target.
    Skipped,
    /// It will never be taken; why, in a line that names it.
    Rejected(String),
    /// It may be taken later.
    Later(String),
}

/// Why nothing was said.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) kind: FailureKind,
    pub(super) why: String,
    /// The far end asks not to be asked for so long.
    pub(super) after: Option<Duration>,
}

/// How it failed, as the X-Ray daemon's telemetry counts it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum FailureKind {
    Timeout,
    ConnectionRefused,
    UnknownHost,
    /// It answered with such a status.
    Status(u16),
    Other,
}

impl Failure {
    pub(super) fn new(kind: FailureKind, why: impl Into<String>) -> Self {
        Self { kind, why: why.into(), after: None }
    }
}
