//! What a source is told of a batch, and what the batch leaves in its trace.

use std::cell::{Cell, RefCell};

use aws_lambda_events::kinesis::KinesisEvent;
use aws_lambda_events::sns::{SnsEvent, SnsEventObj};
use aws_lambda_events::sqs::{SqsEvent, SqsEventObj, SqsMessage};
use futures_util::FutureExt as _;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Value, json};
use tracer_runtime::messages::{Failures, MessageBatch, for_each_record, for_each_record_concurrent};
use tracer_runtime::testing::{RecordedTrace, capture_async};

use crate::events;

const GOOD_BAD_GOOD_BAD: [&str; 4] = ["succeed", "fail", "succeed", "fail"];

fn read<T: DeserializeOwned>(event: Value) -> T {
    serde_json::from_value(event).unwrap()
}

#[derive(Debug, Deserialize, serde::Serialize)]
struct Order {
    r#do: String,
}

fn work(order: &Order) -> Result<(), String> {
    if order.r#do == "fail" { Err("wrong".to_owned()) } else { Ok(()) }
}

fn work_on_text(body: &str) -> Result<(), String> {
    work(&serde_json::from_str(body).map_err(|error| error.to_string())?)
}

fn faults(trace: &RecordedTrace) -> Vec<bool> {
    trace.subsegments().iter().map(tracer_runtime::testing::RecordedSubsegment::is_fault).collect()
}

/// The trace, and what the source is told as Lambda sends it.
macro_rules! captured {
    ($batch:expr) => {{
        let mut answer = Value::Null;
        let trace = capture_async(async { answer = serde_json::to_value($batch.await).unwrap() }).await;
        (trace, answer)
    }};
}

fn told<'a>(failed: impl IntoIterator<Item = &'a str>) -> Value {
    let failures: Vec<_> = failed.into_iter().map(|id| json!({ "itemIdentifier": id })).collect();
    json!({ "batchItemFailures": failures })
}

#[tokio::test]
async fn of_a_standard_queue_the_failed_come_again_and_no_other() {
    let event: SqsEvent = read(events::sqs("orders", &GOOD_BAD_GOOD_BAD));
    let expected = told([events::message_id(1).as_str(), &events::message_id(3)]);
    let (trace, answer) = captured!(for_each_record(&event, async |message| {
        work_on_text(message.body.as_deref().unwrap())
    }));
    assert_eq!(answer, expected);
    assert_eq!(faults(&trace), [false, true, false, true]);
    let (trace, answer) = captured!(for_each_record_concurrent(&event, 3, async |message| {
        tokio::task::yield_now().await;
        work_on_text(message.body.as_deref().unwrap())
    }));
    assert_eq!(answer, expected);
    assert_eq!(faults(&trace).iter().filter(|is_fault| **is_fault).count(), 2);
}

#[tokio::test]
async fn of_a_fifo_queue_the_first_failure_stops_the_batch_and_all_from_there_come_again() {
    let event: SqsEvent = read(events::sqs("orders.fifo", &GOOD_BAD_GOOD_BAD));
    let ids = [1, 2, 3].map(events::message_id);
    let expected = told(ids.iter().map(String::as_str));
    for limit in [0, 1, 10] {
        let (trace, answer) = captured!(for_each_record_concurrent(&event, limit, async |message| {
            work_on_text(message.body.as_deref().unwrap())
        }));
        assert_eq!(answer, expected);
        assert_eq!(faults(&trace), [false, true], "the others were not tried");
    }
}

#[tokio::test]
async fn of_a_shard_the_first_failure_is_where_lambda_goes_on() {
    let event: KinesisEvent = read(events::kinesis(&GOOD_BAD_GOOD_BAD));
    let (trace, answer) = captured!(for_each_record(&event, async |record| {
        work_on_text(std::str::from_utf8(&record.kinesis.data).unwrap())
    }));
    assert_eq!(answer, told([events::sequence_number(1).as_str()]));
    assert_eq!(faults(&trace), [false, true]);
    let clicks = &trace.subsegments()[1];
    assert_eq!(clicks.name(), "clicks");
    assert_eq!(clicks.annotation("MessageId"), &events::sequence_number(1));
    assert!(clicks.annotation("SenderTraceId").is_null(), "Kinesis keeps no header");
}

