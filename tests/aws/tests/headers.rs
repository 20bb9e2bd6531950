//! P2 on the wire: the trace header of each attempt names the call's own subsegment.

use std::time::Duration;

use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_s3::presigning::PresigningConfig;
use aws_sdk_xray::types::TimeRangeType;
use aws_types::SdkConfig;
use serde_json::json;
use tracer_runtime::aws_sdk::TracerInterceptor;
use tracer_runtime::testing::{self, RecordedSubsegment};
use tracer_runtime::{InSubsegment, Sampling, traced_client};
use tracer_tests_aws::{Answer, Call, Clients, Service, invoked, recorded};

const SAMPLED: &str =
    "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1;Lineage=25:a87bd80c:1";
const UNSAMPLED: &str =
    "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=0;Lineage=25:a87bd80c:1";

async fn list_tables(config: &SdkConfig) {
    let _ = traced_client!(aws_sdk_dynamodb, config).list_tables().send().await;
}

fn tables() -> Answer {
    Answer::json(200, &json!({"TableNames": []}))
}

/// The header names this call, in its trace.
#[track_caller]
fn assert_names(header: &Call, call: &RecordedSubsegment) {
    let header = header.trace_header();
    assert_eq!(header.root().to_string(), call.json()["trace_id"], "{call}");
    assert_eq!(header.parent().unwrap().to_string(), call.json()["id"], "{call}");
    assert_eq!(header.sampling(), Sampling::Sampled);
}

#[tokio::test]
async fn each_attempt_names_the_one_subsegment() {
    let service = Service::start(|_, before| match before {
        0 | 1 => Answer::json_error(500, "InternalServerError", "oh"),
        _ => tables(),
    });
    let call = recorded(list_tables(&service.config())).await;
    let attempts = service.calls();
    assert_eq!(attempts.len(), 3);
    attempts.iter().for_each(|attempt| assert_names(attempt, &call));
}

#[tokio::test]
async fn what_else_the_header_of_the_invocation_has_is_passed_on() {
    let service = Service::answering(tables());
    let trace = testing::capture_async(invoked(SAMPLED, list_tables(&service.config()))).await;
    let id = trace.subsegment("DynamoDB").json()["id"].as_str().unwrap();
    let expected = SAMPLED.replace("53995c3f42cd8ad8", id);
    assert_eq!(service.call().header("x-amzn-trace-id"), Some(&*expected));
}

#[tokio::test]
async fn an_invocation_that_is_not_sampled_passes_its_header_on_and_records_nothing() {
    let service = Service::start(|_, before| match before {
        0 => Answer::json_error(500, "InternalServerError", "oh"),
        _ => tables(),
    });
    let trace = testing::capture_async(invoked(UNSAMPLED, list_tables(&service.config()))).await;
    assert!(trace.documents().is_empty(), "{trace}");
    let headers: Vec<_> =
        service.calls().iter().map(|call| call.header("x-amzn-trace-id").unwrap().to_owned()).collect();
    assert_eq!(headers, [UNSAMPLED, UNSAMPLED]);
}

#[tokio::test]
async fn outside_of_any_trace_there_is_no_header() {
    let service = Service::answering(tables());
    list_tables(&service.config()).await;
    assert_eq!(service.call().header("x-amzn-trace-id"), None);
}

#[tokio::test]
async fn an_interceptor_on_the_client_and_on_the_operation_trace_it_once() {
    let service = Service::answering(tables());
    let client = traced_client!(aws_sdk_dynamodb, &service.config());
    let call = client.list_tables().customize().interceptor(TracerInterceptor::new());
    let call = recorded(call.interceptor(TracerInterceptor::new()).send()).await;
    assert_names(&service.call(), &call);
    assert_eq!(call.json()["aws"]["table_count"], 0);
}

#[tokio::test]
async fn an_interceptor_on_one_operation_traces_that_and_no_other() {
    let service = Service::start(|call, _| match call.method.as_str() {
        "POST" => tables(),
        _ => Answer::xml(200, "<ListBucketResult><KeyCount>0</KeyCount></ListBucketResult>"),
    });
    let Clients { dynamodb, s3, .. } = Clients::untraced(&service.config());
    let call = recorded(async {
        dynamodb.list_tables().send().await.unwrap();
        let get = dynamodb.get_item().table_name("orders").key("order_id", AttributeValue::S("ORD-1".into()));
        get.customize().interceptor(TracerInterceptor::new()).send().await.unwrap();
    })
    .await;
    assert_eq!(call.json()["aws"]["operation"], "GetItem");
    assert_eq!(call.json()["aws"]["table_name"], "orders");
    let [untraced, traced] = &service.calls()[..] else { panic!("two calls") };
    assert_eq!(untraced.header("x-amzn-trace-id"), None);
    assert_names(traced, &call);

    // As the documentation says: the SDK has read the input by then.
    let list = s3.list_objects_v2().bucket("b").customize().interceptor(TracerInterceptor::new());
    let call = recorded(list.send()).await;
    assert_eq!(call.json()["aws"]["operation"], "ListObjectsV2");
    assert!(call.json()["aws"]["bucket_name"].is_null());
}

#[tokio::test]
async fn presigning_is_no_call_and_its_request_has_no_header() {
    let service = Service::answering(tables());
    let s3 = Clients::traced(&service.config()).s3;
    let lifetime = || PresigningConfig::expires_in(Duration::from_secs(60)).unwrap();
    let mut requests = Vec::new();
    let trace = testing::capture_async(
        async {
            requests.push(s3.get_object().bucket("b").key("k").presigned(lifetime()).await.unwrap());
            requests.push(s3.put_object().bucket("b").key("k").presigned(lifetime()).await.unwrap());
        }
        .in_subsegment("presigning"),
    )
    .await;
    assert!(trace.subsegment("presigning").subsegments().is_empty(), "{trace}");
    for request in requests {
        let is_header = |(name, _): (&str, &str)| name.eq_ignore_ascii_case("x-amzn-trace-id");
        assert!(!request.headers().any(is_header), "{request:?}");
        assert!(!request.uri().to_ascii_lowercase().contains("trace-id"), "{request:?}");
    }
    assert!(service.calls().is_empty());
}

#[tokio::test]
async fn what_tracing_itself_calls_is_not_traced() {
    let service = Service::answering(Answer::json(200, &json!({})));
    let xray = traced_client!(aws_sdk_xray, &service.config());
    let now = aws_sdk_xray::primitives::DateTime::from_secs(1_700_000_000);
    let call = recorded(async {
        xray.put_trace_segments().trace_segment_documents("{}").send().await.unwrap();
        xray.get_sampling_rules().send().await.unwrap();
        let get = xray.get_trace_summaries().start_time(now).end_time(now);
        get.time_range_type(TimeRangeType::Event).send().await.unwrap();
    })
    .await;
    assert_eq!((call.name(), &call.json()["aws"]["operation"]), ("XRay", &json!("GetTraceSummaries")));
    assert_eq!(service.calls().len(), 3);
}
