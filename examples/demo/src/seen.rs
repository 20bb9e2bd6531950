//! What must be seen of a subsegment in a trace.

use std::time::Duration;

use serde_json::Value;
use thiserror::Error;
use tracer_console::{Node, Trace};

/// What must be true of a subsegment.
#[derive(Debug, Clone)]
pub(crate) enum Seen {
    Ok,
    Fault,
    Error,
    InProgress,
    LongerThan(Duration),
    Annotation(&'static str, Value),
    /// A member of its `aws` block.
    Aws(&'static str, Value),
    /// It is directly below the subsegment of this name.
    Below(&'static str),
}

/// The trace is not as it should be.
#[derive(Debug, Error)]
pub(crate) enum Difference {
    #[error("there is no subsegment `{0}`")]
    Missing(&'static str),
    #[error("`{name}` is not {expected:?}")]
    Wrong { name: &'static str, expected: Seen },
}

/// Compares a trace with what must be seen of its subsegments.
pub(crate) fn check(trace: &Trace, expected: &[(&'static str, Seen)]) -> Result<(), Difference> {
    for (name, expected) in expected {
        let node = trace.find(name).ok_or(Difference::Missing(name))?;
        if !expected.is_true_of(node) {
            return Err(Difference::Wrong { name, expected: expected.clone() });
        }
    }
    Ok(())
}

impl Seen {
    fn is_true_of(&self, node: Node<'_>) -> bool {
        match self {
            Self::Ok => !node.is_fault() && !node.is_error() && !node.is_in_progress(),
            Self::Fault => node.is_fault(),
            Self::Error => node.is_error() && !node.is_fault(),
            Self::InProgress => node.is_in_progress(),
            Self::LongerThan(least) => node
                .duration_micros()
                .is_some_and(|micros| u128::try_from(micros).is_ok_and(|micros| micros > least.as_micros())),
            Self::Annotation(key, value) => node.annotation(key) == Some(value),
            Self::Aws(key, value) => node.aws(key) == Some(value),
            Self::Below(name) => node.parent().is_some_and(|parent| parent.name() == *name),
        }
    }
}
