//! What records and consumers record, captured.

use std::error::Error;
use std::future::{Future, pending, ready};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::pin::pin;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::task::{Context, Poll, Waker};

use super::*;
use crate::testing::{self, RecordedTrace};
use crate::{
    MemorySink, NotSent, Sampling, Sink, TraceHeader, Tracer, is_sampled, put_annotation, subsegment,
    trace_header, trace_id,
};

mod batches;

const SENT: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=a:1";
const SENDER: &str = "1-5759e988-bd862e3fe1be46a994272793";

fn poll<F: Future>(future: F) -> Poll<F::Output> {
    pin!(future).poll(&mut Context::from_waker(Waker::noop()))
}

/// Runs what never waits.
fn run<F: Future>(future: F) -> F::Output {
    let Poll::Ready(output) = poll(future) else { panic!("it waits") };
    output
}

fn captured<F: Future>(work: F) -> RecordedTrace {
    run(testing::capture_async(work))
}

async fn panics() {
    panic!("in a test")
}

fn message(header: &str) -> Envelope<'_> {
    Envelope {
        trace_header: Some(header),
        message_id: Some("m-1"),
        source: Some("arn:aws:sqs:eu-west-1:1:orders"),
    }
}

#[test]
fn a_record_is_named_after_its_queue_and_says_whose_it_is() {
    let trace = captured(record_subsegment(&message(SENT), async { put_annotation("Inside", true) }));
    let orders = trace.subsegment("orders");
    assert!(!orders.is_segment());
    assert_eq!(orders.annotation("SenderTraceId"), SENDER);
    assert_eq!(orders.annotation("MessageId"), "m-1");
    assert_eq!(orders.annotation("Inside"), true);
    let message = orders.metadata("message");
    assert_eq!(message["AWSTraceHeader"], SENT);
    assert_eq!(message["id"], "m-1");
    assert_eq!(message["source"], "arn:aws:sqs:eu-west-1:1:orders");
}

#[test]
fn a_source_is_an_arn_a_url_or_a_name() {
    for (source, name) in [
        ("arn:aws:kinesis:eu-west-1:1:stream/clicks", "clicks"),
        ("https://sqs.eu-west-1.amazonaws.com/1/orders.fifo", "orders.fifo"),
        ("http://localhost:4566/000000000000/orders/", "orders"),
        ("orders", "orders"),
        (":/ ", "message"),
    ] {
        let envelope = Envelope { source: Some(source), ..Envelope::default() };
        assert_eq!(captured(record_subsegment(&envelope, async {})).subsegments()[0].name(), name);
    }
    assert_eq!(
        captured(record_subsegment(&Envelope::default(), async {})).subsegments()[0].name(),
        "message"
    );
}

#[test]
fn an_arn_with_more_behind_the_name_is_named_after_its_stream_table_or_cluster() {
    for (source, name) in [
        ("arn:aws:dynamodb:us-east-1:1:table/orders/stream/2015-06-27T00:48:05.899", "orders"),
        ("arn:aws:kinesis:us-east-1:1:stream/clicks/consumer/worker:1540591608", "clicks"),
        ("arn:aws:kafka:us-east-1:1:cluster/events/751d2973-a626-431c-9d4e-d7975eb44dd7-2", "events"),
        ("arn:aws:events:us-east-1:1:event-bus/default", "default"),
        ("arn:aws:sns:us-east-1:1:placed", "placed"),
    ] {
        let envelope = Envelope { source: Some(source), ..Envelope::default() };
        assert_eq!(captured(record_subsegment(&envelope, async {})).subsegments()[0].name(), name);
    }
}

