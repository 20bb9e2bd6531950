//! P10: how a call ended, in each of the ways in which it can end.

use std::net::{Ipv4Addr, TcpListener};
use std::time::Duration;

use aws_sdk_dynamodb::config::timeout::TimeoutConfig;
use aws_sdk_dynamodb::error::SdkError;
use aws_sdk_dynamodb::operation::get_item::{GetItemError, GetItemOutput};
use aws_sdk_dynamodb::types::AttributeValue;
use aws_types::SdkConfig;
use serde_json::{Value, json};
use tracer_runtime::testing::{self, RecordedSubsegment};
use tracer_runtime::{Tracer, capture_method, traced_client};
use tracer_tests_aws::{Answer, Clients, Service, config, recorded};

async fn get_item(config: &SdkConfig) -> Result<GetItemOutput, SdkError<GetItemError>> {
    let client = traced_client!(aws_sdk_dynamodb, config);
    client.get_item().table_name("orders").key("order_id", AttributeValue::S("ORD-1".into())).send().await
}

fn found() -> Answer {
    let capacity = json!({"TableName": "orders", "CapacityUnits": 0.5});
    Answer::json(200, &json!({"Item": {"order_id": {"S": "ORD-1"}}, "ConsumedCapacity": capacity}))
}

/// What a call's document says of its success or failure.
#[track_caller]
fn assert_flags(call: &RecordedSubsegment, [error, throttle, fault]: [bool; 3]) {
    let flags = [call.is_error(), call.is_throttle(), call.is_fault()];
    assert_eq!(flags, [error, throttle, fault], "error, throttle, fault: {call}");
    assert!(!call.is_in_progress() && !call.is_cancelled(), "{call}");
}

/// The exceptions: their types and their texts. They are not of this program.
#[track_caller]
fn exceptions(call: &RecordedSubsegment) -> Vec<(String, String)> {
    let exceptions = call.exceptions();
    assert!(exceptions.iter().all(|exception| exception.json()["remote"] == true), "{call}");
    exceptions.iter().map(|one| (one.type_name().to_owned(), one.message().to_owned())).collect()
}

/// The only one.
#[track_caller]
fn exception(call: &RecordedSubsegment) -> (String, String) {
    let [exception] = &exceptions(call)[..] else { panic!("one exception: {}", call.json()) };
    exception.clone()
}

#[tokio::test]
async fn success_has_all_facts_and_no_flag() {
    let service = Service::answering(found());
    let call = recorded(get_item(&service.config())).await;
    assert_eq!(call.name(), "DynamoDB");
    assert_eq!(call.json()["namespace"], "aws");
    let expected = json!({
        "operation": "GetItem", "region": "us-east-1", "request_id": Answer::REQUEST_ID, "retries": 0,
        "table_name": "orders", "consumed_capacity": {"TableName": "orders", "CapacityUnits": 0.5},
    });
    assert_eq!(call.json()["aws"], expected);
    let length = found().length();
    assert_eq!(call.json()["http"], json!({"response": {"status": 200, "content_length": length}}));
    assert_flags(&call, [false; 3]);
    assert!(call.json()["cause"].is_null() && call.json()["metadata"].is_null());
}

#[tokio::test]
async fn an_error_of_the_caller_is_an_error_with_what_the_service_said() {
    let service = Service::answering(Answer::json_error(400, "ResourceNotFoundException", "no such table"));
    let call = recorded(get_item(&service.config())).await;
    assert_flags(&call, [true, false, false]);
    assert_eq!(exception(&call), ("ResourceNotFoundException".into(), "no such table".into()));
    assert_eq!(call.json()["http"]["response"]["status"], 400);
    assert_eq!(call.json()["aws"]["request_id"], Answer::REQUEST_ID);
    assert_eq!(call.json()["aws"]["table_name"], "orders");
}

#[tokio::test]
async fn a_throttle_is_known_by_its_code_though_the_status_is_400() {
    let throttle = Answer::json_error(400, "ProvisionedThroughputExceededException", "slower");
    let service = Service::answering(throttle);
    let call = recorded(get_item(&service.config())).await;
    assert_flags(&call, [true, true, false]);
    assert_eq!(exception(&call).0, "ProvisionedThroughputExceededException");
    assert_eq!(call.json()["aws"]["retries"], 2);
    assert_eq!(service.calls().len(), 3);
}

#[tokio::test]
async fn a_failure_of_the_service_is_a_fault() {
    let service = Service::answering(Answer::json_error(500, "InternalServerError", "oh"));
    let call = recorded(get_item(&service.config())).await;
    assert_flags(&call, [false, false, true]);
    assert_eq!(exception(&call), ("InternalServerError".into(), "oh".into()));
    assert_eq!(call.json()["http"]["response"]["status"], 500);
    assert_eq!(call.json()["aws"]["retries"], 2);
}

