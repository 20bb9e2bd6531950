//! P1: the answer, the error and the errors of the body are what they are without tracing.

use std::collections::BTreeMap;
use std::error::Error;

use http::{Extensions, HeaderMap};
use http_body_util::BodyExt;
use hyper_util::client::legacy::connect::HttpInfo;
use tracer_runtime::http_client::TracerMiddleware;
use tracer_runtime::testing;
use ureq::ResponseExt as _;

use crate::clients::{bare_reqwest, reqwest};
use crate::server::{Server, refused};

/// All but the date, which another second may change, and the client's port.
fn sorted(headers: &HeaderMap) -> BTreeMap<String, String> {
    let shown = |value: &http::HeaderValue| value.to_str().unwrap().to_owned();
    let all = headers.iter().map(|(name, value)| (name.to_string(), shown(value)));
    all.filter(|(name, _)| name != "date").collect()
}

/// What a reqwest response shows.
async fn shown_by_reqwest(response: reqwest::Response) -> Vec<String> {
    vec![
        format!("{:?} {:?}", response.status(), response.version()),
        format!("{:?}", sorted(response.headers())),
        response.url().to_string(),
        format!("{:?}", response.remote_addr()),
        format!("{:?}", response.content_length()),
        format!("{} {}", response.extensions().len(), response.extensions().get::<HttpInfo>().is_some()),
        format!("{:?}", response.error_for_status_ref().map(|_| ()).map_err(|error| error.to_string())),
        format!("{:?}", response.text().await.map_err(|error| error.to_string())),
    ]
}

#[tokio::test]
async fn a_response_of_reqwest_is_the_same() {
    let server = Server::start().await;
    let (bare, traced) = (bare_reqwest(), reqwest(TracerMiddleware::new()));
    for path in ["/", "/q?a=b", "/404", "/redir", "/chunked", "/empty", "/304", "/broken"] {
        let expected = shown_by_reqwest(bare.get(server.url(path)).send().await.unwrap()).await;
        let mut found = Vec::new();
        let trace = testing::capture_async(async {
            found = shown_by_reqwest(traced.get(server.url(path)).send().await.unwrap()).await;
        })
        .await;
        assert_eq!(found, expected, "{path}");
        assert_eq!(trace.subsegments().len(), 1);
        let outside = shown_by_reqwest(traced.get(server.url(path)).send().await.unwrap()).await;
        assert_eq!(outside, expected, "{path} outside of a trace");
    }
}

#[tokio::test]
async fn what_a_user_puts_into_the_extensions_of_a_request_stays_there() {
    #[derive(Clone, PartialEq, Debug)]
    struct Mark(u8);
    struct Marks;
    #[async_trait::async_trait]
    impl reqwest_middleware::Middleware for Marks {
        async fn handle(
            &self,
            request: reqwest::Request,
            extensions: &mut Extensions,
            next: reqwest_middleware::Next<'_>,
        ) -> reqwest_middleware::Result<reqwest::Response> {
            assert_eq!(extensions.insert(Mark(2)), Some(Mark(1)));
            let mut response = next.run(request, extensions).await?;
            response.extensions_mut().insert(Mark(3));
            Ok(response)
        }
    }
    let server = Server::start().await;
    let client = reqwest_middleware::ClientBuilder::new(bare_reqwest())
        .with(TracerMiddleware::new())
        .with(Marks)
        .build();
    testing::capture_async(async {
        let response = client.get(server.url("/chunked")).with_extension(Mark(1)).send().await.unwrap();
        assert_eq!(response.extensions().get(), Some(&Mark(3)));
    })
    .await;
}

/// How an error prints, and what it says of itself.
fn shown_error(error: &reqwest::Error) -> String {
    let kinds =
        [error.is_body(), error.is_decode(), error.is_timeout(), error.is_connect(), error.is_request()];
    let mut innermost: &dyn Error = error;
    while let Some(source) = innermost.source() {
        innermost = source;
    }
    format!("{error} {kinds:?} {innermost}")
}

#[tokio::test]
async fn an_error_of_reqwest_is_the_same() {
    let server = Server::start().await;
    let (bare, traced) = (bare_reqwest(), reqwest(TracerMiddleware::new()));
    let urls = [refused("/?a=b").await, server.url("/hung-up")];
    testing::capture_async(async {
        for url in &urls {
            let expected = bare.get(url).send().await.unwrap_err();
            let found = traced.get(url).send().await.unwrap_err();
            let reqwest_middleware::Error::Reqwest(found) = found else { panic!("{found:?}") };
            assert_eq!(shown_error(&found), shown_error(&expected));
            assert_eq!(found.url(), expected.url());
        }
        let of_body = |response: reqwest::Response| async { response.bytes().await.unwrap_err() };
        let expected = of_body(bare.get(server.url("/broken")).send().await.unwrap()).await;
        let found = of_body(traced.get(server.url("/broken")).send().await.unwrap()).await;
        assert_eq!(shown_error(&found), shown_error(&expected));
    })
    .await;
}