#[tokio::test]
async fn of_a_topic_the_first_error_is_returned_and_the_others_are_tried() {
    let event: SnsEvent = read(events::sns(&["succeed", "fail", "succeed", "fail"]));
    let tried = Cell::new(0);
    let work = async |record: &aws_lambda_events::sns::SnsRecord| {
        tried.set(tried.get() + 1);
        work_on_text(&record.sns.message).map_err(|error| format!("{error}: {}", record.sns.message_id))
    };
    let expected = Err(format!("wrong: {}", events::message_id(1)));
    let mut answer = Ok(());
    let trace = capture_async(async { answer = for_each_record(&event, work).await }).await;
    assert_eq!((answer, tried.get()), (expected.clone(), 4));
    assert_eq!(trace.subsegments()[0].name(), "placed");
    assert_eq!(for_each_record_concurrent(&event, 4, work).await, expected, "of the first in the batch");
}

#[tokio::test]
async fn a_header_among_a_topics_attributes_is_the_senders() {
    let mut event = events::sns(&["succeed"]);
    event["Records"][0]["Sns"]["MessageAttributes"]["AWSTraceHeader"] =
        json!({ "Type": "String", "Value": events::header(7) });
    let event: SnsEventObj<Order> = read(event);
    let (trace, _) = captured!(for_each_record(&event, async |record| work(&record.sns.message)));
    assert_eq!(trace.subsegment("placed").annotation("SenderTraceId"), &events::sender(7));
}

#[tokio::test]
async fn bodies_that_are_read_already_are_messages_too() {
    let event: SqsEventObj<Order> = read(events::sqs("orders", &GOOD_BAD_GOOD_BAD));
    let (trace, answer) = captured!(for_each_record(&event, async |message| work(&message.body)));
    assert_eq!(answer["batchItemFailures"].as_array().unwrap().len(), 2);
    assert_eq!(trace.subsegments()[3].annotation("SenderTraceId"), &events::sender(3));
}

#[tokio::test]
async fn a_message_that_is_there_twice_is_told_once() {
    let mut event = events::sqs("orders", &GOOD_BAD_GOOD_BAD);
    for twin in [0, 2] {
        event["Records"][twin]["messageId"] = json!("twin");
        event["Records"][twin + 1]["messageId"] = json!("twin");
    }
    let event: SqsEvent = read(event);
    let (trace, answer) = captured!(for_each_record(&event, async |message| {
        work_on_text(message.body.as_deref().unwrap())
    }));
    assert_eq!(answer, told(["twin"]));
    assert_eq!(trace.find("orders").len(), 4, "each has its own subsegment");
}

/// An empty identifier is what Lambda takes for the failure of all.
#[tokio::test]
async fn a_failed_message_without_an_id_makes_the_whole_batch_come_again() {
    let event: SqsEvent = read(json!({ "Records": [{ "body": "{}" }] }));
    let (trace, answer) = captured!(for_each_record(&event, async |_| Err::<(), _>("wrong")));
    assert_eq!(answer, told([""]));
    assert_eq!(trace.subsegment("message").metadata("message"), &json!({}));
}

/// A batch of a user's own may hand on what it was told of more messages than the event inside has.
#[test]
fn failures_of_another_batch_bring_all_messages_back() {
    struct Padded<B: MessageBatch>(B, Vec<B::Record>);
    impl<B: MessageBatch> MessageBatch for Padded<B> {
        type Record = B::Record;
        type Answer<E> = B::Answer<E>;

        fn records(&self) -> &[B::Record] {
            &self.1
        }

        fn answer<E>(&self, failures: Failures<E>) -> B::Answer<E> {
            self.0.answer(failures)
        }
    }

    let sqs: SqsEvent = read(events::sqs("orders", &["succeed"]));
    let sqs = Padded(SqsEvent::default(), sqs.records);
    let answer = for_each_record(&sqs, async |_| Err::<(), _>("wrong")).now_or_never().unwrap();
    assert_eq!(serde_json::to_value(answer).unwrap(), told([""]));
    let kinesis: KinesisEvent = read(events::kinesis(&["succeed"]));
    let kinesis = Padded(KinesisEvent::default(), kinesis.records);
    let answer = for_each_record(&kinesis, async |_| Err::<(), _>("wrong")).now_or_never().unwrap();
    assert_eq!(serde_json::to_value(answer).unwrap(), told([""]));
}

