//! What the real AWS SDK for Rust sees.

use std::time::Duration;

use aws_sdk_dynamodb::types::{
    AttributeDefinition, AttributeValue, BillingMode, KeySchemaElement, KeyType, ScalarAttributeType,
};
use aws_sdk_sqs::types::{
    MessageSystemAttributeName, MessageSystemAttributeNameForSends, MessageSystemAttributeValue,
    SendMessageBatchRequestEntry,
};
use local_aws::{Fault, LocalAws, Service};
use serde_json::json;

const HEADER: &str = "Root=1-6b02d7e6-207f0216d9e1908cc7eb247a;Parent=53995c3f42cd8ad8;Sampled=1";

/// The configuration that each client's own builder is given the same way.
macro_rules! client {
    ($sdk:ident, $aws:expr) => {{
        use $sdk::config::{BehaviorVersion, Credentials, Region};
        let config = $sdk::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url($aws.endpoint())
            .region(Region::new(LocalAws::REGION))
            .credentials_provider(Credentials::new("local", "local", None, None, "tests"));
        $sdk::Client::from_conf(config.build())
    }};
}

async fn orders(aws: &LocalAws) -> aws_sdk_dynamodb::Client {
    let client = client!(aws_sdk_dynamodb, aws);
    let attribute =
        AttributeDefinition::builder().attribute_name("order_id").attribute_type(ScalarAttributeType::S);
    let key = KeySchemaElement::builder().attribute_name("order_id").key_type(KeyType::Hash);
    let create = client.create_table().table_name("orders").billing_mode(BillingMode::PayPerRequest);
    let create = create.attribute_definitions(attribute.build().unwrap()).key_schema(key.build().unwrap());
    create.send().await.unwrap();
    client
}

#[tokio::test]
async fn dynamodb_keeps_items_and_names_its_errors() {
    let aws = LocalAws::start().unwrap();
    let client = orders(&aws).await;
    let id = AttributeValue::S("ORD-1".into());
    let put = client.put_item().table_name("orders").item("order_id", id.clone());
    put.item("total", AttributeValue::N("25.00".into())).send().await.unwrap();
    let got = client.get_item().table_name("orders").key("order_id", id.clone()).send().await.unwrap();
    assert_eq!(got.item().unwrap()["order_id"], id);
    let missing = client.get_item().table_name("orders").key("order_id", AttributeValue::S("no".into()));
    assert!(missing.send().await.unwrap().item().is_none());
    let absent = client.get_item().table_name("absent").key("order_id", id).send().await.unwrap_err();
    assert!(absent.into_service_error().is_resource_not_found_exception());
    let statuses: Vec<_> =
        aws.calls().into_iter().map(|call| (call.operation, call.resource, call.status)).collect();
    assert_eq!(statuses[1], ("PutItem".into(), "orders".into(), 200));
    assert_eq!(statuses[4], ("GetItem".into(), "absent".into(), 400));
}

#[tokio::test]
async fn s3_keeps_objects_and_names_its_errors() {
    let aws = LocalAws::start().unwrap();
    let client = client!(aws_sdk_s3, aws);
    client.create_bucket().bucket("receipts").send().await.unwrap();
    let large = vec![b'x'; 3 << 20];
    for (key, body) in [("a/ORD-1.json", b"{}".to_vec()), ("large", large)] {
        client.put_object().bucket("receipts").key(key).body(body.clone().into()).send().await.unwrap();
        let got = client.get_object().bucket("receipts").key(key).send().await.unwrap();
        assert_eq!(got.body.collect().await.unwrap().to_vec(), body);
    }
    let listed = client.list_objects_v2().bucket("receipts").prefix("a/").send().await.unwrap();
    assert_eq!(listed.contents()[0].key(), Some("a/ORD-1.json"));
    let copy = client.copy_object().bucket("receipts").key("b").copy_source("receipts/a/ORD-1.json");
    copy.send().await.unwrap();
    assert_eq!(
        client.head_object().bucket("receipts").key("b").send().await.unwrap().content_length(),
        Some(2)
    );
    client.delete_object().bucket("receipts").key("b").send().await.unwrap();
    let gone = client.get_object().bucket("receipts").key("b").send().await.unwrap_err();
    assert!(gone.into_service_error().is_no_such_key());
    assert!(client.head_object().bucket("receipts").key("b").send().await.is_err());
    let not_there = client.put_object().bucket("absent").key("x").send().await.unwrap_err();
    assert_eq!(not_there.into_service_error().meta().code(), Some("NoSuchBucket"));
    let call = aws.calls().into_iter().find(|call| call.operation == "PutObject").unwrap();
    assert_eq!((call.service, &*call.resource), (Service::S3, "receipts/a/ORD-1.json"));
}

