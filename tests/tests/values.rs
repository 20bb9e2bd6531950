//! P3: values of any size, depth and behaviour, and what the memory cap leaves of them.

use std::fmt;
use std::future::{Future, poll_fn};
use std::pin::Pin;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, SyncSender, channel, sync_channel};
use std::task::{Context, Poll, Waker};

use proptest::prelude::*;
use serde::ser::{Error as _, SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};
use serde_json::Value;
use serde_json::value::RawValue;
use tracer_runtime::{
    InSubsegment, MemorySink, NotSent, Sink, Tracer, capture_lambda_handler, capture_method, put_annotation,
    put_metadata, put_metadata_in, subsegment,
};
use tracer_tests::{Arrival, Arrivals, SAMPLED, Takings};

const CUT: &str = "… [cut by tracer]";

#[capture_lambda_handler(context = SAMPLED, tracer = tracer)]
fn handler(tracer: &Tracer, body: impl FnOnce()) {
    body();
}

/// What arrives of a handler that runs `body`.
fn sent_by(body: impl FnOnce()) -> Arrivals {
    let (tracer, takings) = Takings::of(MemorySink::default());
    handler(&tracer, body);
    drop(tracer);
    let arrivals = takings.arrivals();
    arrivals.assert_each_once();
    arrivals
}

fn metadata<'a>(arrivals: &'a Arrivals, name: &str, key: &str) -> &'a Value {
    let found = arrivals.all.iter().find(|arrival| arrival.name == name).expect(name);
    &found.own["metadata"]["service_undefined"][key]
}

/// How metadata of this value arrives.
fn arrival_of<T: Serialize + ?Sized>(value: &T) -> Value {
    metadata(&sent_by(|| put_metadata("value", value)), "## handler", "value").clone()
}

/// `arrived` is all of `whole`, or its beginning with a mark; it is all of it where that leaves room for the rest.
fn assert_whole_or_cut(arrived: &str, whole: &str, json_length: usize) {
    match arrived.strip_suffix(CUT) {
        Some(kept) => {
            assert!(whole.starts_with(kept), "{}…", kept.chars().take(80).collect::<String>());
            assert!(json_length > 55_000, "{json_length} bytes need no cut");
            assert!(kept.len() > 9_000, "{} bytes are left", kept.len());
        }
        None => assert!(arrived == whole, "it arrived whole"),
    }
}

/// Texts of characters of one to four bytes, some of which need an escape.
fn texts() -> impl Strategy<Value = String> {
    let piece =
        prop_oneof![Just("a"), Just("é"), Just("測"), Just("🦀"), Just("\u{1}"), Just("\""), Just("\n")];
    let length = prop_oneof![0..10_usize, 9_000..70_000_usize, 0..2_000_000_usize];
    (prop::collection::vec(piece, 1..9), length, 0..12_usize).prop_map(|(pieces, length, shift)| {
        let (shift, pieces) = ("x".repeat(shift), pieces.concat());
        shift + &pieces.repeat(length / pieces.len())
    })
}

#[capture_method]
fn answer(text: &str) -> String {
    text.to_owned()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_text_of_any_size_arrives_whole_or_cut_between_two_characters(text in texts()) {
        let arrivals = sent_by(|| {
            put_metadata("text", &text);
            put_annotation("Text", &text);
            subsegment("list", || put_metadata("list", &[&text]));
            answer(&text);
        });
        let json = serde_json::to_string(&text).unwrap();
        assert_whole_or_cut(metadata(&arrivals, "## handler", "text").as_str().unwrap(), &text, json.len());
        let response = metadata(&arrivals, "## values::answer", "values::answer response");
        assert_whole_or_cut(response.as_str().unwrap(), &text, json.len());
        match metadata(&arrivals, "list", "list") {
            Value::String(cut) => assert_whole_or_cut(cut, &format!("[{json}]"), json.len() + 2),
            list => prop_assert_eq!(list[0].as_str(), Some(text.as_str())),
        }
    }
}

#[test]
fn a_raw_value_that_is_cut_within_a_pair_of_surrogates_is_still_json() {
    for shift in 0..12 {
        let json = format!("\"{}{}\"", "x".repeat(shift), r"\ud83e\udd80".repeat(10_000));
        let raw = RawValue::from_string(json).unwrap();
        assert!(arrival_of(&*raw).as_str().unwrap().ends_with(CUT));
    }
}

/// A list of one element in a list of one element, and so on.
fn nested(depth: usize) -> Value {
    (0..depth).fold(Value::Null, |inside, _| Value::Array(vec![inside]))
}

