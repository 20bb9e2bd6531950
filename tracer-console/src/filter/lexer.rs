//! Cuts a filter expression into tokens.

use std::ops::Range;

use serde_json::Value;

use super::token::{Broken, Sign, Token, TokenKind};

/// The tokens of `text`; the last one is always `End`, and the first that is broken is the last before it.
pub(crate) fn tokens(text: &str) -> Vec<Token> {
    let mut lexer = Lexer { text, at: 0 };
    let mut tokens = Vec::new();
    loop {
        let token = lexer.next();
        let is_last = matches!(token.kind, TokenKind::Broken(_));
        if is_last || token.kind == TokenKind::End {
            tokens.push(token);
            break;
        }
        tokens.push(token);
    }
    if tokens.last().is_none_or(|token| token.kind != TokenKind::End) {
        tokens.push(Token { kind: TokenKind::End, span: text.len()..text.len() });
    }
    tokens
}

/// Whether a word may hold the character. Dots are parts of words: `http.status` is one.
pub(crate) fn is_word_character(character: char) -> bool {
    character.is_alphanumeric() || matches!(character, '_' | '-' | '.')
}

struct Lexer<'t> {
    text: &'t str,
    at: usize,
}

impl Lexer<'_> {
    fn next(&mut self) -> Token {
        self.at += self.rest().len() - self.rest().trim_start().len();
        let start = self.at;
        let Some(first) = self.rest().chars().next() else {
            return Token { kind: TokenKind::End, span: start..start };
        };
        let (kind, length) = match first {
            '"' => self.quoted(),
            '[' => self.bracketed(),
            '#' => self.json(),
            _ if begins_number(self.rest()) => self.number(),
            _ if first.is_alphanumeric() || first == '_' => (TokenKind::Word, word_length(self.rest())),
            _ => self.sign(first),
        };
        self.at += length;
        Token { kind, span: start..self.at }
    }

    fn rest(&self) -> &str {
        &self.text[self.at..]
    }

    fn sign(&self, first: char) -> (TokenKind, usize) {
        let sign = Sign::ALL.into_iter().find(|sign| self.rest().starts_with(sign.text()));
        sign.map_or((TokenKind::Broken(Broken::Character(first)), first.len_utf8()), |sign| {
            (TokenKind::Sign(sign), sign.text().len())
        })
    }

    fn quoted(&self) -> (TokenKind, usize) {
        read_quoted(self.rest()).map_or_else(
            || (TokenKind::Broken(Broken::UnclosedText), self.rest().len()),
            |(text, length)| (TokenKind::Text(text), length),
        )
    }

    /// A key with dots or other signs, in quotes or without.
    fn bracketed(&self) -> (TokenKind, usize) {
        let inner = &self.rest()[1..];
        let blank = inner.len() - inner.trim_start().len();
        let read = match read_quoted(&inner[blank..]) {
            Some((key, length)) => closing_bracket(inner, blank + length).map(|end| (key, end)),
            None => inner.find(']').map(|end| (inner[..end].trim().to_owned(), end)),
        };
        match read {
            None => (TokenKind::Broken(Broken::UnclosedBracket), self.rest().len()),
            Some((key, end)) if key.is_empty() => (TokenKind::Broken(Broken::EmptyBracket), end + 2),
            Some((key, end)) => (TokenKind::Bracketed(key), end + 2),
        }
    }

    fn json(&self) -> (TokenKind, usize) {
        let mut values = serde_json::Deserializer::from_str(&self.rest()[1..]).into_iter::<Value>();
        let read = values.next();
        let length = 1 + values.byte_offset();
        match read {
            Some(Ok(json @ Value::Array(_))) => (TokenKind::Json(json), length),
            Some(Ok(_)) => (TokenKind::Broken(Broken::Json("it is something else".into())), length),
            Some(Err(error)) => (TokenKind::Broken(Broken::Json(error.to_string())), self.rest().len()),
            None => (TokenKind::Broken(Broken::Json("nothing stands there".into())), 1),
        }
    }

    fn number(&self) -> (TokenKind, usize) {
        let length = number_length(self.rest());
        match self.rest()[..length].parse::<f64>() {
            Ok(number) if number.is_finite() => (TokenKind::Number(number), length),
            _ => (TokenKind::Broken(Broken::HugeNumber), length),
        }
    }
}

fn word_length(text: &str) -> usize {
    text.find(|character| !is_word_character(character)).unwrap_or(text.len())
}

/// Whether a number stands here and not a word that begins with a digit, as the id of an order or an address may.
fn begins_number(text: &str) -> bool {
    let length = number_length(text);
    length > 0 && !text[length..].starts_with(is_word_character)
}

/// The bytes of `-1.5e-3` and the like; 0 where no number stands.
fn number_length(text: &str) -> usize {
    let digits = |at: usize| text[at..].bytes().take_while(u8::is_ascii_digit).count();
    let sign = usize::from(text.starts_with('-'));
    let whole = digits(sign);
    let mut end = sign + whole;
    if text[end..].starts_with('.') {
        match digits(end + 1) {
            0 => return 0,
            fraction => end += 1 + fraction,
        }
    } else if whole == 0 {
        return 0;
    }
    end + exponent_length(&text[end..])
}

