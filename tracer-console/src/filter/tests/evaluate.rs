//! What an expression keeps.

use proptest::prelude::*;
use serde_json::json;

use super::generate;
use crate::compiled::{CompiledTrace, fixtures};
use crate::filter::syntax::Expression;
use crate::filter::{FilterExpression, TimeSeriesSelector};
use crate::trace::Trace;

fn keeps(text: &str, trace: &Trace) -> bool {
    let filter = FilterExpression::parse(text).unwrap_or_else(|error| panic!("{error:#}"));
    filter.with_groups(&[]).unwrap().keeps(&CompiledTrace::of(trace))
}

fn web(more: serde_json::Value) -> Trace {
    fixtures::from_documents(&[fixtures::segment("web", 1, (0.0, 1.0), more)])
}

#[test]
fn what_is_absent_satisfies_no_comparison_and_its_absence_can_be_asked_for() {
    let trace = web(json!({}));
    for keyword in [
        "http.status != 200",
        "http.status < 1000",
        "http.url != \"x\"",
        "user != \"x\"",
        "user",
        "http.status",
    ] {
        assert!(!keeps(keyword, &trace), "{keyword}");
        assert!(keeps(&format!("!({keyword})"), &trace), "{keyword}");
    }
}

#[test]
fn of_several_values_one_is_enough_also_to_differ() {
    let called =
        fixtures::segment("api", 2, (0.1, 0.2), json!({"user": "bob", "annotations": {"n": 2, "b": false}}));
    let trace = fixtures::from_documents(&[
        fixtures::segment("web", 1, (0.0, 1.0), json!({"user": "alice", "annotations": {"n": 1, "b": true}})),
        called,
    ]);
    for kept in [
        "user = \"alice\" user = \"bob\" user != \"alice\" user != \"bob\"",
        "annotation.n = 1 annotation.n = 2 annotation.n != 2",
        "annotation.b annotation.b = false annotation.b = true annotation.b != true",
    ] {
        assert!(keeps(kept, &trace), "{kept}");
    }
    assert!(!keeps("user != \"alice\" user = \"carol\"", &trace));
    assert!(!keeps("!annotation.b", &trace));
}

#[test]
fn an_annotation_of_another_type_than_the_literal_does_not_match() {
    let trace = web(json!({"annotations": {"text": "1", "number": 1, "yes": true, "no": false}}));
    for kept in
        ["annotation.text = \"1\"", "annotation.number = 1", "annotation.yes = true", "annotation.no = false"]
    {
        assert!(keeps(kept, &trace), "{kept}");
    }
    for other in [
        "annotation.text = 1",
        "annotation.text != 2",
        "annotation.number = \"1\"",
        "annotation.number != \"2\"",
        "annotation.yes = \"true\"",
        "annotation.no != \"true\"",
        "annotation.text < 2",
        "annotation.number CONTAINS \"\"",
        "annotation.Text = \"1\"",
    ] {
        assert!(!keeps(other, &trace), "{other}");
    }
    assert!(keeps("annotation.text annotation.number annotation.yes !annotation.no", &trace));
}

#[test]
fn texts_are_compared_letter_by_letter() {
    let trace = web(json!({"user": "Alice"}));
    assert!(keeps(
        "user = \"Alice\" user CONTAINS \"lic\" user BEGINSWITH \"Al\" user ENDSWITH \"ice\"",
        &trace
    ));
    assert!(!keeps("user = \"alice\" OR user CONTAINS \"LIC\" OR user BEGINSWITH \"l\"", &trace));
}

#[test]
fn a_block_is_about_one_segment() {
    let trace = fixtures::from_documents(&[
        fixtures::segment("web", 1, (0.0, 0.5), json!({"fault": true})),
        fixtures::segment("web", 2, (0.0, 2.0), json!({})),
    ]);
    assert!(keeps("service(\"web\") { fault } AND service(\"web\") { responsetime > 1 }", &trace));
    assert!(!keeps("service(\"web\") { fault AND responsetime > 1 }", &trace));
    assert!(keeps("service(\"web\") { !fault }", &trace));
}

#[test]
fn a_status_decides_where_no_flag_is_written_and_from_400_nothing_is_ok() {
    let status = |status: u16| web(json!({"http": {"response": {"status": status}}}));
    assert!(keeps("ok", &status(204)) && keeps("ok", &status(302)));
    assert!(keeps("error !fault !ok", &status(404)));
    assert!(keeps("fault !error !ok", &status(503)));
    assert!(keeps("throttle error", &status(429)));
    assert!(keeps("!ok !error", &web(json!({"error": false, "http": {"response": {"status": 404}}}))));
}

