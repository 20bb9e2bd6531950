//! Groups in an expression: the expression of a group takes the place of its name.

use std::ops::Range;

use super::FilterExpression;
use super::error::{FilterError, FilterErrorKind, quoted};
use super::keyword::Keyword;
use super::lexer;
use super::suggestion::did_you_mean;
use super::syntax::{Expression, Test, TextOperator};
use super::token::TokenKind;

/// A group as an expression can name it.
#[derive(Debug, Clone)]
pub(crate) struct Group {
    pub(crate) name: String,
    pub(crate) arn: String,
    pub(crate) expression: FilterExpression,
}

/// Groups within groups; more are refused.
const MAX_DEPTH: usize = 8;
/// Parts that an expression may have with all groups in place: without a bound, a few groups that each name the one before
/// twice would grow beyond all memory.
const MAX_PARTS: usize = 10_000;

/// The expression with those of `groups` in the place of their names: a trace is in a group when its expression matches.
/// Of several groups that a condition means (`group.name BEGINSWITH "team-"`), one must match.
pub(crate) fn expand(filter: &FilterExpression, groups: &[Group]) -> Result<Option<Expression>, FilterError> {
    let mut expansion = Expansion { filter, groups, within: Vec::new(), parts: 0 };
    filter.expression.as_ref().map(|expression| expansion.of(expression)).transpose()
}

struct Expansion<'e> {
    /// The outermost one, for errors.
    filter: &'e FilterExpression,
    groups: &'e [Group],
    /// The groups whose expressions are being expanded, outermost first.
    within: Vec<&'e Group>,
    parts: usize,
}

impl<'e> Expansion<'e> {
    fn of(&mut self, expression: &'e Expression) -> Result<Expression, FilterError> {
        self.parts += 1;
        if self.parts > MAX_PARTS {
            let message = format!("with its groups in place, the expression has more than {MAX_PARTS} parts");
            return Err(self.refuse(message));
        }
        match expression {
            Expression::And(parts) => Ok(Expression::And(self.each(parts)?)),
            Expression::Or(parts) => Ok(Expression::Or(self.each(parts)?)),
            Expression::Not(inner) => Ok(Expression::Not(Box::new(self.of(inner)?))),
            Expression::Condition(Keyword::GroupName, test) => self.groups_by(test, |group| &group.name),
            Expression::Condition(Keyword::GroupArn, test) => self.groups_by(test, |group| &group.arn),
            // Blocks have no groups.
            other => Ok(other.clone()),
        }
    }

    fn each(&mut self, parts: &'e [Expression]) -> Result<Vec<Expression>, FilterError> {
        parts.iter().map(|part| self.of(part)).collect()
    }

    fn groups_by(&mut self, test: &'e Test, of: fn(&Group) -> &String) -> Result<Expression, FilterError> {
        match test {
            Test::Text(TextOperator::Equal, asked) => self.group(asked, of),
            Test::Text(TextOperator::NotEqual, asked) => {
                Ok(Expression::Not(Box::new(self.group(asked, of)?)))
            }
            _ => {
                let is_meant = |group: &&Group| match test {
                    Test::Text(operator, asked) => operator.holds(of(group), asked),
                    _ => true,
                };
                let meant: Vec<&'e Group> = self.groups.iter().filter(is_meant).collect();
                let expanded = meant.into_iter().map(|group| self.group_itself(group));
                expanded.collect::<Result<_, _>>().map(Expression::Or)
            }
        }
    }

    fn group(&mut self, asked: &'e str, of: fn(&Group) -> &String) -> Result<Expression, FilterError> {
        let Some(group) = self.groups.iter().find(|group| of(group) == asked) else {
            let known: Vec<_> = self.groups.iter().map(|group| of(group).as_str()).collect();
            let error = self.refuse_at(asked, format!("there is no group {}", quoted(asked)));
            let error = error.with_expected(known.iter().copied());
            return Err(match did_you_mean(asked, known) {
                Some(meant) => error.with_help(format!("did you mean {}?", quoted(meant))),
                None => error,
            });
        };
        self.group_itself(group)
    }

    fn group_itself(&mut self, group: &'e Group) -> Result<Expression, FilterError> {
        if self.within.iter().any(|outer| std::ptr::eq(*outer, group)) {
            let message = format!("the group {} means itself", quoted(&group.name));
            return Err(self.refuse_at(&group.name, message));
        }
        if self.within.len() == MAX_DEPTH {
            return Err(self.refuse(format!("groups name each other more than {MAX_DEPTH} levels deep")));
        }
        let Some(expression) = &group.expression.expression else {
            // No filter: all traces are in it.
            return Ok(Expression::And(Vec::new()));
        };
        self.within.push(group);
        let expanded = self.of(expression);
        self.within.pop();
        expanded
    }

    fn refuse(&self, message: String) -> FilterError {
        FilterError::new(FilterErrorKind::Group, &self.filter.text, 0..self.filter.text.len(), message)
    }

    /// A refusal where the outermost expression names the group that leads there.
    fn refuse_at(&self, asked: &str, message: String) -> FilterError {
        let named = self.within.first().map_or(asked, |outermost| outermost.name.as_str());
        let arn = self.within.first().map_or(asked, |outermost| outermost.arn.as_str());
        let text = &self.filter.text;
        let names_it = |kind: &TokenKind, span: Range<usize>| match kind {
            TokenKind::Text(text) => text == named || text == arn,
            TokenKind::Word => &text[span] == named,
            _ => false,
        };
        let tokens = lexer::tokens(text);
        let is_group = |at: usize| {
            at.checked_sub(2).is_some_and(|key| {
                let key = Keyword::named(&text[tokens[key].span.clone()]);
                matches!(key, Some(Keyword::GroupName | Keyword::GroupArn))
            })
        };
        let place = (0..tokens.len())
            .find(|&at| is_group(at) && names_it(&tokens[at].kind, tokens[at].span.clone()))
            .map_or(0..text.len(), |at| tokens[at].span.clone());
        FilterError::new(FilterErrorKind::Group, text, place, message)
    }
}
