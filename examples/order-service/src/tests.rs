//! The service against an AWS on loopback: what it does there, and what is seen of it.

use aws_config::Region;
use aws_config::retry::RetryConfig;
use lambda_http::{Body, Request, RequestExt as _};
use local_aws::{Call, Fault, LocalAws, Service};
use serde_json::{Value, json};
use tracer_runtime::testing::{RecordedSubsegment, RecordedTrace, capture, capture_async};

use crate::aws::{Aws, sdk_config};
use crate::fulfillment::queue_fulfillment;
use crate::handler;
use crate::order::{Item, Order, calculate_total, get_order};
use crate::payment::{Payment, process_payment};
use crate::receipt::generate_receipt;

/// A deployed service: what it calls, and its clients.
struct Deployed {
    services: LocalAws,
    aws: Aws,
}

impl Deployed {
    async fn start() -> Self {
        let services = LocalAws::start().expect("it starts");
        let table = json!({
            "TableName": "orders",
            "BillingMode": "PAY_PER_REQUEST",
            "AttributeDefinitions": [{ "AttributeName": "order_id", "AttributeType": "S" }],
            "KeySchema": [{ "AttributeName": "order_id", "KeyType": "HASH" }],
        });
        services.dynamodb("CreateTable", &table).expect("it is made");
        services.create_bucket("order-receipts").expect("it is made");
        let queue = services.sqs("CreateQueue", &json!({ "QueueName": "fulfillment" })).expect("it is made");
        let config = sdk_config()
            .endpoint_url(services.endpoint())
            .region(Region::from_static(LocalAws::REGION))
            .test_credentials()
            .retry_config(RetryConfig::disabled());
        let queue_url = queue["QueueUrl"].as_str().expect("it has one");
        let aws = Aws::new(&config.load().await, queue_url.to_owned());
        Self { services, aws }
    }

    fn put(&self, item: &Value) {
        let item = json!({ "TableName": "orders", "Item": item });
        self.services.dynamodb("PutItem", &item).expect("it is put");
    }

    fn calls(&self, service: Service) -> Vec<Call> {
        self.services.calls().into_iter().filter(|call| call.service == service).collect()
    }

    fn messages(&self) -> Value {
        let queue =
            json!({ "QueueUrl": self.aws.fulfillment_queue_url, "MessageSystemAttributeNames": ["All"] });
        self.services.sqs("ReceiveMessage", &queue).expect("it answers")["Messages"].clone()
    }

    async fn post(&self, path: &str, body: &Value) -> RecordedTrace {
        let request = Request::new(Body::from(body.to_string())).with_raw_http_path(path);
        capture_async(handler(&self.aws, request)).await
    }
}

fn stored_order() -> Value {
    json!({
        "order_id": { "S": "ORD-1" },
        "items": { "L": [{ "M": { "price": { "N": "12.5" }, "quantity": { "N": "2" } } }] },
        "shipping_address": { "S": "1 Main St" },
    })
}

fn order_of(price: f64) -> Order {
    let items = vec![Item { price, quantity: 2 }];
    Order { order_id: "ORD-1".to_owned(), items, shipping_address: "1 Main St".to_owned() }
}

/// How a trace header names the caller.
fn as_parent(subsegment: &RecordedSubsegment) -> String {
    format!("Parent={}", subsegment.json()["id"].as_str().expect("it has one"))
}

#[tokio::test]
async fn an_order_is_read_from_the_table() {
    let deployed = Deployed::start().await;
    deployed.put(&stored_order());
    let trace = capture_async(get_order(&deployed.aws, "ORD-1")).await;
    let get_order = trace.subsegment("get_order");
    assert_eq!(get_order.metadata_in("OrderDetails", "order")["items"][0]["price"], 12.5);
    assert_eq!(get_order.response()["items"][0]["quantity"], 2);
    let dynamodb = &get_order.subsegments()[0];
    assert_eq!(dynamodb.name(), "DynamoDB");
    assert_eq!(dynamodb.json()["aws"]["operation"], "GetItem");
    assert_eq!(dynamodb.json()["aws"]["table_name"], "orders");
}

#[tokio::test]
async fn a_missing_order_is_the_callers_error() {
    let deployed = Deployed::start().await;
    let trace = capture_async(get_order(&deployed.aws, "ORD-1")).await;
    let get_order = trace.subsegment("get_order");
    assert!(get_order.is_error() && !get_order.is_fault());
    assert_eq!(get_order.annotation("OrderNotFound"), "ORD-1");
    assert_eq!(get_order.exceptions()[0].message(), "Order ORD-1 not found");
    assert!(!trace.subsegment("DynamoDB").is_error());
}

#[tokio::test]
async fn a_table_that_does_not_answer_is_our_fault() {
    let deployed = Deployed::start().await;
    deployed.services.inject(Fault::fail(Service::DynamoDb, "GetItem", 500));
    let trace = capture_async(get_order(&deployed.aws, "ORD-1")).await;
    assert!(trace.subsegment("get_order").is_fault());
    assert!(trace.subsegment("DynamoDB").is_fault());
}

#[tokio::test]
async fn what_is_no_order_is_our_fault() {
    let deployed = Deployed::start().await;
    deployed.put(&json!({ "order_id": { "S": "ORD-1" }, "items": { "S": "none" } }));
    let trace = capture_async(get_order(&deployed.aws, "ORD-1")).await;
    let get_order = trace.subsegment("get_order");
    assert!(get_order.is_fault());
    assert_eq!(get_order.exceptions()[0].message(), "what the table holds is no order");
}

