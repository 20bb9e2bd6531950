//! What a store may decide before it reads documents.

use proptest::prelude::*;
use serde_json::json;

use super::generate;
use crate::compiled::{AnnotationValue, Call, CompiledTrace, Measured, Segment, Service, fixtures};
use crate::filter::syntax::{Cause, Expression};
use crate::filter::{
    FilterExpression, Indexed, Keyword, Mark, Prefilter, Scope, ServicePattern, Test, evaluate,
};

/// What an index would answer, taken from the trace itself.
fn admits(prefilter: &Prefilter, trace: &CompiledTrace<'_>) -> bool {
    match prefilter {
        Prefilter::Anything => true,
        Prefilter::Nothing => false,
        Prefilter::All(parts) => parts.iter().all(|part| admits(part, trace)),
        Prefilter::Any(parts) => parts.iter().any(|part| admits(part, trace)),
        Prefilter::Where(indexed) => is_indexed(indexed, trace),
        Prefilter::Unless(indexed) => !is_indexed(indexed, trace),
    }
}

fn is_indexed(indexed: &Indexed, trace: &CompiledTrace<'_>) -> bool {
    match indexed {
        Indexed::Trace(keyword, test) => of_trace(*keyword, test, trace),
        Indexed::Segments(keyword, test) => {
            let values = of_segments(*keyword, trace);
            values.iter().any(|value| compares_text(Some(value), test))
        }
        Indexed::Annotation(key, test) => {
            trace.annotations().values(key).iter().any(|entry| match (entry.value, test) {
                (AnnotationValue::Boolean(value), Test::Present) => value,
                (_, Test::Present) => true,
                (AnnotationValue::Boolean(value), Test::Is(asked)) => value == *asked,
                (AnnotationValue::Number(value), test) => compares_number(Some(value), test),
                (AnnotationValue::String(value), test) => compares_text(Some(value), test),
                _ => false,
            })
        }
        Indexed::Service(pattern, None) => trace.services().iter().any(|service| matches(pattern, service)),
        Indexed::Service(pattern, Some(mark)) => trace.segments().iter().any(|segment| {
            let is_meant = match trace.service_of(segment) {
                Some(service) => matches(pattern, service),
                None => *pattern == ServicePattern::default(),
            };
            is_meant && is_marked(*mark, segment.measured(), segment.is_partial(), segment)
        }),
        Indexed::Edge(from, to, mark) => trace.calls().iter().any(|call| {
            let caller = trace.service(call.caller());
            let is_named = from.service_type.is_some() || caller.kind() != Some("client");
            let is_meant = is_named && matches(from, caller) && matches(to, trace.service(call.callee()));
            is_meant && mark.is_none_or(|mark| is_call_marked(mark, call, trace))
        }),
        Indexed::RootCauses(Cause::Fault) => !trace.root_causes().fault.is_empty(),
        Indexed::RootCauses(Cause::Error) => !trace.root_causes().error.is_empty(),
        Indexed::RootCauses(Cause::ResponseTime) => !trace.root_causes().response_time.is_empty(),
    }
}

fn is_marked(mark: Mark, measured: &Measured<'_>, is_partial: bool, segment: &Segment<'_>) -> bool {
    let outcome = measured.outcome();
    match mark {
        Mark::Ok => measured.is_ok(),
        Mark::Error => outcome.error,
        Mark::Fault => outcome.fault,
        Mark::Throttle => outcome.throttle,
        Mark::Partial => is_partial,
        Mark::Inferred => segment.is_inferred(),
    }
}

fn is_call_marked(mark: Mark, call: &Call<'_>, trace: &CompiledTrace<'_>) -> bool {
    let callee = &trace.segments()[call.callee_segment()];
    is_marked(mark, call.measured(), call.measured().is_in_progress(), callee)
}

fn matches(pattern: &ServicePattern, service: &Service<'_>) -> bool {
    let name = pattern.name.as_deref().is_none_or(|name| service.names().iter().any(|known| known == name));
    let kind = pattern.service_type.as_deref().is_none_or(|kind| service.kind() == Some(kind));
    let account = pattern.account_id.as_deref().is_none_or(|account| service.account() == Some(account));
    name && kind && account
}

