//! The recorder as a whole, through a sink in memory: what was sent is what happened.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use serde_json::Value;

use super::context::Entered;
use super::open::{Open, segment_of};
use super::scope::Scope;
use super::*;
use crate::sink::{NotSent, Sink};
use crate::testing;

mod any_tree;
mod limits;
#[cfg(feature = "messages")]
mod segments;
mod values;

const HEADER: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a:1";

/// Takes no datagram over its limit, and refuses the larger ones as a system does.
#[derive(Debug, Clone)]
struct Narrow {
    limit: usize,
    sent: Arc<Mutex<Vec<Vec<u8>>>>,
    refused: Arc<AtomicUsize>,
}

impl Narrow {
    fn new(limit: usize) -> Self {
        Self { limit, sent: Arc::default(), refused: Arc::default() }
    }

    fn documents(&self) -> Vec<Value> {
        let sent = self.sent.lock().unwrap();
        let document = |datagram: &Vec<u8>| {
            assert!(datagram.starts_with(sinks::HEADER_LINE));
            serde_json::from_slice(&datagram[sinks::HEADER_LINE.len()..]).unwrap()
        };
        sent.iter().map(document).collect()
    }
}

impl Sink for Narrow {
    fn send(&self, datagram: &[u8]) -> Result<(), NotSent> {
        if datagram.len() > self.limit {
            self.refused.fetch_add(1, Ordering::Relaxed);
            return Err(NotSent::TooLarge);
        }
        self.sent.lock().unwrap().push(datagram.to_vec());
        Ok(())
    }
}

/// Runs `body` directly below the segment of a sampled invocation and returns what was sent.
fn sent_by(limit: usize, body: impl FnOnce()) -> Vec<Value> {
    let sink = Narrow::new(limit);
    let tracer = Tracer::builder().sink(sink.clone()).for_test().build();
    let beginning = Beginning { header: Some(HEADER), deadline: None };
    let invocation = InvocationRef::begin(&tracer, beginning).unwrap();
    let place = segment_of(invocation);
    let entered = Entered::new(Some(&place));
    body();
    drop(entered);
    sink.documents()
}

/// Collects each subsegment's name, id and parent's id from documents and what they nest.
fn flatten(document: &Value, parent: &str, found: &mut Vec<(String, String, String)>) {
    let text = |member: &str| document[member].as_str().unwrap().to_owned();
    found.push((text("name"), text("id"), parent.to_owned()));
    for child in document["subsegments"].as_array().into_iter().flatten() {
        flatten(child, document["id"].as_str().unwrap(), found);
    }
}

fn check_schema(document: &Value, is_root: bool) {
    let members = document.as_object().unwrap();
    for required in ["id", "name", "start_time"] {
        assert!(members.contains_key(required), "{document}");
    }
    assert_eq!(document["id"].as_str().unwrap().len(), 16);
    assert!(members.contains_key("end_time") != (document["in_progress"] == true));
    assert_eq!(members.contains_key("type"), is_root);
    assert_eq!(members.contains_key("trace_id"), is_root);
    assert_eq!(members.contains_key("parent_id"), is_root);
    check_values(document);
    let nested = document["subsegments"].as_array();
    assert!(nested.is_none_or(|nested| !nested.is_empty()));
    nested.into_iter().flatten().for_each(|child| check_schema(child, false));
}

fn check_values(document: &Value) {
    for (key, value) in document["annotations"].as_object().into_iter().flatten() {
        assert!(
            crate::annotation::is_valid_key(key)
                && (value.is_string() || value.is_number() || value.is_boolean())
        );
    }
    assert!(
        document["metadata"].as_object().into_iter().flatten().all(|(_, namespace)| namespace.is_object())
    );
}

#[test]
fn what_fits_is_one_datagram() {
    let documents = sent_by(65_507, || {
        subsegment("root", || (0..100).for_each(|_| subsegment("child", || put_annotation("A", 1))));
    });
    assert_eq!(documents.len(), 1);
    assert_eq!(documents[0]["subsegments"].as_array().unwrap().len(), 100);
}

#[test]
fn what_does_not_fit_is_split_into_few_datagrams() {
    // Two halves of some 61 kB: the root takes one of them along.
    let documents = sent_by(65_507, || {
        subsegment("root", || {
            for _ in 0..2 {
                subsegment("half", || {
                    (0..20).for_each(|_| subsegment("c", || put_metadata("v", &"x".repeat(2_900))));
                });
            }
        });
    });
    assert_eq!(documents.len(), 2);
}

