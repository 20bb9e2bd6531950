//! The cases of the demo.

use std::time::Duration;

use serde_json::json;
use tracer_console::ApiRequest;

use crate::case::Case;
use crate::questions::{FAILED, SLOW_CARD, STATUS_500, THE_ORDER};
use crate::seen::Seen;

const HANDLER: &str = "## handler";
const GET_ORDER: &str = "## order_service::order::get_order";
const CALCULATE_TOTAL: &str = "## order_service::order::calculate_total";
const PROCESS_PAYMENT: &str = "## order_service::payment::process_payment";
const GENERATE_RECEIPT: &str = "## order_service::receipt::generate_receipt";
const QUEUE_FULFILLMENT: &str = "## order_service::fulfillment::queue_fulfillment";

pub(crate) fn cases() -> Vec<Case> {
    vec![
        paid_order(),
        Case::new("a large order, with a discount", order("ORD-LARGE"), 200)
            .seen(CALCULATE_TOTAL, annotation("DiscountApplied", true))
            .seen(HANDLER, annotation("ColdStart", false))
            .fulfilled(HANDLER, annotation("ColdStart", false)),
        Case::new("an order that is missing", order("ORD-MISSING"), 502)
            .found_by(&[FAILED])
            .seen("DynamoDB", Seen::Ok)
            .seen(GET_ORDER, Seen::Error)
            .seen(GET_ORDER, annotation("OrderNotFound", "ORD-MISSING"))
            .seen(HANDLER, Seen::Fault),
        Case::new("a downstream that fails: the bucket answers 503", order("ORD-NO-RECEIPT"), 502)
            .found_by(&[FAILED])
            .seen("S3", Seen::Fault)
            .seen("S3", Seen::Aws("retries", json!(2)))
            .seen(GENERATE_RECEIPT, Seen::Fault)
            .seen(HANDLER, Seen::Fault),
        Case::new("an order that takes over two seconds", order("ORD-SLOW"), 200)
            .seen(GET_ORDER, seconds(2))
            .seen("DynamoDB", seconds(2))
            .fulfilled(HANDLER, Seen::Ok),
        Case::new("a credit card that takes over three", payment(), 200)
            .found_by(&[SLOW_CARD])
            .seen(PROCESS_PAYMENT, seconds(3))
            .seen(PROCESS_PAYMENT, annotation("PaymentMethod", "credit_card"))
            .seen(PROCESS_PAYMENT, annotation("PaymentAmount", 250.0)),
        Case::new("an event without its required field", post("/risky", &json!({})), 502)
            .found_by(&[FAILED])
            .seen("## order_service::risky::risky_operation", Seen::Fault),
        Case::new("a 500 that the service answers itself", post("/broken", &json!({})), 500)
            .found_by(&[FAILED, STATUS_500])
            .seen(HANDLER, Seen::Fault),
        Case::new("a timeout: what was open is in progress", order("ORD-STUCK"), 502)
            .within(Duration::from_secs(1))
            .found_by(&[FAILED])
            .seen(HANDLER, Seen::InProgress)
            .seen(GET_ORDER, Seen::InProgress)
            .seen("DynamoDB", Seen::InProgress),
        Case::new("the order after the timeout, cold again", order("ORD-67890"), 200)
            .seen(HANDLER, annotation("ColdStart", true))
            .fulfilled(HANDLER, Seen::Ok),
        Case::new(
            "an order that cannot be shipped: its message goes back to the queue",
            order("ORD-NO-ADDRESS"),
            200,
        )
        .seen(QUEUE_FULFILLMENT, Seen::Ok)
        .fulfilled("## fulfillment::shipping::ship", Seen::Fault)
        .fulfilled(HANDLER, Seen::Ok),
    ]
}

/// The article's service whole.
fn paid_order() -> Case {
    let paid = json!({ "order_id": "ORD-12345", "payment": { "payment_id": "PAY-1", "method": "invoice" } });
    Case::new("a good order, paid for, which starts the functions cold", post("/orders", &paid), 200)
        .found_by(&[THE_ORDER])
        .seen(HANDLER, annotation("ColdStart", true))
        .seen(HANDLER, annotation("OrderId", "ORD-12345"))
        .seen(GET_ORDER, Seen::Ok)
        .seen("DynamoDB", Seen::Below(GET_ORDER))
        .seen("DynamoDB", Seen::Aws("table_name", json!("orders")))
        .seen(CALCULATE_TOTAL, annotation("OrderTotal", 25.0))
        .seen(PROCESS_PAYMENT, annotation("PaymentMethod", "invoice"))
        .seen("S3", Seen::Below(GENERATE_RECEIPT))
        .seen("S3", Seen::Aws("bucket_name", json!("order-receipts")))
        .seen("SQS", Seen::Below(QUEUE_FULFILLMENT))
        .seen("SQS", Seen::Aws("operation", json!("SendMessage")))
        .seen(QUEUE_FULFILLMENT, annotation("FulfillmentQueued", true))
        .fulfilled(HANDLER, annotation("ColdStart", true))
        .fulfilled("## fulfillment::shipping::ship", annotation("OrderId", "ORD-12345"))
}

fn post(path: &str, body: &serde_json::Value) -> ApiRequest {
    ApiRequest::post(path).json(body)
}

fn order(id: &str) -> ApiRequest {
    post("/orders", &json!({ "order_id": id }))
}

fn payment() -> ApiRequest {
    post("/payments", &json!({ "payment_id": "PAY-2", "amount": 250.0, "method": "credit_card" }))
}

fn annotation(key: &'static str, value: impl Into<serde_json::Value>) -> Seen {
    Seen::Annotation(key, value.into())
}

fn seconds(seconds: u64) -> Seen {
    Seen::LongerThan(Duration::from_secs(seconds))
}
