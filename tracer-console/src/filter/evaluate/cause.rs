//! Conditions about elements of root causes: inside `rootcause.*.*{ }`, and root causes by example.

use serde_json::Value;

use super::{Found, Position, Subject, satisfies_block};
use crate::compiled::{
    CompiledTrace, RootCause, RootCauseEntity, RootCauseException, RootCauseService, RootCauses,
};
use crate::filter::cause_json;
use crate::filter::keyword::Keyword;
use crate::filter::syntax::{Cause, Expression, Level};

/// Whether one element of the trace's root causes satisfies the whole block.
pub(super) fn has_cause(
    trace: &CompiledTrace<'_>,
    cause: Cause,
    level: Level,
    block: Option<&Expression>,
) -> bool {
    let services =
        of_kind(trace.root_causes(), cause).iter().flat_map(|cause| Position::each(&cause.services));
    match level {
        Level::Service => elements(services).any(|element| satisfies_block(&element, block)),
        Level::Entity => elements(entities(services)).any(|element| satisfies_block(&element, block)),
        Level::Exception => {
            elements(exceptions(entities(services))).any(|element| satisfies_block(&element, block))
        }
    }
}

/// Whether each example has its like among the root causes of all kinds.
pub(super) fn has_causes_like(trace: &CompiledTrace<'_>, examples: &Value) -> bool {
    let causes = trace.root_causes();
    let all = Cause::ALL.into_iter().flat_map(|cause| of_kind(causes, cause));
    // They are written as the API writes them, so that an example copied from there fits.
    let written: Vec<Value> = all.filter_map(|cause| serde_json::to_value(cause).ok()).collect();
    cause_json::matches(examples, &written)
}

pub(crate) fn of_kind<'c, 't>(causes: &'c RootCauses<'t>, cause: Cause) -> &'c [RootCause<'t>] {
    match cause {
        Cause::Fault => &causes.fault,
        Cause::Error => &causes.error,
        Cause::ResponseTime => &causes.response_time,
    }
}

fn entities<'c, 't: 'c>(
    services: impl Iterator<Item = (Position, &'c RootCauseService<'t>)>,
) -> impl Iterator<Item = (Position, &'c RootCauseEntity<'t>)> {
    services.flat_map(|(_, service)| Position::each(&service.entity_path))
}

fn exceptions<'c, 't: 'c>(
    entities: impl Iterator<Item = (Position, &'c RootCauseEntity<'t>)>,
) -> impl Iterator<Item = (Position, &'c RootCauseException<'t>)> {
    let of = |entity: &'c RootCauseEntity<'t>| entity.exceptions.as_deref().unwrap_or_default();
    entities.flat_map(move |(_, entity)| Position::each(of(entity)))
}

/// An element of a list in a root cause.
struct Element<'c, T> {
    position: Position,
    element: &'c T,
}

fn elements<'c, T: 'c>(
    list: impl Iterator<Item = (Position, &'c T)>,
) -> impl Iterator<Item = Element<'c, T>> {
    list.map(|(position, element)| Element { position, element })
}

impl Subject for Element<'_, RootCauseService<'_>> {
    fn value(&self, keyword: Keyword) -> Found<'_> {
        let service = self.element;
        match keyword {
            Keyword::Name => Found::Texts(service.names.iter().map(AsRef::as_ref).collect()),
            Keyword::Type => Found::text(service.kind.as_deref()),
            Keyword::AccountId => Found::text(service.account_id.as_deref()),
            Keyword::Inferred => Found::Boolean(service.inferred),
            _ => self.position.value(keyword).unwrap_or(Found::ABSENT),
        }
    }
}

impl Subject for Element<'_, RootCauseEntity<'_>> {
    fn value(&self, keyword: Keyword) -> Found<'_> {
        let entity = self.element;
        match keyword {
            Keyword::Name => Found::text(Some(&entity.name)),
            Keyword::Remote => Found::Boolean(entity.remote),
            Keyword::Coverage => Found::Number(entity.coverage),
            _ => self.position.value(keyword).unwrap_or(Found::ABSENT),
        }
    }
}

impl Subject for Element<'_, RootCauseException<'_>> {
    fn value(&self, keyword: Keyword) -> Found<'_> {
        let exception = self.element;
        match keyword {
            Keyword::Name => Found::text(Some(exception.name)),
            Keyword::Message => Found::text(Some(exception.message)),
            _ => self.position.value(keyword).unwrap_or(Found::ABSENT),
        }
    }
}
