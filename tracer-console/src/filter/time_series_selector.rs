//! `EntitySelectorExpression`: which services, or which edges, a time series counts.

use super::error::{FilterError, FilterErrorKind};
use super::evaluate::combined;
use super::keyword::Scope;
use super::parser;
use super::syntax::{Expression, ServicePattern};
use crate::compiled::Service;

/// Longer ones are refused, in characters.
const MAX_LENGTH: usize = 500;

/// Services or edges of the service graph.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum TimeSeriesSelector {
    Services(Expression),
    Edges(Expression),
}

impl TimeSeriesSelector {
    /// Reads `service(...)`, `id(...)` or `edge(...)`, or several of a kind with `AND`, `OR` and `!`.
    pub(crate) fn parse(text: &str) -> Result<Self, FilterError> {
        let characters = text.chars().count();
        if characters > MAX_LENGTH {
            let message = format!("the selector has {characters} characters");
            let error = FilterError::new(FilterErrorKind::TooLarge, text, 0..0, message);
            return Err(error.with_help(format!("{MAX_LENGTH} characters are read at most")));
        }
        let nothing = || FilterError::new(FilterErrorKind::Syntax, text, 0..0, "the selector is empty");
        let expression = parser::parse(text, Scope::ServiceGraph)?.ok_or_else(nothing)?;
        match (names(&expression, is_service), names(&expression, is_edge)) {
            (true, true) => {
                let message = "the selector means services and edges";
                let error = FilterError::new(FilterErrorKind::WrongScope, text, 0..text.len(), message);
                Err(error.with_help("ask for one of them at a time"))
            }
            (_, true) => Ok(Self::Edges(expression)),
            _ => Ok(Self::Services(expression)),
        }
    }

    /// Whether it means this service; never where it means edges.
    pub(crate) fn selects_service(&self, service: &Service<'_>) -> bool {
        match self {
            Self::Services(expression) => combined(expression, &|leaf| match leaf {
                Expression::Service(pattern, _) => pattern.is_of(service),
                _ => false,
            }),
            Self::Edges(_) => false,
        }
    }

    /// Whether it means the edge between two services; never where it means services.
    pub(crate) fn selects_edge(&self, caller: &Service<'_>, callee: &Service<'_>) -> bool {
        match self {
            Self::Edges(expression) => combined(expression, &|leaf| match leaf {
                Expression::Edge(from, to, _) => from.calls_as(caller) && to.is_of(callee),
                _ => false,
            }),
            Self::Services(_) => false,
        }
    }
}

fn names(expression: &Expression, is_meant: fn(&Expression) -> bool) -> bool {
    match expression {
        Expression::And(parts) | Expression::Or(parts) => parts.iter().any(|part| names(part, is_meant)),
        Expression::Not(inner) => names(inner, is_meant),
        leaf => is_meant(leaf),
    }
}

fn is_service(leaf: &Expression) -> bool {
    matches!(leaf, Expression::Service(..))
}

fn is_edge(leaf: &Expression) -> bool {
    matches!(leaf, Expression::Edge(..))
}

impl ServicePattern {
    /// Whether an edge from it means calls of this service. A client has the name of the service that it calls: who means it
    /// says so (fact sheet 6.3, 7.9).
    pub(crate) fn calls_as(&self, caller: &Service<'_>) -> bool {
        self.is_of(caller) && (self.service_type.is_some() || !caller.is_client())
    }

    /// Whether the service is all that the pattern says; any of its names counts.
    pub(crate) fn is_of(&self, service: &Service<'_>) -> bool {
        let is = |asked: &Option<String>, found: Option<&str>| {
            asked.as_deref().is_none_or(|asked| found == Some(asked))
        };
        self.name.as_ref().is_none_or(|name| service.names().iter().any(|known| known == name))
            && is(&self.service_type, service.kind())
            && is(&self.account_id, service.account())
    }

    /// Whether it says nothing at all.
    pub(crate) fn is_any(&self) -> bool {
        *self == Self::default()
    }
}
