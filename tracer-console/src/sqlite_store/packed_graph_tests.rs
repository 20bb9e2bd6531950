use std::sync::Arc;

use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::compiled::{CompiledTrace, fixtures};
use crate::filter::tests::generate;
use crate::sqlite_store::shape::Shape;
use crate::trace::Trace;

/// The graph of a trace as it is read again from its shape and its packed form.
fn read_again(trace: &Trace) -> (TraceGraph<'_>, TraceGraph<'static>) {
    let compiled = CompiledTrace::of(trace);
    let graph = TraceGraph::of(&compiled);
    let shape = Shape::read(&Shape::of(&compiled, &graph.shape).to_bytes()).unwrap();
    let mut again = TraceGraph { id: trace.id(), shape: Arc::new(shape.graph()), ..TraceGraph::default() };
    unpack(&pack(&graph, compiled.start()), compiled.start(), &mut again).unwrap();
    (graph, again)
}

#[test]
fn a_request_takes_a_few_bytes() {
    let trace = fixtures::trace("D");
    let compiled = CompiledTrace::of(&trace);
    let packed = pack(&TraceGraph::of(&compiled), compiled.start());
    assert!(packed.len() <= 20, "two segments and two calls take {} bytes", packed.len());
}

#[test]
fn messages_and_times_beyond_all_bounds_are_read_again() {
    let send = fixtures::segment("SQS", 2, (0.1, 0.2), json!({"namespace": "aws"}));
    let link = json!({"trace_id": "1-6b02d940-0000000000000000000000aa", "id": "0000000000000002", "attributes": {}});
    let more = json!({"subsegments": [send], "links": [link, link], "end_time": 9e12});
    let trace = fixtures::from_documents(&[fixtures::segment("web", 1, (0.0, 0.3), more)]);
    let (graph, again) = read_again(&trace);
    assert_eq!((graph.senders.len(), graph.receipts.len()), (1, 2));
    assert_eq!(graph, again);
}

#[test]
fn what_is_damaged_is_none_and_no_panic() {
    let trace = fixtures::trace("A");
    let compiled = CompiledTrace::of(&trace);
    let graph = TraceGraph::of(&compiled);
    let packed = pack(&graph, compiled.start());
    let mut again = graph.clone();
    for length in 0..packed.len() {
        assert!(unpack(&packed[..length], compiled.start(), &mut again).is_none(), "{length} bytes");
    }
    for (at, byte) in (0..packed.len()).flat_map(|at| (0..=255).map(move |byte| (at, byte))) {
        let mut damaged = packed.clone();
        damaged[at] = byte;
        let _ = unpack(&damaged, compiled.start(), &mut again);
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn graphs_are_read_as_they_were(trace in generate::trace()) {
        let (graph, again) = read_again(&trace);
        prop_assert_eq!(graph, again);
    }
}
