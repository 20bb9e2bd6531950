//! What may be written at the cursor of an unfinished expression.

use std::ops::Range;

use super::expected::{self, Expected, ValueOf};
use super::keyword::{Keyword, Scope};
use super::lexer;
use super::parser::{MAX_LENGTH, Parser};

/// The proposals for one place of an expression; see [`FilterExpression::completions`](crate::FilterExpression::completions).
///
/// ```
/// use tracer_console::{FilterExpression, ValueOf};
///
/// let completions = FilterExpression::completions("service(", 8);
/// assert_eq!(completions.values, Some(ValueOf::ServiceName));
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completions {
    /// The bytes that a proposal takes the place of: what is begun before the cursor.
    pub replaced: Range<usize>,
    /// Words and signs that fit there and begin as what is begun; keywords first.
    pub words: Vec<Completion>,
    /// What a text there would be a value of, for who knows the values that occur.
    pub values: Option<ValueOf>,
}

/// One word or sign that fits.
///
/// ```
/// let completions = tracer_console::FilterExpression::completions("resp", 4);
/// assert_eq!(completions.words[0].meaning, "seconds until the answer");
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Completion {
    /// What is written.
    pub text: String,
    /// What it means; empty where the word says it.
    pub meaning: &'static str,
}

const ANNOTATION: &str = "annotation.";

/// What may be written at byte `cursor` of `text`, given what stands before it.
pub(crate) fn completions(text: &str, cursor: usize, scope: Scope) -> Completions {
    let cursor = (0..=cursor.min(text.len())).rev().find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    if cursor > MAX_LENGTH {
        return Completions { replaced: cursor..cursor, words: Vec::new(), values: None };
    }
    let mut replaced = lexer::begun_at(text, cursor);
    let begun = &text[replaced.clone()];
    let expected = Parser::new(&text[..replaced.start], scope).expected_at_end();

    let begins_annotation = begun.get(..ANNOTATION.len()).is_some_and(|b| b.eq_ignore_ascii_case(ANNOTATION));
    if begins_annotation && expected.contains(&Expected::Condition(Scope::Trace)) {
        replaced.start += ANNOTATION.len();
        return Completions { replaced, words: Vec::new(), values: Some(ValueOf::AnnotationKey) };
    }
    let mut words: Vec<Completion> = Vec::new();
    for word in expected.iter().flat_map(|each| proposals(each, begun.is_empty())) {
        if begins_with(&word.text, begun) && !words.contains(&word) {
            words.push(word);
        }
    }
    Completions { replaced, words, values: expected.iter().find_map(values) }
}

/// Whatever the case.
fn begins_with(word: &str, begun: &str) -> bool {
    word.get(..begun.len()).is_some_and(|beginning| beginning.eq_ignore_ascii_case(begun))
}

fn proposals(expected: &Expected, with_signs: bool) -> Vec<Completion> {
    let word = |text: &str| vec![Completion { text: text.to_owned(), meaning: "" }];
    match expected {
        Expected::Condition(scope) => {
            let keywords = Keyword::of(*scope)
                .map(|entry| Completion { text: entry.name.to_owned(), meaning: entry.meaning });
            let selectors =
                expected::selectors(*scope).into_iter().map(|text| Completion { text, meaning: "" });
            keywords.chain(selectors).collect()
        }
        Expected::Word(text) => word(text),
        Expected::Operator(text) if with_signs || text.starts_with(char::is_alphabetic) => word(text),
        Expected::Sign(sign) if with_signs => word(sign.text()),
        _ => Vec::new(),
    }
}

fn values(expected: &Expected) -> Option<ValueOf> {
    match expected {
        Expected::Text(of) => Some(of.clone()),
        Expected::Key => Some(ValueOf::AnnotationKey),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The completions at the `|` in a text.
    fn at(marked: &str) -> Completions {
        let cursor = marked.find('|').unwrap();
        completions(&marked.replace('|', ""), cursor, Scope::Trace)
    }

    fn words(marked: &str) -> Vec<String> {
        at(marked).words.into_iter().map(|word| word.text).collect()
    }

    #[test]
    fn a_begun_word_is_completed_by_what_fits_there() {
        assert_eq!(words("resp|"), ["responsetime"]);
        assert_eq!(at("ok AND resp| > 1").replaced, 7..11);
        assert_eq!(
            words("http.|"),
            ["http.status", "http.url", "http.method", "http.useragent", "http.clientip"]
        );
        assert_eq!(words("HTTP.S|"), ["http.status"]);
        assert_eq!(
            words("rootcause.r|"),
            ["rootcause.responsetime.service", "rootcause.responsetime.entity"]
        );
        assert_eq!(words("service(\"web\") { r|"), ["root", "responsetime", "resource.arn"]);
    }

    #[test]
    fn behind_a_keyword_stand_the_operators_of_its_type() {
        let proposed = words("http.method |");
        assert_eq!(proposed[..5], ["=", "!=", "CONTAINS", "BEGINSWITH", "ENDSWITH"]);
        assert!(proposed.contains(&"AND".to_owned()) && proposed.contains(&"fault".to_owned()));
        assert_eq!(words("http.method C|"), ["CONTAINS"]);
        assert_eq!(words("ok = |"), ["true", "false"]);
    }

    #[test]
    fn a_text_says_what_it_would_be_a_value_of() {
        assert_eq!(at("service(|").values, Some(ValueOf::ServiceName));
        assert_eq!(at("edge(\"a\", \"b|").values, Some(ValueOf::ServiceName));
        assert_eq!(at("service(id(type: \"AWS|").values, Some(ValueOf::ServiceType));
        assert_eq!(at("annotation.tenant = \"ac|").values, Some(ValueOf::Annotation("tenant".into())));
        assert_eq!(at("http.method = |").values, Some(ValueOf::Keyword("http.method")));
        assert_eq!(at("user = \"al|").replaced, 7..10);
    }

    #[test]
    fn annotation_keys_are_asked_for_behind_the_dot_and_in_brackets() {
        for (marked, replaced) in
            [("annotation.te|", 11..13), ("annotation.|", 11..11), ("annotation[te|", 10..13)]
        {
            let completions = at(marked);
            assert_eq!(completions.values, Some(ValueOf::AnnotationKey), "{marked}");
            assert_eq!(completions.replaced, replaced, "{marked}");
        }
        assert_eq!(at("service(\"web\") { annotation.|").values, None);
    }

    #[test]
    fn where_something_before_the_cursor_is_wrong_nothing_is_proposed() {
        assert_eq!(words("response_time > 1 AND |"), [""; 0]);
        assert_eq!(words("ok ) |"), [""; 0]);
    }

    #[test]
    fn a_closed_block_goes_on_with_another_condition() {
        let proposed = words("service(\"web\") { fault } |");
        assert!(proposed.contains(&"OR".to_owned()) && proposed.contains(&"annotation".to_owned()));
        assert!(words("service(\"web\") { fault |").contains(&"}".to_owned()));
    }
}
