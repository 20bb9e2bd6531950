//! At the limits: small sinks, racing senders, many values, deep trees.

use super::*;

#[test]
fn a_sink_of_the_smallest_limit_gets_everything_and_there_is_an_end() {
    let documents = sent_by(1_024, || {
        subsegment("root", || {
            (0..5).for_each(|_| subsegment("child", || put_metadata("k", &"x".repeat(300))));
        });
    });
    let mut found = Vec::new();
    documents.iter().for_each(|document| flatten(document, "", &mut found));
    assert_eq!(found.len(), 6);
    assert!(sent_by(10, || subsegment("root", || put_metadata("k", &"x".repeat(3_000)))).is_empty());
}

#[test]
fn sizes_around_the_limit_stay_within_it() {
    for size in (14_000..15_600).step_by(7) {
        let mut largest = 0;
        let sink = Narrow::new(65_507);
        let tracer = Tracer::builder().sink(sink.clone()).for_test().build();
        let invocation =
            InvocationRef::begin(&tracer, Beginning { header: Some(HEADER), deadline: None }).unwrap();
        let place = segment_of(invocation);
        let entered = Entered::new(Some(&place));
        subsegment("root", || {
            put_annotation("p", "p".repeat(350));
            subsegment("child", || {
                put_metadata("a", &"x".repeat(50_000));
                put_metadata("b", &"y".repeat(size));
            });
        });
        drop(entered);
        for datagram in sink.sent.lock().unwrap().iter() {
            largest = largest.max(datagram.len());
        }
        assert_eq!(sink.refused.load(Ordering::Relaxed), 0, "of {size}");
        assert!(largest > 60_000);
    }
}

#[test]
fn what_nearly_fills_a_datagram_is_one() {
    for children in [500, 600] {
        let documents =
            sent_by(65_507, || subsegment("u", || (0..children).for_each(|_| subsegment("c", || ()))));
        assert_eq!(documents.len(), 1, "{children}");
    }
}

/// P3 and P5: whatever is sent early while the parent closes, each subsegment arrives once and within the limit.
#[test]
fn early_sends_race_with_closing_and_nothing_is_sent_twice_or_too_large() {
    for _ in 0..20 {
        let sink = Narrow::new(65_507);
        let tracer = Tracer::builder().sink(sink.clone()).for_test().build();
        let invocation =
            InvocationRef::begin(&tracer, Beginning { header: Some(HEADER), deadline: None }).unwrap();
        let done = std::sync::atomic::AtomicBool::new(false);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while !done.load(Ordering::Relaxed) {
                    invocation.entry().send(outbox::Due::Closed);
                }
            });
            let place = segment_of(invocation.clone());
            let entered = Entered::new(Some(&place));
            for _ in 0..3 {
                subsegment("parent", || {
                    for _ in 0..400 {
                        subsegment("child", || put_metadata("k", &"x".repeat(200)));
                    }
                });
            }
            drop(entered);
            done.store(true, Ordering::Relaxed);
        });
        drop(invocation);
        let mut found = Vec::new();
        sink.documents().iter().for_each(|document| flatten(document, "", &mut found));
        let mut ids: Vec<_> = found.iter().map(|(_, id, _)| id.clone()).collect();
        ids.sort();
        ids.dedup();
        assert_eq!((found.len(), ids.len()), (1_203, 1_203));
        assert_eq!(sink.refused.load(Ordering::Relaxed), 0, "none was over the limit");
    }
}

/// P4: the complete document never overtakes the one in progress.
#[test]
fn a_completion_waits_for_the_announcement_that_is_on_its_way() {
    #[derive(Debug)]
    struct Slow {
        sink: Narrow,
        announcing: std::sync::mpsc::SyncSender<()>,
        go_on: Mutex<std::sync::mpsc::Receiver<()>>,
    }
    impl Sink for Slow {
        fn send(&self, datagram: &[u8]) -> Result<(), NotSent> {
            if String::from_utf8_lossy(datagram).contains("in_progress") {
                self.announcing.send(()).unwrap();
                self.go_on.lock().unwrap().recv().unwrap();
            }
            self.sink.send(datagram)
        }
    }
    let sink = Narrow::new(65_507);
    let (announcing, is_announcing) = std::sync::mpsc::sync_channel(0);
    let (let_go_on, go_on) = std::sync::mpsc::channel();
    let slow = Slow { sink: sink.clone(), announcing, go_on: Mutex::new(go_on) };
    let tracer = Tracer::builder().sink(slow).for_test().build();
    let invocation =
        InvocationRef::begin(&tracer, Beginning { header: Some(HEADER), deadline: None }).unwrap();
    invocation.entry().schedule.arm(Some(std::time::Duration::from_secs(1)));
    let entry = invocation.entry();
    let near_the_deadline = invocation::ticks() + 950_000_000;
    let sent_meanwhile = std::thread::scope(|threads| {
        let place = segment_of(invocation);
        let entered = Entered::new(Some(&place));
        let scope = Scope::enter(Open::named("root"));
        threads.spawn(move || entry.send_what_is_due(near_the_deadline));
        is_announcing.recv().unwrap();
        drop(scope);
        // So much that it would be sent early.
        (0..25).for_each(|_| subsegment("large", || put_metadata("k", &"x".repeat(50_000))));
        // The last of the handler's own references.
        drop(entered);
        let sent_meanwhile = sink.documents().len();
        let_go_on.send(()).unwrap();
        sent_meanwhile
    });
    assert_eq!(sent_meanwhile, 0, "it was closed, and its announcement was still on its way");
    let documents = sink.documents();
    assert_eq!(documents.len(), 2 + 25);
    assert_eq!(documents[0]["in_progress"], true);
    assert!(documents[1..].iter().all(|document| document["in_progress"].is_null()));
}

