//! Bodies that are streamed, requests that the SDK makes by itself, and values that are too long.

use std::time::Duration;

use aws_sdk_dynamodb::client::Waiters;
use aws_sdk_dynamodb::types::AttributeValue;
use aws_sdk_s3::config::RequestChecksumCalculation;
use aws_sdk_s3::primitives::{ByteStream, SdkBody};
use bytes::Bytes;
use http_body_util::StreamBody;
use hyper::body::Frame;
use serde_json::json;
use tracer_runtime::testing;
use tracer_runtime::traced_client;
use tracer_tests_aws::{Answer, Clients, InProcess, Service, config, recorded};

#[tokio::test]
async fn a_streamed_answer_is_read_after_the_end_of_its_subsegment() {
    let body = vec![b'x'; 1 << 20];
    let service = Service::answering(Answer::of(200, body.clone()).header("x-amz-id-2", "two"));
    let s3 = Clients::traced(&service.config()).s3;
    let mut object = None;
    let get = s3.get_object().bucket("receipts").key("a/\u{fc}").version_id("v").send();
    let call = recorded(async { object = Some(get.await.unwrap()) }).await;
    assert!(!call.is_in_progress() && call.json()["end_time"].is_number());
    assert_eq!(call.json()["http"]["response"], json!({"status": 200, "content_length": 1 << 20}));
    let aws = &call.json()["aws"];
    assert_eq!(
        [&aws["bucket_name"], &aws["key"], &aws["version_id"], &aws["id_2"]],
        ["receipts", "a/\u{fc}", "v", "two"]
    );
    assert_eq!(object.unwrap().body.collect().await.unwrap().to_vec(), body);
}

#[tokio::test]
async fn an_answer_that_is_cut_while_it_is_read_is_the_readers_error() {
    let service = Service::answering(Answer::of(200, "x").cut());
    let s3 = Clients::traced(&service.config()).s3;
    let mut object = None;
    let get = s3.get_object().bucket("b").key("k").send();
    let call = recorded(async { object = Some(get.await.unwrap()) }).await;
    assert!(!call.is_fault() && !call.is_cancelled());
    object.unwrap().body.collect().await.unwrap_err();
}

#[tokio::test]
async fn a_body_is_uploaded_from_memory_from_a_stream_and_from_a_file() {
    let file = std::path::Path::new(tracer_tests_aws::HERE).join("Cargo.toml");
    let of_file = std::fs::read(&file).unwrap();
    let chunks = ["one ", "two"].map(|chunk| Ok::<_, std::io::Error>(Frame::data(Bytes::from(chunk))));
    let stream = StreamBody::new(futures_util::stream::iter(chunks));
    let uploads = [
        (ByteStream::from_static(b"in memory"), b"in memory".to_vec()),
        (ByteStream::new(SdkBody::from_body_1_x(stream)), b"one two".to_vec()),
        (ByteStream::from_path(&file).await.unwrap(), of_file),
    ];
    for (body, expected) in uploads {
        let service = Service::answering(Answer::of(200, ""));
        let s3 = traced_client!(aws_sdk_s3, &service.config(), |builder| {
            // Else what is sent has a checksum around it.
            builder
                .force_path_style(true)
                .request_checksum_calculation(RequestChecksumCalculation::WhenRequired)
        });
        let put = s3.put_object().bucket("b").key("k").content_length(expected.len().try_into().unwrap());
        let call = recorded(async { put.body(body).send().await.unwrap() }).await;
        assert_eq!(service.call().body, expected);
        assert_eq!(service.call().trace_header().parent().unwrap().to_string(), call.json()["id"]);
        assert_eq!(call.json()["aws"]["key"], "k");
        assert!(!call.is_fault() && !call.is_error());
    }
}

#[tokio::test]
async fn a_paginator_makes_a_subsegment_for_each_page() {
    let service = Service::start(|_, before| match before {
        0 | 1 => {
            let last = json!({"order_id": {"S": before.to_string()}});
            Answer::json(200, &json!({"Items": [], "Count": 2, "ScannedCount": 3, "LastEvaluatedKey": last}))
        }
        _ => Answer::json(200, &json!({"Items": [], "Count": 1, "ScannedCount": 1})),
    });
    let client = traced_client!(aws_sdk_dynamodb, &service.config());
    let trace = testing::capture_async(async {
        let mut pages = client.scan().table_name("orders").into_paginator().send();
        while let Some(page) = pages.next().await {
            page.unwrap();
        }
    })
    .await;
    let counts: Vec<_> =
        trace.find("DynamoDB").iter().map(|call| call.json()["aws"]["count"].clone()).collect();
    assert_eq!(counts, [2, 2, 1]);
    let ids: Vec<_> = trace.find("DynamoDB").iter().map(|call| call.json()["id"].clone()).collect();
    let parents: Vec<_> =
        service.calls().iter().map(|call| json!(call.trace_header().parent().unwrap().to_string())).collect();
    assert_eq!(parents, ids);
}

// Its waiting passes at once.
#[tokio::test(start_paused = true)]
async fn a_waiter_makes_a_subsegment_for_each_time_it_asks() {
    let client = InProcess::new(|before| match before {
        0 => Answer::json_error(400, "ResourceNotFoundException", "not yet"),
        1 => Answer::json(200, &json!({"Table": {"TableStatus": "CREATING"}})),
        _ => Answer::json(200, &json!({"Table": {"TableStatus": "ACTIVE"}})),
    });
    let config = config("http://localhost").into_builder().http_client(client).build();
    let client = traced_client!(aws_sdk_dynamodb, &config);
    let waiter = client.wait_until_table_exists().table_name("orders");
    let trace = testing::capture_async(async { waiter.wait(Duration::from_secs(300)).await.unwrap() }).await;
    let calls = trace.find("DynamoDB");
    assert_eq!(calls.iter().map(|call| call.is_error()).collect::<Vec<_>>(), [true, false, false]);
    assert!(calls.iter().all(|call| call.json()["aws"]["table_name"] == "orders"));
}

#[tokio::test]
async fn a_name_that_is_too_long_is_cut_and_its_subsegment_arrives() {
    let service = Service::answering(Answer::json(200, &json!({})));
    let Clients { dynamodb, s3, .. } = Clients::traced(&service.config());
    // What fits into a path, with no room for the rest of a datagram beside it; and what fits nowhere.
    let (long, longer) = ("n".repeat(65_400), "n".repeat(200_000));
    let get = dynamodb.get_item().table_name(&longer).key("order_id", AttributeValue::S("1".into())).send();
    let put = s3.put_object().bucket("b").key(&long).send();
    let trace = testing::capture_async(async {
        get.await.unwrap();
        put.await.unwrap();
    })
    .await;
    let cut = |call: &testing::RecordedSubsegment, member: &str| {
        let text =
            call.json()["aws"][member].as_str().unwrap_or_else(|| panic!("{}", call.json())).to_owned();
        assert!(text.starts_with("nnn") && text.len() < 65_400, "{} bytes", text.len());
        text
    };
    cut(trace.subsegment("DynamoDB"), "table_name");
    cut(trace.subsegment("S3"), "key");
    assert!(trace.documents().iter().all(|document| document.len() < 65_507));
    assert_eq!(service.calls()[0].json()["TableName"], longer, "what is sent is not touched");
}