fn of_trace(keyword: Keyword, test: &Test, trace: &CompiledTrace<'_>) -> bool {
    let is = |flag: bool| *test == Test::Is(flag);
    match keyword {
        Keyword::Ok => is(trace.is_ok()),
        Keyword::Error => is(trace.has_error()),
        Keyword::Fault => is(trace.has_fault()),
        Keyword::Throttle => is(trace.has_throttle()),
        Keyword::Partial => is(trace.is_partial()),
        Keyword::Inferred => is(trace.has_inferred()),
        Keyword::ResponseTime => compares_number(trace.response_time(), test),
        Keyword::Duration => compares_number(trace.duration(), test),
        Keyword::HttpStatus => {
            let status = trace.http_status().map(|status| f64::from(u32::try_from(status).unwrap()));
            compares_number(status, test)
        }
        Keyword::HttpUrl => compares_text(trace.http_request("url"), test),
        Keyword::HttpMethod => compares_text(trace.http_request("method"), test),
        Keyword::HttpUserAgent => compares_text(trace.http_request("user_agent"), test),
        Keyword::HttpClientIp => compares_text(trace.http_request("client_ip"), test),
        other => panic!("{other} is in no summary"),
    }
}

fn of_segments<'c>(keyword: Keyword, trace: &'c CompiledTrace<'_>) -> Vec<&'c str> {
    let segments = trace.segments().iter();
    match keyword {
        Keyword::User => segments.filter_map(Segment::user).collect(),
        Keyword::AvailabilityZone => segments.filter_map(Segment::availability_zone).collect(),
        Keyword::InstanceId => segments.filter_map(Segment::instance_id).collect(),
        Keyword::ResourceArn => segments.filter_map(Segment::resource_arn).collect(),
        Keyword::AccountId => trace.services().iter().filter_map(Service::account).collect(),
        other => panic!("{other} is of no segment"),
    }
}

fn compares_number(value: Option<f64>, test: &Test) -> bool {
    match (value, test) {
        (value, Test::Present) => value.is_some(),
        (Some(value), Test::Number(operator, asked)) => operator.holds(value, *asked),
        _ => false,
    }
}

fn compares_text(value: Option<&str>, test: &Test) -> bool {
    match (value, test) {
        (value, Test::Present) => value.is_some(),
        (Some(value), Test::Text(operator, asked)) => operator.holds(value, asked),
        _ => false,
    }
}

/// All that there is to say of a service.
fn id(service: &Service<'_>) -> ServicePattern {
    ServicePattern {
        name: Some(service.name().to_owned()),
        service_type: service.kind().map(String::from),
        account_id: service.account().map(String::from),
    }
}

fn of(text: &str) -> Prefilter {
    FilterExpression::parse(text).unwrap().with_groups(&[]).unwrap().prefilter()
}

fn service(name: &str) -> ServicePattern {
    ServicePattern { name: Some(name.into()), ..ServicePattern::default() }
}

#[test]
fn conditions_of_the_trace_are_looked_up_as_they_are() {
    let fault = Indexed::Trace(Keyword::Fault, Test::Is(true));
    assert_eq!(of("fault"), Prefilter::Where(fault.clone()));
    assert_eq!(of("!fault"), Prefilter::Unless(fault.clone()));
    let user = Prefilter::Unless(Indexed::Segments(Keyword::User, Test::Present));
    assert_eq!(of("!(fault OR user)"), Prefilter::All(vec![Prefilter::Unless(fault), user]));
}

#[test]
fn a_block_is_looked_up_by_its_service_and_marks() {
    let slow = Indexed::Trace(Keyword::Duration, of_number(">", 1.0));
    assert_eq!(
        of("service(\"web\") { fault AND responsetime > 1 AND http.status = 500 }"),
        Prefilter::All(vec![
            Prefilter::Where(Indexed::Service(service("web"), Some(Mark::Fault))),
            Prefilter::Where(Indexed::Service(service("web"), None)),
            Prefilter::Where(slow),
            Prefilter::Where(Indexed::Service(service("web"), None)),
        ])
    );
    assert_eq!(of("!service(\"web\") { responsetime > 1 }"), Prefilter::Anything);
    let fault = Indexed::Service(service("web"), Some(Mark::Fault));
    assert_eq!(of("!service(\"web\") { fault }"), Prefilter::Unless(fault));
    let error = Indexed::Edge(service("a"), service("b"), Some(Mark::Error));
    assert_eq!(of("edge(\"a\", \"b\") { error }"), Prefilter::Where(error));
}

