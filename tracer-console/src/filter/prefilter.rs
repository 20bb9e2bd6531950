//! What a store can decide about a trace by its indexes, before the documents are read.
//!
//! A [`Prefilter`] never rejects a trace that the expression keeps; it may keep some that the evaluator then rejects. A
//! store that has no index for a condition reads it as [`Prefilter::Anything`], wherever in the tree it stands: under
//! no [`Prefilter::Unless`] is anything but one condition.

use super::keyword::Keyword;
use super::syntax::{Cause, Expression, Level, NumberOperator, ServicePattern, Test};

/// Conditions that are indexed, with AND and OR.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Prefilter {
    /// Nothing can be said: every trace may be asked for.
    Anything,
    /// No trace is asked for.
    Nothing,
    /// At least two.
    All(Vec<Self>),
    /// At least two.
    Any(Vec<Self>),
    Where(Indexed),
    /// All but those that satisfy the condition, also where the trace has nothing that could be compared.
    Unless(Indexed),
}

/// A condition that says of a trace exactly what the evaluator would, from its summary and the index of its services. What
/// is absent satisfies none: a store that keeps it as `NULL` must read an unknown comparison as false.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Indexed {
    /// Of the trace: the flags, response time, duration and HTTP members of its summary. Seconds are those of the summary,
    /// rounded to milliseconds, and absent while what they are of has not ended.
    Trace(Keyword, Test),
    /// Some segment has such a value: user, availability zone, instance, resource; some service such an account.
    Segments(Keyword, Test),
    /// Some value of the key, of the literal's type. `Present` wants one that is not `false`.
    Annotation(String, Test),
    /// A service matches the pattern, any of its names counts; with a mark, one that has a segment with the mark. A pattern
    /// that says nothing means segments whose service is not known, too.
    Service(ServicePattern, Option<Mark>),
    /// A call goes from one service to the other; with a mark, one whose caller saw the mark.
    Edge(ServicePattern, ServicePattern, Option<Mark>),
    /// The trace has root causes of the kind.
    RootCauses(Cause),
}

/// What an index of services or edges keeps of the segments or calls of each: whether any of them is so.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Mark {
    /// No flag, and no status from 400.
    Ok,
    Error,
    Fault,
    Throttle,
    /// In progress, or an orphan.
    Partial,
    Inferred,
}

impl Mark {
    pub(crate) const ALL: [Self; 6] =
        [Self::Ok, Self::Error, Self::Fault, Self::Throttle, Self::Partial, Self::Inferred];

    pub(crate) const fn keyword(self) -> Keyword {
        match self {
            Self::Ok => Keyword::Ok,
            Self::Error => Keyword::Error,
            Self::Fault => Keyword::Fault,
            Self::Throttle => Keyword::Throttle,
            Self::Partial => Keyword::Partial,
            Self::Inferred => Keyword::Inferred,
        }
    }
}

impl Prefilter {
    /// What can be said of the traces that an expression keeps. Groups must have been put in place.
    pub(crate) fn of(expression: Option<&Expression>) -> Self {
        expression.map_or(Self::Anything, kept)
    }

    /// Whether [`Prefilter::of`] keeps only traces that the expression keeps, in a store that has an index for each condition.
    pub(crate) fn is_exact(expression: Option<&Expression>) -> bool {
        expression.is_none_or(is_exact)
    }

    fn all(parts: impl Iterator<Item = Self>) -> Self {
        let mut all = Vec::new();
        for part in parts {
            match part {
                Self::Anything => {}
                Self::Nothing => return Self::Nothing,
                Self::All(parts) => all.extend(parts),
                part => all.push(part),
            }
        }
        single(all, Self::Anything, Self::All)
    }

    fn any(parts: impl Iterator<Item = Self>) -> Self {
        let mut any = Vec::new();
        for part in parts {
            match part {
                Self::Nothing => {}
                Self::Anything => return Self::Anything,
                Self::Any(parts) => any.extend(parts),
                part => any.push(part),
            }
        }
        single(any, Self::Nothing, Self::Any)
    }
}

fn single(mut parts: Vec<Prefilter>, none: Prefilter, join: fn(Vec<Prefilter>) -> Prefilter) -> Prefilter {
    match parts.pop() {
        None => none,
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            join(parts)
        }
    }
}

/// A superset of the traces that satisfy the expression.
fn kept(expression: &Expression) -> Prefilter {
    match expression {
        Expression::And(parts) => Prefilter::all(parts.iter().map(kept)),
        Expression::Or(parts) => Prefilter::any(parts.iter().map(kept)),
        Expression::Not(inner) => rejected(inner),
        Expression::Service(service, Some(block)) => some_segment(service, block),
        Expression::Edge(from, to, Some(block)) => some_call(from, to, block),
        Expression::RootCause(cause, _, _) => Prefilter::Where(Indexed::RootCauses(*cause)),
        Expression::RootCauseJson(examples)
            if examples.as_array().is_some_and(|examples| !examples.is_empty()) =>
        {
            Prefilter::any(Cause::ALL.into_iter().map(|cause| Prefilter::Where(Indexed::RootCauses(cause))))
        }
        leaf => exact(leaf).map_or(Prefilter::Anything, Prefilter::Where),
    }
}

