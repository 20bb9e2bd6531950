//! What the fuzzer makes of its bytes: a program that records.

use arbitrary::Arbitrary;

use crate::error::{Failure, FailurePlan};
use crate::json::Json;

#[derive(Debug, Arbitrary)]
pub(crate) struct Plan<'a> {
    limit: u16,
    pub(crate) sink_tells_its_limit: bool,
    pub(crate) captures_responses: bool,
    pub(crate) captures_errors: bool,
    pub(crate) service: Text<'a>,
    pub(crate) outermost: Outermost,
    pub(crate) steps: Vec<Step<'a>>,
    pub(crate) outcome: Outcome<'a>,
}

impl Plan<'_> {
    /// A refusal halves what is tried, and one segment with its links and its number fits into half of the smallest.
    pub(crate) fn limit(&self) -> usize {
        usize::from(self.limit).clamp(4_000, 65_507)
    }
}

/// What everything else is in.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Arbitrary)]
pub(crate) enum Outermost {
    /// A handler's subsegment.
    Handler,
    /// A segment in the sender's trace.
    Continued,
    /// A segment in a trace of its own.
    Batch,
}

#[derive(Debug, Arbitrary)]
pub(crate) enum Step<'a> {
    Subsegment {
        name: Text<'a>,
        steps: Vec<Step<'a>>,
        catches: bool,
    },
    Future {
        name: Text<'a>,
        steps: Vec<Step<'a>>,
        later: Vec<Step<'a>>,
        polls: u8,
        is_kept: bool,
    },
    Method {
        steps: Vec<Step<'a>>,
        outcome: Outcome<'a>,
        is_async: bool,
        catches: bool,
    },
    /// On another thread.
    Carried(Vec<Step<'a>>),
    Annotation {
        key: Text<'a>,
        value: Scalar<'a>,
    },
    Metadata {
        namespace: Option<Text<'a>>,
        key: Text<'a>,
        value: Json<'a>,
    },
    HttpRequest {
        method: Text<'a>,
        url: Text<'a>,
    },
    HttpResponse {
        status: u16,
        length: Option<u64>,
    },
    Aws {
        key: Text<'a>,
        value: Text<'a>,
    },
    Sql {
        key: Text<'a>,
        value: Text<'a>,
    },
    Namespace {
        is_aws: bool,
    },
    Fault,
    Error,
    Throttle,
    AddError(FailurePlan<'a>),
    Panic(Text<'a>),
}

#[derive(Debug, Arbitrary)]
pub(crate) enum Scalar<'a> {
    Text(Text<'a>),
    Bool(bool),
    Signed(i128),
    Unsigned(u64),
    Float(f64),
    None,
}

#[derive(Debug, Arbitrary)]
pub(crate) enum Outcome<'a> {
    Value(Json<'a>),
    Failure(FailurePlan<'a>),
}

impl<'a> Outcome<'a> {
    pub(crate) fn result(&'a self) -> Result<&'a Json<'a>, Failure> {
        match self {
            Self::Value(value) => Ok(value),
            Self::Failure(plan) => Err(plan.failure()),
        }
    }
}

/// A text, of which a few are repeated: a fuzzer makes no long ones by itself.
#[derive(Debug, Arbitrary)]
pub(crate) struct Text<'a> {
    text: &'a str,
    times: u16,
}

impl Text<'_> {
    /// Longer than the smallest datagram at times.
    pub(crate) fn get(&self) -> String {
        self.of_at_most(4_000)
    }

    /// Longer than any datagram at times.
    pub(crate) fn get_long(&self) -> String {
        self.of_at_most(80_000)
    }

    fn of_at_most(&self, bytes: usize) -> String {
        let is_repeated = self.times % 8 == 7;
        let most = bytes / self.text.len().max(1);
        self.text.repeat(if is_repeated { usize::from(self.times).min(most) } else { 1 })
    }
}