#[test]
fn a_value_of_64_levels_arrives_as_it_is_also_at_the_bottom_of_a_deep_tree() {
    fn below(levels: usize) {
        put_metadata("value", &nested(64));
        if levels > 0 {
            subsegment("below", || below(levels - 1));
        }
    }
    let arrivals = sent_by(|| below(100));
    assert_eq!(arrivals.all.len(), 101);
    for arrival in &arrivals.all {
        assert_eq!(arrival.own["metadata"]["service_undefined"]["value"], nested(64));
    }
}

/// serde_json reads 128 levels, so one value that is deeper would cost the whole document.
#[test]
fn a_value_that_nests_deeper_than_readers_go_costs_nothing_but_itself() {
    let arrivals = sent_by(|| {
        put_annotation("Kept", true);
        subsegment("deep", || put_metadata("value", &nested(200)));
    });
    assert_eq!(arrivals.all[0].own["annotations"]["Kept"], true);
    assert!(metadata(&arrivals, "deep", "value").as_str().unwrap().ends_with(CUT));
}

#[derive(Clone, Copy)]
enum Halfway {
    Fails,
    Panics,
}

impl Serialize for Halfway {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut map = serializer.serialize_map(None)?;
        map.serialize_entry("written", &"x".repeat(30_000))?;
        match self {
            Self::Fails => Err(S::Error::custom("no more")),
            Self::Panics => panic!("no more"),
        }
    }
}

#[capture_method]
fn halfway(kind: Halfway) -> Halfway {
    kind
}

#[test]
fn a_serialize_that_fails_or_panics_halfway_costs_only_its_value() {
    let arrivals = sent_by(|| {
        put_metadata("before", &1);
        put_metadata("fails", &Halfway::Fails);
        put_metadata("panics", &vec![Halfway::Panics]);
        put_metadata("after", &2);
        subsegment("responses", || [halfway(Halfway::Fails), halfway(Halfway::Panics)]);
    });
    let of_handler = |key| metadata(&arrivals, "## handler", key);
    assert_eq!((of_handler("before"), of_handler("after")), (&Value::from(1), &Value::from(2)));
    assert_eq!(of_handler("fails"), "[not captured: no more]");
    assert_eq!(of_handler("panics"), "[not captured: its `Serialize` panicked]");
    let responses = arrivals.complete("## values::halfway");
    let responses: Vec<_> = responses
        .map(|arrival| &arrival.own["metadata"]["service_undefined"]["values::halfway response"])
        .collect();
    assert_eq!(responses, ["[not captured: no more]", "[not captured: its `Serialize` panicked]"]);
}

/// A hundred megabytes in pieces of a kilobyte, and how many pieces were asked for.
#[derive(Default)]
struct Endless {
    asked: AtomicUsize,
}

const PIECES: usize = 100_000;

impl Endless {
    fn piece(&self) -> String {
        self.asked.fetch_add(1, Ordering::Relaxed);
        "x".repeat(1_000)
    }

    fn assert_stopped_early(&self) {
        let asked = self.asked.load(Ordering::Relaxed);
        assert!((50..100).contains(&asked), "{asked} kilobytes were asked for");
    }
}

impl Serialize for Endless {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(Some(PIECES))?;
        (0..PIECES).try_for_each(|_| list.serialize_element(&self.piece()))?;
        list.end()
    }
}

impl fmt::Display for Endless {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        (0..PIECES).try_for_each(|_| f.write_str(&self.piece()))
    }
}

struct AsText<'a>(&'a Endless);

impl Serialize for AsText<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self.0)
    }
}

#[test]
fn a_value_of_a_hundred_megabytes_is_asked_for_no_more_than_is_kept() {
    let (list, text) = (Endless::default(), Endless::default());
    assert!(arrival_of(&list).as_str().unwrap().ends_with(CUT));
    assert!(arrival_of(&AsText(&text)).as_str().unwrap().ends_with(CUT));
    list.assert_stopped_early();
    text.assert_stopped_early();
}

/// Ends at its second poll.
fn two_polls() -> impl Future<Output = ()> {
    let mut is_polled = false;
    poll_fn(move |_| if std::mem::replace(&mut is_polled, true) { Poll::Ready(()) } else { Poll::Pending })
}

/// Subsegments that are all open at once, each with a value.
struct Crowd(Vec<Pin<Box<dyn Future<Output = ()>>>>);

impl Crowd {
    fn of(size: usize, value: &'static str) -> Self {
        let one = |_| -> Pin<Box<dyn Future<Output = ()>>> {
            Box::pin(
                async move {
                    put_metadata("value", value);
                    two_polls().await;
                }
                .in_subsegment("one"),
            )
        };
        let mut crowd = Self((0..size).map(one).collect());
        crowd.poll();
        crowd
    }

