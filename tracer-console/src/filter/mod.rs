//! X-Ray's filter expressions: which traces are asked for.
//!
//! `lexer` cuts the text into tokens, `parser` reads them and refuses what does not fit (`check`, `error`); what it looks for at
//! each place is also what `completion` proposes. `group` puts the expressions of groups in place, `evaluate` decides about
//! a trace, and `prefilter` says what a store can decide by its indexes before that.

mod cause_json;
mod check;
mod completion;
mod condition;
mod error;
mod evaluate;
mod expected;
mod group;
mod keyword;
mod lexer;
mod parser;
mod prefilter;
mod print;
mod selector;
mod suggestion;
mod syntax;
mod time_series_selector;
mod token;

use std::fmt;
use std::str::FromStr;

pub use completion::{Completion, Completions};
pub use error::{FilterError, FilterErrorKind};
pub use expected::ValueOf;
pub(crate) use group::Group;
pub(crate) use keyword::{Keyword, Scope};
pub(crate) use prefilter::{Indexed, Mark, Prefilter};
pub(crate) use syntax::{NumberOperator, ServicePattern, Test, TextOperator};
pub(crate) use time_series_selector::TimeSeriesSelector;

use crate::compiled::CompiledTrace;
use syntax::Expression;

/// A filter expression: which traces are asked for. An empty one asks for all.
///
/// ```
/// use tracer_console::FilterExpression;
///
/// let filter: FilterExpression = "service(\"order-service\") responsetime>1".parse()?;
/// assert_eq!(filter.to_string(), "service(\"order-service\") AND responsetime > 1");
/// # Ok::<(), tracer_console::FilterError>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct FilterExpression {
    text: String,
    expression: Option<Expression>,
}

impl FilterExpression {
    /// Reads an expression.
    ///
    /// ```
    /// # use tracer_console::FilterExpression;
    /// FilterExpression::parse("annotation.PaymentMethod = \"credit_card\" AND responsetime > 3")?;
    /// let error = FilterExpression::parse("service(\"web\") { annotation.tenant = \"acme\" }").unwrap_err();
    /// assert_eq!(error.span(), 17..34);
    /// # Ok::<(), tracer_console::FilterError>(())
    /// ```
    ///
    /// # Errors
    /// [`FilterError`] for what is no expression, for words that are no keyword, for operators and values of another type, and
    /// for keywords in blocks that do not have them. 16,384 bytes and 64 levels of parentheses are read at most.
    pub fn parse(text: &str) -> Result<Self, FilterError> {
        let expression = parser::parse(text, Scope::Trace)?;
        Ok(Self { text: text.to_owned(), expression })
    }

    /// What may be written at byte `cursor` of an unfinished expression: for whoever types one.
    ///
    /// ```
    /// # use tracer_console::FilterExpression;
    /// let completions = FilterExpression::completions("ok AND resp", 11);
    /// assert_eq!(completions.words[0].text, "responsetime");
    /// assert_eq!(completions.replaced, 7..11);
    /// ```
    #[must_use]
    pub fn completions(text: &str, cursor: usize) -> Completions {
        completion::completions(text, cursor, Scope::Trace)
    }

    /// The text as it was written.
    ///
    /// ```
    /// # use tracer_console::FilterExpression;
    /// assert_eq!(FilterExpression::parse("ok !partial")?.text(), "ok !partial");
    /// # Ok::<(), tracer_console::FilterError>(())
    /// ```
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }
}

impl FilterExpression {
    /// The filter that the expression is with those of `groups` that it names.
    ///
    /// # Errors
    /// [`FilterErrorKind::Group`] where there is no such group, or where one means itself.
    pub(crate) fn with_groups(&self, groups: &[Group]) -> Result<Filter, FilterError> {
        Ok(Filter { expression: group::expand(self, groups)? })
    }
}

/// A filter expression in which the expressions of groups stand in the place of their names.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Filter {
    /// `None` keeps every trace.
    expression: Option<Expression>,
}

impl Filter {
    /// Whether the trace is asked for.
    pub(crate) fn keeps(&self, trace: &CompiledTrace<'_>) -> bool {
        self.expression.as_ref().is_none_or(|expression| evaluate::is_met(expression, trace))
    }

    /// Whether every trace is asked for.
    pub(crate) fn is_any(&self) -> bool {
        self.expression.is_none()
    }

    /// What can be said of the traces that are asked for without reading their documents.
    pub(crate) fn prefilter(&self) -> Prefilter {
        Prefilter::of(self.expression.as_ref())
    }

    /// Whether the prefilter is all that need be said, in a store that has an index for each of its conditions.
    pub(crate) fn is_prefilter_exact(&self) -> bool {
        Prefilter::is_exact(self.expression.as_ref())
    }

    /// The filter that keeps what both keep.
    pub(crate) fn and(self, other: Self) -> Self {
        let both: Vec<Expression> = self.expression.into_iter().chain(other.expression).collect();
        let expression = if both.len() > 1 { Some(Expression::And(both)) } else { both.into_iter().next() };
        Self { expression }
    }
}

impl FromStr for FilterExpression {
    type Err = FilterError;

    fn from_str(text: &str) -> Result<Self, FilterError> {
        Self::parse(text)
    }
}

/// Whether both mean the same word by word, however they were written.
impl PartialEq for FilterExpression {
    fn eq(&self, other: &Self) -> bool {
        self.expression == other.expression
    }
}

impl fmt::Display for FilterExpression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.expression.as_ref().map_or(Ok(()), |expression| write!(f, "{expression}"))
    }
}

#[cfg(test)]
pub(crate) mod tests;