/// A superset of the traces that do not satisfy the expression. A condition that is only a superset of what satisfies it
/// says nothing about the others.
fn rejected(expression: &Expression) -> Prefilter {
    match expression {
        Expression::And(parts) => Prefilter::any(parts.iter().map(rejected)),
        Expression::Or(parts) => Prefilter::all(parts.iter().map(rejected)),
        Expression::Not(inner) => kept(inner),
        leaf => exact(leaf).map_or(Prefilter::Anything, Prefilter::Unless),
    }
}

/// The condition that says just what the leaf does; `None` where no index can.
fn exact(leaf: &Expression) -> Option<Indexed> {
    match leaf {
        Expression::Condition(keyword, test) if is_of_segments(*keyword) => {
            Some(Indexed::Segments(*keyword, test.clone()))
        }
        Expression::Condition(keyword, test) => Some(Indexed::Trace(*keyword, test.clone())),
        Expression::Annotation(key, test) => Some(Indexed::Annotation(key.clone(), test.clone())),
        // It asks whether there is a segment at all.
        Expression::Service(service, None) if service.is_any() => None,
        Expression::Service(service, None) => Some(Indexed::Service(service.clone(), None)),
        Expression::Service(service, Some(block)) => {
            mark(block).map(|mark| Indexed::Service(service.clone(), Some(mark)))
        }
        Expression::Edge(from, to, None) => Some(Indexed::Edge(from.clone(), to.clone(), None)),
        Expression::Edge(from, to, Some(block)) => {
            mark(block).map(|mark| Indexed::Edge(from.clone(), to.clone(), Some(mark)))
        }
        // A cause has at least one service, and that an entity; exceptions it may have none.
        Expression::RootCause(cause, Level::Service | Level::Entity, None) => {
            Some(Indexed::RootCauses(*cause))
        }
        _ => None,
    }
}

fn is_exact(expression: &Expression) -> bool {
    match expression {
        Expression::And(parts) | Expression::Or(parts) => parts.iter().all(is_exact),
        Expression::Not(inner) => is_exact(inner),
        leaf => exact(leaf).is_some(),
    }
}

/// Values that a trace has of its segments and services, not of its root.
fn is_of_segments(keyword: Keyword) -> bool {
    matches!(
        keyword,
        Keyword::User
            | Keyword::AvailabilityZone
            | Keyword::InstanceId
            | Keyword::ResourceArn
            | Keyword::AccountId
    )
}

/// The mark that a block asks for and nothing else.
fn mark(block: &Expression) -> Option<Mark> {
    let Expression::Condition(keyword, Test::Is(true)) = block else { return None };
    Mark::ALL.into_iter().find(|mark| mark.keyword() == *keyword)
}

/// Traces of which some segment of the service may satisfy the block.
fn some_segment(service: &ServicePattern, block: &Expression) -> Prefilter {
    let of_service = |mark: Option<Mark>| {
        let says_something = mark.is_some() || !service.is_any();
        if says_something {
            Prefilter::Where(Indexed::Service(service.clone(), mark))
        } else {
            Prefilter::Anything
        }
    };
    some(block, &of_service, &|keyword, test| match (keyword, test) {
        // No segment takes longer than all of them.
        (
            Keyword::ResponseTime | Keyword::Duration,
            Test::Number(NumberOperator::Greater | NumberOperator::GreaterOrEqual, _),
        ) => Prefilter::Where(Indexed::Trace(Keyword::Duration, test.clone())),
        // A segment's account is its service's, and everything else that a segment has the trace has.
        (keyword, test) if is_of_segments(keyword) => {
            Prefilter::Where(Indexed::Segments(keyword, test.clone()))
        }
        _ => Prefilter::Anything,
    })
}

/// Traces of which some call between the services may satisfy the block.
fn some_call(from: &ServicePattern, to: &ServicePattern, block: &Expression) -> Prefilter {
    let on_edge = |mark| Prefilter::Where(Indexed::Edge(from.clone(), to.clone(), mark));
    some(block, &on_edge, &|keyword, test| match keyword {
        keyword if is_of_segments(keyword) => Prefilter::Where(Indexed::Segments(keyword, test.clone())),
        // A caller may wait longer than any segment takes.
        _ => Prefilter::Anything,
    })
}

/// For a block: where one element satisfies all parts, each part is satisfied by one.
fn some(
    block: &Expression,
    marked: &impl Fn(Option<Mark>) -> Prefilter,
    condition: &impl Fn(Keyword, &Test) -> Prefilter,
) -> Prefilter {
    match block {
        Expression::And(parts) => Prefilter::all(parts.iter().map(|part| some(part, marked, condition))),
        Expression::Or(parts) => Prefilter::any(parts.iter().map(|part| some(part, marked, condition))),
        Expression::Condition(keyword, test) => match mark(block) {
            Some(mark) => marked(Some(mark)),
            None => Prefilter::all([marked(None), condition(*keyword, test)].into_iter()),
        },
        // What no element is, another may not be either: nothing follows but that there is one.
        _ => marked(None),
    }
}