#[test]
fn an_edge_is_seen_as_its_caller_saw_it_and_named_by_who_was_called() {
    let call = fixtures::segment("api", 2, (0.1, 0.9), json!({"namespace": "remote", "fault": true}));
    let trace = fixtures::from_documents(&[
        fixtures::segment("web", 1, (0.0, 1.0), json!({"subsegments": [call]})),
        fixtures::segment(
            "api",
            3,
            (0.2, 0.4),
            json!({"parent_id": fixtures::id(2).to_string(), "origin": "AWS::ECS::Container"}),
        ),
    ]);
    assert!(keeps("edge(\"web\", \"api\") { fault AND responsetime = 0.8 }", &trace));
    assert!(keeps("service(\"api\") { !fault AND responsetime = 0.2 }", &trace));
    assert!(keeps(
        "edge(\"web\", \"api\") { name = \"api\" type = \"AWS::ECS::Container\" !inferred !root }",
        &trace
    ));
    assert!(keeps("edge(id(type: \"client\"), \"web\") { root AND !fault }", &trace));
    assert!(!keeps("edge(\"api\", \"web\")", &trace));
}

/// The client of an entry has its name (fact sheet 7.9).
#[test]
fn a_client_is_no_caller_unless_its_type_is_asked_for() {
    let alone = web(json!({}));
    let not = [
        "edge(\"web\", \"web\")",
        "edge(id(name: \"web\"), id(name: \"web\"))",
        "edge(\"web\", \"web\") { ok }",
    ];
    assert!(not.iter().all(|edge| !keeps(edge, &alone)), "{not:?}");
    assert!(keeps("edge(id(name: \"web\", type: \"client\"), \"web\")", &alone));
    let call = fixtures::segment("web", 2, (0.1, 0.9), json!({"namespace": "remote"}));
    let itself = fixtures::from_documents(&[
        fixtures::segment("web", 1, (0.0, 1.0), json!({"subsegments": [call]})),
        fixtures::segment("web", 3, (0.2, 0.4), json!({"parent_id": fixtures::id(2).to_string()})),
    ]);
    assert!(keeps("edge(\"web\", \"web\")", &itself));
}

#[test]
fn what_has_not_ended_has_no_time_to_compare_with() {
    let mut open = fixtures::segment("web", 1, (0.0, 0.0), json!({"in_progress": true}));
    open.as_object_mut().unwrap().remove("end_time");
    let work = fixtures::subsegment("work", 2, 1, (0.5, 2.5), json!({}));
    let alone = fixtures::from_documents(&[open.clone(), work.clone()]);
    for time in ["responsetime", "duration"] {
        for test in ["", " < 1", " >= 0", " != 1", " = 2.5"] {
            assert!(!keeps(&format!("{time}{test}"), &alone), "{time}{test}");
            assert!(keeps(&format!("!({time}{test})"), &alone), "{time}{test}");
        }
    }
    let callee = fixtures::segment("api", 3, (1.0, 2.0), json!({"parent_id": fixtures::id(2).to_string()}));
    let called = fixtures::from_documents(&[open, work, callee]);
    assert!(
        keeps("!responsetime AND duration = 2", &called),
        "what is completed has a time (fact sheet 7.5)"
    );
}

#[test]
fn an_orphan_is_found_where_no_service_is_named() {
    let orphan = fixtures::subsegment("call", 2, 9, (0.0, 0.5), json!({"fault": true}));
    let trace = fixtures::from_documents(&[orphan]);
    assert!(keeps("service() { fault AND name = \"call\" AND partial }", &trace));
    assert!(!keeps("service(\"call\")", &trace));
}

#[test]
fn elements_of_root_causes_have_their_position() {
    let trace = fixtures::trace("B");
    assert!(keeps(
        "rootcause.fault.service { first AND index = 0 AND name = \"shop/prod\" AND !last }",
        &trace
    ));
    assert!(keeps(
        "rootcause.fault.service { type = \"AWS::Lambda::Function\" AND last AND !inferred }",
        &trace
    ));
    assert!(!keeps("rootcause.fault.service { index = 99 }", &trace));
    assert!(keeps("rootcause.fault.service rootcause.fault.exception !rootcause.error.exception", &trace));
    assert!(!keeps("rootcause.fault.entity", &fixtures::trace("C")));
}