#[test]
fn a_sink_that_panics_costs_its_document_only() {
    #[derive(Debug)]
    struct Panicking;
    impl Sink for Panicking {
        fn send(&self, _: &[u8]) -> Result<(), NotSent> {
            panic!("in a test")
        }
    }
    let tracer = Tracer::builder().sink(Panicking).for_test().build();
    let invocation =
        InvocationRef::begin(&tracer, Beginning { header: Some(HEADER), deadline: None }).unwrap();
    let place = segment_of(invocation);
    let _entered = Entered::new(Some(&place));
    assert_eq!(subsegment("root", || 1), 1);
}

#[test]
fn values_that_do_not_fit_are_counted_and_the_others_kept() {
    let documents = sent_by(65_507, || {
        subsegment("root", || {
            subsegment("many", || {
                (0..5_000).for_each(|at| put_annotation(&format!("k{at}"), "v".repeat(20)));
            });
            subsegment("long", || {
                put_annotation("keep", "me");
                put_metadata_in(&"n".repeat(70_000), "k", &1);
                put_metadata(&"k".repeat(70_000), &1);
            });
        });
    });
    let find = |name: &str| {
        let nested =
            documents.iter().flat_map(|document| document["subsegments"].as_array().into_iter().flatten());
        documents.iter().chain(nested).find(|document| document["name"] == name).unwrap().clone()
    };
    let kept = find("many")["annotations"].as_object().unwrap().len();
    assert!((1_500..2_500).contains(&kept), "{kept}");
    assert_eq!(find("long")["annotations"]["keep"], "me");
    let dropped: u64 = documents
        .iter()
        .filter_map(|document| document["metadata"]["tracer-runtime"]["dropped"]["values"].as_u64())
        .sum();
    assert_eq!(dropped as usize, 5_000 - kept + 2);
}

#[test]
fn of_many_long_exceptions_as_many_arrive_as_fit() {
    let documents = sent_by(65_507, || {
        subsegment("root", || {
            for at in 0..20 {
                add_error(&std::io::Error::other(format!("{at}{}", "e".repeat(4_000))));
            }
        });
    });
    let arrived = documents[0]["cause"]["exceptions"].as_array().unwrap().len();
    assert!((14..17).contains(&arrived), "{arrived}");
    assert_eq!(documents[0]["metadata"]["tracer-runtime"]["dropped"]["values"], 20 - arrived);
}

#[test]
fn a_handle_made_outside_of_a_trace_does_nothing() {
    let outside = Handle::current();
    let documents = sent_by(65_507, || subsegment("outer", || outside.enter(|| subsegment("inner", || ()))));
    assert_eq!(documents[0]["subsegments"][0]["name"], "inner");
}

#[test]
fn an_error_that_was_added_and_then_wrapped_is_written_once() {
    #[derive(Debug, thiserror::Error)]
    #[error("wrapped")]
    struct Wrapped(#[from] std::num::ParseIntError);
    let inner = || "x".parse::<u8>().unwrap_err();
    let documents = sent_by(65_507, || {
        subsegment("root", || {
            add_error(&inner());
            add_error(&Wrapped(inner()));
        });
    });
    let exceptions = documents[0]["cause"]["exceptions"].as_array().unwrap();
    assert_eq!(exceptions.len(), 2, "{exceptions:?}");
    assert_eq!(exceptions[1]["message"], "wrapped");
    assert_eq!(exceptions[1]["cause"], exceptions[0]["id"]);
}

#[test]
fn a_childs_exception_and_an_own_one_are_both_causes() {
    let documents = sent_by(65_507, || {
        subsegment("root", || {
            subsegment("child", || add_error(&"x".parse::<u8>().unwrap_err()));
            add_error(&"x".parse::<u8>().unwrap_err());
            add_error(&std::fmt::Error);
        });
    });
    let of_child = &documents[0]["subsegments"][0]["cause"]["exceptions"][0]["id"];
    assert_eq!(&documents[0]["cause"]["id"], of_child);
    assert_eq!(documents[0]["cause"]["exceptions"].as_array().unwrap().len(), 1);
}

#[test]
fn a_deep_recursion_is_recorded_in_linear_time() {
    fn nest(depth: u32) {
        if depth > 0 {
            subsegment("level", || nest(depth - 1));
        }
    }
    let thread = std::thread::Builder::new().stack_size(1 << 30);
    let count = thread
        .spawn(|| {
            sent_by(65_507, || nest(40_000))
                .iter()
                .map(|document| document.to_string().matches("level").count())
                .sum::<usize>()
        })
        .unwrap()
        .join()
        .unwrap();
    assert_eq!(count, 40_000);
}
