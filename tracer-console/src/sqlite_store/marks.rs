//! What is so of a trace, or of any segment or call of a service: a bit for each word of filter expressions.

use rusqlite::types::{ToSql, ToSqlOutput};
use serde::{Deserialize, Serialize};

use crate::compiled::{Call, CompiledTrace, Measured, Segment};
use crate::filter::{Keyword, Mark};

/// A set of [`Mark`]s.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Marks(u8);

impl Marks {
    pub(super) fn of_trace(trace: &CompiledTrace<'_>) -> Self {
        Self::of([
            (Mark::Ok, trace.is_ok()),
            (Mark::Error, trace.has_error()),
            (Mark::Fault, trace.has_fault()),
            (Mark::Throttle, trace.has_throttle()),
            (Mark::Partial, trace.is_partial()),
            (Mark::Inferred, trace.has_inferred()),
        ])
    }

    pub(super) fn of_segment(segment: &Segment<'_>) -> Self {
        let more = Self::of([(Mark::Partial, segment.is_partial()), (Mark::Inferred, segment.is_inferred())]);
        Self(Self::of_outcome(segment.measured()).0 | more.0)
    }

    /// A call is measured by its caller; whether its callee is inferred is no matter of it.
    pub(super) fn of_call(call: &Call<'_>) -> Self {
        let measured = call.measured();
        Self(Self::of_outcome(measured).0 | Self::of([(Mark::Partial, measured.is_in_progress())]).0)
    }

    fn of_outcome(measured: &Measured<'_>) -> Self {
        let outcome = measured.outcome();
        Self::of([
            (Mark::Ok, measured.is_ok()),
            (Mark::Error, outcome.error),
            (Mark::Fault, outcome.fault),
            (Mark::Throttle, outcome.throttle),
        ])
    }

    fn of<const N: usize>(marks: [(Mark, bool); N]) -> Self {
        marks.into_iter().filter(|(_, is_set)| *is_set).map(|(mark, _)| Self::from(mark)).collect()
    }

    /// The mark that a keyword of traces asks for, if it is one.
    pub(super) fn of_keyword(keyword: Keyword) -> Option<Self> {
        Mark::ALL.into_iter().find(|mark| mark.keyword() == keyword).map(Self::from)
    }

    pub(super) fn bits(self) -> i64 {
        self.0.into()
    }

    pub(super) fn has(self, mark: Mark) -> bool {
        self.0 & Self::from(mark).0 != 0
    }

    pub(super) fn add(&mut self, other: Self) {
        self.0 |= other.0;
    }
}

impl From<Mark> for Marks {
    fn from(mark: Mark) -> Self {
        Self(match mark {
            Mark::Ok => 1,
            Mark::Error => 2,
            Mark::Fault => 4,
            Mark::Throttle => 8,
            Mark::Partial => 16,
            Mark::Inferred => 32,
        })
    }
}

impl FromIterator<Self> for Marks {
    fn from_iter<I: IntoIterator<Item = Self>>(all: I) -> Self {
        all.into_iter().fold(Self::default(), |sum, marks| Self(sum.0 | marks.0))
    }
}

impl ToSql for Marks {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        Ok(self.0.into())
    }
}