    fn poll(&mut self) {
        let mut task = Context::from_waker(Waker::noop());
        for future in &mut self.0 {
            let _ = future.as_mut().poll(&mut task);
        }
    }
}

const CROWD: usize = 120_000;

#[test]
fn at_the_cap_values_go_first_and_then_subsegments_and_the_marker_counts_both() {
    let arrivals = sent_by(|| Crowd::of(CROWD, "some forty bytes of a value that is not short").poll());
    let arrived = arrivals.complete("one").count();
    let kept = arrivals.complete("one").filter(has_value).count();
    let (values, subsegments) = arrivals.dropped();
    assert!(kept > 10_000 && arrived > kept + 1_000 && arrived < CROWD, "{kept} {arrived}");
    assert_eq!(values as usize, arrived - kept, "a value is lost of each that is there without one");
    assert_eq!(subsegments as usize, CROWD - arrived);
}

fn has_value(arrival: &&Arrival) -> bool {
    arrival.own["metadata"]["service_undefined"]["value"].is_string()
}

#[test]
fn a_subtree_that_the_cap_costs_is_counted_whole() {
    let arrivals = sent_by(|| {
        let mut crowd = Crowd::of(CROWD, "x");
        subsegment("lost", || (0..9).for_each(|_| subsegment("inside", || ())));
        crowd.poll();
    });
    assert_eq!(arrivals.complete("lost").count(), 0);
    let lost = CROWD + 10 - arrivals.complete("one").count();
    assert_eq!(arrivals.dropped().1 as usize, lost);
}

#[test]
fn more_values_than_a_document_has_room_for_cost_no_time_and_are_counted() {
    let arrivals = sent_by(|| {
        subsegment("keys", || (0..50_000).for_each(|at| put_metadata(&format!("key{at}"), &at)));
        subsegment("namespaces", || (0..5_000).for_each(|at| put_metadata_in(&format!("n{at}"), "key", &at)));
    });
    let of_keys = &arrivals.complete("keys").next().unwrap().own["metadata"]["service_undefined"];
    let kept = of_keys.as_object().unwrap().len();
    assert!(kept > 1_000, "{kept}");
    assert_eq!(arrivals.dropped().0 as usize, 50_000 - kept);
    assert_eq!(arrivals.complete("namespaces").count(), 1);
}

/// A list that goes on when an element is refused, which serde_json never does for its depth.
struct Stubborn;

impl Serialize for Stubborn {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut list = serializer.serialize_seq(None)?;
        if list.serialize_element(&nested(100)).is_err() {
            list.serialize_element("refused")?;
        }
        list.end()
    }
}

#[test]
fn a_value_that_hides_that_it_was_stopped_is_cut() {
    assert!(arrival_of(&Stubborn).as_str().unwrap().ends_with(CUT));
}

#[test]
fn values_that_are_replaced_in_a_long_invocation_cost_no_others() {
    let arrivals = sent_by(|| {
        for at in 0..100_000 {
            subsegment("one", || (at..at + 2).for_each(|value| put_metadata("value", &value.to_string())));
        }
    });
    assert_eq!(arrivals.complete("one").filter(has_value).count(), 100_000);
}

/// Holds the first datagram that says what was dropped until it is told to go on.
#[derive(Debug)]
struct Holding {
    is_held: SyncSender<()>,
    go_on: Mutex<Receiver<()>>,
    is_first: AtomicBool,
}

impl Sink for Holding {
    fn send(&self, datagram: &[u8]) -> Result<(), NotSent> {
        let says = String::from_utf8_lossy(datagram).contains("\"dropped\"");
        if says && self.is_first.swap(false, Ordering::SeqCst) {
            let _ = self.is_held.send(());
            let _ = self.go_on.lock().unwrap().recv();
        }
        Ok(())
    }
}

#[test]
fn what_the_cap_cost_is_said_once_though_two_threads_send_at_once() {
    let (is_held, held) = sync_channel(1);
    let (let_go_on, go_on) = channel();
    let sink = Holding { is_held, go_on: Mutex::new(go_on), is_first: AtomicBool::new(true) };
    let (tracer, takings) = Takings::of(sink);
    handler(&tracer, || {
        let mut crowd = Crowd::of(300, "x".repeat(50_000).leak());
        subsegment("closed", || ());
        // The watcher thread sends that, and waits; the handler goes on and sends the rest.
        held.recv().unwrap();
        crowd.poll();
    });
    let_go_on.send(()).unwrap();
    drop(tracer);
    let arrivals = takings.arrivals();
    let kept = arrivals.complete("one").filter(has_value).count();
    assert!(kept < 300);
    assert_eq!(arrivals.dropped().0 as usize, 300 - kept);
}