#[test]
fn a_caller_may_wait_longer_than_any_segment_takes() {
    let call = fixtures::segment("api", 2, (0.1, 3.0), json!({"namespace": "remote"}));
    let trace = fixtures::from_documents(&[
        fixtures::segment("web", 1, (0.0, 0.5), json!({"subsegments": [call]})),
        fixtures::segment("api", 3, (0.2, 0.4), json!({"parent_id": fixtures::id(2).to_string()})),
    ]);
    let filter = FilterExpression::parse("edge(\"web\", \"api\") { responsetime > 2 }").unwrap();
    let (filter, trace) = (filter.with_groups(&[]).unwrap(), CompiledTrace::of(&trace));
    assert!(filter.keeps(&trace) && admits(&filter.prefilter(), &trace));
}

fn of_number(operator: &str, number: f64) -> Test {
    let text = format!("duration {operator} {number}");
    match FilterExpression::parse(&text).unwrap().expression {
        Some(Expression::Condition(_, test)) => test,
        other => panic!("{other:?}"),
    }
}

#[test]
fn where_nothing_can_be_said_the_rest_still_is() {
    assert_eq!(of(""), Prefilter::Anything);
    assert_eq!(of("service() { http.status = 500 }"), Prefilter::Anything);
    let fault = Prefilter::Where(Indexed::Trace(Keyword::Fault, Test::Is(true)));
    assert_eq!(of("service() { http.status = 500 } AND fault"), fault);
    assert_eq!(of("service() { http.status = 500 } OR fault"), Prefilter::Anything);
    assert_eq!(of("rootcause.json = #[]"), Prefilter::Anything);
    assert_eq!(of("group.name CONTAINS \"none\""), Prefilter::Nothing);
}

proptest! {
    #[test]
    fn it_admits_every_trace_that_the_expression_keeps(
        expression in generate::expression(),
        traces in prop::collection::vec(generate::trace(), 1..4),
    ) {
        let prefilter = Prefilter::of(Some(&expression));
        let opposite = Expression::Not(Box::new(expression.clone()));
        let opposite_prefilter = Prefilter::of(Some(&opposite));
        for trace in &traces {
            let trace = CompiledTrace::of(trace);
            if evaluate::is_met(&expression, &trace) {
                prop_assert!(admits(&prefilter, &trace), "{expression} {prefilter:?}");
            } else {
                prop_assert!(admits(&opposite_prefilter, &trace), "{opposite} {opposite_prefilter:?}");
            }
        }
    }

    /// The same for the services and edges that are there: those at random are seldom met.
    #[test]
    fn it_admits_every_trace_of_which_a_segment_or_call_satisfies_a_block(
        of_segment in prop_oneof![generate::block(Scope::Service), generate::block_of_time()],
        of_call in prop_oneof![generate::block(Scope::Edge), generate::block_of_time()],
        trace in generate::trace(),
    ) {
        let trace = CompiledTrace::of(&trace);
        let services = trace.services().iter().map(id).chain([ServicePattern::default()]);
        let selected = services.map(|service| Expression::Service(service, of_segment.clone()));
        let edges = trace.calls().iter().map(|call| (id(trace.service(call.caller())), id(trace.service(call.callee()))));
        let called = edges.map(|(from, to)| Expression::Edge(from, to, of_call.clone()));
        for expression in selected.chain(called) {
            for expression in [expression.clone(), Expression::Not(Box::new(expression))] {
                let prefilter = Prefilter::of(Some(&expression));
                if evaluate::is_met(&expression, &trace) {
                    prop_assert!(admits(&prefilter, &trace), "{expression} {prefilter:?}");
                }
            }
        }
    }

    /// It is of use: what a store can look up, it rejects just as the evaluator does.
    #[test]
    fn conditions_that_are_no_blocks_are_decided_exactly(
        expression in generate::plain_expression(),
        trace in generate::trace(),
    ) {
        let trace = CompiledTrace::of(&trace);
        let prefilter = Prefilter::of(Some(&expression));
        prop_assert_eq!(admits(&prefilter, &trace), evaluate::is_met(&expression, &trace), "{} {:?}", expression, prefilter);
    }
}