#[tokio::test]
async fn a_retry_that_succeeds_is_one_subsegment_without_a_flag() {
    let service = Service::start(|_, before| match before {
        0 => Answer::json_error(500, "InternalServerError", "oh"),
        _ => found(),
    });
    let call = recorded(get_item(&service.config())).await;
    assert_flags(&call, [false; 3]);
    assert_eq!(call.json()["aws"]["retries"], 1);
    assert_eq!(call.json()["http"]["response"]["status"], 200);
    assert_eq!(call.json()["aws"]["consumed_capacity"]["CapacityUnits"], 0.5);
}

#[tokio::test]
async fn an_error_of_s3_with_the_status_of_success_is_a_fault() {
    let error = "<Error><Code>InternalError</Code><Message>We encountered an error</Message></Error>";
    let service = Service::answering(Answer::xml(200, error).header("x-amz-id-2", "the other"));
    let s3 = Clients::traced(&service.config()).s3;
    let copy = s3.copy_object().bucket("b").key("k").copy_source("b/j").send();
    let call = recorded(async { copy.await.unwrap_err() }).await;
    assert_flags(&call, [false, false, true]);
    assert_eq!(exception(&call), ("InternalError".into(), "We encountered an error".into()));
    assert_eq!(call.json()["http"]["response"]["status"], 200);
    assert_eq!(call.json()["aws"]["id_2"], "the other");
    assert_eq!(call.json()["aws"]["copy_source"], "b/j");
}

#[tokio::test]
async fn an_error_without_a_body_is_an_error_with_its_status() {
    let service = Service::answering(Answer::of(404, ""));
    let s3 = Clients::traced(&service.config()).s3;
    let call = recorded(s3.head_object().bucket("b").key("k").send()).await;
    assert_flags(&call, [true, false, false]);
    assert_eq!(exception(&call).0, "NotFound");
    assert_eq!(call.json()["http"]["response"]["status"], 404);
}

#[tokio::test]
async fn what_has_not_changed_is_no_failure_and_the_wrong_region_is_an_error() {
    let redirect = "<Error><Code>PermanentRedirect</Code><Message>another region</Message></Error>";
    let service = Service::start(|_, before| match before {
        0 => Answer::of(304, ""),
        _ => Answer::xml(301, redirect),
    });
    let s3 = Clients::traced(&service.config()).s3;
    let get = s3.get_object().bucket("b").key("k").if_none_match("etag").send();
    let call = recorded(async { get.await.unwrap_err() }).await;
    assert_flags(&call, [false; 3]);
    assert!(call.json()["cause"].is_null(), "{}", call.json());
    assert_eq!(call.json()["http"]["response"]["status"], 304);

    let get = s3.get_object().bucket("b").key("k").send();
    let call = recorded(async { get.await.unwrap_err() }).await;
    assert_flags(&call, [true, false, false]);
    assert_eq!(exception(&call), ("PermanentRedirect".into(), "another region".into()));
}

#[tokio::test]
async fn a_code_is_known_whatever_else_the_error_has() {
    let errors = [
        json!({"__type": "ThrottlingException", "message": "slow", "Message": "slow"}),
        json!({"__type": "ThrottlingException", "message": {"no": "text"}, "Message": "slow"}),
        json!({"__type": "ThrottlingException", "code": 7, "errorMessage": "slow"}),
        json!({"__type": "", "code": "ThrottlingException", "message": null, "Message": "slow"}),
    ];
    for error in errors {
        let service = Service::answering(Answer::json(400, &error));
        let call = recorded(get_item(&service.config())).await;
        assert_flags(&call, [true, true, false]);
        assert_eq!(exception(&call), ("ThrottlingException".into(), "slow".into()), "{error}");
    }
}

#[tokio::test]
async fn an_error_that_is_no_answer_of_the_service_is_a_fault_with_its_status() {
    let service = Service::answering(Answer::of(502, "<html>Bad gateway</html>"));
    let call = recorded(get_item(&service.config())).await;
    assert_flags(&call, [false, false, true]);
    assert_eq!(call.json()["http"]["response"]["status"], 502);
    assert_eq!(exception(&call).0, "DeserializeError");
}

#[tokio::test]
async fn an_answer_that_cannot_be_read_is_a_fault_with_the_status_that_came() {
    for answer in [Answer::of(200, "no JSON"), found().cut()] {
        let service = Service::answering(answer);
        let call = recorded(get_item(&service.config())).await;
        assert_flags(&call, [false, false, true]);
        assert_eq!(call.json()["http"]["response"]["status"], 200, "{}", call.json());
        assert_eq!(call.json()["aws"]["request_id"], Answer::REQUEST_ID);
        assert!(!call.exceptions().is_empty());
    }
}

#[tokio::test]
async fn a_call_that_takes_too_long_is_a_fault() {
    let service = Service::answering(Answer::never());
    let soon = Duration::from_millis(20);
    let timeouts = [
        TimeoutConfig::builder().operation_timeout(soon).build(),
        TimeoutConfig::builder().operation_attempt_timeout(soon).build(),
        TimeoutConfig::builder().read_timeout(soon).build(),
    ];
    for timeout in timeouts {
        let config = service.config().into_builder().timeout_config(timeout.clone()).build();
        let call = recorded(get_item(&config)).await;
        assert_flags(&call, [false, false, true]);
        let message = exceptions(&call).pop().unwrap().1;
        assert!(message.contains("timeout") || message.contains("timed out"), "{timeout:?}: {message}");
        assert!(call.json()["http"].is_null(), "nothing was answered");
        assert_eq!(call.json()["aws"]["table_name"], "orders");
    }
}

