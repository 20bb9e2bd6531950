//! Batches in a real function: the real `lambda_runtime` in the local Lambda, datagrams over a real socket.

#[path = "../lambda/life.rs"]
mod lambda;

use std::collections::BTreeSet;
use std::time::Duration;

use serde_json::{Value, json};
use tracer_console::{Invocation, InvocationResult, Node, Trace, Tracing};

use self::lambda::Life;
use crate::events;

fn start(mode: &str) -> Life {
    Life::of("consumer-function", env!("CARGO_BIN_EXE_consumer-function"), |function| {
        let function = function.env("MODE", mode);
        if mode.ends_with("concurrent") { function.max_concurrency(4) } else { function }
    })
}

fn failures(result: &InvocationResult) -> Vec<String> {
    let answer: Value = result.json().unwrap();
    let failures = answer["batchItemFailures"].as_array().unwrap().iter();
    failures.map(|failure| failure["itemIdentifier"].as_str().unwrap().to_owned()).collect()
}

/// The records' subsegments, in the order of their start.
fn records<'a>(trace: &'a Trace, source: &str) -> Vec<Node<'a>> {
    let handler = trace.find("## handler").expect("the handler is traced");
    let records: Vec<_> = handler.children().filter(|child| child.entity().name() == source).collect();
    assert_eq!(records.len(), handler.children().count());
    records
}

/// All that says of which message it is says the same.
fn assert_is_of(record: Node<'_>, number: usize) {
    assert_eq!(record.annotation("MessageId"), Some(&json!(events::message_id(number))));
    assert_eq!(record.annotation("SenderTraceId"), Some(&json!(events::sender(number))));
    assert_eq!(record.annotation("Number"), Some(&json!(number)));
    let step = record.child("## consumer_function::step").expect("what it calls is below it");
    assert_eq!(step.annotation("Number"), Some(&json!(number)));
    assert_eq!(record.children().count(), 1);
}

#[test]
fn a_queues_failed_messages_come_again_and_are_faults() {
    let life = start("sqs");
    let (result, trace) = life.invoke(events::sqs("orders", &["succeed", "fail", "succeed"]));
    assert_eq!(failures(&result), [events::message_id(1)]);
    let records = records(&trace, "orders");
    assert_eq!(records.len(), 3);
    for (number, record) in records.into_iter().enumerate() {
        assert_is_of(record, number);
        assert_eq!(record.is_fault(), number == 1);
    }
    let failed = trace.nodes().find(|node| node.is_fault() && node.entity().name() == "orders").unwrap();
    assert_eq!(failed.exceptions().next().unwrap().message(), "order 1 is wrong");
    assert!(!trace.find("## handler").unwrap().is_fault(), "the batch was answered");
}

#[test]
fn a_fifo_queue_and_a_shard_stop_at_the_first_failure() {
    let life = start("sqs");
    let (result, trace) = life.invoke(events::sqs("orders.fifo", &["succeed", "fail", "succeed"]));
    assert_eq!(failures(&result), [events::message_id(1), events::message_id(2)]);
    assert_eq!(records(&trace, "orders.fifo").len(), 2);

    let life = start("kinesis");
    let (result, trace) = life.invoke(events::kinesis(&["succeed", "fail", "succeed"]));
    assert_eq!(failures(&result), [events::sequence_number(1)]);
    let records = records(&trace, "clicks");
    assert_eq!(records.len(), 2);
    assert_eq!(records[1].annotation("MessageId"), Some(&json!(events::sequence_number(1))));
    assert!(records[1].is_fault());
}

#[test]
fn a_topics_error_is_the_functions() {
    let life = start("sns");
    let (result, trace) = life.invoke(events::sns(&["fail"]));
    assert_eq!(result.error().unwrap().message, "order 0 is wrong");
    assert!(records(&trace, "placed")[0].is_fault() && trace.find("## handler").unwrap().is_fault());
    let (result, trace) = life.invoke(events::sns(&["succeed"]));
    assert!(result.error().is_none() && !records(&trace, "placed")[0].is_fault());
}

#[test]
fn a_hundred_messages_at_once_are_never_mixed() {
    let life = start("sqs-concurrent");
    let whats: Vec<_> = (0..100).map(|number| if number % 9 == 4 { "fail" } else { "succeed" }).collect();
    let failed: Vec<_> = (0..100).filter(|number| number % 9 == 4).map(events::message_id).collect();
    let pending: Vec<_> =
        (0..4).map(|_| life.function.begin(Invocation::json(events::sqs("orders", &whats)))).collect();
    for pending in pending {
        let result = pending.wait().unwrap();
        assert_eq!(failures(&result), failed, "in the order of the batch");
        let has_all =
            |trace: &Trace| trace.find("## handler").is_some_and(|handler| handler.children().count() == 100);
        let trace = life.trace(&result, has_all);
        let mut seen = BTreeSet::new();
        for record in records(&trace, "orders") {
            let number = record.annotation("Number").and_then(Value::as_u64).unwrap() as usize;
            assert_is_of(record, number);
            assert_eq!(record.is_fault(), number % 9 == 4);
            seen.insert(number);
        }
        assert_eq!(seen.len(), 100);
    }
}

#[test]
fn not_sampled_the_answer_is_the_same_and_nothing_is_sent() {
    let life = start("sqs");
    let event = events::sqs("orders", &["succeed", "fail"]);
    for tracing in [Tracing::NotSampled, Tracing::PassThrough, Tracing::Absent] {
        let result = life.function.invoke(Invocation::json(event.clone()).tracing(tracing)).unwrap();
        assert_eq!(failures(&result), [events::message_id(1)]);
    }
    // All that ever arrived is of a sampled one after them.
    let (result, _) = life.invoke(event);
    let documents = life.console.store().documents(result.trace_id().unwrap());
    assert_eq!(life.console.counts().received, documents.len() as u64);
}

#[test]
fn a_message_whose_header_is_malformed_is_worked_on_and_names_no_sender() {
    let life = start("sqs");
    let mut event = events::sqs("orders", &["succeed", "succeed"]);
    event["Records"][0]["attributes"]["AWSTraceHeader"] = json!("Root=nonsense;;=");
    event["Records"][1]["attributes"] = json!({});
    let (result, trace) = life.invoke(event);
    assert!(failures(&result).is_empty());
    for record in records(&trace, "orders") {
        assert_eq!(record.annotation("SenderTraceId"), None);
        assert!(record.annotation("MessageId").is_some());
    }
}

#[test]
fn a_panic_in_one_message_fails_the_batch_and_is_told_by_its_subsegment() {
    let life = start("sqs");
    let (result, trace) = life.invoke(events::sqs("orders", &["succeed", "panic", "succeed"]));
    assert!(result.error().is_some(), "as without tracing");
    let records = records(&trace, "orders");
    assert_eq!(records.len(), 2);
    assert!(records[1].is_fault());
    assert_eq!(records[1].exceptions().next().unwrap().message(), "asked to panic");
}

#[test]
fn p4_the_message_that_a_timeout_ends_is_there_in_progress() {
    let life = start("sqs");
    let event = events::sqs("orders", &["succeed", "hang"]);
    let result = life.function.invoke(Invocation::json(event).timeout(Duration::from_millis(900))).unwrap();
    assert!(result.timed_out());
    let trace = life.trace(&result, |trace| trace.nodes().filter(|node| node.is_in_progress()).count() >= 2);
    let records = records(&trace, "orders");
    assert!(!records[0].is_in_progress() && records[1].is_in_progress());
    assert_is_of(records[1], 1);
}
