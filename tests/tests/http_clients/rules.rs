//! What is not traced by rule.

use tracer_runtime::testing;

use crate::clients::Client;
use crate::server::Server;

#[tokio::test]
async fn an_ignored_endpoint_is_neither_recorded_nor_given_a_header() {
    for client in Client::ignoring("127.*", &["/health", "/metrics/*"]) {
        let server = Server::start().await;
        let trace = testing::capture_async(async {
            for path in ["/health?deep=yes", "/metrics/a/b", "/orders"] {
                client.get(&server.url(path)).await.unwrap();
            }
        })
        .await;
        let [request] = trace.subsegments() else { panic!("{}: {trace}", client.name()) };
        assert_eq!(request.json()["http"]["request"]["url"], server.url("/orders"));
        let traced: Vec<bool> = server.seen().iter().map(|seen| !seen.trace_headers.is_empty()).collect();
        assert_eq!(traced, [false, false, true], "{}", client.name());
    }
}

#[tokio::test]
async fn a_host_that_is_ignored_without_paths_is_ignored_whole() {
    let server = Server::start().await;
    for client in Client::ignoring("127.0.0.1", &[]) {
        let trace = testing::capture_async(client.get(&server.url("/any/path"))).await;
        assert!(trace.subsegments().is_empty(), "{}", client.name());
    }
    assert!(server.seen().iter().all(|seen| seen.trace_headers.is_empty()));
}

#[tokio::test]
async fn behaviour_140_connect_and_a_uri_without_a_host_are_left_alone() {
    use tower::{Layer, ServiceExt, service_fn};
    use tracer_runtime::http_client::TracerLayer;

    let client = TracerLayer::new().layer(service_fn(|request: http::Request<()>| async move {
        assert!(request.headers().is_empty(), "{request:?}");
        Ok::<_, std::io::Error>(http::Response::new(String::new()))
    }));
    let trace = testing::capture_async(async {
        for request in [http::Request::connect("example.com:443"), http::Request::get("/orders")] {
            client.clone().oneshot(request.body(()).unwrap()).await.unwrap();
        }
    })
    .await;
    assert!(trace.subsegments().is_empty(), "{trace}");
}