#[tokio::test]
async fn every_answer_has_request_ids() {
    use aws_sdk_dynamodb::operation::RequestId as _;
    use aws_sdk_s3::operation::RequestIdExt as _;
    let aws = LocalAws::start().unwrap();
    let created = client!(aws_sdk_sqs, aws).create_queue().queue_name("q").send().await.unwrap();
    let buckets = client!(aws_sdk_s3, aws).list_buckets().send().await.unwrap();
    assert!(buckets.extended_request_id().is_some_and(|id| id.len() == 76));
    let refused = client!(aws_sdk_s3, aws).get_object().bucket("absent").key("x").send().await.unwrap_err();
    assert!(refused.extended_request_id().is_some());
    let tables = client!(aws_sdk_dynamodb, aws).list_tables().send().await.unwrap();
    let seen = [created.request_id(), buckets.request_id(), refused.request_id(), tables.request_id()];
    let calls = aws.calls();
    let told: Vec<_> = calls.iter().map(|call| Some(&*call.request_id)).collect();
    assert_eq!(seen.as_slice(), told);
}

struct Queue<'a> {
    client: aws_sdk_sqs::Client,
    url: String,
    aws: &'a LocalAws,
}

impl<'a> Queue<'a> {
    async fn new(aws: &'a LocalAws) -> Self {
        let client = client!(aws_sdk_sqs, aws);
        let created = client.create_queue().queue_name("fulfillment").send().await.unwrap();
        let url = created.queue_url().unwrap().to_owned();
        let looked_up = client.get_queue_url().queue_name("fulfillment").send().await.unwrap();
        assert_eq!(looked_up.queue_url(), Some(&*url));
        Self { client, url, aws }
    }

    /// Sends a message in a request that has the HTTP header, and perhaps the attribute.
    async fn send(&self, body: &str, attribute: Option<&str>) {
        let send = self.client.send_message().queue_url(&self.url).message_body(body);
        let send = match attribute {
            Some(header) => send.message_system_attributes(
                MessageSystemAttributeNameForSends::AwsTraceHeader,
                trace_header(header),
            ),
            None => send,
        };
        let with_header = |request: &mut aws_sdk_sqs::config::http::HttpRequest| {
            request.headers_mut().insert("x-amzn-trace-id", HEADER);
        };
        send.customize().mutate_request(with_header).send().await.unwrap();
    }

    /// The bodies of the messages and their trace headers.
    async fn receive(&self) -> Vec<(String, Option<String>)> {
        let receive = self.client.receive_message().queue_url(&self.url).max_number_of_messages(10);
        let receive = receive.message_system_attribute_names(MessageSystemAttributeName::All);
        let received = receive.wait_time_seconds(10).send().await.unwrap();
        let read = |message: &aws_sdk_sqs::types::Message| {
            let attributes = message.attributes().unwrap();
            assert!(attributes.contains_key(&MessageSystemAttributeName::SentTimestamp));
            let header = attributes.get(&MessageSystemAttributeName::AwsTraceHeader).cloned();
            (message.body().unwrap().to_owned(), header)
        };
        received.messages().iter().map(read).collect()
    }
}

fn trace_header(header: &str) -> MessageSystemAttributeValue {
    let value = MessageSystemAttributeValue::builder().data_type("String").string_value(header);
    value.build().unwrap()
}

#[tokio::test]
async fn the_http_header_becomes_the_attribute_of_each_message_that_has_none() {
    let aws = LocalAws::start().unwrap();
    let queue = Queue::new(&aws).await;
    queue.send("by header", None).await;
    assert_eq!(queue.receive().await, [("by header".into(), Some(HEADER.into()))]);
    queue.send("by attribute", Some("Root=1-2-3;Sampled=0")).await;
    assert_eq!(queue.receive().await, [("by attribute".into(), Some("Root=1-2-3;Sampled=0".into()))]);
    let sent: Vec<_> = aws.calls().into_iter().filter(|call| call.operation == "SendMessage").collect();
    assert!(sent.iter().all(|call| call.trace_header.as_deref() == Some(HEADER)));
}

#[tokio::test]
async fn a_batch_has_a_header_a_message_and_none_where_nobody_sent_one() {
    let aws = LocalAws::start().unwrap();
    let queue = Queue::new(&aws).await;
    let entry = |id: &str| SendMessageBatchRequestEntry::builder().id(id).message_body(id);
    let traced = entry("traced")
        .message_system_attributes(MessageSystemAttributeNameForSends::AwsTraceHeader, trace_header(HEADER));
    let entries = [traced, entry("bare")].map(|entry| entry.build().unwrap());
    let batch = queue.client.send_message_batch().queue_url(&queue.url).set_entries(Some(entries.into()));
    assert_eq!(batch.send().await.unwrap().successful().len(), 2);
    let mut received = queue.receive().await;
    received.sort();
    assert_eq!(received, [("bare".into(), None), ("traced".into(), Some(HEADER.into()))]);
}

#[tokio::test]
async fn a_receiver_that_waits_has_the_header_of_a_message_that_is_just_being_sent() {
    let aws = LocalAws::start().unwrap();
    let queue = Queue::new(&aws).await;
    for _ in 0..50 {
        let (received, ()) = tokio::join!(queue.receive(), queue.send("now", None));
        assert_eq!(received, [("now".into(), Some(HEADER.into()))]);
    }
}

