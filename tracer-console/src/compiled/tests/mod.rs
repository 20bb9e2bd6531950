//! What is made of traces, told on traces that are small enough to see through.

mod arrival;
mod corpus;
mod documents;
mod graph;
mod root_causes;
mod segments;
mod summaries;
mod worked_examples;

use serde_json::{Value, json};

use super::{CompiledTrace, ServiceGraph, fixtures};
use crate::trace::Trace;

/// Everything that is answered of a trace.
fn answers(trace: &Trace) -> Value {
    let compiled = CompiledTrace::of(trace);
    let mut graph = ServiceGraph::new(None);
    graph.add(&compiled);
    let (summary, answer) = (compiled.summary(1, None), compiled.to_answer(false));
    json!({"summary": summary, "trace": answer, "graph": graph.finish()})
}

fn summary(trace: &Trace) -> Value {
    serde_json::to_value(CompiledTrace::of(trace).summary(1, None)).unwrap()
}

/// The name and type of each segment's node, in order.
fn nodes(trace: &Trace) -> Vec<String> {
    let compiled = CompiledTrace::of(trace);
    let name = |segment| {
        let service = compiled.service_of(segment);
        service.map_or("?".into(), |service| format!("{} {}", service.name(), service.kind().unwrap_or("-")))
    };
    compiled.segments().iter().map(name).collect()
}

/// The calls as `caller -> callee`.
fn calls(trace: &Trace) -> Vec<String> {
    let compiled = CompiledTrace::of(trace);
    let name = |id| {
        let service = compiled.service(id);
        format!("{} {}", service.name(), service.kind().unwrap_or("-"))
    };
    compiled
        .calls()
        .iter()
        .map(|call| format!("{} -> {}", name(call.caller()), name(call.callee())))
        .collect()
}
