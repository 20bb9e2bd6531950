//! Segments that arrived, that are inferred, that are synthesised, and orphans.

use super::*;
use crate::compiled::{Outcome, Segment};

fn call(more: &Value) -> Value {
    let mut call = fixtures::segment("pay.example.com", 2, (0.1, 0.4), json!({"namespace": "remote"}));
    call.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    fixtures::segment("web", 1, (0.0, 0.5), json!({"subsegments": [call]}))
}

fn callee() -> Value {
    fixtures::segment("pay", 3, (0.2, 0.3), json!({"parent_id": "0000000000000002"}))
}

#[test]
fn a_call_infers_the_segment_that_its_callee_does_not_send() {
    let trace = fixtures::from_documents(&[call(&json!({"fault": true}))]);
    assert_eq!(nodes(&trace), ["web -", "pay.example.com remote"]);
    let (first, second) = (CompiledTrace::of(&trace), CompiledTrace::of(&trace));
    let inferred = &first.segments()[1];
    assert!(inferred.is_inferred() && !inferred.is_root() && first.has_inferred());
    assert_eq!(inferred.id(), second.segments()[1].id());
    assert_eq!(inferred.measured().outcome(), Outcome { fault: true, ..Outcome::default() });
}

#[test]
fn an_inferred_segment_is_gone_when_the_real_one_arrives() {
    let trace = fixtures::from_documents(&[call(&json!({})), callee()]);
    assert_eq!(nodes(&trace), ["web -", "pay -"]);
    assert_eq!(calls(&trace), ["web client -> web -", "web - -> pay -"]);
    assert!(!CompiledTrace::of(&trace).has_inferred());
}

#[test]
fn a_callee_that_says_it_records_is_waited_for() {
    for traced in [json!({"traced": true}), json!({"http": {"request": {"traced": true}}})] {
        let waiting = fixtures::from_documents(&[call(&traced)]);
        assert_eq!(nodes(&waiting), ["web -"]);
        assert!(CompiledTrace::of(&waiting).is_partial());
        let complete = fixtures::from_documents(&[call(&traced), callee()]);
        assert!(!CompiledTrace::of(&complete).is_partial());
    }
}

#[test]
fn work_within_a_service_infers_nothing() {
    let trace = fixtures::from_documents(&[call(&json!({"namespace": "local"}))]);
    assert_eq!(nodes(&trace), ["web -"]);
}

#[test]
fn an_invocation_without_lambdas_segment_infers_lambda() {
    let invoke =
        json!({"name": "Lambda", "namespace": "aws", "aws": {"operation": "Invoke", "function_name": "pay"}});
    assert_eq!(nodes(&fixtures::from_documents(&[call(&invoke)])), ["web -", "pay AWS::Lambda"]);
    let mut lambda = callee();
    lambda["origin"] = json!("AWS::Lambda");
    assert_eq!(nodes(&fixtures::from_documents(&[call(&invoke), lambda])), ["web -", "pay AWS::Lambda"]);
}

#[test]
fn an_inferred_document_that_somebody_sent_is_not_doubled() {
    let mut sent = callee();
    sent["inferred"] = json!(true);
    assert_eq!(
        nodes(&fixtures::from_documents(&[call(&json!({})), sent])),
        ["web -", "pay.example.com remote"]
    );
}

#[test]
fn several_segments_for_one_call_are_one_call_to_a_service() {
    let again = fixtures::segment("pay", 4, (0.31, 0.35), json!({"parent_id": "0000000000000002"}));
    let other = fixtures::segment("audit", 5, (0.32, 0.36), json!({"parent_id": "0000000000000002"}));
    let trace = fixtures::from_documents(&[call(&json!({})), callee(), again, other]);
    assert_eq!(calls(&trace), ["web client -> web -", "web - -> pay -", "web - -> audit -"]);
}

fn handler(number: u64, parent: u64, times: (f64, f64), more: Value) -> Value {
    fixtures::subsegment("## handler", number, parent, times, more)
}

fn function(documents: &[Value]) -> (String, Vec<String>, Value) {
    let trace = fixtures::from_documents(documents);
    let compiled = CompiledTrace::of(&trace);
    let function =
        compiled.segments().iter().find(|segment| segment.is_inferred() && segment.is_root()).unwrap();
    let names = compiled.service_of(function).unwrap().names().iter().map(ToString::to_string).collect();
    (function.id().to_string(), names, serde_json::from_str(&compiled.document(function)).unwrap())
}

#[test]
fn the_functions_segment_that_never_comes_is_synthesised_around_its_subsegments() {
    let orders = json!({"annotations": {"Service": "orders", "ColdStart": true}});
    let documents = [
        handler(2, 1, (0.1, 0.5), orders),
        fixtures::subsegment("late", 3, 1, (0.4, 0.9), json!({})),
        fixtures::subsegment(
            "DynamoDB",
            4,
            2,
            (0.2, 0.3),
            json!({"namespace": "aws", "aws": {"table_name": "t"}}),
        ),
    ];
    let (id, names, document) = function(&documents);
    assert_eq!((id.as_str(), names.as_slice()), ("0000000000000001", ["orders".to_owned()].as_slice()));
    assert_eq!(document["name"], "orders");
    assert_eq!((&document["origin"], &document["inferred"]), (&json!("AWS::Lambda::Function"), &json!(true)));
    assert_eq!(document["start_time"], json!(fixtures::BEGIN + 0.1));
    assert_eq!(document["end_time"], json!(fixtures::BEGIN + 0.9));
    let nested: Vec<_> = document["subsegments"].as_array().unwrap().iter().map(|sub| &sub["name"]).collect();
    assert_eq!(nested, ["## handler", "late"]);
    let trace = fixtures::from_documents(&documents);
    assert_eq!(nodes(&trace), ["orders AWS::Lambda::Function", "t AWS::DynamoDB::Table"]);
    assert!(!CompiledTrace::of(&trace).is_partial());
}