#[tokio::test]
async fn the_header_stays_when_a_message_becomes_visible_again_and_a_deleted_one_is_gone() {
    let aws = LocalAws::start().unwrap();
    let queue = Queue::new(&aws).await;
    queue.send("again", None).await;
    let receive = || queue.client.receive_message().queue_url(&queue.url).visibility_timeout(60).send();
    let first = receive().await.unwrap();
    let handle = first.messages()[0].receipt_handle().unwrap();
    // Nobody asked for the attributes.
    assert!(first.messages()[0].attributes().is_none_or(std::collections::HashMap::is_empty));
    let change = queue.client.change_message_visibility().queue_url(&queue.url).receipt_handle(handle);
    change.visibility_timeout(0).send().await.unwrap();
    assert_eq!(queue.receive().await, [("again".into(), Some(HEADER.into()))]);
    let sent =
        queue.aws.sqs("SendMessage", &json!({"QueueUrl": queue.url, "MessageBody": "within"})).unwrap();
    assert!(sent["MessageId"].is_string());
    let second = receive().await.unwrap();
    let delete = queue.client.delete_message().queue_url(&queue.url);
    delete.receipt_handle(second.messages()[0].receipt_handle().unwrap()).send().await.unwrap();
    let left = queue.client.get_queue_attributes().queue_url(&queue.url);
    let left = left.attribute_names(aws_sdk_sqs::types::QueueAttributeName::All).send().await.unwrap();
    let attributes = left.attributes().unwrap();
    let in_flight =
        &attributes[&aws_sdk_sqs::types::QueueAttributeName::ApproximateNumberOfMessagesNotVisible];
    assert_eq!(in_flight, "1");
}

#[tokio::test]
async fn a_fault_hits_the_calls_that_it_is_for_and_is_used_up() {
    let aws = LocalAws::start().unwrap();
    let s3 = client!(aws_sdk_s3, aws);
    aws.create_bucket("receipts").unwrap();
    aws.inject(Fault::fail(Service::S3, "PutObject", 503).key("ORD-2"));
    let put = |key: &str| s3.put_object().bucket("receipts").key(key).body(b"{}".to_vec().into()).send();
    put("ORD-1").await.unwrap();
    let failed = put("ORD-2").await.unwrap_err().into_service_error();
    assert_eq!(failed.meta().code(), Some("SlowDown"));
    // The SDK tries three times.
    let failures =
        aws.calls().into_iter().filter(|call| call.resource == "receipts/ORD-2" && call.status == 503);
    assert_eq!(failures.count(), 3);
    aws.clear_faults();
    put("ORD-2").await.unwrap();

    let dynamodb = orders(&aws).await;
    aws.inject(Fault::fail(Service::DynamoDb, "GetItem", 400).code("ThrottlingException").times(1));
    let get = |id: &str| {
        dynamodb.get_item().table_name("orders").key("order_id", AttributeValue::S(id.into())).send()
    };
    get("ORD-1").await.unwrap();
    let statuses: Vec<_> =
        aws.calls().into_iter().filter(|call| call.operation == "GetItem").map(|call| call.status).collect();
    assert_eq!(statuses, [400, 200]);

    let sqs = Queue::new(&aws).await;
    aws.inject(Fault::fail(Service::Sqs, "SendMessage", 403));
    let refused = sqs.client.send_message().queue_url(&sqs.url).message_body("x").send().await.unwrap_err();
    assert_eq!(refused.into_service_error().meta().code(), Some("AccessDeniedException"));
}

#[tokio::test]
async fn a_delayed_call_is_answered_late_and_others_are_not() {
    let aws = LocalAws::start().unwrap();
    let client = orders(&aws).await;
    aws.inject(Fault::delay(Service::DynamoDb, "GetItem", Duration::from_secs(3600)).key("ORD-STUCK"));
    let get = |id: &str| {
        client.get_item().table_name("orders").key("order_id", AttributeValue::S(id.into())).send()
    };
    tokio::select! {
        biased;
        _ = get("ORD-STUCK") => panic!("it was not delayed"),
        other = get("ORD-1") => drop(other.unwrap()),
    }
}

#[tokio::test]
async fn dropped_it_refuses_connections_and_browsers_are_refused_before() {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let aws = LocalAws::start().unwrap();
    let address = aws.endpoint().trim_start_matches("http://").to_owned();
    let mut stream = tokio::net::TcpStream::connect(&address).await.unwrap();
    let request = b"GET / HTTP/1.1\r\nhost: x\r\norigin: http://evil.example\r\nconnection: close\r\n\r\n";
    stream.write_all(request).await.unwrap();
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.unwrap();
    assert!(answer.starts_with("HTTP/1.1 403"), "{answer}");
    drop(aws);
    while tokio::net::TcpStream::connect(&address).await.is_ok() {
        tokio::task::yield_now().await;
    }
}
