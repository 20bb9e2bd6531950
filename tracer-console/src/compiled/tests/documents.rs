//! The documents that `BatchGetTraces` gives.

use super::*;

fn documents(trace: &Trace) -> Vec<Value> {
    let answer = CompiledTrace::of(trace).to_answer(false);
    answer.segments.iter().map(|segment| serde_json::from_str(&segment.document).unwrap()).collect()
}

/// The fact sheet's reference document (1.14), with the ids that it gives.
fn reference() -> Value {
    json!({"name": "DynamoDB", "id": "3f9c0a17be52d604", "trace_id": "1-68d2a4c0-9b1e7f02c4d8a6135e20fb97",
        "parent_id": "a41d7c9e03b86f52", "type": "subsegment", "namespace": "aws",
        "start_time": 1_758_635_200.104_211, "end_time": 1_758_635_200.119_874,
        "http": {"response": {"status": 200, "content_length": 61}},
        "aws": {"operation": "PutItem", "region": "eu-west-1", "request_id": "R9V", "retries": 0, "table_name": "orders"}})
}

#[test]
fn the_reference_subsegment_is_an_orphan_until_its_function_arrives() {
    let alone = documents(&fixtures::from_documents(&[reference()]));
    assert_eq!(alone[0], reference());
    assert_eq!(alone[1]["origin"], "AWS::DynamoDB::Table");
    let function = json!({"name": "orders-fn", "id": "a41d7c9e03b86f52", "trace_id": "1-68d2a4c0-9b1e7f02c4d8a6135e20fb97",
        "start_time": 1_758_635_200.0, "end_time": 1_758_635_200.2, "origin": "AWS::Lambda::Function"});
    let nested = documents(&fixtures::from_documents(&[reference(), function]));
    let mut subsegment = reference();
    for only_outside in ["type", "trace_id", "parent_id"] {
        subsegment.as_object_mut().unwrap().remove(only_outside);
    }
    assert_eq!(nested[0]["subsegments"], json!([subsegment]));
}

#[test]
fn an_inferred_document_copies_what_the_caller_knows() {
    let documents = documents(&fixtures::from_documents(&[reference()]));
    let inferred = &documents[1];
    let id = inferred["id"].as_str().unwrap();
    assert!(id.len() == 16 && id != "3f9c0a17be52d604");
    let mut expected = reference();
    let members = expected.as_object_mut().unwrap();
    members.remove("type");
    members.remove("namespace");
    members.extend([
        ("id".into(), json!(id)),
        ("parent_id".into(), json!("3f9c0a17be52d604")),
        ("origin".into(), json!("AWS::DynamoDB::Table")),
        ("inferred".into(), json!(true)),
    ]);
    assert_eq!(inferred, &expected);
}

#[test]
fn a_failed_remote_call_is_inferred_without_an_origin() {
    let call = json!({"id": "3f9c0a17be52d604", "name": "pay.example.com", "namespace": "remote",
        "start_time": fixtures::BEGIN, "end_time": fixtures::BEGIN + 1.0, "error": true, "throttle": true,
        "http": {"request": {"method": "POST", "url": "https://pay.example.com/v1"}, "response": {"status": 429}}});
    let trace =
        fixtures::from_documents(&[fixtures::segment("web", 1, (0.0, 1.0), json!({"subsegments": [call]}))]);
    let documents = documents(&trace);
    assert_eq!((&documents[1]["error"], &documents[1]["throttle"]), (&json!(true), &json!(true)));
    assert!(documents[1].get("origin").is_none() && documents[1].get("namespace").is_none());
    assert!(CompiledTrace::of(&trace).has_throttle());
}

#[test]
fn what_the_schema_does_not_know_is_left_out() {
    let inner = json!({"id": "0000000000000002", "name": "work", "start_time": fixtures::BEGIN, "end_time": fixtures::BEGIN,
        "user": "eve", "origin": "x", "type": "subsegment", "in_progress": false, "extra": 1});
    let outer = json!({"Dummy": false, "http": "no object", "user": "bob", "links": [], "annotations": {"a": 1, "b": [1]},
        "metadata": {"default": {"deep": [{"er": null}]}}, "service": {"version": "1"}, "subsegments": [inner]});
    let documents = documents(&fixtures::from_documents(&[fixtures::segment("web", 1, (0.0, 1.0), outer)]));
    assert_eq!(
        documents,
        [json!({"id": "0000000000000001", "name": "web", "trace_id": "1-6b02d940-000000000000000000000000",
            "start_time": fixtures::BEGIN, "end_time": fixtures::BEGIN + 1.0, "user": "bob", "links": [],
            "annotations": {"a": 1}, "metadata": {"default": {"deep": [{"er": null}]}}, "service": {"version": "1"},
            "subsegments": [{"id": "0000000000000002", "name": "work", "start_time": fixtures::BEGIN, "end_time": fixtures::BEGIN}]})]
    );
}

#[test]
fn inferred_segments_stand_beside_the_others_and_subsegments_inside() {
    let trace = fixtures::trace("A");
    let answer = serde_json::to_value(CompiledTrace::of(&trace).to_answer(true)).unwrap();
    assert_eq!(
        (&answer["Id"], &answer["LimitExceeded"]),
        (&json!("1-6b02d940-000000000000000000000041"), &json!(true))
    );
    assert_eq!(answer["Duration"], 0.18);
    let documents = documents(&trace);
    assert_eq!(documents.len(), 4);
    assert_eq!(documents[2]["subsegments"][0]["subsegments"][0]["name"], "DynamoDB");
    assert_eq!(answer["Segments"][2]["Id"], documents[2]["id"]);
}

#[test]
fn a_chain_longer_than_the_stack_is_written() {
    let chain =
        (2..20_000_u64).map(|number| fixtures::subsegment("step", number, number - 1, (0.0, 1.0), json!({})));
    let all: Vec<_> =
        std::iter::once(fixtures::segment("web", 1, (0.0, 1.0), json!({}))).chain(chain).collect();
    let trace = fixtures::from_documents(&all);
    let compiled = CompiledTrace::of(&trace);
    let document = compiled.document(&compiled.segments()[0]);
    assert_eq!(document.matches("\"step\"").count(), 19_998);
    assert_eq!(document.matches(['{', '[']).count(), document.matches(['}', ']']).count());
}