#[test]
fn a_large_order_gets_a_discount() {
    let trace = capture(|| assert!((calculate_total(&order_of(60.0)) - 108.0).abs() < 1e-9));
    assert_eq!(trace.subsegment("calculate_total").annotation("DiscountApplied"), true);
    let trace = capture(|| assert!((calculate_total(&order_of(12.5)) - 25.0).abs() < 1e-9));
    assert!(trace.subsegment("calculate_total").annotation("DiscountApplied").is_null());
}

#[tokio::test]
async fn the_receipt_is_stored_in_the_bucket() {
    let deployed = Deployed::start().await;
    let trace = capture_async(generate_receipt(&deployed.aws, &order_of(12.5), 25.0)).await;
    assert_eq!(trace.subsegment("generate_receipt").response(), "receipts/ORD-1.json");
    let s3 = trace.subsegment("S3");
    assert_eq!(s3.json()["aws"]["key"], "receipts/ORD-1.json");
    let calls = deployed.calls(Service::S3);
    assert_eq!(calls[0].resource, "order-receipts/receipts/ORD-1.json");
    let header = calls[0].trace_header.as_deref().expect("the call says whose it is");
    assert!(header.contains(&as_parent(s3)), "{header}");
}

#[tokio::test]
async fn a_bucket_that_answers_503_is_a_fault_there_and_here() {
    let deployed = Deployed::start().await;
    let unavailable = Fault::fail(Service::S3, "PutObject", 503).code("ServiceUnavailable");
    deployed.services.inject(unavailable);
    let trace = capture_async(generate_receipt(&deployed.aws, &order_of(12.5), 25.0)).await;
    assert!(trace.subsegment("S3").is_fault());
    assert!(trace.subsegment("generate_receipt").is_fault());
    assert_eq!(trace.subsegment("generate_receipt").exceptions()[0].message(), "the receipt was not stored");
}

#[tokio::test]
async fn the_message_carries_the_order_and_the_trace() {
    let deployed = Deployed::start().await;
    let trace = capture_async(queue_fulfillment(&deployed.aws, &order_of(12.5))).await;
    assert_eq!(trace.subsegment("queue_fulfillment").annotation("FulfillmentQueued"), true);
    let message = &deployed.messages()[0];
    let body: Value =
        serde_json::from_str(message["Body"].as_str().expect("it has one")).expect("it is JSON");
    assert_eq!(body["shipping_address"], "1 Main St");
    assert_eq!(body["items"][0]["quantity"], 2);
    let header = message["Attributes"]["AWSTraceHeader"].as_str().expect("it carries one");
    assert!(header.contains(&as_parent(trace.subsegment("SQS"))), "{header}");
}

#[tokio::test]
async fn a_payment_can_be_searched_by_id_method_and_amount() {
    let payment = Payment { payment_id: "PAY-1".to_owned(), method: "invoice".to_owned() };
    let trace = capture_async(process_payment(&payment, 25.0)).await;
    let payment = trace.subsegment("process_payment");
    assert_eq!(payment.annotation("PaymentId"), "PAY-1");
    assert_eq!(payment.annotation("PaymentMethod"), "invoice");
    assert_eq!(payment.annotation("PaymentAmount"), 25.0);
    let details = payment.metadata_in("PaymentProcessing", "payment_details");
    assert_eq!(details["processor_response"]["risk_score"], 0.02);
}

#[tokio::test]
async fn an_order_is_placed_whole() {
    let deployed = Deployed::start().await;
    deployed.put(&stored_order());
    let order = json!({ "order_id": "ORD-1", "payment": { "payment_id": "PAY-1", "method": "invoice" } });
    let trace = deployed.post("/orders", &order).await;
    let handler = trace.subsegment("## handler");
    let children: Vec<_> = handler.subsegments().iter().map(RecordedSubsegment::name).collect();
    let functions = [
        "## order_service::order::get_order",
        "## order_service::order::calculate_total",
        "## order_service::payment::process_payment",
        "## order_service::receipt::generate_receipt",
        "## order_service::fulfillment::queue_fulfillment",
    ];
    assert_eq!(children, functions);
    assert_eq!(handler.annotation("OrderId"), "ORD-1");
    assert_eq!(deployed.services.calls().len(), 3);
    // Whoever looks at traces need not know where customers live.
    assert!(!trace.documents().concat().contains("Main St"), "{trace}");
}

#[tokio::test]
async fn an_order_that_is_not_there_stores_and_queues_nothing() {
    let deployed = Deployed::start().await;
    let trace = deployed.post("/orders", &json!({ "order_id": "ORD-1" })).await;
    assert!(trace.subsegment("## handler").is_fault());
    assert!(deployed.calls(Service::S3).is_empty() && deployed.calls(Service::Sqs).is_empty());
}

#[tokio::test]
async fn an_event_without_its_required_field_is_kept_beside_the_error() {
    let deployed = Deployed::start().await;
    let trace = deployed.post("/risky", &json!({ "other": 1 })).await;
    let risky = trace.subsegment("risky_operation");
    assert!(risky.is_fault());
    assert_eq!(risky.exceptions()[0].message(), "Missing required_field");
    assert_eq!(trace.subsegment("## handler").metadata_in("Errors", "error_event")["other"], 1);
}
