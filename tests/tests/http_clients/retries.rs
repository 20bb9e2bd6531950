//! Retries: what is inside of them is one subsegment each, what is outside one in all.

use std::future::{Ready, ready};

use bytes::Bytes;
use http::{Extensions, Request, Response};
use http_body_util::Full;
use reqwest_middleware::{ClientBuilder, Middleware, Next};
use tower::retry::{Policy, RetryLayer};
use tower::{ServiceBuilder, ServiceExt};
use tracer_runtime::http_client::{TracerLayer, TracerMiddleware};
use tracer_runtime::testing::{self, RecordedTrace};

use crate::clients::{bare_reqwest, hyper};
use crate::server::Server;

/// Sends once more what was answered with 503, as `reqwest-retry` does.
struct Retries;

#[async_trait::async_trait]
impl Middleware for Retries {
    async fn handle(
        &self,
        request: reqwest::Request,
        extensions: &mut Extensions,
        next: Next<'_>,
    ) -> reqwest_middleware::Result<reqwest::Response> {
        let again = request.try_clone().unwrap();
        let first = next.clone().run(request, extensions).await?;
        if first.status() == 503 { next.run(again, extensions).await } else { Ok(first) }
    }
}

#[derive(Clone)]
struct Once(bool);

impl<B, E> Policy<Request<Full<Bytes>>, Response<B>, E> for Once {
    type Future = Ready<()>;

    fn retry(
        &mut self,
        _: &mut Request<Full<Bytes>>,
        result: &mut Result<Response<B>, E>,
    ) -> Option<Ready<()>> {
        let again = self.0 && result.as_ref().is_ok_and(|response| response.status() == 503);
        self.0 = false;
        again.then(|| ready(()))
    }

    fn clone_request(&mut self, request: &Request<Full<Bytes>>) -> Option<Request<Full<Bytes>>> {
        Some(request.clone())
    }
}

fn statuses(trace: &RecordedTrace) -> Vec<u64> {
    trace
        .subsegments()
        .iter()
        .map(|request| request.json()["http"]["response"]["status"].as_u64().unwrap())
        .collect()
}

/// The parents that the server's requests name.
fn parents(server: &Server) -> Vec<String> {
    server.seen().iter().map(|seen| seen.trace_headers[0].split(';').nth(1).unwrap().to_owned()).collect()
}

fn parents_recorded(trace: &RecordedTrace) -> Vec<String> {
    let id = |json: &serde_json::Value| format!("Parent={}", json["id"].as_str().unwrap());
    trace.subsegments().iter().map(|request| id(request.json())).collect()
}

#[tokio::test]
async fn a_middleware_inside_of_the_retries_records_each_attempt() {
    let server = Server::start().await;
    let client = ClientBuilder::new(bare_reqwest()).with(Retries).with(TracerMiddleware::new()).build();
    let trace =
        testing::capture_async(async { client.get(server.url("/flaky")).send().await.unwrap() }).await;
    assert_eq!(statuses(&trace), [503, 200]);
    assert_eq!(parents(&server), parents_recorded(&trace));
}

#[tokio::test]
async fn a_middleware_outside_of_the_retries_records_the_last_answer() {
    let server = Server::start().await;
    let client = ClientBuilder::new(bare_reqwest()).with(TracerMiddleware::new()).with(Retries).build();
    let trace =
        testing::capture_async(async { client.get(server.url("/flaky")).send().await.unwrap() }).await;
    assert_eq!(statuses(&trace), [200]);
    assert_eq!(parents(&server), [parents_recorded(&trace), parents_recorded(&trace)].concat());
}

#[tokio::test]
async fn a_layer_inside_of_the_retries_records_each_attempt() {
    let server = Server::start().await;
    let client =
        ServiceBuilder::new().layer(RetryLayer::new(Once(true))).layer(TracerLayer::new()).service(hyper());
    let request = Request::get(server.url("/flaky")).body(Full::<Bytes>::default()).unwrap();
    let trace = testing::capture_async(async { client.oneshot(request).await.unwrap() }).await;
    assert_eq!(statuses(&trace), [503, 200]);
    assert_eq!(parents(&server), parents_recorded(&trace));
}
