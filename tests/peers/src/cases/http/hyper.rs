//! hyper's client with the layer.

use std::error::Error;

use anyhow::Result;
use http::{Request, Response};
use http_body_util::{BodyExt, Empty};
use hyper::body::{Body, Bytes};
use hyper_util::client::legacy::Client;
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tokio::runtime;
use tower::{Layer, Service, ServiceExt};
use tracer_runtime::http_client::TracerLayer;

use super::Requests;

pub(super) fn plain() -> Result<Requests> {
    requests(client())
}

pub(super) fn traced() -> Result<Requests> {
    requests(TracerLayer::new().layer(client()))
}

fn client() -> Client<HttpConnector, Empty<Bytes>> {
    let mut connector = HttpConnector::new();
    connector.set_nodelay(true);
    Client::builder(TokioExecutor::new()).build(connector)
}

fn requests<S, B>(client: S) -> Result<Requests>
where
    S: Service<Request<Empty<Bytes>>, Response = Response<B>, Error: Error> + Clone + 'static,
    B: Body<Error: Error>,
{
    let url: http::Uri = super::url()?.parse()?;
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(Box::new(move |times| {
        runtime.block_on(async {
            for _ in 0..times {
                let request = Request::new(Empty::new());
                let (mut head, body) = request.into_parts();
                head.uri = url.clone();
                let response = client.clone().oneshot(Request::from_parts(head, body)).await;
                let body = response.expect("the server answers").into_body().collect().await;
                std::hint::black_box(body.expect("the server sends a body").to_bytes());
            }
        });
    }))
}
