//! Decides whether a trace is what an expression asks for.
//!
//! What is not there satisfies no comparison, not even `!=`; `!` is the opposite of what it stands before, so `!user`
//! asks for traces without a user. Where a trace has several values (users, annotations), one that satisfies is enough.

mod cause;
mod graph;
mod trace;

pub(super) use trace::is_met;

use super::keyword::Keyword;
use super::syntax::{Expression, Test};

/// What conditions can be about: a trace, a segment, a call, or an element of a root cause.
trait Subject {
    /// The value of a keyword; what the subject does not have is an absent one.
    fn value(&self, keyword: Keyword) -> Found<'_>;

    /// What is no keyword and no combination. Only traces have any.
    fn selects(&self, _leaf: &Expression) -> bool {
        false
    }
}

fn satisfies<S: Subject>(subject: &S, expression: &Expression) -> bool {
    combined(expression, &|leaf| match leaf {
        Expression::Condition(keyword, test) => subject.value(*keyword).satisfies(test),
        leaf => subject.selects(leaf),
    })
}

/// An expression by what its leaves are.
pub(super) fn combined(expression: &Expression, leaf: &impl Fn(&Expression) -> bool) -> bool {
    match expression {
        Expression::And(parts) => parts.iter().all(|part| combined(part, leaf)),
        Expression::Or(parts) => parts.iter().any(|part| combined(part, leaf)),
        Expression::Not(inner) => !combined(inner, leaf),
        other => leaf(other),
    }
}

/// A block that is not written asks for nothing.
fn satisfies_block<S: Subject>(subject: &S, block: Option<&Expression>) -> bool {
    block.is_none_or(|block| satisfies(subject, block))
}

/// The value of a keyword.
enum Found<'a> {
    Boolean(bool),
    Number(Option<f64>),
    Texts(Vec<&'a str>),
}

impl<'a> Found<'a> {
    const ABSENT: Self = Self::Texts(Vec::new());

    fn text(text: Option<&'a str>) -> Self {
        Self::Texts(text.into_iter().collect())
    }

    #[allow(clippy::cast_precision_loss, reason = "statuses and positions are small")]
    fn whole(number: Option<u64>) -> Self {
        Self::Number(number.map(|number| number as f64))
    }

    fn satisfies(&self, test: &Test) -> bool {
        match (self, test) {
            (Self::Boolean(found), Test::Is(asked)) => found == asked,
            (Self::Number(found), Test::Present) => found.is_some(),
            (Self::Number(Some(found)), Test::Number(operator, asked)) => operator.holds(*found, *asked),
            (Self::Texts(found), Test::Present) => !found.is_empty(),
            (Self::Texts(found), Test::Text(operator, asked)) => {
                found.iter().any(|found| operator.holds(found, asked))
            }
            _ => false,
        }
    }
}

/// The first, last and so many-th element of a list, as root causes are asked for them.
#[derive(Debug, Clone, Copy)]
struct Position {
    at: usize,
    of: usize,
}

impl Position {
    /// The elements of a list, each with its position.
    fn each<T>(list: &[T]) -> impl Iterator<Item = (Self, &T)> {
        list.iter().enumerate().map(|(at, element)| (Self { at, of: list.len() }, element))
    }

    /// `None` for what is no keyword of positions.
    fn value(self, keyword: Keyword) -> Option<Found<'static>> {
        match keyword {
            Keyword::First => Some(Found::Boolean(self.at == 0)),
            Keyword::Last => Some(Found::Boolean(self.at + 1 == self.of)),
            // From 0: not established, see the fact sheet's 12, 3.
            Keyword::Index => Some(Found::whole(Some(self.at as u64))),
            _ => None,
        }
    }
}