#[test]
fn root_causes_by_example_are_those_that_the_api_writes() {
    let trace = fixtures::trace("B");
    let compiled = CompiledTrace::of(&trace);
    let causes = serde_json::to_string(&compiled.root_causes().fault).unwrap();
    assert!(keeps(&format!("rootcause.json = #{causes}"), &trace));
    assert!(!keeps(&format!("rootcause.json = #{causes}"), &fixtures::trace("D")));
    assert!(keeps("rootcause.json = #[]", &fixtures::trace("C")));
}

#[test]
fn the_selector_of_a_time_series_means_services_or_edges() {
    let trace = fixtures::trace("D");
    let compiled = CompiledTrace::of(&trace);
    let services = |text: &str| {
        let selector = TimeSeriesSelector::parse(text).unwrap();
        let names = compiled.services().iter().filter(|service| selector.selects_service(service));
        names.map(|service| service.kind().unwrap_or_default().to_owned()).collect::<Vec<_>>()
    };
    assert_eq!(services("service(\"payments.example.com\")"), ["remote"]);
    assert_eq!(services("id(name: \"web\", type: \"AWS::EC2::Instance\")"), ["AWS::EC2::Instance"]);
    assert_eq!(services("!id(type: \"client\") AND !service(\"web\")"), ["remote"]);
    assert_eq!(services("edge(\"web\", \"payments.example.com\")"), [""; 0]);
    let selector = TimeSeriesSelector::parse("edge(\"web\", \"payments.example.com\")").unwrap();
    let is_selected =
        |caller, callee| selector.selects_edge(compiled.service(caller), compiled.service(callee));
    let selected = compiled.calls().iter().filter(|call| is_selected(call.caller(), call.callee()));
    assert_eq!(selected.count(), 1);
}

/// Whether an expression keeps a trace.
fn is_kept(expression: &Expression, trace: &CompiledTrace<'_>) -> bool {
    crate::filter::evaluate::is_met(expression, trace)
}

fn not(expression: &Expression) -> Expression {
    Expression::Not(Box::new(expression.clone()))
}

proptest! {
    #[test]
    fn the_laws_of_and_or_and_not_hold(
        a in generate::expression(),
        b in generate::expression(),
        trace in generate::trace(),
    ) {
        let trace = CompiledTrace::of(&trace);
        let kept = |expression: &Expression| is_kept(expression, &trace);
        let both = |a: Expression, b: Expression| Expression::And(vec![a, b]);
        let either = |a: Expression, b: Expression| Expression::Or(vec![a, b]);
        prop_assert_eq!(kept(&not(&a)), !kept(&a));
        prop_assert_eq!(kept(&both(a.clone(), a.clone())), kept(&a));
        prop_assert_eq!(kept(&either(a.clone(), a.clone())), kept(&a));
        prop_assert!(!kept(&both(a.clone(), not(&a))) && kept(&either(a.clone(), not(&a))));
        prop_assert_eq!(kept(&not(&both(a.clone(), b.clone()))), kept(&either(not(&a), not(&b))));
        prop_assert_eq!(kept(&not(&either(a.clone(), b.clone()))), kept(&both(not(&a), not(&b))));
        prop_assert_eq!(kept(&both(a.clone(), b.clone())), kept(&both(b, a)));
    }

    #[test]
    fn what_is_printed_and_read_again_keeps_the_same_traces(
        expression in generate::expression(),
        trace in generate::trace(),
    ) {
        let compiled = CompiledTrace::of(&trace);
        prop_assert_eq!(keeps(&expression.to_string(), &trace), is_kept(&expression, &compiled));
    }

    /// A service without a block is one with a block that any segment satisfies, unless nobody recorded any.
    #[test]
    fn a_block_keeps_no_more_than_its_selector(
        service in generate::service_pattern(),
        other in generate::service_pattern(),
        trace in generate::trace(),
    ) {
        let trace = CompiledTrace::of(&trace);
        let anything = |keyword| {
            let condition = Expression::Condition(keyword, crate::filter::Test::Is(true));
            Some(Box::new(Expression::Or(vec![condition.clone(), not(&condition)])))
        };
        let block = anything(crate::filter::Keyword::Fault);
        let with = Expression::Service(service.clone(), block.clone());
        prop_assert!(!is_kept(&with, &trace) || is_kept(&Expression::Service(service.clone(), None), &trace));
        let with = Expression::Edge(service.clone(), other.clone(), block);
        prop_assert_eq!(is_kept(&with, &trace), is_kept(&Expression::Edge(service, other, None), &trace));
    }
}
