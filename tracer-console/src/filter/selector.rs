//! Reads what selects services, edges and root causes.

use std::ops::Range;

use super::cause_json;
use super::condition::first_part;
use super::error::FilterError;
use super::expected::{Expected, ValueOf};
use super::keyword::Scope;
use super::parser::Parser;
use super::syntax::{Cause, Expression, Level, ServicePattern};
use super::token::{Sign, TokenKind};

impl Parser<'_> {
    /// The selector that the current word begins; `None` where it begins none that may stand in this scope.
    pub(super) fn selector(&mut self) -> Result<Option<Expression>, FilterError> {
        let word = self.letters();
        let is_graph = self.scope == Scope::ServiceGraph;
        if self.scope != Scope::Trace && !is_graph {
            return Ok(None);
        }
        let selector = match word.to_ascii_lowercase().as_str() {
            "service" => self.service()?,
            "edge" => self.edge()?,
            "id" if is_graph => Expression::Service(self.id()?, None),
            word if !is_graph && first_part(word) == "rootcause" => self.root_cause(word)?,
            _ => return Ok(None),
        };
        Ok(Some(selector))
    }

    fn service(&mut self) -> Result<Expression, FilterError> {
        self.advance();
        let opened = self.opening_parenthesis("service(\"name\")")?;
        let service = match self.stands(Sign::CloseParenthesis) {
            true => ServicePattern::default(),
            false => self.service_pattern()?,
        };
        self.close(Sign::CloseParenthesis, opened)?;
        Ok(Expression::Service(service, self.block(Scope::Service)?))
    }

    fn edge(&mut self) -> Result<Expression, FilterError> {
        self.advance();
        let opened = self.opening_parenthesis("edge(\"caller\", \"called\")")?;
        let from = self.service_pattern()?;
        self.require(Sign::Comma)?;
        let to = self.service_pattern()?;
        self.close(Sign::CloseParenthesis, opened)?;
        Ok(Expression::Edge(from, to, self.block(Scope::Edge)?))
    }

    fn opening_parenthesis(&mut self, form: &str) -> Result<Range<usize>, FilterError> {
        let span = self.current().span.clone();
        if self.take(Sign::OpenParenthesis) {
            return Ok(span);
        }
        Err(self.unexpected().with_help(format!("write {form}")))
    }

    /// A service's name, or `id( )`.
    fn service_pattern(&mut self) -> Result<ServicePattern, FilterError> {
        self.expect(Expected::Text(ValueOf::ServiceName));
        self.expect(Expected::Word("id"));
        match &self.current().kind {
            TokenKind::Text(name) => {
                let name = Some(name.clone());
                self.advance();
                Ok(ServicePattern { name, ..ServicePattern::default() })
            }
            TokenKind::Word if self.is_word("id") => self.id(),
            TokenKind::Word => Err(self.quotes_missing()),
            _ => Err(self.unexpected()),
        }
    }

    fn quotes_missing(&self) -> FilterError {
        self.unexpected().with_help(format!("put the name in double quotes: \"{}\"", self.letters()))
    }

    /// `id(name: "...", type: "...", account.id: "...")`: at least one of them, in any order.
    fn id(&mut self) -> Result<ServicePattern, FilterError> {
        self.advance();
        let opened = self.opening_parenthesis("id(name: \"name\")")?;
        let mut service = ServicePattern::default();
        loop {
            self.id_part(&mut service)?;
            if !self.take(Sign::Comma) {
                break;
            }
        }
        self.close(Sign::CloseParenthesis, opened)?;
        Ok(service)
    }

    fn id_part(&mut self, service: &mut ServicePattern) -> Result<(), FilterError> {
        // Each at most once: the second would contradict the first or say nothing.
        let (part, of) = if service.name.is_none() && self.take_word("name") {
            (&mut service.name, ValueOf::ServiceName)
        } else if service.service_type.is_none() && self.take_word("type") {
            (&mut service.service_type, ValueOf::ServiceType)
        } else if service.account_id.is_none() && self.take_word("account.id") {
            (&mut service.account_id, ValueOf::AccountId)
        } else {
            return Err(self.unexpected());
        };
        self.require(Sign::Colon)?;
        self.expect(Expected::Text(of));
        let TokenKind::Text(text) = &self.current().kind else {
            return Err(match self.current().kind {
                TokenKind::Word | TokenKind::Number(_) => self.quotes_missing(),
                _ => self.unexpected(),
            });
        };
        *part = Some(text.clone());
        self.advance();
        Ok(())
    }

    /// `{ }` with conditions of `scope`; the service graph has nothing that they could be about.
    fn block(&mut self, scope: Scope) -> Result<Option<Box<Expression>>, FilterError> {
        if self.scope == Scope::ServiceGraph || !self.stands(Sign::OpenBrace) {
            return Ok(None);
        }
        Ok(Some(Box::new(self.enclosed(Sign::CloseBrace, scope)?)))
    }

    fn root_cause(&mut self, word: &str) -> Result<Expression, FilterError> {
        if word == "rootcause.json" {
            return self.root_cause_json();
        }
        let Some((cause, level)) = named(word) else { return Err(self.check().no_condition()) };
        self.advance();
        let block = self.block(match (level, cause) {
            (Level::Service, _) => Scope::CauseService,
            (Level::Entity, Cause::ResponseTime) => Scope::TimedCauseEntity,
            (Level::Entity, _) => Scope::CauseEntity,
            (Level::Exception, _) => Scope::CauseException,
        })?;
        Ok(Expression::RootCause(cause, level, block))
    }

    fn root_cause_json(&mut self) -> Result<Expression, FilterError> {
        self.advance();
        self.require(Sign::Equal)?;
        self.expect(Expected::Json);
        let TokenKind::Json(json) = &self.current().kind else { return Err(self.unexpected()) };
        if let Err(problem) = cause_json::check(json) {
            return Err(self.check().cause_json(problem));
        }
        let json = json.clone();
        self.advance();
        Ok(Expression::RootCauseJson(json))
    }
}

/// What `rootcause.fault.entity` and the like mean.
fn named(word: &str) -> Option<(Cause, Level)> {
    let (_, rest) = word.split_once('.')?;
    let (cause, level) = rest.split_once('.')?;
    let cause = Cause::ALL.into_iter().find(|each| each.name() == cause)?;
    let level = cause.levels().iter().find(|each| each.name() == level)?;
    Some((cause, *level))
}
