//! In front of another server.

use aws_sdk_s3::error::ProvideErrorMetadata as _;
use aws_sdk_sqs::types::{
    MessageSystemAttributeName, MessageSystemAttributeNameForSends, MessageSystemAttributeValue,
};
use local_aws::{Fault, LocalAws, LocalAwsError, Service};
use serde_json::json;

const HEADER: &str = "Root=1-6b02d7e6-207f0216d9e1908cc7eb247a;Parent=53995c3f42cd8ad8;Sampled=1";

/// The configuration that each client's own builder is given the same way.
macro_rules! client {
    ($sdk:ident, $aws:expr) => {{
        use $sdk::config::retry::RetryConfig;
        use $sdk::config::{BehaviorVersion, Credentials, Region};
        let config = $sdk::Config::builder()
            .behavior_version(BehaviorVersion::latest())
            .http_client(aws_smithy_http_client::Builder::new().build_http())
            .endpoint_url($aws.endpoint())
            .region(Region::new(LocalAws::REGION))
            .retry_config(RetryConfig::disabled())
            .credentials_provider(Credentials::new("local", "local", None, None, "tests"));
        $sdk::Client::from_conf(config.build())
    }};
}

#[tokio::test]
async fn what_is_not_failed_on_request_happens_there() {
    let server = LocalAws::start().unwrap();
    let front = LocalAws::in_front_of(&server.endpoint()).unwrap();
    front.create_bucket("receipts").unwrap();
    front.inject(Fault::fail(Service::S3, "PutObject", 503).key("ORD-2"));
    let put =
        |key| client!(aws_sdk_s3, front).put_object().bucket("receipts").key(key).body(b"{}".to_vec().into());
    put("ORD-1").send().await.unwrap();
    let failed = put("ORD-2").send().await.unwrap_err();
    assert_eq!(failed.into_service_error().code(), Some("SlowDown"));
    let got = client!(aws_sdk_s3, server).get_object().bucket("receipts").key("ORD-1").send().await.unwrap();
    assert_eq!(got.body.collect().await.unwrap().to_vec(), b"{}");
    let statuses: Vec<_> = front.calls().into_iter().map(|call| (call.resource, call.status)).collect();
    assert_eq!(statuses, [("receipts/ORD-1".to_owned(), 200), ("receipts/ORD-2".to_owned(), 503)]);
}

#[tokio::test]
async fn the_trace_header_of_a_message_is_kept_in_front() {
    let server = LocalAws::start().unwrap();
    let front = LocalAws::in_front_of(&server.endpoint()).unwrap();
    let client = client!(aws_sdk_sqs, front);
    let created = client.create_queue().queue_name("q").send().await.unwrap();
    let queue = created.queue_url().unwrap();
    let header = MessageSystemAttributeValue::builder().data_type("String").string_value(HEADER);
    let send = client.send_message().queue_url(queue).message_body("1");
    let attribute = MessageSystemAttributeNameForSends::AwsTraceHeader;
    send.message_system_attributes(attribute, header.build().unwrap()).send().await.unwrap();
    let receive = client.receive_message().queue_url(queue);
    let receive = receive.message_system_attribute_names(MessageSystemAttributeName::All);
    let received = receive.send().await.unwrap();
    let attributes = received.messages()[0].attributes().unwrap();
    assert_eq!(attributes[&MessageSystemAttributeName::AwsTraceHeader], HEADER);
}

#[test]
fn what_the_server_refuses_is_told() {
    let server = LocalAws::start().unwrap();
    let front = LocalAws::in_front_of(&server.endpoint()).unwrap();
    let refused = front.dynamodb("PutItem", &json!({ "TableName": "absent", "Item": {} })).unwrap_err();
    assert!(refused.to_string().starts_with("DynamoDB refused PutItem: ResourceNotFoundException"));
    front.create_bucket("receipts").unwrap();
    assert!(front.create_bucket("no bucket").is_err());
}

#[test]
fn a_server_that_is_gone_is_named() {
    let server = LocalAws::start().unwrap();
    let endpoint = server.endpoint();
    drop(server);
    let front = LocalAws::in_front_of(&endpoint).unwrap();
    let gone = front.sqs("ListQueues", &json!({})).unwrap_err().to_string();
    assert!(gone.contains("BadGateway") && gone.contains("does not answer"), "{gone}");
    assert!(matches!(LocalAws::in_front_of("https://x"), Err(LocalAwsError::Endpoint { .. })));
}
