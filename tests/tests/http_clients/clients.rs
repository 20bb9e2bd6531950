//! The three clients behind one face, so that a test is the same for all.

use bytes::Bytes;
use http::{Method, Request};
use http_body_util::{BodyExt, Full};
use hyper_util::client::legacy::connect::HttpConnector;
use hyper_util::rt::TokioExecutor;
use tower::{Layer, Service, ServiceExt};
use tracer_runtime::http_client::{TracerLayer, TracerMiddleware};

pub(crate) type Hyper = hyper_util::client::legacy::Client<HttpConnector, Full<Bytes>>;

/// A traced client.
#[derive(Clone)]
pub(crate) enum Client {
    Reqwest(reqwest_middleware::ClientWithMiddleware),
    Hyper(Box<tracer_runtime::http_client::TracerService<Hyper>>),
    Ureq(ureq::Agent),
}

/// What a client gives for a request: the status and the body, or what went wrong.
pub(crate) type Answer = Result<(u16, Vec<u8>), String>;

pub(crate) fn hyper() -> Hyper {
    hyper_util::client::legacy::Client::builder(TokioExecutor::new()).build_http()
}

pub(crate) fn reqwest(middleware: TracerMiddleware) -> reqwest_middleware::ClientWithMiddleware {
    reqwest_middleware::ClientBuilder::new(bare_reqwest()).with(middleware).build()
}

pub(crate) fn bare_reqwest() -> reqwest::Client {
    reqwest::Client::builder().no_proxy().build().unwrap()
}

pub(crate) fn ureq(middleware: TracerMiddleware) -> ureq::Agent {
    ureq::Agent::config_builder().proxy(None).middleware(middleware).build().into()
}

impl Client {
    pub(crate) fn all() -> [Self; 3] {
        Self::ignoring("nothing.is.ignored", &[])
    }

    pub(crate) fn ignoring(host: &str, paths: &[&str]) -> [Self; 3] {
        let middleware = TracerMiddleware::new().ignore_endpoint(host, paths);
        let layer = TracerLayer::new().ignore_endpoint(host, paths);
        [
            Self::Reqwest(reqwest(middleware.clone())),
            Self::Hyper(Box::new(layer.layer(hyper()))),
            Self::Ureq(ureq(middleware)),
        ]
    }

    pub(crate) fn name(&self) -> &'static str {
        match self {
            Self::Reqwest(_) => "reqwest",
            Self::Hyper(_) => "hyper",
            Self::Ureq(_) => "ureq",
        }
    }

    pub(crate) fn follows_redirects(&self) -> bool {
        !matches!(self, Self::Hyper(_))
    }

    /// Whether the subsegment goes on to the end of the body.
    pub(crate) fn sees_the_body(&self) -> bool {
        !matches!(self, Self::Ureq(_))
    }

    pub(crate) async fn get(&self, url: &str) -> Answer {
        self.send(Method::GET, url, &[]).await
    }

    /// Sends a request and reads the answer to its end.
    pub(crate) async fn send(&self, method: Method, url: &str, headers: &[(&str, &str)]) -> Answer {
        let mut request = Request::builder().method(method).uri(url);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(()).unwrap();
        match self {
            Self::Reqwest(client) => send_by_reqwest(client, request).await,
            Self::Hyper(client) => send_by_hyper((**client).clone(), request).await,
            Self::Ureq(agent) => {
                let agent = agent.clone();
                tracer_runtime::spawn_blocking(move || send_by_ureq(&agent, request)).await.unwrap()
            }
        }
    }
}

async fn send_by_reqwest(client: &reqwest_middleware::ClientWithMiddleware, request: Request<()>) -> Answer {
    let (head, ()) = request.into_parts();
    let request = client.request(head.method, head.uri.to_string()).headers(head.headers);
    let response = request.send().await.map_err(|error| error.to_string())?;
    let status = response.status().as_u16();
    let body = response.bytes().await.map_err(|error| error.to_string())?;
    Ok((status, body.to_vec()))
}

async fn send_by_hyper<S, B>(client: S, request: Request<()>) -> Answer
where
    S: Service<Request<Full<Bytes>>, Response = http::Response<B>, Error: std::fmt::Display>,
    B: BodyExt<Error: std::fmt::Display>,
{
    let request = request.map(|()| Full::default());
    let response = client.oneshot(request).await.map_err(|error| error.to_string())?;
    let status = response.status().as_u16();
    let body = response.into_body().collect().await.map_err(|error| error.to_string())?;
    Ok((status, body.to_bytes().to_vec()))
}

fn send_by_ureq(agent: &ureq::Agent, request: Request<()>) -> Answer {
    let mut response = agent.run(request).map_err(|error| error.to_string())?;
    let status = response.status().as_u16();
    let body = response.body_mut().read_to_vec().map_err(|error| error.to_string())?;
    Ok((status, body))
}
