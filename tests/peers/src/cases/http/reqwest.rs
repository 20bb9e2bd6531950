//! reqwest with its middleware.

use anyhow::Result;
use reqwest_middleware::{ClientBuilder, ClientWithMiddleware};
use reqwest_tracing::TracingMiddleware;
use tokio::runtime;
use tracer_runtime::http_client::TracerMiddleware;

use super::Requests;

pub(super) fn plain() -> Result<Requests> {
    requests(builder()?.build())
}

pub(super) fn traced() -> Result<Requests> {
    requests(builder()?.with(TracerMiddleware::new()).build())
}

pub(super) fn otel() -> Result<Requests> {
    requests(builder()?.with(TracingMiddleware::default()).build())
}

pub(super) fn builder() -> Result<ClientBuilder> {
    Ok(ClientBuilder::new(reqwest::Client::builder().no_proxy().build()?))
}

pub(super) fn requests(client: ClientWithMiddleware) -> Result<Requests> {
    let url: reqwest::Url = super::url()?.parse()?;
    let runtime = runtime::Builder::new_current_thread().enable_all().build()?;
    Ok(Box::new(move |times| {
        runtime.block_on(async {
            for _ in 0..times {
                let response = client.get(url.clone()).send().await;
                let body = response.expect("the server answers").bytes().await;
                std::hint::black_box(body.expect("the server sends a body"));
            }
        });
    }))
}
