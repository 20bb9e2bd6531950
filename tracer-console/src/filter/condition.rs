//! Reads one condition: a keyword or an annotation with what it is asked for.

use super::check::operators;
use super::error::{FilterError, FilterErrorKind};
use super::expected::{Expected, OPERATORS, ValueOf};
use super::keyword::{Keyword, Scope, ValueType};
use super::parser::{Parser, is_reserved};
use super::syntax::{Expression, NumberOperator, Test, TextOperator};
use super::token::{Sign, TokenKind};

impl Parser<'_> {
    /// The condition that the current word begins.
    pub(super) fn condition(&mut self) -> Result<Expression, FilterError> {
        if let Some(selector) = self.selector()? {
            return Ok(selector);
        }
        let word = self.letters();
        if self.scope == Scope::Trace && first_part(word).eq_ignore_ascii_case("annotation") {
            return self.annotation();
        }
        match Keyword::named(word) {
            Some(keyword) if keyword.is_in(self.scope) => {
                self.advance();
                Ok(Expression::Condition(keyword, self.keyword_test(keyword)?))
            }
            _ => Err(self.no_condition()),
        }
    }

    fn no_condition(&self) -> FilterError {
        let error = self.check().no_condition();
        match (self.before(2), self.before(1)) {
            (Some(TokenKind::Sign(Sign::Equal | Sign::NotEqual)), Some(TokenKind::Word))
                if error.kind() == FilterErrorKind::UnknownWord =>
            {
                error.with_help("put a text of several words in double quotes")
            }
            _ => error,
        }
    }

    fn keyword_test(&mut self, keyword: Keyword) -> Result<Test, FilterError> {
        let value = keyword.entry().value;
        let Some(operator) = self.take_operator(operators(value)) else {
            return match self.stands_operator() {
                true => Err(self.check().operator(keyword)),
                false if value == ValueType::Boolean => Ok(Test::Is(true)),
                false => Ok(Test::Present),
            };
        };
        match value {
            ValueType::Boolean => {
                let asked = self.boolean().ok_or_else(|| self.wrong_value(keyword))?;
                Ok(Test::Is(asked == (operator == "=")))
            }
            ValueType::Number => {
                let asked = self.number().ok_or_else(|| self.wrong_value(keyword))?;
                Ok(number_test(operator, asked))
            }
            ValueType::Text => {
                let asked = self
                    .text_value(ValueOf::Keyword(keyword.entry().name))
                    .ok_or_else(|| self.wrong_value(keyword))?;
                Ok(text_test(operator, asked))
            }
        }
    }

    fn annotation(&mut self) -> Result<Expression, FilterError> {
        let key = match self.letters().split_once('.') {
            Some((_, key)) if !key.is_empty() && !key.contains('.') => {
                let key = key.to_owned();
                self.advance();
                key
            }
            Some(_) => return Err(self.check().annotation_key()),
            None => {
                self.advance();
                self.bracketed_key()?
            }
        };
        let test = self.annotation_test(&key)?;
        Ok(Expression::Annotation(key, test))
    }

    fn bracketed_key(&mut self) -> Result<String, FilterError> {
        self.expect(Expected::Key);
        let TokenKind::Bracketed(key) = &self.current().kind else { return Err(self.unexpected()) };
        let key = key.clone();
        self.advance();
        Ok(key)
    }

    /// The operator says the type where it can, else the value does.
    fn annotation_test(&mut self, key: &str) -> Result<Test, FilterError> {
        let Some(operator) = self.take_operator(&OPERATORS) else { return Ok(Test::Present) };
        let compares_numbers = matches!(operator, "<" | "<=" | ">" | ">=");
        let compares_texts = !compares_numbers && !matches!(operator, "=" | "!=");
        if !compares_numbers
            && !compares_texts
            && let Some(asked) = self.boolean()
        {
            return Ok(Test::Is(asked == (operator == "=")));
        }
        if !compares_texts && let Some(asked) = self.number() {
            return Ok(number_test(operator, asked));
        }
        if !compares_numbers && let Some(asked) = self.text_value(ValueOf::Annotation(key.to_owned())) {
            return Ok(text_test(operator, asked));
        }
        let wanted = if compares_numbers { ValueType::Number } else { ValueType::Text };
        match self.is_value() {
            true => Err(self.check().annotation_value(operator, wanted, &self.current().kind)),
            false => Err(self.unexpected()),
        }
    }

    // Operators and values.

    fn take_operator(&mut self, operators: &[&'static str]) -> Option<&'static str> {
        for operator in operators {
            self.expect(Expected::Operator(operator));
        }
        let found = operators.iter().find(|operator| self.letters().eq_ignore_ascii_case(operator))?;
        // In quotes it would be a text.
        if !matches!(self.current().kind, TokenKind::Word | TokenKind::Sign(_)) {
            return None;
        }
        self.advance();
        Some(found)
    }

    /// Whether any operator stands here, be it of another type.
    fn stands_operator(&self) -> bool {
        let is_sign = matches!(
            self.current().kind,
            TokenKind::Sign(
                Sign::Equal
                    | Sign::NotEqual
                    | Sign::Less
                    | Sign::LessOrEqual
                    | Sign::Greater
                    | Sign::GreaterOrEqual
            )
        );
        is_sign || ["CONTAINS", "BEGINSWITH", "ENDSWITH"].iter().any(|word| self.is_word(word))
    }

    fn boolean(&mut self) -> Option<bool> {
        if self.take_word("true") {
            return Some(true);
        }
        self.take_word("false").then_some(false)
    }

    fn number(&mut self) -> Option<f64> {
        self.expect(Expected::Number);
        let TokenKind::Number(number) = self.current().kind else { return None };
        self.advance();
        Some(number)
    }

    /// A text in quotes, or a word that is neither `true` nor `false`: one example of the documentation has none.
    fn text_value(&mut self, of: ValueOf) -> Option<String> {
        self.expect(Expected::Text(of));
        let text = match &self.current().kind {
            TokenKind::Text(text) => text.clone(),
            TokenKind::Word if self.is_value() && !self.is_word("true") && !self.is_word("false") => {
                self.letters().to_owned()
            }
            _ => return None,
        };
        self.advance();
        Some(text)
    }

    fn is_value(&self) -> bool {
        match self.current().kind {
            TokenKind::Text(_) | TokenKind::Number(_) => true,
            TokenKind::Word => !is_reserved(self.letters()),
            _ => false,
        }
    }

    fn wrong_value(&self, keyword: Keyword) -> FilterError {
        match self.is_value() {
            true => self.check().value(keyword, &self.current().kind),
            false => self.unexpected(),
        }
    }
}

pub(super) fn first_part(word: &str) -> &str {
    word.split_once('.').map_or(word, |(first, _)| first)
}

fn number_test(operator: &str, asked: f64) -> Test {
    let known = NumberOperator::ALL.into_iter().find(|each| each.text() == operator);
    Test::Number(known.unwrap_or(NumberOperator::Equal), asked)
}

fn text_test(operator: &str, asked: String) -> Test {
    let known = TextOperator::ALL.into_iter().find(|each| each.text() == operator);
    Test::Text(known.unwrap_or(TextOperator::Equal), asked)
}