#[tokio::test]
async fn a_service_that_is_not_there_is_a_fault() {
    let nobody = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap();
    let call = recorded(get_item(&config(&format!("http://{nobody}")))).await;
    assert_flags(&call, [false, false, true]);
    assert!(call.json()["http"].is_null());
    assert_eq!(call.json()["aws"]["retries"], 2);
    let exceptions = exceptions(&call);
    assert_eq!(exceptions[0].0, "ConnectorError");
    assert!(exceptions.last().unwrap().1.contains("refused"), "{exceptions:?}");
}

#[tokio::test]
async fn what_cannot_be_sent_is_a_fault() {
    let service = Service::answering(Answer::of(200, ""));
    let s3 = Clients::traced(&service.config()).s3;
    let put = s3.put_object().bucket("b").key("k").metadata("a", "two\nlines");
    let call = recorded(async { put.send().await.unwrap_err() }).await;
    assert_flags(&call, [false, false, true]);
    assert!(service.calls().is_empty());
}

#[tokio::test]
async fn a_dropped_call_is_cancelled_and_has_no_flag() {
    let service = Service::answering(Answer::never());
    let config = service.config();
    let call = recorded(async {
        tokio::select! {
            _ = get_item(&config) => panic!("nothing is answered"),
            () = service.received(1) => {}
        }
    })
    .await;
    assert_cancelled(&call);
}

#[tokio::test]
async fn a_call_dropped_while_it_is_retried_is_cancelled_and_has_no_flag() {
    let service = Service::start(|_, before| match before {
        0 => Answer::json_error(500, "InternalServerError", "oh"),
        _ => Answer::never(),
    });
    let config = service.config();
    let call = recorded(async {
        tokio::select! {
            _ = get_item(&config) => panic!("the second attempt is not answered"),
            () = service.received(2) => {}
        }
    })
    .await;
    assert_cancelled(&call);
}

#[track_caller]
fn assert_cancelled(call: &RecordedSubsegment) {
    assert!(call.is_cancelled() && !call.is_in_progress(), "{call}");
    assert!(!call.is_error() && !call.is_throttle() && !call.is_fault(), "{call}");
    assert!(call.exceptions().is_empty() && call.json()["http"].is_null());
    assert_eq!(call.json()["aws"]["table_name"], "orders");
}

#[capture_method(capture_error = false)]
async fn silent(config: &SdkConfig) -> Result<(), SdkError<GetItemError>> {
    get_item(config).await.map(drop)
}

#[tokio::test]
async fn p9_no_text_of_an_error_is_recorded_where_the_function_says_so_and_the_flag_stays() {
    let error = Answer::json_error(400, "ValidationException", "secret card number");
    let service = Service::answering(error);
    let trace = testing::capture_async(silent(&service.config())).await;
    let call = trace.subsegment("DynamoDB");
    assert_flags(call, [true, false, false]);
    assert!(trace.subsegment("silent").is_fault());
    assert!(trace.documents().iter().all(|document| !document.contains("secret")), "{trace}");
    assert!(call.exceptions().is_empty());
    assert_eq!(call.json()["http"]["response"]["status"], 400);
}

#[tokio::test]
async fn p9_no_text_of_an_error_is_recorded_where_the_tracer_says_so() {
    let service = Service::answering(Answer::json_error(400, "ValidationException", "secret card number"));
    let settings = Tracer::builder().capture_error(false);
    let trace = testing::capture_async_with(settings, get_item(&service.config())).await;
    assert!(trace.subsegment("DynamoDB").is_error());
    assert!(trace.documents().iter().all(|document| !document.contains("secret")), "{trace}");
}

#[capture_method]
async fn telling(config: &SdkConfig) -> Result<(), SdkError<GetItemError>> {
    get_item(config).await.map(drop)
}

#[tokio::test]
async fn an_error_that_the_calling_function_returns_is_recorded_there_too() {
    let service = Service::answering(Answer::json_error(400, "ValidationException", "no such key"));
    let trace = testing::capture_async(telling(&service.config())).await;
    let calling = trace.subsegment("telling");
    assert!(calling.is_fault(), "{trace}");
    assert_eq!(
        exception(calling.subsegment("DynamoDB")),
        ("ValidationException".into(), "no such key".into())
    );
}

#[tokio::test]
async fn a_throttle_by_status_and_a_body_of_several_shapes_are_known() {
    let cases: [(Answer, [bool; 3], Value); 3] = [
        (Answer::of(429, ""), [true, true, false], json!(429)),
        (Answer::of(503, ""), [false, false, true], json!(503)),
        (Answer::json(400, &json!({"message": 7})), [true, false, false], json!(400)),
    ];
    for (answer, flags, status) in cases {
        let service = Service::answering(answer);
        let call = recorded(get_item(&service.config())).await;
        assert_flags(&call, flags);
        assert_eq!(call.json()["http"]["response"]["status"], status);
    }
}
