//! A segment of our own keeps the promises that subsegments of Lambda's keep.

use std::collections::BTreeMap;

use proptest::prelude::*;

use super::any_tree::plans;
use super::segment::NewSegment;
use super::*;
use crate::trace_id::{SegmentId, TraceId};

const TRACE: &str = "1-5759e988-bd862e3fe1be46a994272793";
const SENDER: &str = "53995c3f42cd8ad8";

fn links(count: u64) -> Vec<(TraceId, SegmentId)> {
    (1..=count).map(|at| (TraceId::from_parts(7, at.into()), SegmentId(at))).collect()
}

/// Runs `body` in a segment and returns what was sent.
fn sent_in(limit: usize, header: &str, links: &[(TraceId, SegmentId)], body: impl FnOnce()) -> Vec<Value> {
    let sink = Narrow::new(limit);
    let tracer = Tracer::builder().sink(sink.clone()).for_test().build();
    let origin = Some("AWS::ECS::Container");
    let new = NewSegment { name: "worker", header, deadline: None, origin, links };
    Scope::enter(Open::segment(&tracer, &new)).call(body);
    sink.documents()
}

/// The one document that is no subsegment; the others hang on something in this trace.
fn segment(documents: &[Value]) -> &Value {
    let (segments, subsegments): (Vec<_>, Vec<_>) =
        documents.iter().partition(|document| document["type"].is_null());
    assert_eq!(segments.len(), 1, "{documents:?}");
    subsegments.into_iter().for_each(|subsegment| check_schema(subsegment, true));
    let nested = segments[0]["subsegments"].as_array();
    nested.into_iter().flatten().for_each(|child| check_schema(child, false));
    check_values(segments[0]);
    segments[0]
}

fn header(parent: Option<&str>) -> String {
    parent.map_or_else(
        || format!("Root={TRACE};Sampled=1"),
        |parent| format!("Root={TRACE};Parent={parent};Sampled=1"),
    )
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(48))]

    /// P3: also in a segment the union of what was sent is the tree, and no datagram is over the limit.
    #[test]
    fn any_tree_in_a_segment_arrives_whole_in_datagrams_that_fit(
        plan in plans(),
        limit in prop_oneof![Just(65_507_usize), 9_000..65_507_usize, 4_000..9_000_usize],
        has_parent: bool,
        linked in 0..21_u64,
        sends_early: bool,
    ) {
        let parent = has_parent.then_some(SENDER);
        let mut expected = BTreeMap::new();
        let documents = sent_in(limit, &header(parent), &links(linked), || {
            put_annotation("Before", true);
            plan.record("r", &mut expected, "worker");
            if sends_early {
                context::current().unwrap().invocation.send(outbox::Due::Closed);
            }
            plan.record("s", &mut expected, "worker");
            put_metadata("after", &"x".repeat(3_000));
        });
        expected.insert("worker".to_owned(), String::new());
        let segment = segment(&documents);
        prop_assert_eq!(&segment["name"], "worker");
        prop_assert_eq!(&segment["trace_id"], TRACE);
        prop_assert_eq!(segment.get("parent_id").and_then(Value::as_str), parent);
        prop_assert_eq!(&segment["origin"], "AWS::ECS::Container");
        // A refusal halves what is tried; twenty links take less than three thousand bytes, and what does not fit is counted.
        let kept = segment["links"].as_array().map_or(0, Vec::len) as u64;
        prop_assert!(kept == linked || (limit < 8_000 && kept == 0), "{} of {}", kept, linked);
        prop_assert_eq!(&segment["annotations"]["Before"], true);

        let mut found = Vec::new();
        for document in &documents {
            flatten(document, document["parent_id"].as_str().unwrap_or_default(), &mut found);
        }
        let ids: BTreeMap<_, _> = found.iter().map(|(name, id, _)| (name.clone(), id.clone())).collect();
        prop_assert_eq!(found.len(), expected.len(), "each once");
        for (name, _, parent_id) in found.iter().filter(|(name, ..)| name != "worker") {
            prop_assert_eq!(parent_id, &ids[&expected[name]], "the parent of {}", name);
        }
    }
}

