//! What does not fit though it is well formed: unknown words, keywords out of their place, operators and values of
//! another type. Each refusal says how to write it.

use std::ops::Range;

use super::cause_json::Problem;
use super::error::{FilterError, FilterErrorKind, plain, quoted};
use super::expected::{self, EQUALITY, Expected, NUMBER_OPERATORS, TEXT_OPERATORS};
use super::keyword::{KEYWORDS, Keyword, Scope, ValueType};
use super::suggestion::did_you_mean;
use super::token::TokenKind;

/// Refusals of one piece of a text.
pub(crate) struct Check<'t> {
    pub(crate) text: &'t str,
    pub(crate) span: Range<usize>,
    pub(crate) scope: Scope,
    /// What was looked for there.
    pub(crate) expected: &'t [Expected],
}

/// The operators that a keyword of this type may stand before.
pub(crate) const fn operators(value: ValueType) -> &'static [&'static str] {
    match value {
        ValueType::Boolean => &EQUALITY,
        ValueType::Number => &NUMBER_OPERATORS,
        ValueType::Text => &TEXT_OPERATORS,
    }
}

impl Check<'_> {
    fn written(&self) -> &str {
        &self.text[self.span.clone()]
    }

    fn refuse(&self, kind: FilterErrorKind, message: String) -> FilterError {
        FilterError::new(kind, self.text, self.span.clone(), message)
    }

    /// A word at the beginning of a condition that begins none in this scope.
    pub(crate) fn no_condition(&self) -> FilterError {
        let word = self.written().to_ascii_lowercase();
        let first = word.split_once('.').map_or(word.as_str(), |(first, _)| first);
        match (first, Keyword::named(&word)) {
            (_, Some(keyword)) => {
                self.wrong_scope(&quoted(self.written()), &format!("it may stand {}", keyword.places()))
            }
            ("annotation", _) => self.wrong_scope(
                "`annotation`",
                "annotations belong to the whole trace: write it beside the block, joined with AND",
            ),
            ("rootcause", _) if self.scope == Scope::Trace => self.unknown("root cause selector"),
            ("service" | "edge", _) if word == first => {
                self.wrong_scope(&format!("`{word}(...)`"), "write it beside the block, joined with AND")
            }
            ("rootcause", _) => {
                self.wrong_scope("a root cause selector", "write it beside the block, joined with AND")
            }
            ("id", _) if word == first => {
                self.wrong_scope("`id(...)`", "it names a service within service(...) or edge(...)")
            }
            _ => self.unknown("keyword"),
        }
    }

    fn wrong_scope(&self, what: &str, help: &str) -> FilterError {
        let help = match self.scope {
            Scope::ServiceGraph => "it may use only id(), service() and edge()",
            _ => help,
        };
        self.refuse(FilterErrorKind::WrongScope, format!("{what} may not stand {}", self.scope.place()))
            .with_expected(expected::words(self.scope))
            .with_help(help)
    }

    fn unknown(&self, what: &str) -> FilterError {
        let mut fitting = expected::words(self.scope);
        fitting.extend(expected::plain_words(self.expected).map(String::from));
        let word = self.written();
        let help = match did_you_mean(word, fitting.iter().map(String::as_str)) {
            Some(meant) => format!("did you mean `{meant}`?"),
            None => self.help_for_unknown(&fitting),
        };
        self.refuse(FilterErrorKind::UnknownWord, format!("unknown {what} {}", quoted(word)))
            .with_expected(fitting)
            .with_help(help)
    }

    fn help_for_unknown(&self, fitting: &[String]) -> String {
        let word = self.written().to_ascii_lowercase();
        match word.as_str() {
            "not" => return "negate with `!`".into(),
            "coldstart" => return "tracers write it as an annotation: annotation.ColdStart".into(),
            "like" | "matches" | "in" => return "compare with =, CONTAINS, BEGINSWITH or ENDSWITH".into(),
            _ => {}
        }
        // `http.` and `http.code` are of the family of `http.status`.
        let begins_as = |known: &&String| {
            known.split_once('.').is_some_and(|(family, _)| word.split('.').next() == Some(family))
        };
        let family: Vec<_> = fitting.iter().filter(begins_as).map(String::as_str).collect();
        let elsewhere = did_you_mean(&word, KEYWORDS.iter().map(|entry| entry.name)).and_then(Keyword::named);
        match elsewhere {
            _ if !family.is_empty() => format!("there are {}", family.join(", ")),
            Some(keyword) => format!("`{keyword}` may stand {}", keyword.places()),
            None if self.scope == Scope::Trace => {
                format!("if it is an annotation, write annotation.{}", plain(self.written()))
            }
            None => format!("here may stand {}", expected::words(self.scope).join(", ")),
        }
    }

    /// `annotation.a.b`, or nothing behind the dot.
    pub(crate) fn annotation_key(&self) -> FilterError {
        let key = self.written().split_once('.').map_or("", |(_, key)| key);
        let help = match key {
            "" => "write annotation.key or annotation[key]".to_owned(),
            key => format!("write annotation[{}]", plain(key)),
        };
        let message = match key {
            "" => "the annotation has no key".to_owned(),
            key => format!("the annotation key {} has dots", quoted(key)),
        };
        self.refuse(FilterErrorKind::Syntax, message).with_help(help)
    }

    /// An operator that the keyword's type does not have.
    pub(crate) fn operator(&self, keyword: Keyword) -> FilterError {
        let value = keyword.entry().value;
        let operators = operators(value);
        let message =
            format!("`{keyword}` is {}; {} does not apply to it", value.noun(), quoted(self.written()));
        self.refuse(FilterErrorKind::WrongType, message)
            .with_expected(operators.iter().copied())
            .with_help(format!("use {}", operators.join(" ")))
    }

    /// A value of another type than the keyword's.
    pub(crate) fn value(&self, keyword: Keyword, found: &TokenKind) -> FilterError {
        let value = keyword.entry().value;
        let message = format!("`{keyword}` is {}, not {}", value.noun(), noun(found, self.written()));
        let error = self.refuse(FilterErrorKind::WrongType, message);
        match value {
            ValueType::Boolean => error
                .with_expected(["true", "false"])
                .with_help(format!("write `{keyword}`, `!{keyword}` or `{keyword} = true`")),
            ValueType::Number => error.with_expected(["a number"]).with_help(match self.class_of_status() {
                Some(class) => format!("write {keyword} >= {class}00"),
                None => self.number_help(found, matches!(keyword, Keyword::ResponseTime | Keyword::Duration)),
            }),
            ValueType::Text => error.with_expected(["a text in double quotes"]).with_help(self.text_help()),
        }
    }

    /// A value of another type than the operator compares.
    pub(crate) fn annotation_value(
        &self,
        operator: &str,
        wants: ValueType,
        found: &TokenKind,
    ) -> FilterError {
        let message =
            format!("`{operator}` compares with {}, not with {}", wants.noun(), noun(found, self.written()));
        let error = self.refuse(FilterErrorKind::WrongType, message);
        match wants {
            ValueType::Number => error.with_expected(["a number"]).with_help(self.number_help(found, false)),
            _ => error.with_expected(["a text in double quotes"]).with_help(self.text_help()),
        }
    }

    /// An example of a root cause with something that none has.
    pub(crate) fn cause_json(&self, problem: Problem) -> FilterError {
        match problem {
            Problem::Unknown(member, known) => {
                let message = format!("root causes have no member {}", quoted(&member));
                let help = match did_you_mean(&member, known.iter().copied()) {
                    Some(meant) => format!("did you mean `{meant}`?"),
                    None => format!("there may stand {}", known.join(", ")),
                };
                self.refuse(FilterErrorKind::UnknownWord, message).with_expected(known).with_help(help)
            }
            Problem::Type(member, noun) => {
                let message = format!("in a root cause, {} is {noun}", plain(&member));
                self.refuse(FilterErrorKind::WrongType, message).with_expected([noun])
            }
        }
    }

    /// The 5 of `5xx`.
    fn class_of_status(&self) -> Option<char> {
        let written = self.written().trim_matches('"').to_ascii_lowercase();
        let class = written.strip_suffix("xx")?.chars().next()?;
        (written.len() == 3 && class.is_ascii_digit()).then_some(class)
    }

    fn number_help(&self, found: &TokenKind, is_time: bool) -> String {
        let written = match found {
            TokenKind::Text(text) => text.as_str(),
            _ => self.written(),
        };
        let end = written.find(|c: char| !(c.is_ascii_digit() || c == '.')).unwrap_or(written.len());
        let (digits, unit) = written.split_at(end);
        match (digits.parse::<f64>(), in_seconds(unit)) {
            (Ok(number), Some(seconds)) if is_time => {
                format!("times are in seconds: write {}", seconds(number))
            }
            (Ok(_), _) if unit.chars().all(|c| c.is_alphabetic() || "%/ ".contains(c)) => {
                format!("write {digits} without quotes and unit")
            }
            _ => "write a number without quotes and unit, such as 2.5".into(),
        }
    }

    fn text_help(&self) -> String {
        format!("put it in double quotes: \"{}\"", plain(self.written()))
    }
}

/// How a number of this unit becomes one of seconds; `None` for what is no unit of time.
fn in_seconds(unit: &str) -> Option<fn(f64) -> f64> {
    Some(match unit.trim().to_lowercase().as_str() {
        "us" | "µs" | "μs" => |number| number / 1e6,
        "ms" | "msec" | "millis" => |number| number / 1e3,
        "s" | "sec" | "secs" | "second" | "seconds" => |number| number,
        "m" | "min" | "mins" | "minute" | "minutes" => |number| number * 60.0,
        "h" | "hour" | "hours" => |number| number * 3_600.0,
        _ => return None,
    })
}

fn noun(found: &TokenKind, written: &str) -> String {
    match found {
        TokenKind::Text(_) => "a text".into(),
        TokenKind::Number(_) => "a number".into(),
        _ => quoted(written),
    }
}