fn exponent_length(text: &str) -> usize {
    let Some(rest) = text.strip_prefix(['e', 'E']) else { return 0 };
    let sign = usize::from(rest.starts_with(['+', '-']));
    match rest[sign..].bytes().take_while(u8::is_ascii_digit).count() {
        0 => 0,
        digits => 1 + sign + digits,
    }
}

/// The text in double quotes at the beginning, and how many bytes it takes with them. A backslash that stands before
/// neither a quote nor a backslash is itself.
fn read_quoted(text: &str) -> Option<(String, usize)> {
    let inner = text.strip_prefix('"')?;
    let mut read = String::new();
    let mut characters = inner.char_indices().peekable();
    while let Some((at, character)) = characters.next() {
        match character {
            '"' => return Some((read, at + 2)),
            '\\' => {
                let escaped = characters.next_if(|(_, next)| matches!(next, '"' | '\\'));
                read.push(escaped.map_or('\\', |(_, escaped)| escaped));
            }
            _ => read.push(character),
        }
    }
    None
}

/// Where `]` stands behind `from`, with nothing but blanks between.
fn closing_bracket(text: &str, from: usize) -> Option<usize> {
    let rest = text[from..].trim_start();
    rest.starts_with(']').then(|| text.len() - rest.len())
}

/// The part of a text before `cursor` that is still being written: from where a word, a quoted text or a bracket begins
/// that the cursor stands at the end of. Empty where nothing is begun.
pub(crate) fn begun_at(text: &str, cursor: usize) -> Range<usize> {
    let open = |token: &&Token| match &token.kind {
        TokenKind::Word | TokenKind::Number(_) => token.span.end == cursor,
        TokenKind::Broken(broken) => matches!(broken, Broken::UnclosedText | Broken::UnclosedBracket),
        _ => false,
    };
    let tokens = tokens(&text[..cursor]);
    let last = tokens.iter().rev().find(|token| token.kind != TokenKind::End);
    last.filter(open).map_or(cursor..cursor, |token| token.span.start..cursor)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn kinds(text: &str) -> Vec<TokenKind> {
        let mut kinds: Vec<_> = tokens(text).into_iter().map(|token| token.kind).collect();
        assert_eq!(kinds.pop(), Some(TokenKind::End));
        kinds
    }

    #[test]
    fn a_text_is_in_double_quotes_and_knows_two_escapes() {
        let text = |text: &str| vec![TokenKind::Text(text.into())];
        assert_eq!(kinds(r#""a \"b\" \\ c:\temp""#), text(r#"a "b" \ c:\temp"#));
        assert_eq!(kinds("\"\""), text(""));
        assert_eq!(kinds(r#""a\""#), [TokenKind::Broken(Broken::UnclosedText)]);
    }

    #[test]
    fn a_number_has_no_unit_and_what_goes_on_is_a_word() {
        for (text, number) in [("5", 5.0), ("-0.25", -0.25), ("2.5e-3", 0.0025), ("1E5", 1e5), (".5", 0.5)] {
            assert_eq!(kinds(text), [TokenKind::Number(number)], "{text}");
        }
        for word in ["3s", "1-6b02d7e6-207f0216d9e1908cc7eb247a", "10.0.0.1", "5xx", "1e"] {
            assert_eq!(kinds(word), [TokenKind::Word], "{word}");
        }
        assert_eq!(kinds("1e999"), [TokenKind::Broken(Broken::HugeNumber)]);
    }

    #[test]
    fn signs_need_no_space() {
        let signs = [
            TokenKind::Sign(Sign::LessOrEqual),
            TokenKind::Sign(Sign::Equal),
            TokenKind::Sign(Sign::NotEqual),
        ];
        assert_eq!(kinds("<==!="), signs);
        assert_eq!(kinds("responsetime>=2").len(), 3);
    }

    #[test]
    fn a_key_in_brackets_may_be_quoted() {
        for text in ["[aws:api_stage]", "[ aws:api_stage ]", "[\"aws:api_stage\"]", "[ \"aws:api_stage\" ]"] {
            assert_eq!(kinds(text), [TokenKind::Bracketed("aws:api_stage".into())], "{text}");
        }
        assert_eq!(kinds("[\"a]b\"]"), [TokenKind::Bracketed("a]b".into())]);
        assert_eq!(kinds("[ ]"), [TokenKind::Broken(Broken::EmptyBracket)]);
        assert_eq!(kinds("[key"), [TokenKind::Broken(Broken::UnclosedBracket)]);
    }

    #[test]
    fn json_ends_where_its_array_ends() {
        assert_eq!(kinds("#[{\"Name\":\"]\"}] ok").len(), 2);
        for broken in ["#", "#{}", "#[", "#[{]"] {
            assert!(matches!(kinds(broken)[..], [TokenKind::Broken(Broken::Json(_))]), "{broken}");
        }
    }

    #[test]
    fn what_is_being_written_begins_where_its_word_or_quote_begins() {
        for (text, begun) in [
            ("ok AND resp", "resp"),
            ("ok ", ""),
            ("user = \"al", "\"al"),
            ("annotation[ten", "[ten"),
            ("(", ""),
        ] {
            assert_eq!(&text[begun_at(text, text.len())], begun, "{text}");
        }
    }
}
