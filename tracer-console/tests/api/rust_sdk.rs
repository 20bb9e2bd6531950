//! The AWS SDK for Rust.

use aws_sdk_xray::Client;
use aws_sdk_xray::config::{BehaviorVersion, Credentials, Region};
use aws_sdk_xray::error::SdkError;
use aws_sdk_xray::operation::get_group::GetGroupError;
use aws_sdk_xray::operation::tag_resource::TagResourceError;
use aws_sdk_xray::primitives::DateTime;
use aws_sdk_xray::types::{RetrievalStatus, SamplingStatisticsDocument, Tag, TimeRangeType};
use serde_json::json;
use tracer_console::{Console, TraceId};

use crate::requests::{console, put};

const BEGIN: i64 = 1_795_348_800;

fn client(console: &Console) -> Client {
    let config = aws_sdk_xray::Config::builder()
        .behavior_version(BehaviorVersion::latest())
        .http_client(aws_smithy_http_client::Builder::new().build_http())
        .endpoint_url(format!("http://{}", console.local_addr()))
        .region(Region::new("us-east-1"))
        .credentials_provider(Credentials::new("local", "local", None, None, "tests"))
        .build();
    Client::from_conf(config)
}

async fn send(client: &Client, name: &str) -> TraceId {
    let (trace, segments) = put(name);
    let document = segments["TraceSegmentDocuments"][0].as_str().unwrap();
    let sent = client.put_trace_segments().trace_segment_documents(document).send().await.unwrap();
    assert!(sent.unprocessed_trace_segments().is_empty());
    trace
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_sent_is_found_and_read() {
    let console = console();
    let client = client(&console);
    let trace = send(&client, "order-service").await;
    send(&client, "mailer").await;
    let (start, end) = (DateTime::from_secs(BEGIN), DateTime::from_secs_f64(BEGIN as f64 + 0.5));
    let found = client
        .get_trace_summaries()
        .start_time(start)
        .end_time(end)
        .time_range_type(TimeRangeType::Event)
        .filter_expression("service(\"order-service\") { responsetime < 1 }")
        .send()
        .await
        .unwrap();
    let [summary] = found.trace_summaries() else { panic!("{found:?}") };
    assert_eq!((summary.id(), summary.response_time()), (Some(&*trace.to_string()), Some(0.25)));
    assert_eq!(summary.entry_point().and_then(|entry| entry.name()), Some("order-service"));
    assert_eq!((found.traces_processed_count(), summary.matched_event_time()), (Some(2), Some(&start)));
    let traces = client.batch_get_traces().trace_ids(trace.to_string()).send().await.unwrap();
    assert!(traces.traces()[0].segments()[0].document().unwrap().contains("order-service"));
    let graph = client.get_service_graph().start_time(start).end_time(end).send().await.unwrap();
    assert_eq!(graph.services().len(), 4);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_paginator_comes_to_an_end_with_every_trace() {
    let console = console();
    let client = client(&console);
    let documents: Vec<_> =
        (0..250).map(|_| put("job").1["TraceSegmentDocuments"][0].as_str().unwrap().to_owned()).collect();
    for batch in documents.chunks(50) {
        client.put_trace_segments().set_trace_segment_documents(Some(batch.to_vec())).send().await.unwrap();
    }
    let asked = client
        .get_trace_summaries()
        .start_time(DateTime::from_secs(BEGIN))
        .end_time(DateTime::from_secs(BEGIN + 1));
    let (mut pages, mut ids) = (asked.into_paginator().send(), std::collections::BTreeSet::new());
    let mut count = 0;
    while let Some(page) = pages.next().await {
        let page = page.unwrap();
        count += 1;
        ids.extend(page.trace_summaries().iter().map(|summary| summary.id().unwrap().to_owned()));
    }
    assert!(count > 1);
    assert_eq!(ids.len(), 250);
}

#[tokio::test(flavor = "multi_thread")]
async fn errors_are_those_of_the_model() {
    let console = console();
    let client = client(&console);
    let error = client.get_group().group_name("none").send().await.unwrap_err();
    let SdkError::ServiceError(error) = error else { panic!("{error:?}") };
    assert_eq!(error.raw().status().as_u16(), 400);
    let GetGroupError::InvalidRequestException(error) = error.into_err() else { panic!("another error") };
    assert_eq!(error.message(), Some("Group not found: none"));
    let tag = Tag::builder().key("team").value("orders").build().unwrap();
    let error = client.tag_resource().resource_arn("arn:none").tags(tag).send().await.unwrap_err();
    let TagResourceError::ResourceNotFoundException(error) = error.into_service_error() else {
        panic!("another error")
    };
    assert_eq!(error.resource_name(), Some("arn:none"));
    let wrong = client
        .get_trace_summaries()
        .start_time(DateTime::from_secs(BEGIN))
        .end_time(DateTime::from_secs(BEGIN + 1))
        .filter_expression("service(\"a\") { annotation.b = 1 }");
    let error = wrong.send().await.unwrap_err().into_service_error();
    assert!(error.is_invalid_request_exception(), "{error:?}");
}

#[tokio::test(flavor = "multi_thread")]
async fn rules_targets_and_retrievals_are_read() {
    let console = console();
    let client = client(&console);
    let rules = client.get_sampling_rules().send().await.unwrap();
    let default = rules.sampling_rule_records()[0].sampling_rule().unwrap();
    assert_eq!(
        (default.rule_name(), default.priority(), default.fixed_rate()),
        (Some("Default"), 10_000, 0.05)
    );
    let report = SamplingStatisticsDocument::builder()
        .rule_name("Default")
        .client_id("0123456789abcdef01234567")
        .timestamp(DateTime::from_secs(BEGIN))
        .request_count(3)
        .sampled_count(1)
        .build()
        .unwrap();
    let targets = client.get_sampling_targets().sampling_statistics_documents(report).send().await.unwrap();
    assert_eq!(targets.sampling_target_documents()[0].reservoir_quota(), Some(1));
    let trace = send(&client, "job").await;
    let started = client
        .start_trace_retrieval()
        .trace_ids(trace.to_string())
        .start_time(DateTime::from_secs(BEGIN))
        .end_time(DateTime::from_secs(BEGIN))
        .send()
        .await
        .unwrap();
    let token = started.retrieval_token().unwrap();
    let listed = client.list_retrieved_traces().retrieval_token(token).send().await.unwrap();
    assert_eq!(listed.retrieval_status(), Some(&RetrievalStatus::Complete));
    assert_eq!(listed.traces()[0].spans().len(), 1);
    let policy = json!({"Version": "2012-10-17", "Statement": []}).to_string();
    let put = client.put_resource_policy().policy_name("p").policy_document(policy).send().await.unwrap();
    assert_eq!(put.resource_policy().and_then(|policy| policy.policy_revision_id()), Some("1"));
}