#[test]
fn a_sink_that_takes_less_is_learnt_once() {
    #[derive(Debug)]
    struct Counting(Narrow, Arc<AtomicUsize>);
    impl Sink for Counting {
        fn send(&self, datagram: &[u8]) -> Result<(), NotSent> {
            self.1.fetch_add(1, Ordering::Relaxed);
            self.0.send(datagram)
        }
    }
    let tries = Arc::new(AtomicUsize::new(0));
    let narrow = Narrow::new(9_216);
    let tracer = Tracer::builder().sink(Counting(narrow.clone(), tries.clone())).for_test().build();
    for _ in 0..10 {
        let invocation =
            InvocationRef::begin(&tracer, Beginning { header: Some(HEADER), deadline: None }).unwrap();
        let place = segment_of(invocation);
        let _entered = Entered::new(Some(&place));
        subsegment("root", || (0..30).for_each(|_| subsegment("c", || put_metadata("v", &"x".repeat(900)))));
    }
    let sent = narrow.documents().len();
    assert!(tries.load(Ordering::Relaxed) <= sent + 4, "after a few refusals no datagram is too large");
}

#[test]
fn depth_is_split_before_a_json_reader_gives_up() {
    fn nest(depth: usize) {
        if depth > 0 {
            subsegment("level", || nest(depth - 1));
        }
    }
    let documents = sent_by(65_507, || nest(200));
    let mut found = Vec::new();
    documents.iter().for_each(|document| flatten(document, "", &mut found));
    assert_eq!(found.len(), 200);
    assert!(documents.len() >= 4);
}

#[test]
fn a_huge_value_is_cut_with_a_mark_and_its_subsegment_arrives() {
    let documents = sent_by(65_507, || {
        subsegment("root", || {
            put_annotation("OrderId", "ORD-1");
            put_metadata("big", &"é".repeat(1 << 20));
        });
    });
    assert_eq!(documents.len(), 1);
    assert_eq!(documents[0]["annotations"]["OrderId"], "ORD-1");
    let big = documents[0]["metadata"]["service_undefined"]["big"].as_str().unwrap();
    assert!(big.starts_with("éé") && big.ends_with("é… [cut by tracer]"), "{}", &big[big.len() - 40..]);
}

#[test]
fn several_large_values_share_the_room() {
    let documents = sent_by(65_507, || {
        subsegment("root", || {
            put_metadata("small", &1);
            (0..3).for_each(|at| put_metadata(&format!("big{at}"), &"x".repeat(50_000)));
        });
    });
    let metadata = &documents[0]["metadata"]["service_undefined"];
    assert_eq!(metadata["small"], 1);
    for at in 0..3 {
        let length = metadata[format!("big{at}")].as_str().unwrap().len();
        assert!((20_000..22_000).contains(&length), "{length}");
    }
}

#[test]
fn memory_is_capped_and_what_was_dropped_is_said() {
    let documents = sent_by(65_507, || {
        subsegment("root", || {
            (0..400).for_each(|at| put_metadata(&format!("v{at}"), &"x".repeat(50_000)));
        });
    });
    let mut dropped = 0;
    for document in &documents {
        dropped += document["metadata"]["tracer-runtime"]["dropped"]["values"].as_u64().unwrap_or(0);
    }
    assert!(dropped > 0);
}

#[test]
fn fifty_thousand_subsegments_arrive() {
    let documents = sent_by(65_507, || {
        subsegment("root", || (0..50_000).for_each(|_| subsegment("child", || ())));
    });
    let mut found = Vec::new();
    documents.iter().for_each(|document| flatten(document, "", &mut found));
    assert_eq!(found.len(), 50_001);
}

#[test]
fn a_serialize_that_fails_or_panics_costs_only_its_value() {
    struct Fails;
    impl serde::Serialize for Fails {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            Err(serde::ser::Error::custom("no"))
        }
    }
    struct Panics;
    impl serde::Serialize for Panics {
        fn serialize<S: serde::Serializer>(&self, _: S) -> Result<S::Ok, S::Error> {
            panic!("in a test")
        }
    }
    let documents = sent_by(65_507, || {
        subsegment("root", || {
            put_metadata("fails", &Fails);
            put_metadata("panics", &Panics);
            put_metadata("nan", &[f64::NAN]);
            put_metadata("fine", &1);
        });
    });
    let metadata = &documents[0]["metadata"]["service_undefined"];
    assert_eq!(metadata["fails"], "[not captured: no]");
    assert_eq!(metadata["panics"], "[not captured: its `Serialize` panicked]");
    assert!(metadata["nan"][0].is_null());
    assert_eq!(metadata["fine"], 1);
}