#[test]
fn a_malformed_header_is_kept_as_it_came_and_names_no_sender() {
    let long = "x".repeat(200_000);
    for header in ["", "nonsense", "Root=1-2-3;Sampled=1", "Parent=53995c3f42cd8ad8", &long] {
        let trace = captured(record_subsegment(&message(header), async {}));
        let orders = trace.subsegment("orders");
        assert!(orders.annotation("SenderTraceId").is_null(), "{header:.40}");
        let message = orders.metadata("message");
        let is_cut = message.as_str().is_some_and(|text| text.ends_with("… [cut by tracer]"));
        assert!(message["AWSTraceHeader"] == header || is_cut, "{header:.40}");
    }
}

#[test]
fn errors_of_every_kind_are_a_fault_with_their_text() {
    #[derive(Debug, thiserror::Error)]
    #[error("the order is wrong")]
    struct Wrong(#[source] std::num::ParseIntError);
    let wrong = || Wrong("x".parse::<u8>().unwrap_err());

    let of = |trace: RecordedTrace| {
        let orders = trace.subsegment("orders");
        assert!(orders.is_fault());
        let told: Vec<_> = orders
            .exceptions()
            .iter()
            .map(|error| (error.type_name().to_owned(), error.message().to_owned()))
            .collect();
        told
    };
    let message = message(SENT);
    let told = of(captured(record_subsegment(&message, async { Err::<(), _>(wrong()) })));
    assert!(told[0].0.ends_with("Wrong") && told[0].1 == "the order is wrong");
    assert_eq!(told[1].1, "invalid digit found in string");
    let boxed = || -> Box<dyn Error + Send + Sync> { wrong().into() };
    assert_eq!(of(captured(record_subsegment(&message, async { Err::<(), _>(boxed()) })))[0].0, "Wrong");
    let boxed = || -> Box<dyn Error> { wrong().into() };
    assert_eq!(of(captured(record_subsegment(&message, async { Err::<(), _>(boxed()) }))).len(), 2);
    assert_eq!(of(captured(record_subsegment(&message, async { Err::<(), _>("no") })))[0].1, "no");
    assert_eq!(of(captured(record_subsegment(&message, async { Err::<(), _>("no".to_owned()) })))[0].1, "no");
}

#[test]
fn p9_a_tracer_that_hides_errors_hides_those_of_records_and_segments() {
    for panics in [false, true] {
        let work = async move {
            assert!(!panics, "secret");
            Err::<(), _>("secret")
        };
        let message = message(SENT);
        let trace = testing::capture_with(Tracer::builder().capture_error(false), || {
            catch_unwind(AssertUnwindSafe(|| {
                run(continue_trace(SENT, "worker", record_subsegment(&message, work)))
            }))
        });
        assert!(trace.subsegment("orders").is_fault() && trace.subsegment("worker").is_fault());
        assert!(!trace.documents().concat().contains("secret"), "{trace}");
    }
}

#[test]
fn p10_a_dropped_record_is_cancelled_and_a_panic_is_a_fault_that_goes_on() {
    let trace =
        testing::capture(|| assert!(poll(record_subsegment(&message(SENT), pending::<()>())).is_pending()));
    assert!(trace.subsegment("orders").is_cancelled() && !trace.subsegment("orders").is_fault());
    let trace = testing::capture(|| {
        let panicked = catch_unwind(|| run(record_subsegment(&message(SENT), panics())));
        assert_eq!(panicked.unwrap_err().downcast_ref(), Some(&"in a test"));
    });
    assert_eq!(trace.subsegment("orders").exceptions()[0].message(), "in a test");
    let trace = testing::capture(|| drop(record_subsegment(&message(SENT), ready(()))));
    assert!(trace.subsegments().is_empty(), "it was never polled");
}

/// Tells nothing without a panic.
struct Sulking;

impl MessageRecord for Sulking {
    fn trace_header(&self) -> Option<&str> {
        panic!("in a test")
    }
}

#[test]
fn a_record_that_panics_when_it_is_asked_changes_nothing_and_where_nothing_is_recorded_it_is_not_asked() {
    assert_eq!(run(record_subsegment(&Sulking, async { Ok::<_, String>(7) })), Ok(7));
    let unsampled = SENT.replace("Sampled=1", "Sampled=0");
    run(continue_trace(&*unsampled, "worker", record_subsegment(&Sulking, async {})));
    let trace = captured(record_subsegment(&Sulking, async {}));
    assert_eq!(trace.subsegments()[0].name(), "message");
}

#[test]
fn a_segment_continues_the_senders_trace() {
    let mut passed_on = None;
    let trace = captured(continue_trace(SENT, "worker", async {
        subsegment("ship", || passed_on = trace_header());
        assert_eq!(trace_id().unwrap().to_string(), SENDER);
        Ok::<_, String>(())
    }));
    let worker = trace.subsegment("worker").json();
    assert!(trace.subsegment("worker").is_segment());
    assert_eq!(worker["trace_id"], SENDER);
    assert_eq!(worker["parent_id"], "53995c3f42cd8ad8");
    assert!(worker["links"].is_null() && worker["origin"].is_null());
    let ship = trace.subsegment("worker").subsegment("ship").json()["id"].as_str().unwrap().to_owned();
    assert_eq!(passed_on.unwrap(), format!("Root={SENDER};Parent={ship};Sampled=1;Lineage=a:1"));
    assert_eq!(trace.documents().len(), 1);
}

#[test]
fn a_sender_without_a_parent_is_continued_by_a_segment_without_one() {
    let header = format!("Root={SENDER};Sampled=1");
    let trace = captured(continue_trace(&*header, "worker", async {}));
    assert!(trace.subsegment("worker").json()["parent_id"].is_null());
    assert_eq!(trace.subsegment("worker").json()["trace_id"], SENDER);
}

#[test]
fn what_the_sender_did_not_sample_is_passed_on_and_not_recorded() {
    let unsampled = SENT.replace("Sampled=1", "Sampled=0");
    let undecided = SENT.replace(";Sampled=1", "");
    let asked = SENT.replace("Sampled=1", "Sampled=?");
    for header in [&*unsampled, &undecided, &asked, "nonsense", "Root=1-2-3;Sampled=1"] {
        let trace = captured(continue_trace(header, "worker", async {
            assert!(!is_sampled());
            assert_eq!(trace_header().as_deref(), Some(header));
            subsegment("never", || ());
        }));
        assert!(trace.documents().is_empty(), "{header}");
    }
    // Nothing came, so it is part of whatever it runs in.
    let trace = captured(continue_trace(None, "worker", async { subsegment("work", || ()) }));
    assert_eq!(trace.subsegments()[0].name(), "work");
}

/// P1: whoever sends a message must not make the calls of its consumer fail, as those with such a header would.
#[test]
fn a_header_that_no_server_would_take_is_not_passed_on() {
    for sampled in ["0", "1"] {
        let long =
            format!("Root={SENDER};Parent=53995c3f42cd8ad8;Sampled={sampled};Extra={}", "x".repeat(200_000));
        let trace = captured(continue_trace(&*long, "worker", async { assert!(trace_header().is_none()) }));
        assert!(trace.documents().is_empty());
    }
    let lineage = format!("{SENT}|{}", "a87bd80c:1|".repeat(60));
    captured(continue_trace(&*lineage, "worker", async {
        assert!(trace_header().unwrap().ends_with("a87bd80c:1|"), "what Lambda looks for loops by is kept");
    }));
}

#[test]
fn a_consumers_error_panic_and_end_before_time_are_told_by_its_segment() {
    let trace = captured(continue_trace(SENT, "worker", async { "x".parse::<u8>() }));
    assert!(trace.subsegment("worker").is_fault());
    assert!(trace.subsegment("worker").exceptions()[0].type_name().ends_with("ParseIntError"));
    let trace =
        testing::capture(|| catch_unwind(|| run(continue_trace(SENT, "worker", panics()))).unwrap_err());
    assert_eq!(trace.subsegment("worker").exceptions()[0].message(), "in a test");
    let trace = testing::capture(|| poll(consume_batch([SENT], "worker", pending::<()>())).is_pending());
    assert!(trace.subsegment("worker").is_cancelled());
}

#[test]
fn settings_of_a_consumer_are_those_of_its_segments() {
    let sink = MemorySink::default();
    let tracer = Tracer::builder().enabled(true).service("orders").sink(sink.clone()).build();
    let consumer = Consumer::new("order\\ worker✓").tracer(tracer).origin("AWS::ECS::Container");
    run(consumer.continue_trace(SENT, async { crate::put_metadata("k", &1) }));
    run(consumer.consume_batch([SENT], async {}));
    let documents = sink.documents();
    let worker: serde_json::Value = serde_json::from_str(&documents[0]).unwrap();
    assert_eq!(worker["name"], "order worker");
    assert_eq!(worker["origin"], "AWS::ECS::Container");
    assert_eq!(worker["metadata"]["orders"]["k"], 1);
    assert!(worker["annotations"].is_null());
    assert!(documents[1].contains("\"links\":[{") && documents[1].contains("\"origin\":"));
}

#[test]
fn where_tracing_is_off_a_batch_only_runs_and_a_header_is_passed_on() {
    let sink = MemorySink::default();
    let consumer =
        Consumer::new("worker").tracer(Tracer::builder().enabled(false).sink(sink.clone()).build());
    assert_eq!(run(consumer.consume_batch([SENT], async { Ok::<_, String>(trace_id()) })), Ok(None));
    let passed_on = run(consumer.continue_trace(SENT, async { Ok::<_, String>(trace_header()) }));
    assert_eq!(passed_on.unwrap().as_deref(), Some(SENT));
    assert!(sink.documents().is_empty());
}

#[test]
fn what_a_sink_consumes_is_not_recorded() {
    #[derive(Debug, Default)]
    struct Consuming {
        tracer: OnceLock<Tracer>,
        sent: AtomicUsize,
    }
    #[derive(Debug, Clone, Default)]
    struct Shared(Arc<Consuming>);
    impl Sink for Shared {
        fn send(&self, _: &[u8]) -> Result<(), NotSent> {
            if self.0.sent.fetch_add(1, Ordering::Relaxed) < 3 {
                let consumer = Consumer::new("inner").tracer(self.0.tracer.get().unwrap().clone());
                run(consumer.continue_trace(SENT, async {}));
                run(consumer.consume_batch([SENT], async {}));
            }
            Ok(())
        }
    }
    let sink = Shared::default();
    let tracer = sink.0.tracer.get_or_init(|| Tracer::builder().enabled(true).sink(sink.clone()).build());
    run(Consumer::new("outer").tracer(tracer.clone()).continue_trace(SENT, async {}));
    assert_eq!(sink.0.sent.load(Ordering::Relaxed), 1);
}

#[test]
fn a_segment_inside_of_a_trace_is_a_trace_of_its_own_and_gives_the_place_back() {
    let trace = captured(async {
        subsegment("before", || ());
        continue_trace(SENT, "worker", async {}).await;
        subsegment("after", || ());
    });
    let of =
        |name: &str| trace.subsegments().iter().find(|found| found.name() == name).unwrap().json().clone();
    assert_eq!(of("before")["trace_id"], of("after")["trace_id"]);
    assert_ne!(of("before")["trace_id"], of("worker")["trace_id"]);
}

#[test]
fn the_futures_are_send_and_keep_their_work_once() {
    fn send<F: Future + Send>(future: &F) -> usize {
        size_of_val(future)
    }
    let work = || async {
        let large = [1_u8; 4_000];
        ready(()).await;
        assert_eq!(large[3_999], 1);
    };
    let (message, bare) = (message(SENT), size_of_val(&work()));
    assert!(send(&record_subsegment(&message, work())) < bare + 200);
    assert!(send(&continue_trace(SENT, "worker", work())) < bare + 300);
    assert!(send(&consume_batch([SENT], "worker", work())) < bare + 300);
}
