//! What real X-Ray SDKs sent, compiled. Skipped where the corpus is not beside the workspace.

use std::collections::HashMap;
use std::path::Path;

use super::*;
use crate::recordings::recordings;
use crate::trace_id::TraceId;
use crate::{Document, Entity, MemoryStore, TraceStore as _, read_datagram};

fn traces(file: &Path) -> Vec<Trace> {
    let store = MemoryStore::default();
    let mut ids = Vec::<TraceId>::new();
    for line in std::fs::read_to_string(file).unwrap().lines() {
        let line: Value = serde_json::from_str(line).unwrap();
        let document: Document = read_datagram(line["raw"].as_str().unwrap().as_bytes()).unwrap();
        ids.push(document.trace_id());
        store.record(document).unwrap();
    }
    ids.sort_unstable();
    ids.dedup();
    ids.into_iter().map(|id| store.trace(id).unwrap()).collect()
}

/// What may be answered of a member: lists, objects and what was a bare `NaN` are no values of annotations.
fn in_schema(entity: &Entity, key: &str) -> Option<Value> {
    let mut value = entity.member(key)?.clone();
    if let ("annotations", Some(annotations)) = (key, value.as_object_mut()) {
        annotations.retain(|_, value| value.is_string() || value.is_number() || value.is_boolean());
    }
    Some(value)
}

/// All entities of a document by id.
fn collect<'d>(document: &'d Value, found: &mut HashMap<&'d str, &'d Value>) {
    found.insert(document["id"].as_str().unwrap(), document);
    let nested = document.get("subsegments").and_then(Value::as_array);
    nested.into_iter().flatten().for_each(|nested| collect(nested, found));
}

#[test]
fn every_entity_of_the_corpus_is_answered_with_all_that_it_says() {
    for file in recordings() {
        for trace in traces(&file) {
            let compiled = CompiledTrace::of(&trace);
            let documents: Vec<Value> = compiled
                .segments()
                .iter()
                .map(|segment| serde_json::from_str(&compiled.document(segment)).unwrap())
                .collect();
            let mut found = HashMap::new();
            documents.iter().for_each(|document| collect(document, &mut found));
            for node in trace.nodes() {
                let answered = found.get(node.id().to_string().as_str()).copied().unwrap_or(&Value::Null);
                for member in ["metadata", "cause", "http", "aws", "sql", "annotations", "user", "namespace"]
                {
                    let is_kept = answered.get(member) == in_schema(node.entity(), member).as_ref();
                    assert!(is_kept, "{}: {member} of {}: {answered}", file.display(), node.name());
                }
            }
        }
    }
}

#[test]
fn every_trace_of_the_corpus_has_a_summary_and_a_graph() {
    for file in recordings() {
        for trace in traces(&file) {
            let answers = answers(&trace);
            let at = file.display();
            assert!(answers["summary"]["ResponseTime"].is_number(), "{at}");
            assert!(
                answers["summary"]["Duration"].as_f64() >= answers["summary"]["ResponseTime"].as_f64(),
                "{at}"
            );
            assert!(answers["graph"].is_array(), "{at}");
        }
    }
}

#[test]
fn functions_whose_segment_never_came_are_named_by_their_service() {
    for file in recordings() {
        let is_powertools =
            ["python", "typescript"].into_iter().any(|folder| file.parent().unwrap().ends_with(folder));
        let name = file.file_stem().unwrap().to_str().unwrap();
        // In these, a call outside of any handler and a function without a service's name.
        if !is_powertools || ["aws_call_outside_handler", "no_service_name"].contains(&name) {
            continue;
        }
        for trace in traces(&file) {
            let nodes = nodes(&trace);
            assert!(nodes.contains(&"order-service AWS::Lambda::Function".to_owned()), "{name}: {nodes:?}");
        }
    }
}
