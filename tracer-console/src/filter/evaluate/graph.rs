//! Conditions about a segment of a service and about a call: inside `service( ) { }` and `edge( ) { }`.

use super::{Found, Subject, satisfies, satisfies_block};
use crate::compiled::{Call, CompiledTrace, Measured, Segment, Service};
use crate::filter::keyword::Keyword;
use crate::filter::syntax::{Expression, ServicePattern};

/// Whether one segment of such a service satisfies the whole block. A pattern that says nothing means segments of
/// unknown services, too.
pub(super) fn has_segment(trace: &CompiledTrace<'_>, service: &ServicePattern, block: &Expression) -> bool {
    trace.segments().iter().any(|segment| {
        let of = trace.service_of(segment);
        let is_meant = service.is_any() || of.is_some_and(|known| service.is_of(known));
        is_meant && satisfies(&OfService { segment, service: of }, block)
    })
}

/// Whether one such call satisfies the whole block.
pub(super) fn has_call(
    trace: &CompiledTrace<'_>,
    (from, to): (&ServicePattern, &ServicePattern),
    block: Option<&Expression>,
) -> bool {
    trace.calls().iter().any(|call| {
        from.calls_as(trace.service(call.caller()))
            && to.is_of(trace.service(call.callee()))
            && satisfies_block(&OnEdge { trace, call }, block)
    })
}

struct OfService<'c, 't> {
    segment: &'c Segment<'t>,
    /// `None` where it is not known.
    service: Option<&'c Service<'t>>,
}

impl Subject for OfService<'_, '_> {
    fn value(&self, keyword: Keyword) -> Found<'_> {
        let Self { segment, service } = *self;
        match keyword {
            Keyword::Partial => Found::Boolean(segment.is_partial()),
            Keyword::Inferred => Found::Boolean(segment.is_inferred()),
            Keyword::Name if service.is_none() => Found::text(Some(segment.name())),
            _ => of_segment(segment, keyword)
                .or_else(|| of_service(service, keyword))
                .unwrap_or_else(|| measured(segment.measured(), keyword)),
        }
    }
}

/// A call as its caller saw it. What is of a service (its name, whether it is inferred) is of the called one; what is of
/// a segment (its user) no call has, unless the called segment is all that is known of it.
struct OnEdge<'c, 't> {
    trace: &'c CompiledTrace<'t>,
    call: &'c Call<'t>,
}

impl Subject for OnEdge<'_, '_> {
    fn value(&self, keyword: Keyword) -> Found<'_> {
        let Self { trace, call } = *self;
        let callee = trace.segments().get(call.callee_segment());
        let alone = callee.filter(|_| call.subsegment().is_none());
        match keyword {
            Keyword::Partial => Found::Boolean(call.measured().is_in_progress()),
            Keyword::Inferred => Found::Boolean(callee.is_some_and(Segment::is_inferred)),
            _ => alone
                .and_then(|segment| of_segment(segment, keyword))
                .or_else(|| of_service(Some(trace.service(call.callee())), keyword))
                .unwrap_or_else(|| measured(call.measured(), keyword)),
        }
    }
}

/// What only segments have; `None` for other keywords.
fn of_segment<'c>(segment: &'c Segment<'_>, keyword: Keyword) -> Option<Found<'c>> {
    match keyword {
        Keyword::User => Some(Found::text(segment.user())),
        Keyword::AvailabilityZone => Some(Found::text(segment.availability_zone())),
        Keyword::InstanceId => Some(Found::text(segment.instance_id())),
        Keyword::ResourceArn => Some(Found::text(segment.resource_arn())),
        _ => None,
    }
}

/// What a service has, be it that nobody knows it; `None` for other keywords.
fn of_service<'c>(service: Option<&'c Service<'_>>, keyword: Keyword) -> Option<Found<'c>> {
    match keyword {
        Keyword::Root => Some(Found::Boolean(service.is_some_and(Service::is_entry))),
        Keyword::Name => {
            let names = service.into_iter().flat_map(Service::names);
            Some(Found::Texts(names.map(AsRef::as_ref).collect()))
        }
        Keyword::Type => Some(Found::text(service.and_then(Service::kind))),
        Keyword::AccountId => Some(Found::text(service.and_then(Service::account))),
        _ => None,
    }
}

/// Times, flags and HTTP; absent for other keywords.
fn measured<'c>(measured: &'c Measured<'_>, keyword: Keyword) -> Found<'c> {
    let outcome = measured.outcome();
    match keyword {
        Keyword::Ok => Found::Boolean(measured.is_ok()),
        Keyword::Error => Found::Boolean(outcome.error),
        Keyword::Fault => Found::Boolean(outcome.fault),
        Keyword::Throttle => Found::Boolean(outcome.throttle),
        // One segment ends when its answer does.
        Keyword::ResponseTime | Keyword::Duration => Found::Number(measured.response_time()),
        Keyword::HttpStatus => Found::whole(measured.http_status()),
        Keyword::HttpUrl => Found::text(measured.http_request("url")),
        Keyword::HttpMethod => Found::text(measured.http_request("method")),
        Keyword::HttpUserAgent => Found::text(measured.http_request("user_agent")),
        Keyword::HttpClientIp => Found::text(measured.http_request("client_ip")),
        _ => Found::ABSENT,
    }
}