#[tokio::test]
async fn an_empty_batch_is_a_success() {
    let event = SqsEvent::default();
    let (trace, answer) = captured!(for_each_record(&event, async |_| Err::<(), _>("wrong")));
    assert_eq!(answer, told([]));
    assert!(trace.documents().is_empty());
}

#[tokio::test]
async fn as_many_at_a_time_as_the_limit_says_and_no_more() {
    let event: SqsEvent = read(events::sqs("orders", &["succeed"; 40]));
    for limit in [0, 1, 3, 100] {
        let (running, most) = (Cell::new(0), Cell::new(0));
        let work = async |_: &_| {
            running.set(running.get() + 1);
            most.set(most.get().max(running.get()));
            tokio::task::yield_now().await;
            running.set(running.get() - 1);
            Ok::<_, String>(())
        };
        let answer = for_each_record_concurrent(&event, limit, work).await;
        assert!(answer.batch_item_failures.is_empty());
        assert_eq!(most.get(), limit.clamp(1, 40));
    }
}

#[tokio::test]
async fn a_panic_in_one_of_several_at_a_time_cancels_the_others_and_is_no_fault_of_theirs() {
    let event: SqsEvent = read(events::sqs("orders", &["hang", "panic", "hang"]));
    let trace = capture_async(async {
        let work = for_each_record_concurrent(&event, 3, async |message| {
            if message.message_id == Some(events::message_id(1)) {
                tokio::task::yield_now().await;
                panic!("in a test");
            }
            std::future::pending::<Result<(), String>>().await
        });
        std::panic::AssertUnwindSafe(work).catch_unwind().await.unwrap_err();
    })
    .await;
    assert_eq!(faults(&trace), [false, true, false]);
    let cancelled = trace.subsegments().iter().map(tracer_runtime::testing::RecordedSubsegment::is_cancelled);
    assert_eq!(cancelled.collect::<Vec<_>>(), [true, false, true]);
}

/// P1: with work that is `Send` the batch may move between threads.
#[tokio::test]
async fn the_work_on_a_batch_is_send_where_the_work_on_a_message_is() {
    let event: SqsEvent = read(events::sqs("orders", &["succeed"]));
    tokio::spawn(async move {
        let work = |message: &SqsMessage| {
            let body = message.body.clone().unwrap();
            async move { work_on_text(&body) }
        };
        for_each_record(&event, work).await;
        for_each_record_concurrent(&event, 2, work).await;
    })
    .await
    .unwrap();
}

#[tokio::test]
async fn one_after_the_other_means_in_the_order_of_the_batch() {
    let event: SqsEvent = read(events::sqs("orders.fifo", &["succeed"; 20]));
    let order = RefCell::new(Vec::new());
    for_each_record_concurrent(&event, 8, async |message| {
        tokio::task::yield_now().await;
        order.borrow_mut().push(message.message_id.clone().unwrap());
        Ok::<_, String>(())
    })
    .await;
    assert_eq!(order.into_inner(), (0..20).map(events::message_id).collect::<Vec<_>>());
}

#[tokio::test]
async fn outside_of_a_trace_the_answer_is_the_same() {
    let event: SqsEvent = read(events::sqs("orders", &GOOD_BAD_GOOD_BAD));
    let answer =
        for_each_record(&event, async |message| work_on_text(message.body.as_deref().unwrap())).await;
    assert_eq!(answer.batch_item_failures.len(), 2);
}
