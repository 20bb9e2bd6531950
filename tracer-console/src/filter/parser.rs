//! Reads a filter expression by recursive descent, and records at each place what may stand there.

use std::ops::Range;

use super::check::Check;
use super::error::{FilterError, FilterErrorKind, quoted};
use super::expected::{self, Expected, phrase};
use super::keyword::Scope;
use super::lexer;
use super::suggestion::did_you_mean;
use super::syntax::Expression;
use super::token::{Sign, Token, TokenKind};

/// Longer texts are refused, in bytes. X-Ray says no limit for filter expressions.
pub(crate) const MAX_LENGTH: usize = 16_384;
/// Parentheses, blocks and `!` within each other.
pub(crate) const MAX_DEPTH: usize = 64;

pub(crate) struct Parser<'t> {
    text: &'t str,
    tokens: Vec<Token>,
    at: usize,
    pub(super) scope: Scope,
    depth: usize,
    /// What was looked for at the token `at`.
    expected: Vec<Expected>,
}

/// Reads the whole of `text` in `scope`; `None` where it is blank.
pub(crate) fn parse(text: &str, scope: Scope) -> Result<Option<Expression>, FilterError> {
    if text.len() > MAX_LENGTH {
        let message = format!("the expression has {} bytes", text.len());
        let error = FilterError::new(FilterErrorKind::TooLarge, text, 0..0, message);
        return Err(error.with_help(format!("{MAX_LENGTH} bytes are read at most")));
    }
    Parser::new(text, scope).whole()
}

impl<'t> Parser<'t> {
    pub(crate) fn new(text: &'t str, scope: Scope) -> Self {
        Self { text, tokens: lexer::tokens(text), at: 0, scope, depth: 0, expected: Vec::new() }
    }

    pub(crate) fn whole(&mut self) -> Result<Option<Expression>, FilterError> {
        if self.current().kind == TokenKind::End && self.scope == Scope::Trace {
            self.expected.push(Expected::Condition(self.scope));
            return Ok(None);
        }
        let expression = self.alternatives()?;
        match self.current().kind {
            TokenKind::End => Ok(Some(expression)),
            _ => {
                self.expected.push(Expected::End);
                Err(self.unexpected())
            }
        }
    }

    /// What may follow the whole text; nothing where something before its end is wrong already.
    pub(crate) fn expected_at_end(mut self) -> Vec<Expected> {
        // Whether it is complete does not matter: what was looked for at its end does.
        let _ = self.whole();
        if self.current().kind == TokenKind::End { self.expected } else { Vec::new() }
    }

    fn alternatives(&mut self) -> Result<Expression, FilterError> {
        let mut parts = vec![self.conjunction()?];
        while self.take_word("OR") {
            parts.push(self.conjunction()?);
        }
        Ok(joined(parts, Expression::Or))
    }

    /// Conditions side by side are joined by AND, too.
    fn conjunction(&mut self) -> Result<Expression, FilterError> {
        let mut parts = vec![self.negation()?];
        while self.take_word("AND") || self.begins_condition() {
            parts.push(self.negation()?);
        }
        Ok(joined(parts, Expression::And))
    }

    fn negation(&mut self) -> Result<Expression, FilterError> {
        if !self.begins_condition() {
            return Err(self.unexpected());
        }
        match self.current().kind {
            TokenKind::Sign(Sign::Not) => {
                let opened = self.advance();
                let inner = self.nested(opened, self.scope, Self::negation)?;
                Ok(Expression::Not(Box::new(inner)))
            }
            TokenKind::Sign(_) => self.enclosed(Sign::CloseParenthesis, self.scope),
            _ => self.condition(),
        }
    }

    /// `( )` or `{ }` around an expression of `scope`, from its opening sign on.
    pub(super) fn enclosed(&mut self, closing: Sign, scope: Scope) -> Result<Expression, FilterError> {
        let opened = self.advance();
        let inner = self.nested(opened.clone(), scope, Self::alternatives)?;
        self.close(closing, opened)?;
        Ok(inner)
    }

    fn nested<T>(
        &mut self,
        opened: Range<usize>,
        scope: Scope,
        read: impl FnOnce(&mut Self) -> Result<T, FilterError>,
    ) -> Result<T, FilterError> {
        if self.depth == MAX_DEPTH {
            let message = format!("the expression nests more than {MAX_DEPTH} levels deep");
            return Err(FilterError::new(FilterErrorKind::TooLarge, self.text, opened, message));
        }
        self.depth += 1;
        let outer = std::mem::replace(&mut self.scope, scope);
        let read = read(self)?;
        // Only on success: after an error the scope is where it happened, and nobody goes on.
        self.scope = outer;
        self.depth -= 1;
        Ok(read)
    }

