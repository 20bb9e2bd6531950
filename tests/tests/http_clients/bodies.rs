//! Where the subsegment of a request ends: with the body of its answer.

use bytes::Bytes;
use http_body_util::{BodyExt, Full};
use tower::{Layer, ServiceExt};
use tracer_runtime::http_client::{TracerLayer, TracerMiddleware};
use tracer_runtime::{is_sampled, testing};

use crate::clients::{Client, hyper, reqwest};
use crate::facts::Facts;
use crate::server::Server;

#[tokio::test]
async fn a_streamed_body_is_counted_when_it_ends() {
    let server = Server::start().await;
    for client in Client::all() {
        let trace = testing::capture_async(client.get(&server.url("/chunked"))).await;
        let facts = Facts::of_recorded(trace.subsegment("127.0.0.1"));
        let length = client.sees_the_body().then_some(13);
        assert_eq!((facts.status, facts.content_length), (Some(200), length), "{}", client.name());
    }
}

/// Whether the subsegment is still open.
fn is_open(trace: &testing::RecordedTrace) -> bool {
    trace.subsegment("127.0.0.1").is_in_progress()
}

#[tokio::test]
async fn behaviour_137_the_subsegment_is_open_until_the_last_byte_and_no_longer() {
    let server = Server::start().await;
    let client = reqwest(TracerMiddleware::new());
    for path in ["/", "/chunked"] {
        let mut kept = None;
        let trace = testing::capture_async(async {
            kept = Some(client.get(server.url(path)).send().await.unwrap());
        })
        .await;
        assert!(is_open(&trace), "nothing was read");
        let trace = testing::capture_async(async {
            let mut response = client.get(server.url(path)).send().await.unwrap();
            while response.chunk().await.unwrap().is_some() {}
            kept = Some(response);
        })
        .await;
        assert!(!is_open(&trace), "all was read");
    }
    drop(kept_alive(&server).await);
}

/// The same by the layer.
async fn kept_alive(server: &Server) -> impl Sized {
    let client = TracerLayer::new().layer(hyper());
    let request = || http::Request::get(server.url("/chunked")).body(Full::<Bytes>::default()).unwrap();
    let mut kept = Vec::new();
    let trace =
        testing::capture_async(async { kept.push(client.clone().oneshot(request()).await.unwrap()) }).await;
    assert!(is_open(&trace), "nothing was read");
    let trace = testing::capture_async(async {
        let mut response = client.clone().oneshot(request()).await.unwrap();
        while response.frame().await.is_some() {}
        kept.push(response);
    })
    .await;
    assert!(!is_open(&trace), "all was read");
    kept
}

#[tokio::test]
async fn a_body_that_nobody_reads_on_closes_the_subsegment_and_is_no_failure() {
    let server = Server::start().await;
    let by_reqwest = async {
        let mut response = reqwest(TracerMiddleware::new()).get(server.url("/stalled")).send().await.unwrap();
        assert_eq!(response.chunk().await.unwrap().unwrap(), "one ");
    };
    let by_hyper = async {
        let request = http::Request::get(server.url("/stalled")).body(Full::<Bytes>::default()).unwrap();
        let mut response = TracerLayer::new().layer(hyper()).oneshot(request).await.unwrap();
        let frame = response.frame().await.unwrap().unwrap();
        assert_eq!(frame.into_data().unwrap(), "one ");
    };
    for trace in [testing::capture_async(by_reqwest).await, testing::capture_async(by_hyper).await] {
        let expected = Facts::get(&server.url("/stalled")).answered(200, None, &[]);
        assert_eq!(Facts::of_recorded(trace.subsegment("127.0.0.1")), expected);
        assert!(!is_open(&trace));
    }
}

#[tokio::test]
async fn a_body_that_breaks_off_is_a_fault_with_the_error() {
    let server = Server::start().await;
    for client in Client::all().into_iter().filter(Client::sees_the_body) {
        let mut answer = None;
        let trace =
            testing::capture_async(async { answer = Some(client.get(&server.url("/broken")).await) }).await;
        answer.unwrap().unwrap_err();
        let facts = Facts::of_recorded(trace.subsegment("127.0.0.1"));
        assert_eq!((facts.status, &facts.flags[..]), (Some(200), &["fault"][..]), "{}", client.name());
        assert!(!facts.exceptions.is_empty() && facts.exceptions.iter().all(|is_remote| *is_remote));
        assert_eq!(facts.content_length, None, "what came is not the length");
    }
}

#[tokio::test]
async fn the_subsegment_of_a_request_is_not_current_while_the_body_is_read() {
    let server = Server::start().await;
    let client = reqwest(TracerMiddleware::new());
    let trace = testing::capture_async(tracer_runtime::subsegment_async("around", async {
        let mut response = client.get(server.url("/chunked")).send().await.unwrap();
        while response.chunk().await.unwrap().is_some() {
            assert!(is_sampled());
            tracer_runtime::put_annotation("Read", true);
        }
    }))
    .await;
    assert_eq!(trace.subsegment("around").annotation("Read"), true);
    assert!(trace.subsegment("127.0.0.1").annotation("Read").is_null());
}
