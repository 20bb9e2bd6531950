//! Documents in any order, late, twice, in progress and then complete: the compiled trace is the same.

use proptest::prelude::*;
use serde_json::{Value, json};
use tracer_console::{Document, MemoryStore, Trace, TraceId, TraceStore as _};

const TRACE: &str = "1-6b02d94c-be5262b78fb491a007b77f7d";

fn id(number: usize) -> String {
    format!("{:016x}", number + 1)
}

/// Entity `number` below `parent`; the first is a segment.
fn document(number: usize, parent: Option<usize>, complete: bool) -> Value {
    let mut document = json!({"name": format!("n{number}"), "id": id(number), "trace_id": TRACE, "start_time": 1.0 + number as f64});
    if let Some(parent) = parent {
        document["type"] = json!("subsegment");
        document["parent_id"] = json!(id(parent));
    }
    document[if complete { "end_time" } else { "in_progress" }] =
        if complete { json!(100) } else { json!(true) };
    document
}

fn compile(documents: &[Value]) -> Trace {
    let store = MemoryStore::default();
    for document in documents {
        store.record(Document::parse(&document.to_string()).unwrap()).unwrap();
    }
    store.trace(TRACE.parse::<TraceId>().unwrap()).unwrap()
}

/// A tree as the parent of each entity but the first, and the order and number of times in which documents arrive.
fn arrivals() -> impl Strategy<Value = (Vec<Value>, Vec<Value>)> {
    prop::collection::vec(any::<prop::sample::Index>(), 0..12).prop_flat_map(|parents| {
        let complete: Vec<_> = (0..=parents.len())
            .map(|number| document(number, number.checked_sub(1).map(|at| parents[at].index(number)), true))
            .collect();
        let open = (0..=parents.len())
            .map(|number| document(number, number.checked_sub(1).map(|at| parents[at].index(number)), false));
        let all: Vec<_> = complete.iter().cloned().chain(open).chain(complete.iter().cloned()).collect();
        (Just(complete), Just(all).prop_shuffle())
    })
}

proptest! {
    #[test]
    fn the_order_of_arrival_does_not_matter((complete, arrived) in arrivals()) {
        let expected = compile(&complete);
        prop_assert_eq!(&compile(&arrived), &expected);
        prop_assert!(expected.is_settled());
        prop_assert_eq!(expected.roots().count(), 1);
    }
}

#[test]
fn a_circle_of_parents_is_shown_and_not_followed_forever() {
    let trace =
        compile(&[document(0, Some(1), true), document(1, Some(0), true), document(2, Some(2), true)]);
    assert_eq!(trace.len(), 3);
    assert_eq!(trace.roots().count(), 2);
}

#[test]
fn a_later_complete_document_counts() {
    let mut later = document(0, None, true);
    later["name"] = json!("later");
    assert!(compile(&[document(0, None, true), later]).find("later").is_some());
}

#[test]
fn a_chain_longer_than_the_stack_is_compiled() {
    let documents: Vec<_> =
        (0..20_000_usize).map(|number| document(number, number.checked_sub(1), true)).collect();
    assert_eq!(compile(&documents).nodes().map(tracer_console::Node::depth).max(), Some(19_999));
}

#[test]
fn a_subsegment_without_its_parent_is_an_orphan_until_the_parent_comes() {
    let child = document(1, Some(0), true);
    let orphan = compile(std::slice::from_ref(&child));
    assert!(orphan.roots().next().unwrap().is_orphan() && !orphan.is_settled());
    assert!(compile(&[child, document(0, None, true)]).is_settled());
}