    /// The closing sign; where the text ends without it, the error says what was not closed.
    pub(super) fn close(&mut self, closing: Sign, opened: Range<usize>) -> Result<(), FilterError> {
        if self.take(closing) {
            return Ok(());
        }
        let error = self.unexpected();
        if self.current().kind != TokenKind::End {
            return Err(error);
        }
        let character = self.text[..opened.start].chars().count() + 1;
        Err(error.with_help(format!("{} at character {character} is not closed", quoted(&self.text[opened]))))
    }

    // The tokens.

    pub(super) fn current(&self) -> &Token {
        &self.tokens[self.at]
    }

    /// The letters of the current token.
    pub(super) fn letters(&self) -> &'t str {
        &self.text[self.current().span.clone()]
    }

    /// Goes to the next token and returns the place of the one that was current.
    pub(super) fn advance(&mut self) -> Range<usize> {
        let span = self.current().span.clone();
        // The last one is `End`, and it stays.
        self.at = (self.at + 1).min(self.tokens.len() - 1);
        self.expected.clear();
        span
    }

    pub(super) fn expect(&mut self, expected: Expected) {
        self.expected.push(expected);
    }

    pub(super) fn stands(&mut self, sign: Sign) -> bool {
        self.expected.push(Expected::Sign(sign));
        self.current().kind == TokenKind::Sign(sign)
    }

    pub(super) fn take(&mut self, sign: Sign) -> bool {
        let stands = self.stands(sign);
        if stands {
            self.advance();
        }
        stands
    }

    pub(super) fn require(&mut self, sign: Sign) -> Result<(), FilterError> {
        if self.take(sign) { Ok(()) } else { Err(self.unexpected()) }
    }

    pub(super) fn is_word(&self, word: &str) -> bool {
        self.current().kind == TokenKind::Word && self.letters().eq_ignore_ascii_case(word)
    }

    pub(super) fn take_word(&mut self, word: &'static str) -> bool {
        self.expected.push(Expected::Word(word));
        let stands = self.is_word(word);
        if stands {
            self.advance();
        }
        stands
    }

    fn begins_condition(&mut self) -> bool {
        self.expected.push(Expected::Condition(self.scope));
        match self.current().kind {
            TokenKind::Word => !is_reserved(self.letters()),
            TokenKind::Sign(sign) => matches!(sign, Sign::Not | Sign::OpenParenthesis),
            _ => false,
        }
    }

    // Refusals.

    /// Refusals of the current token for what it means.
    pub(super) fn check(&self) -> Check<'_> {
        let span = self.current().span.clone();
        Check { text: self.text, span, scope: self.scope, expected: &self.expected }
    }

    /// A refusal of the current token because something else belongs here.
    pub(super) fn unexpected(&self) -> FilterError {
        let wanted = phrase(&self.expected);
        let Token { kind, span } = self.current();
        let message = match kind {
            TokenKind::Broken(broken) => broken.to_string(),
            TokenKind::End => format!("expected {wanted}, but the expression ends here"),
            _ => format!("expected {wanted}, found {}", quoted(self.letters())),
        };
        let error = FilterError::new(FilterErrorKind::Syntax, self.text, span.clone(), message);
        let error = error.with_expected(self.expected.iter().map(|each| phrase(std::slice::from_ref(each))));
        match self.help_for_unexpected() {
            Some(help) => error.with_help(help),
            None => error,
        }
    }

    fn help_for_unexpected(&self) -> Option<String> {
        match &self.current().kind {
            TokenKind::Broken(broken) => broken.help().map(String::from),
            TokenKind::Sign(Sign::OpenBrace) if self.scope == Scope::ServiceGraph => {
                Some("the selector of a time series has no blocks".into())
            }
            TokenKind::Sign(found) => match (self.before(1), found) {
                (Some(TokenKind::Sign(Sign::Equal)), Sign::Equal) => Some("write a single `=`".into()),
                (Some(TokenKind::Sign(Sign::Less)), Sign::Greater) => Some("write `!=`".into()),
                _ => None,
            },
            TokenKind::Text(_) if self.expected == [Expected::Condition(Scope::Trace)] => {
                Some("a text alone is no condition; for a service, write service(\"name\")".into())
            }
            TokenKind::Word => did_you_mean(self.letters(), expected::plain_words(&self.expected))
                .map(|meant| format!("did you mean `{meant}`?")),
            _ => None,
        }
    }

    /// What stands so many tokens before the current one.
    pub(super) fn before(&self, count: usize) -> Option<&TokenKind> {
        Some(&self.tokens[self.at.checked_sub(count)?].kind)
    }
}

/// Words that join or compare; as a value they need quotes.
pub(super) fn is_reserved(word: &str) -> bool {
    ["AND", "OR", "CONTAINS", "BEGINSWITH", "ENDSWITH"].iter().any(|each| each.eq_ignore_ascii_case(word))
}

fn joined(mut parts: Vec<Expression>, join: fn(Vec<Expression>) -> Expression) -> Expression {
    match parts.pop() {
        Some(only) if parts.is_empty() => only,
        Some(last) => {
            parts.push(last);
            join(parts)
        }
        None => join(parts),
    }
}
