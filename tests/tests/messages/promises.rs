//! P3, P4 and P5 for segments, over a real socket.

use std::process::Command;
use std::sync::mpsc::channel;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt as _;
use tracer_runtime::messages::Consumer;
use tracer_runtime::{put_annotation, put_metadata, subsegment};
use tracer_tests::{Arrivals, Mailbox, SAMPLED, Takings};

use crate::events;

/// Runs work that never waits for anything.
fn run(consumer: &Consumer, work: impl FnOnce()) {
    consumer.consume_batch([SAMPLED], async { work() }).now_or_never().expect("it does not wait");
}

#[test]
fn p3_a_segment_that_is_too_large_is_split_and_nothing_is_lost() {
    let mailbox = Mailbox::start();
    let (tracer, takings) = Takings::of(mailbox.sink());
    let consumer = Consumer::new("worker").tracer(tracer);
    run(&consumer, || {
        for number in 0..200 {
            subsegment("message", || {
                put_annotation("Number", number);
                put_metadata("body", &"x".repeat(1_000 + 90 * number));
            });
        }
        put_metadata("summary", &"y".repeat(50_000));
    });
    drop(consumer);
    let arrivals = Arrivals::with_segments(&takings.datagrams());
    arrivals.assert_each_once();
    let [worker] = arrivals.segments().collect::<Vec<_>>()[..] else { panic!("{arrivals:?}") };
    assert_eq!(worker.own["links"].as_array().unwrap().len(), 1);
    assert_eq!(worker.own["metadata"]["service_undefined"]["summary"].as_str().unwrap().len(), 50_000);
    let mut numbers: Vec<_> = arrivals
        .complete("message")
        .map(|message| {
            assert_eq!(message.parent_id, worker.id);
            message.own["annotations"]["Number"].as_u64().unwrap()
        })
        .collect();
    numbers.sort_unstable();
    assert_eq!(numbers, (0..200).collect::<Vec<_>>());
    assert_eq!(arrivals.dropped(), (0, 0));
    assert!(arrivals.documents > 2);
}

#[test]
fn p4_what_is_open_at_a_consumers_deadline_is_sent_in_progress_also_where_it_blocks() {
    let mut mailbox = Mailbox::start();
    let soon = SystemTime::now() + Duration::from_millis(600);
    let consumer = Consumer::new("worker").tracer(mailbox.tracer()).deadline(soon);
    let (go_on, is_waiting) = channel::<()>();
    std::thread::scope(|threads| {
        let consumer = &consumer;
        threads.spawn(move || {
            run(consumer, || {
                subsegment("closed", || put_annotation("Number", 1));
                subsegment("open", || is_waiting.recv().unwrap_err());
            });
        });
        // What was closed, and each that is open.
        (0..3).for_each(|_| mailbox.wait());
        drop(go_on);
    });
    let arrivals = Arrivals::with_segments(&mailbox.datagrams());
    arrivals.assert_each_once();
    let segments: Vec<_> = arrivals.segments().collect();
    assert_eq!(segments.len(), 2, "announced and complete: {arrivals:?}");
    assert!(!segments[0].is_complete && segments[1].is_complete && segments[0].id == segments[1].id);
    assert_eq!(segments[0].own["links"], segments[1].own["links"]);
    for name in ["open", "closed"] {
        let [complete] = arrivals.complete(name).collect::<Vec<_>>()[..] else { panic!("{arrivals:?}") };
        assert_eq!(complete.parent_id, segments[0].id);
    }
    let [open] = arrivals.in_progress("open").collect::<Vec<_>>()[..] else { panic!("{arrivals:?}") };
    assert_eq!((&open.own["type"], &open.parent_id), (&"subsegment".into(), &segments[0].id));
}

#[test]
fn p5_a_killed_consumer_leaves_what_it_had_closed() {
    let mut mailbox = Mailbox::start();
    let mut worker = Command::new(env!("CARGO_BIN_EXE_consumer-worker"))
        .args([&events::header(1), "hang"])
        .env("POWERTOOLS_TRACE_ENABLED", "true")
        .env("AWS_XRAY_DAEMON_ADDRESS", mailbox.address().to_string())
        .spawn()
        .unwrap();
    mailbox.wait();
    worker.kill().unwrap();
    worker.wait().unwrap();
    let arrivals = Arrivals::with_segments(&mailbox.datagrams());
    let [closed, inside] = &arrivals.all[..] else { panic!("{arrivals:?}") };
    assert_eq!((closed.name.as_str(), inside.name.as_str()), ("closed", "inside"));
    assert_eq!(closed.own["trace_id"], events::sender(1));
    assert_eq!(closed.own["type"], "subsegment");
    assert_ne!(closed.parent_id, format!("{:016x}", 2), "it hangs on the segment, not on what that hangs on");
}
