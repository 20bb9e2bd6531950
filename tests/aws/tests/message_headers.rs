//! The trace header inside of messages, for those who take it from nowhere else.

use aws_sdk_eventbridge::types::PutEventsRequestEntry;
use aws_sdk_sqs::types::{
    MessageSystemAttributeName, MessageSystemAttributeNameForSends, MessageSystemAttributeValue,
    SendMessageBatchRequestEntry,
};
use aws_types::SdkConfig;
use serde_json::{Value, json};
use tracer_runtime::aws_sdk::TracerInterceptor;
use tracer_runtime::testing;
use tracer_runtime::traced_client;
use tracer_tests_aws::{Answer, Emulator, Service, invoked, recorded};

/// A client whose messages have the header.
macro_rules! client {
    ($sdk:ident, $config:expr) => {
        traced_client!($sdk, $config, |builder| {
            builder.interceptor(TracerInterceptor::new().message_headers(true))
        })
    };
}

fn sent() -> Answer {
    Answer::json(200, &json!({"MessageId": "m", "Successful": [], "Failed": []}))
}

fn of_user() -> MessageSystemAttributeValue {
    MessageSystemAttributeValue::builder().data_type("String").string_value("mine").build().unwrap()
}

fn entry(id: &str) -> SendMessageBatchRequestEntry {
    SendMessageBatchRequestEntry::builder().id(id).message_body("b").build().unwrap()
}

/// What the service took, and the header that came with it.
fn taken(service: &Service) -> (Value, Value) {
    let call = service.call();
    assert_eq!(call.header("content-length"), Some(&*call.body.len().to_string()));
    (call.json(), call.header("x-amzn-trace-id").unwrap().into())
}

#[tokio::test]
async fn a_message_has_the_header_that_the_request_has() {
    let service = Service::answering(sent());
    let send = client!(aws_sdk_sqs, &service.config()).send_message().queue_url("q").message_body("b\u{e9}");
    let call = recorded(async { send.send().await.unwrap() }).await;
    let (body, header) = taken(&service);
    assert_eq!(
        body["MessageSystemAttributes"]["AWSTraceHeader"],
        json!({"DataType": "String", "StringValue": header})
    );
    assert_eq!(body["MessageBody"], "b\u{e9}");
    assert!(header.as_str().unwrap().contains(call.json()["id"].as_str().unwrap()));
    assert_eq!(call.json()["aws"]["message_id"], "m");
}

#[tokio::test]
async fn each_message_of_a_batch_has_it_but_one_that_has_its_own() {
    let service = Service::answering(sent());
    let own = MessageSystemAttributeNameForSends::AwsTraceHeader;
    let own = SendMessageBatchRequestEntry::builder().message_system_attributes(own, of_user());
    let own = own.id("2").message_body("b").build().unwrap();
    let send = client!(aws_sdk_sqs, &service.config()).send_message_batch().queue_url("q");
    let send = send.entries(entry("1")).entries(own).entries(entry("3"));
    recorded(async { send.send().await.unwrap() }).await;
    let (body, header) = taken(&service);
    let values = body["Entries"].as_array().unwrap().iter();
    let values: Vec<_> =
        values.map(|entry| &entry["MessageSystemAttributes"]["AWSTraceHeader"]["StringValue"]).collect();
    assert_eq!(values, [&header, &json!("mine"), &header]);
}

#[tokio::test]
async fn events_and_executions_have_it_but_those_that_have_their_own() {
    let service = Service::answering(Answer::json(200, &json!({"FailedEntryCount": 0, "Entries": []})));
    let event = |header: Option<&str>| {
        PutEventsRequestEntry::builder()
            .source("s")
            .detail_type("d")
            .detail("{}")
            .set_trace_header(header.map(Into::into))
            .build()
    };
    let put = client!(aws_sdk_eventbridge, &service.config()).put_events();
    let put = put.entries(event(None)).entries(event(Some("mine")));
    recorded(async { put.send().await.unwrap() }).await;
    let (body, header) = taken(&service);
    assert_eq!(
        [&body["Entries"][0]["TraceHeader"], &body["Entries"][1]["TraceHeader"]],
        [&header, &json!("mine")]
    );

    for own in [None, Some("mine".to_owned())] {
        let service = Service::answering(Answer::json(200, &json!({"executionArn": "arn", "startDate": 1})));
        let start = client!(aws_sdk_sfn, &service.config()).start_execution().state_machine_arn("arn");
        recorded(async { start.set_trace_header(own.clone()).send().await.unwrap() }).await;
        let (body, header) = taken(&service);
        assert_eq!(body["traceHeader"], own.map_or(header, Value::from));
    }
}

#[tokio::test]
async fn nobody_has_asked_so_messages_stay_as_they_are() {
    let service = Service::answering(sent());
    let send = traced_client!(aws_sdk_sqs, &service.config()).send_message().queue_url("q");
    recorded(async { send.message_body("b").send().await.unwrap() }).await;
    assert!(taken(&service).0["MessageSystemAttributes"].is_null());
}

#[tokio::test]
async fn a_message_of_an_invocation_that_is_not_sampled_says_so() {
    const UNSAMPLED: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0";
    let service = Service::answering(sent());
    let send = client!(aws_sdk_sqs, &service.config()).send_message().queue_url("q").message_body("b");
    let trace = testing::capture_async(invoked(UNSAMPLED, send.send())).await;
    assert!(trace.documents().is_empty());
    let (body, header) = taken(&service);
    assert_eq!(header, UNSAMPLED);
    assert_eq!(body["MessageSystemAttributes"]["AWSTraceHeader"]["StringValue"], UNSAMPLED);
}

/// Sends a message and receives it with the header of the call that sent it.
async fn receives_the_senders_header(config: &SdkConfig) {
    let sqs = client!(aws_sdk_sqs, config);
    let queue = sqs.create_queue().queue_name("q").send().await.unwrap().queue_url.unwrap();
    let send = sqs.send_message().queue_url(&queue).message_body("b").send();
    let call = recorded(async { send.await.unwrap() }).await;
    let receive = sqs.receive_message().queue_url(&queue);
    let receive = receive.message_system_attribute_names(MessageSystemAttributeName::AwsTraceHeader);
    let received = receive.send().await.unwrap();
    let header = &received.messages()[0].attributes().unwrap()[&MessageSystemAttributeName::AwsTraceHeader];
    let header: tracer_runtime::TraceHeader = header.parse().unwrap();
    assert_eq!(header.parent().unwrap().to_string(), call.json()["id"]);
    assert_eq!(header.root().to_string(), call.json()["trace_id"]);
}

#[tokio::test]
async fn moto_hands_it_to_the_receiver() {
    let Some(moto) = Emulator::moto() else { return };
    receives_the_senders_header(&moto.config()).await;
}

#[tokio::test]
async fn ministack_hands_it_to_the_receiver() {
    let Some(ministack) = Emulator::ministack() else { return };
    receives_the_senders_header(&ministack.config()).await;
}
