//! P2 for calls that run at once: each is under the function that makes it, and tells the service so.

use std::collections::HashMap;
use std::sync::Arc;

use aws_sdk_dynamodb::Client;
use aws_sdk_dynamodb::types::AttributeValue;
use futures_util::future::join_all;
use serde_json::json;
use tokio::sync::Barrier;
use tracer_runtime::testing::{self, RecordedTrace};
use tracer_runtime::{InSubsegment, capture_method, put_annotation, spawn, subsegment, traced_client};
use tracer_tests_aws::{Answer, Service};

const CALLS: usize = 100;

/// They all wait for each other, and then they all call.
#[capture_method]
async fn get_order(client: &Client, number: usize, all: &Barrier) {
    put_annotation("Number", number);
    all.wait().await;
    let key = AttributeValue::S(number.to_string());
    client.get_item().table_name("orders").key("order_id", key).send().await.unwrap();
}

fn service() -> Service {
    Service::start(|_, _| Answer::json(200, &json!({})))
}

/// Each function has its one call, and the request for its number names that call.
fn check(trace: &RecordedTrace, service: &Service) {
    let requests = service.calls();
    let of_number = |call: &tracer_tests_aws::Call| {
        let number = call.json()["Key"]["order_id"]["S"].as_str().unwrap().to_owned();
        (number, call.trace_header().parent().unwrap().to_string())
    };
    let parents: HashMap<String, String> = requests.iter().map(of_number).collect();
    assert_eq!((requests.len(), parents.len()), (CALLS, CALLS));
    let functions = trace.subsegment("root").subsegments();
    assert_eq!(functions.len(), CALLS, "{trace}");
    for function in functions {
        let [call] = function.subsegments() else { panic!("one call each: {function}") };
        assert_eq!(call.name(), "DynamoDB");
        assert!(call.subsegments().is_empty());
        let number = function.annotation("Number").to_string();
        assert_eq!(parents[&number], call.json()["id"], "{function}");
    }
}

#[tokio::test]
async fn a_hundred_calls_joined_are_each_under_their_own_function() {
    let service = service();
    let client = traced_client!(aws_sdk_dynamodb, &service.config());
    let all = Barrier::new(CALLS);
    let calls = async { join_all((0..CALLS).map(|number| get_order(&client, number, &all))).await };
    check(&testing::capture_async(calls.in_subsegment("root")).await, &service);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_hundred_calls_in_tasks_are_each_under_their_own_function() {
    let service = service();
    let client = traced_client!(aws_sdk_dynamodb, &service.config());
    let all = Arc::new(Barrier::new(CALLS));
    let task = |number| {
        let (client, all) = (client.clone(), Arc::clone(&all));
        spawn(async move { get_order(&client, number, &all).await })
    };
    let calls = async {
        for ended in join_all((0..CALLS).map(task)).await {
            ended.unwrap();
        }
    };
    check(&testing::capture_async(calls.in_subsegment("root")).await, &service);
}

#[tokio::test]
async fn a_call_made_in_one_place_and_sent_in_another_is_where_it_is_sent() {
    let service = service();
    let client = traced_client!(aws_sdk_dynamodb, &service.config());
    let trace = testing::capture_async(async {
        let made = subsegment("made", || client.list_tables().send());
        async { made.await.unwrap() }.in_subsegment("sent").await;
    })
    .await;
    assert!(trace.subsegment("made").subsegments().is_empty(), "{trace}");
    assert_eq!(trace.subsegment("sent").subsegments().len(), 1, "{trace}");
}

#[tokio::test]
async fn a_call_in_a_task_without_the_helper_is_in_no_trace() {
    let service = service();
    let client = traced_client!(aws_sdk_dynamodb, &service.config());
    let trace = testing::capture_async(async {
        tokio::spawn(async move { client.list_tables().send().await.unwrap() }).await.unwrap();
    })
    .await;
    assert!(trace.documents().is_empty(), "{trace}");
    assert_eq!(service.call().header("x-amzn-trace-id"), None);
}
