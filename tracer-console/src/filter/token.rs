//! The words and signs of a filter expression, each with its place in the text.

use std::fmt;
use std::ops::Range;

use serde_json::Value;

/// A token and the bytes of the text that it stands for.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Token {
    pub(crate) kind: TokenKind,
    pub(crate) span: Range<usize>,
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TokenKind {
    /// A keyword with its dots, a word operator, or a text without quotes: its letters are those of the span.
    Word,
    /// A text in double quotes, without them and with `\"` and `\\` resolved.
    Text(String),
    /// A number; always finite.
    Number(f64),
    /// What stands between `[` and `]` behind `annotation`.
    Bracketed(String),
    /// What stands behind `#`: an array.
    Json(Value),
    Sign(Sign),
    /// What is no token; nothing behind it was read.
    Broken(Broken),
    /// The end of the text.
    End,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sign {
    OpenParenthesis,
    CloseParenthesis,
    OpenBrace,
    CloseBrace,
    Comma,
    Colon,
    Not,
    Equal,
    NotEqual,
    Less,
    LessOrEqual,
    Greater,
    GreaterOrEqual,
}

impl Sign {
    /// The longer ones before those that they begin with.
    pub(crate) const ALL: [Self; 13] = [
        Self::NotEqual,
        Self::LessOrEqual,
        Self::GreaterOrEqual,
        Self::OpenParenthesis,
        Self::CloseParenthesis,
        Self::OpenBrace,
        Self::CloseBrace,
        Self::Comma,
        Self::Colon,
        Self::Not,
        Self::Equal,
        Self::Less,
        Self::Greater,
    ];

    pub(crate) const fn text(self) -> &'static str {
        match self {
            Self::OpenParenthesis => "(",
            Self::CloseParenthesis => ")",
            Self::OpenBrace => "{",
            Self::CloseBrace => "}",
            Self::Comma => ",",
            Self::Colon => ":",
            Self::Not => "!",
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Less => "<",
            Self::LessOrEqual => "<=",
            Self::Greater => ">",
            Self::GreaterOrEqual => ">=",
        }
    }
}

/// Why something is no token.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Broken {
    Character(char),
    UnclosedText,
    UnclosedBracket,
    EmptyBracket,
    HugeNumber,
    /// The words of the JSON parser.
    Json(String),
}

impl fmt::Display for Broken {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Character(found) => write!(f, "the character {found:?} has no meaning here"),
            Self::UnclosedText => write!(f, "this text has no closing quote"),
            Self::UnclosedBracket => write!(f, "this bracket has no closing `]`"),
            Self::EmptyBracket => write!(f, "there is no annotation key between the brackets"),
            Self::HugeNumber => write!(f, "this number is too large"),
            Self::Json(problem) => write!(f, "behind `#` stands no JSON array: {problem}"),
        }
    }
}

impl Broken {
    pub(crate) const fn help(&self) -> Option<&'static str> {
        match self {
            Self::Character('\'' | '\u{2018}' | '\u{2019}' | '\u{201c}' | '\u{201d}' | '\u{201e}' | '`') => {
                Some("put texts in straight double quotes: \"text\"")
            }
            Self::Character('&') => Some("write AND"),
            Self::Character('|') => Some("write OR"),
            Self::Character('*' | '?' | '%') => {
                Some("there are no wildcards; use CONTAINS, BEGINSWITH or ENDSWITH")
            }
            Self::Character(_) => Some("put texts in double quotes"),
            Self::UnclosedText => Some("end it with \"; a quote within the text is written \\\""),
            Self::UnclosedBracket | Self::EmptyBracket => Some("write annotation[key]"),
            Self::HugeNumber => None,
            Self::Json(_) => Some("write rootcause.json = #[{\"Services\":[{\"Name\":\"...\"}]}]"),
        }
    }
}