#[test]
fn the_real_segment_takes_the_place_of_the_synthesised_one() {
    let real = fixtures::segment("orders-fn", 1, (0.0, 0.6), json!({"origin": "AWS::Lambda::Function"}));
    let documents = [handler(2, 1, (0.1, 0.5), json!({"annotations": {"Service": "orders"}})), real];
    assert_eq!(nodes(&fixtures::from_documents(&documents)), ["orders-fn AWS::Lambda::Function"]);
}

#[test]
fn a_function_is_named_by_what_its_documents_say_best() {
    let named = |more: Value| function(&[handler(2, 1, (0.0, 1.0), more)]).1;
    let result = json!({"stock": {"handler response": 1}, "Details": {"order": 1}});
    let arn = json!({"function_arn": "arn:aws:lambda:eu-west-1:123456789012:function:orders-fn"});
    assert_eq!(
        named(json!({"annotations": {"Service": "orders"}, "aws": arn, "metadata": result})),
        ["orders", "orders-fn", "stock"]
    );
    assert_eq!(named(json!({"aws": arn})), ["orders-fn"]);
    assert_eq!(named(json!({"metadata": result})), ["stock"]);
    assert_eq!(named(json!({})), ["lambda-function"]);
    assert_eq!(named(json!({"annotations": {"Service": "service_undefined"}})), ["lambda-function"]);
}

#[test]
fn parts_of_one_function_share_its_name_though_they_wait_for_different_parents() {
    let trace = fixtures::from_documents(&[
        handler(2, 1, (0.0, 1.0), json!({"annotations": {"Service": "orders"}})),
        fixtures::subsegment("## price", 4, 3, (0.2, 0.3), json!({})),
    ]);
    assert_eq!(nodes(&trace), ["orders AWS::Lambda::Function"; 2]);
    assert_eq!(CompiledTrace::of(&trace).services().len(), 2, "the function and its client");
}

#[test]
fn a_synthesised_function_fails_as_its_handler_did_and_not_as_its_calls() {
    let failed = |handlers: Value, calls: Value| {
        let call = fixtures::subsegment("pay.example.com", 3, 1, (0.1, 0.2), calls);
        let trace = fixtures::from_documents(&[handler(2, 1, (0.0, 1.0), handlers), call]);
        CompiledTrace::of(&trace).has_fault()
    };
    assert!(failed(json!({"fault": true}), json!({"namespace": "remote"})));
    assert!(!failed(json!({}), json!({"namespace": "remote", "fault": true})));
}

#[test]
fn a_function_whose_handler_is_in_progress_is_in_progress() {
    let mut open = handler(2, 1, (0.0, 0.0), json!({"in_progress": true}));
    open.as_object_mut().unwrap().remove("end_time");
    let trace = fixtures::from_documents(&[open, fixtures::subsegment("done", 3, 1, (0.1, 0.7), json!({}))]);
    let compiled = CompiledTrace::of(&trace);
    assert!(compiled.root().unwrap().measured().is_in_progress() && compiled.is_partial());
    assert_eq!((compiled.response_time(), compiled.known_times().0), (None, 0.7));
}

#[test]
fn an_orphan_that_is_not_of_lambda_stays_at_top_level_without_a_service() {
    let query = json!({"namespace": "remote", "sql": {"user": "web"}});
    let trace = fixtures::from_documents(&[
        fixtures::subsegment("shop@db", 2, 1, (0.1, 0.2), query),
        fixtures::subsegment("work", 3, 1, (0.1, 0.2), json!({})),
    ]);
    assert_eq!(nodes(&trace), ["?", "shop@db Database::SQL", "?"]);
    assert!(calls(&trace).is_empty() && CompiledTrace::of(&trace).is_partial());
    assert!(CompiledTrace::of(&trace).segments().iter().filter(|s| s.is_orphan()).all(Segment::is_partial));
}

#[test]
fn a_circle_of_parents_has_a_root_and_no_synthesised_function() {
    let trace = fixtures::from_documents(&[
        handler(1, 2, (0.0, 1.0), json!({"annotations": {"Service": "a"}})),
        handler(2, 1, (0.1, 1.0), json!({})),
    ]);
    assert_eq!(nodes(&trace), ["?"]);
}

#[test]
fn the_attempts_of_an_asynchronous_invocation_lead_to_the_function() {
    let attempt =
        fixtures::segment("Attempt #1", 2, (0.3, 0.9), json!({"http": {"response": {"status": 200}}}));
    let lambda =
        json!({"origin": "AWS::Lambda", "http": {"response": {"status": 202}}, "subsegments": [attempt]});
    let trace = fixtures::from_documents(&[
        fixtures::segment("fn", 1, (0.0, 0.1), lambda),
        fixtures::segment(
            "fn",
            3,
            (0.4, 0.8),
            json!({"origin": "AWS::Lambda::Function", "parent_id": "0000000000000002"}),
        ),
    ]);
    assert_eq!(calls(&trace), ["fn client -> fn AWS::Lambda", "fn AWS::Lambda -> fn AWS::Lambda::Function"]);
    assert_eq!(CompiledTrace::of(&trace).calls()[1].measured().response_time(), Some(0.6));
}