#[tokio::test]
async fn a_response_of_the_layer_is_the_same() {
    use bytes::Bytes;
    use http_body_util::Full;
    use hyper::body::Body;
    use tower::{Layer, Service, ServiceExt};
    use tracer_runtime::http_client::TracerLayer;

    async fn shown<S, B>(client: S, url: &str) -> Vec<String>
    where
        S: Service<http::Request<Full<Bytes>>, Response = http::Response<B>, Error: std::fmt::Debug>,
        B: Body<Error: std::fmt::Debug>,
    {
        let request = http::Request::get(url).body(Full::default()).unwrap();
        let (head, body) = client.oneshot(request).await.unwrap().into_parts();
        vec![
            format!("{:?} {:?}", head.status, head.version),
            format!("{:?}", sorted(&head.headers)),
            format!("{} {}", head.extensions.len(), head.extensions.get::<HttpInfo>().is_some()),
            format!("{:?} {}", body.size_hint(), body.is_end_stream()),
            format!("{:?}", body.collect().await.map(http_body_util::Collected::to_bytes)),
        ]
    }

    let server = Server::start().await;
    let bare = crate::clients::hyper();
    let traced = TracerLayer::new().layer(bare.clone());
    for path in ["/", "/404", "/redir", "/chunked", "/empty", "/broken"] {
        let url = server.url(path);
        let expected = shown(bare.clone(), &url).await;
        testing::capture_async(async { assert_eq!(shown(traced.clone(), &url).await, expected) }).await;
        assert_eq!(shown(traced.clone(), &url).await, expected, "{path} outside of a trace");
    }
}

#[tokio::test]
async fn a_response_of_ureq_is_the_same() {
    fn shown(agent: &ureq::Agent, url: &str) -> Vec<String> {
        let mut response = match agent.get(url).call() {
            Ok(response) => response,
            Err(error) => return vec![format!("{error:?}")],
        };
        let body = response.body();
        vec![
            format!("{:?} {:?}", response.status(), response.version()),
            format!("{:?}", sorted(response.headers())),
            response.get_uri().to_string(),
            format!("{:?} {:?} {:?}", body.content_length(), body.mime_type(), body.charset()),
            response.extensions().len().to_string(),
            format!("{:?}", response.body_mut().read_to_string()),
        ]
    }

    let server = Server::start().await;
    let bare: ureq::Agent = ureq::Agent::config_builder().proxy(None).build().into();
    let traced = crate::clients::ureq(TracerMiddleware::new());
    let mut urls: Vec<String> =
        ["/", "/404", "/redir", "/chunked", "/empty"].map(|path| server.url(path)).into();
    urls.push(refused("/").await);
    let compare = move || {
        for url in urls {
            let expected = shown(&bare, &url);
            testing::capture(|| assert_eq!(shown(&traced, &url), expected, "{url}"));
            assert_eq!(shown(&traced, &url), expected, "{url} outside of a trace");
        }
    };
    tokio::task::spawn_blocking(compare).await.unwrap();
}

#[test]
fn what_a_client_can_be_used_for_a_traced_one_can() {
    use std::pin::Pin;

    use hyper::body::Incoming;
    use tower::BoxError;
    use tracer_runtime::http_client::{Printed, ResponseFuture, TracedBody, TracerService};

    use crate::clients::Hyper;

    fn is_sendable<T: Send + Sync + Unpin>() {}
    fn is_a_client<T: Clone + Send + Sync + Unpin + std::fmt::Debug>() {}

    is_sendable::<Incoming>();
    is_sendable::<TracedBody<Incoming>>();
    is_sendable::<TracedBody<Incoming, Printed>>();
    is_a_client::<Hyper>();
    is_a_client::<TracerService<Hyper>>();
    is_a_client::<TracerService<Hyper, Printed>>();
    type Answer = Result<http::Response<Incoming>, BoxError>;
    is_sendable::<ResponseFuture<Pin<Box<dyn Future<Output = Answer> + Send + Sync>>, Printed>>();
}
