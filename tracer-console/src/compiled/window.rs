//! A range of time that is asked about.

use crate::timestamp::Timestamp;

/// From `start` on and before `end`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Window {
    pub(crate) start: Timestamp,
    pub(crate) end: Timestamp,
}

impl Window {
    pub(crate) fn contains(&self, time: Timestamp) -> bool {
        self.start <= time && time < self.end
    }
}
