//! Consumers outside of Lambda: whole, over a real socket, and in the console.

use std::collections::BTreeMap;
use std::process::Command;
use std::time::Duration;

use futures_util::future::join_all;
use tokio::sync::Barrier;
use tracer_console::{Console, ConsoleOptions};
use tracer_runtime::messages::{Consumer, Envelope, record_subsegment};
use tracer_runtime::{
    DaemonAddress, InSubsegment, Tracer, UdpSink, capture_method, put_annotation, trace_header,
};
use tracer_tests::{Arrivals, Mailbox, UNSAMPLED};

use crate::events;

#[capture_method]
async fn step(number: usize) {
    for _ in 0..number % 5 {
        tokio::task::yield_now().await;
    }
    put_annotation("Number", number);
}

/// P7: a hundred messages at once, each in the trace of its sender.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_consumers_at_once_are_never_mixed() {
    let mailbox = Mailbox::start();
    let consumer = Consumer::new("worker").tracer(mailbox.tracer());
    let all: &Barrier = Box::leak(Box::new(Barrier::new(100)));
    let consumers = (0..100).map(|number| {
        let consumer = consumer.clone();
        tokio::spawn(async move {
            let work = async {
                put_annotation("Number", number);
                all.wait().await;
                tokio::join!(step(number), tokio::spawn(step(number).in_current_subsegment())).1
            };
            consumer.continue_trace(&*events::header(number), work).await.unwrap();
        })
    });
    join_all(consumers).await.into_iter().for_each(|consumed| consumed.unwrap());
    let arrivals = Arrivals::with_segments(&mailbox.datagrams());
    arrivals.assert_each_once();
    let mut by_id = BTreeMap::new();
    for segment in arrivals.segments() {
        let number = segment.own["annotations"]["Number"].as_u64().unwrap() as usize;
        assert_eq!(segment.own["trace_id"], events::sender(number));
        assert_eq!(segment.parent_id, format!("{:016x}", number + 1));
        by_id.insert(segment.id.clone(), number);
    }
    assert_eq!(by_id.len(), 100);
    for step in arrivals.complete("## messages::outside::step") {
        assert_eq!(step.own["annotations"]["Number"], by_id[&step.parent_id]);
    }
    assert_eq!(arrivals.all.len(), 300);
}

#[tokio::test]
async fn a_batch_is_one_datagram_with_links_and_a_subsegment_for_each_message() {
    let mailbox = Mailbox::start();
    let headers: Vec<_> = (0..25).map(events::header).collect();
    let consumer = Consumer::new("worker").tracer(mailbox.tracer());
    let work = async {
        for header in &headers {
            let message = Envelope { trace_header: Some(header), message_id: None, source: Some("orders") };
            record_subsegment(&message, async {}).await;
        }
    };
    consumer.consume_batch(&headers, work).await;
    let arrivals = Arrivals::with_segments(&mailbox.datagrams());
    assert_eq!(arrivals.documents, 1);
    let worker = arrivals.segments().next().unwrap();
    let links = worker.own["links"].as_array().unwrap();
    assert_eq!(links.len(), 20);
    assert_eq!(links[3]["trace_id"], events::sender(3));
    assert_eq!(links[3]["id"], format!("{:016x}", 4));
    for (number, record) in arrivals.complete("orders").enumerate() {
        assert_eq!(record.own["annotations"]["SenderTraceId"], events::sender(number));
        assert_eq!(record.parent_id, worker.id);
    }
}

#[tokio::test]
async fn what_no_sender_sampled_is_not_sent() {
    let mailbox = Mailbox::start();
    let consumer = Consumer::new("worker").tracer(mailbox.tracer());
    for header in [UNSAMPLED, "Root=1-5759e988-bd862e3fe1be46a994272793", "nonsense", ""] {
        consumer.continue_trace(header, step(1)).await;
        consumer.consume_batch([header, UNSAMPLED], step(1)).await;
    }
    assert!(mailbox.datagrams().is_empty());
}

/// Runs the consumer as a process of its own and waits for its end.
fn consume(address: &str, header: &str, variables: &[(&str, &str)]) {
    let mut worker = Command::new(env!("CARGO_BIN_EXE_consumer-worker"));
    worker.args([header, "end"]).env("AWS_XRAY_DAEMON_ADDRESS", address);
    worker.envs(variables.iter().copied());
    assert!(worker.status().unwrap().success());
}

#[tokio::test]
async fn the_console_draws_the_worker_below_the_call_that_sent_the_message() {
    let console = Console::start(ConsoleOptions::any_port()).unwrap();
    let address = console.local_addr().to_string();
    let sink = UdpSink::new(address.parse::<DaemonAddress>().unwrap());
    let shop = Consumer::new("shop").tracer(Tracer::builder().enabled(true).sink(sink).build());
    let mut sent = String::new();
    let send = async { sent = trace_header().unwrap() }.in_subsegment("SQS");
    shop.continue_trace("Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=1", send).await;

    consume(&address, &sent, &[("POWERTOOLS_TRACE_ENABLED", "true")]);
    let id = "1-5759e988-bd862e3fe1be46a994272793".parse().unwrap();
    let is_whole = |trace: &tracer_console::Trace| trace.find("inside").is_some();
    let trace = console.store().wait_for_trace(id, is_whole, Duration::from_secs(20)).unwrap();
    let worker = trace.find("consumer-worker").unwrap();
    assert_eq!(worker.parent().unwrap().entity().name(), "SQS");
    assert_eq!(worker.parent().unwrap().parent().unwrap().entity().name(), "shop");
    assert_eq!(worker.child("closed").unwrap().children().count(), 1);
    assert!(!worker.is_in_progress() && !worker.is_cancelled());
}

#[test]
fn behaviour_88_outside_of_lambda_tracing_is_on_only_where_it_is_asked_for() {
    for (variables, documents) in [
        (&[][..], 0),
        (&[("POWERTOOLS_TRACE_ENABLED", "true")][..], 1),
        (&[("POWERTOOLS_TRACE_ENABLED", "true"), ("AWS_XRAY_SDK_ENABLED", "false")][..], 0),
    ] {
        let mailbox = Mailbox::start();
        consume(&mailbox.address().to_string(), &events::header(1), variables);
        assert_eq!(Arrivals::with_segments(&mailbox.datagrams()).documents, documents, "{variables:?}");
    }
}
