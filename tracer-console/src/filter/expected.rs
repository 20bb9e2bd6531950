//! What may stand at a place of an expression: the one record that errors and completions are made from.

use super::keyword::{Keyword, Scope};
use super::syntax::{Cause, NumberOperator, TextOperator};
use super::token::Sign;

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Expected {
    /// The beginning of a condition in this scope.
    Condition(Scope),
    /// One of the words that no keyword is: `AND`, `true`, `name`, ...
    Word(&'static str),
    Sign(Sign),
    /// An operator between a keyword and a value.
    Operator(&'static str),
    /// A text in quotes: a value of this.
    Text(ValueOf),
    Number,
    /// `[key]` behind `annotation`.
    Key,
    /// `#[...]`.
    Json,
    End,
}

/// What a text would be a value of; whoever knows the data can propose some.
///
/// ```
/// use tracer_console::{FilterExpression, ValueOf};
///
/// let values = FilterExpression::completions("http.method = ", 14).values;
/// assert_eq!(values, Some(ValueOf::Keyword("http.method")));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum ValueOf {
    /// The name of a service.
    ServiceName,
    /// The type of a service, such as `AWS::Lambda::Function`.
    ServiceType,
    /// An account.
    AccountId,
    /// The key of an annotation.
    AnnotationKey,
    /// The value of the annotation with this key.
    Annotation(String),
    /// The value of this keyword.
    Keyword(&'static str),
}

pub(crate) const EQUALITY: [&str; 2] = ["=", "!="];
pub(crate) const NUMBER_OPERATORS: [&str; 6] = {
    let all = NumberOperator::ALL;
    [all[0].text(), all[1].text(), all[2].text(), all[3].text(), all[4].text(), all[5].text()]
};
pub(crate) const TEXT_OPERATORS: [&str; 5] = {
    let all = TextOperator::ALL;
    [all[0].text(), all[1].text(), all[2].text(), all[3].text(), all[4].text()]
};
/// Both kinds: an annotation has any type.
pub(crate) const OPERATORS: [&str; 9] =
    ["=", "!=", "<", "<=", ">", ">=", "CONTAINS", "BEGINSWITH", "ENDSWITH"];

/// What begins a condition in `scope` and is no keyword.
pub(crate) fn selectors(scope: Scope) -> Vec<String> {
    match scope {
        Scope::Trace => {
            let fixed = ["service", "edge", "annotation"].map(String::from);
            fixed.into_iter().chain(root_cause_selectors()).collect()
        }
        Scope::ServiceGraph => ["service", "edge", "id"].map(String::from).into(),
        _ => Vec::new(),
    }
}

pub(crate) fn root_cause_selectors() -> impl Iterator<Item = String> {
    let of = |cause: Cause| {
        cause.levels().iter().map(move |level| format!("rootcause.{}.{}", cause.name(), level.name()))
    };
    Cause::ALL.into_iter().flat_map(of).chain(["rootcause.json".into()])
}

/// The words that may begin a condition in `scope`.
pub(crate) fn words(scope: Scope) -> Vec<String> {
    Keyword::of(scope).map(|entry| entry.name.to_owned()).chain(selectors(scope)).collect()
}

/// "an operator (= !=), AND, OR, a condition or the end": each thing once, the operators together, what ends the
/// expression last.
pub(crate) fn phrase(expected: &[Expected]) -> String {
    let mut operators: Vec<&str> = Vec::new();
    let mut phrases: Vec<(u8, String)> = Vec::new();
    for each in expected {
        let (rank, phrase) = match each {
            Expected::Operator(operator) => {
                if !operators.contains(operator) {
                    operators.push(operator);
                }
                continue;
            }
            Expected::Text(_) => (1, "a text in double quotes".to_owned()),
            Expected::Number => (1, "a number".to_owned()),
            Expected::Key => (1, "`.key` or `[key]`".to_owned()),
            Expected::Json => (1, "`#[...]`".to_owned()),
            Expected::Word(word) => (1, (*word).to_owned()),
            Expected::Condition(_) => (2, "a condition".to_owned()),
            Expected::Sign(sign) => (3, format!("`{}`", sign.text())),
            Expected::End => (4, "the end".to_owned()),
        };
        if phrases.iter().all(|(_, known)| *known != phrase) {
            phrases.push((rank, phrase));
        }
    }
    if !operators.is_empty() {
        phrases.push((0, format!("an operator ({})", operators.join(" "))));
    }
    phrases.sort_by_key(|(rank, _)| *rank);
    let phrases: Vec<String> = phrases.into_iter().map(|(_, phrase)| phrase).collect();
    match phrases.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, others)) => format!("{} or {last}", others.join(", ")),
        None => String::new(),
    }
}

/// The words among what is expected, for who looks for the one that was meant.
pub(crate) fn plain_words(expected: &[Expected]) -> impl Iterator<Item = &'static str> {
    expected.iter().filter_map(|each| match each {
        Expected::Word(word) => Some(*word),
        Expected::Operator(operator) if operator.starts_with(char::is_alphabetic) => Some(*operator),
        _ => None,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_phrase_names_each_thing_once_and_operators_together() {
        let expected = [
            Expected::Word("AND"),
            Expected::Operator("="),
            Expected::Condition(Scope::Trace),
            Expected::Operator("!="),
            Expected::Word("AND"),
            Expected::End,
        ];
        assert_eq!(phrase(&expected), "an operator (= !=), AND, a condition or the end");
        assert_eq!(phrase(&[Expected::Number]), "a number");
    }

    #[test]
    fn root_causes_have_exceptions_where_something_failed() {
        let selectors: Vec<_> = root_cause_selectors().collect();
        assert_eq!(selectors.len(), 9);
        assert!(!selectors.contains(&"rootcause.responsetime.exception".to_owned()));
    }
}