#[test]
fn a_child_that_outlives_its_parent_is_sent_alone_under_it() {
    let documents = sent_by(65_507, || {
        let mut late = None;
        subsegment("parent", || late = Open::named("late"));
        let scope = Scope::enter(late);
        subsegment("grandchild", || ());
        drop(scope);
    });
    assert_eq!(documents.len(), 2);
    assert_eq!(documents[1]["name"], "late");
    assert_eq!(documents[1]["parent_id"], documents[0]["id"]);
    assert_eq!(documents[1]["subsegments"][0]["name"], "grandchild");
}

#[test]
fn a_handle_of_a_closed_subsegment_still_names_the_right_parent() {
    let documents = sent_by(65_507, || {
        let handle = subsegment("parent", Handle::current);
        handle.enter(|| {
            put_annotation("TooLate", 1);
            subsegment("child", || ());
        });
    });
    assert_eq!(documents[1]["parent_id"], documents[0]["id"]);
    assert!(documents.iter().all(|document| document["annotations"].is_null()));
}

#[test]
fn early_sends_take_what_is_closed_and_nothing_twice() {
    let documents = sent_by(65_507, || {
        subsegment("root", || {
            subsegment("first", || subsegment("inside", || ()));
            context::current().unwrap().invocation.send(outbox::Due::Closed);
            subsegment("second", || ());
            context::current().unwrap().invocation.send(outbox::Due::ClosedAndOpen);
            context::current().unwrap().invocation.send(outbox::Due::ClosedAndOpen);
            put_annotation("After", true);
        });
    });
    let names: Vec<_> = documents.iter().map(|document| document["name"].as_str().unwrap()).collect();
    assert_eq!(names, ["first", "root", "second", "root"]);
    assert_eq!(documents[0]["subsegments"][0]["name"], "inside");
    let (open, closed) = (&documents[1], &documents[3]);
    assert_eq!(open["in_progress"], true);
    assert!(open["end_time"].is_null());
    assert_eq!(open["id"], closed["id"]);
    assert_eq!(closed["annotations"]["After"], true);
    assert!(closed["subsegments"].is_null(), "what was sent is not nested again");
}

#[test]
fn the_same_key_again_replaces_the_value() {
    let documents = sent_by(65_507, || {
        subsegment("root", || {
            (0..100_000).for_each(|at| put_annotation("Count", at));
            put_metadata("m", &1);
            put_metadata("m", &2);
            put_metadata_in("n", "m", &3);
        });
    });
    assert_eq!(documents[0]["annotations"], serde_json::json!({ "Count": 99_999 }));
    assert_eq!(
        documents[0]["metadata"],
        serde_json::json!({ "service_undefined": { "m": 2 }, "n": { "m": 3 } })
    );
}

#[test]
fn the_header_to_pass_on_names_the_current_subsegment() {
    let documents = sent_by(65_507, || {
        subsegment("call", || put_metadata("header", &trace_header()));
    });
    let header = documents[0]["metadata"]["service_undefined"]["header"].as_str().unwrap();
    let id = documents[0]["id"].as_str().unwrap();
    assert_eq!(header, format!("Root=1-5759e988-bd862e3fe1be46a994272793;Parent={id};Sampled=1;Lineage=a:1"));
}

#[test]
fn an_unrecorded_invocation_sends_nothing_and_passes_its_header_on() {
    for header in [
        "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0",
        "Root=1-5759e988-bd862e3fe1be46a994272793;Lineage=a:1",
        "nonsense",
    ] {
        let sink = MemorySink::default();
        let tracer = Tracer::builder().sink(sink.clone()).for_test().build();
        let invocation =
            InvocationRef::begin(&tracer, Beginning { header: Some(header), deadline: None }).unwrap();
        let place = segment_of(invocation);
        let entered = Entered::new(Some(&place));
        subsegment("call", || put_metadata_with("never", || unreachable!("nothing is evaluated") as u8));
        assert_eq!(trace_header().as_deref(), Some(header));
        assert_eq!(trace_id().is_some(), header != "nonsense");
        assert!(!is_sampled());
        drop(entered);
        assert!(sink.datagrams().is_empty());
    }
}

#[test]
fn invocations_are_reused_and_never_mixed() {
    let before = invocation::Invocation::all().len();
    for _ in 0..100 {
        assert_eq!(sent_by(65_507, || subsegment("root", || ())).len(), 1);
    }
    // Other tests run beside this one and take entries of their own.
    assert!(invocation::Invocation::all().len() < before + 50);
}

#[test]
fn a_capture_tells_what_it_found_when_a_name_is_wrong() {
    let trace = testing::capture(|| subsegment("parse", || put_annotation("Lines", 3)));
    let message = std::panic::catch_unwind(|| trace.subsegment("parser").name().to_owned()).unwrap_err();
    let message = message.downcast_ref::<String>().unwrap();
    assert!(
        message.contains("0 subsegments are named `parser`")
            && message.contains("parse annotations={\"Lines\":3}")
    );
}
