//! What a queue holds and is told.

use crate::forward::ledger::Fate;

/// A document's place in the queue; it grows.
pub(in crate::forward) type Number = i64;

/// A target, as the file knows it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(in crate::forward) struct TargetId(pub(super) i64);

/// A document that waits for a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::forward) struct Queued {
    pub(in crate::forward) number: Number,
    pub(in crate::forward) text: Box<str>,
}

/// The next documents of a target.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::forward) struct Loaded {
    pub(in crate::forward) documents: Vec<Queued>,
    /// No document up to this one waits for the target any more, but for those that were loaded.
    pub(in crate::forward) up_to: Number,
}

/// What became of documents: their target needs them no more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(in crate::forward) struct Verdict {
    pub(in crate::forward) target: TargetId,
    pub(in crate::forward) fate: Fate,
    pub(in crate::forward) numbers: Vec<Number>,
}
