//! A batch as SQS brings it, and what is seen of it.

use aws_lambda_events::sqs::{SqsEvent, SqsMessage};
use lambda_runtime::{Context, LambdaEvent};
use serde_json::{Value, json};
use tracer_runtime::testing::{RecordedSubsegment, RecordedTrace, capture_async};

use crate::handler;

const SENDER: &str = "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1";

fn message(id: &str, body: &Value) -> SqsMessage {
    let mut message = SqsMessage::default();
    message.message_id = Some(id.to_owned());
    message.body = Some(body.to_string());
    message.event_source_arn = Some("arn:aws:sqs:us-east-1:123456789012:fulfillment".to_owned());
    message.attributes.insert("AWSTraceHeader".to_owned(), SENDER.to_owned());
    message
}

fn order(id: &str, address: &str) -> Value {
    json!({ "order_id": id, "items": [{ "price": 10.0, "quantity": 2 }], "shipping_address": address })
}

async fn handle(records: Vec<SqsMessage>) -> RecordedTrace {
    let mut event = SqsEvent::default();
    event.records = records;
    capture_async(handler(LambdaEvent::new(event, Context::default()))).await
}

fn failed(trace: &RecordedTrace) -> Value {
    trace.subsegment("## handler").response()["batchItemFailures"].clone()
}

#[tokio::test]
async fn a_shipped_order_says_whose_trace_it_came_from() {
    let trace = handle(vec![message("m-1", &order("ORD-1", "1 Main St"))]).await;
    let record = trace.subsegment("fulfillment");
    assert_eq!(record.annotation("SenderTraceId"), "1-67891233-abcdef012345678912345678");
    let ship = record.subsegment("ship");
    assert_eq!(ship.annotation("OrderId"), "ORD-1");
    assert_eq!(ship.response(), 2);
    assert_eq!(failed(&trace), json!([]));
}

#[tokio::test]
async fn only_what_failed_comes_again() {
    let good = message("m-1", &order("ORD-1", "1 Main St"));
    let homeless = message("m-2", &order("ORD-2", ""));
    let nonsense = message("m-3", &json!("nonsense"));
    let trace = handle(vec![good, homeless, nonsense]).await;
    assert_eq!(failed(&trace), json!([{ "itemIdentifier": "m-2" }, { "itemIdentifier": "m-3" }]));
    let records = trace.subsegment("## handler").subsegments();
    let faults: Vec<_> = records.iter().map(RecordedSubsegment::is_fault).collect();
    assert_eq!(faults, [false, true, true]);
    let reason = records[1].subsegment("ship").exceptions()[0].message().to_owned();
    assert_eq!(reason, "Order ORD-2 has no shipping address");
    assert!(!trace.subsegment("## handler").is_fault());
}