#[test]
fn what_fits_with_its_segment_is_one_datagram() {
    let documents = sent_in(65_507, &header(Some(SENDER)), &links(20), || {
        (0..100).for_each(|_| subsegment("child", || put_annotation("A", 1)));
    });
    assert_eq!(documents.len(), 1);
    assert_eq!(segment(&documents)["subsegments"].as_array().unwrap().len(), 100);
}

#[test]
fn what_does_not_fit_is_split_into_few_datagrams_of_which_one_is_the_segment() {
    // Two halves of some 61 kB: the segment takes one of them along.
    let documents = sent_in(65_507, &header(Some(SENDER)), &links(20), || {
        for _ in 0..2 {
            subsegment("half", || {
                (0..20).for_each(|_| subsegment("c", || put_metadata("v", &"x".repeat(2_900))));
            });
        }
    });
    assert_eq!(documents.len(), 2);
    assert_eq!(segment(&documents)["subsegments"].as_array().unwrap().len(), 1);
}

#[test]
fn a_segment_is_announced_once_and_what_left_early_is_a_subsegment_of_it() {
    let documents = sent_in(65_507, &header(None), &links(2), || {
        subsegment("first", || subsegment("inside", || ()));
        for _ in 0..2 {
            context::current().unwrap().invocation.send(outbox::Due::ClosedAndOpen);
        }
        put_annotation("After", true);
    });
    assert_eq!(documents.len(), 3);
    let (open, early) = (&documents[0], &documents[1]);
    assert_eq!((&open["in_progress"], &open["type"]), (&Value::Bool(true), &Value::Null));
    assert_eq!(open["links"].as_array().unwrap().len(), 2, "it says so from the beginning");
    assert_eq!(early["name"], "first");
    assert_eq!((&early["type"], &early["parent_id"]), (&Value::from("subsegment"), &open["id"]));
    let complete = &documents[2];
    assert_eq!((&complete["id"], &complete["links"]), (&open["id"], &open["links"]));
    assert_eq!(complete["annotations"]["After"], true);
    assert!(complete["subsegments"].is_null(), "what was sent is not nested again");
}

#[test]
fn a_subsegment_that_outlives_its_segment_is_sent_alone_under_it() {
    let mut late = None;
    let sink = Narrow::new(65_507);
    let tracer = Tracer::builder().sink(sink.clone()).for_test().build();
    let header = header(None);
    let new = NewSegment { name: "worker", header: &header, deadline: None, origin: None, links: &[] };
    Scope::enter(Open::segment(&tracer, &new)).call(|| late = Open::named("late"));
    drop(Scope::enter(late));
    let documents = sink.documents();
    assert_eq!(documents[1]["parent_id"], segment(&documents)["id"]);
}

#[test]
fn memory_is_capped_in_a_segment_too_and_the_segment_arrives() {
    let documents = sent_in(65_507, &header(None), &links(20), || {
        (0..400).for_each(|at| put_metadata(&format!("v{at}"), &"x".repeat(50_000)));
        let _open: Vec<_> = (0..80_000).map(|_| Open::named("child")).collect();
    });
    let segment = segment(&documents);
    assert_eq!(segment["links"].as_array().unwrap().len(), 20);
    let dropped = |what: &str| {
        let notes = documents.iter().map(|document| &document["metadata"]["tracer-runtime"]["dropped"]);
        notes.filter_map(|note| note[what].as_u64()).sum::<u64>()
    };
    assert!(dropped("values") > 0 && dropped("subsegments") > 0);
}

#[test]
fn an_entry_of_the_pool_that_had_a_segment_has_none_the_next_time() {
    for _ in 0..10 {
        segment(&sent_in(65_507, &header(Some(SENDER)), &[], || subsegment("child", || ())));
        let documents = sent_by(65_507, || subsegment("child", || ()));
        check_schema(&documents[0], true);
        assert_eq!(documents[0]["parent_id"], SENDER);
    }
}

/// A refusal leaves room for twenty links and little else: what is searched for is kept, and the links are not.
#[test]
fn links_take_no_room_from_an_annotation() {
    for limit in 4_300..5_300 {
        let documents = sent_in(limit, &header(None), &links(17), || {
            put_annotation("Before", true);
            (0..2).for_each(|_| subsegment("child", || put_annotation("A", 1)));
            put_metadata("after", &"x".repeat(3_000));
        });
        assert_eq!(segment(&documents)["annotations"]["Before"], true, "{limit}");
    }
}
