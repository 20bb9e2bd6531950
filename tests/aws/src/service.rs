//! A service on loopback that answers what it is told, and keeps what it was asked.

use std::convert::Infallible;
use std::future::pending;
use std::io;
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use aws_types::SdkConfig;
use bytes::Bytes;
use futures_util::{StreamExt, stream};
use http_body_util::combinators::BoxBody;
use http_body_util::{BodyExt, BodyStream, Full, StreamBody};
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::sync::watch;
use tokio::task::{AbortHandle, JoinSet};
use tracer_runtime::TraceHeader;

use crate::answer::{Answer, Comes};
use crate::clients::config;

/// What the service was asked.
#[derive(Debug, Clone)]
pub struct Call {
    /// Such as `POST`.
    pub method: String,
    /// Path and query.
    pub uri: String,
    /// All headers.
    pub headers: http::HeaderMap,
    /// The whole body.
    pub body: Bytes,
}

impl Call {
    /// The value of a header that is text.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as JSON; `null` where it is none.
    #[must_use]
    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_default()
    }

    /// The trace header.
    ///
    /// # Panics
    /// If there is not exactly one, or it is not valid.
    #[must_use]
    pub fn trace_header(&self) -> TraceHeader {
        let mut all = self.headers.get_all("x-amzn-trace-id").iter();
        let one = all.next().expect("a trace header").to_str().expect("of text");
        assert!(all.next().is_none(), "one trace header, not more: {:?}", self.headers);
        one.parse().unwrap_or_else(|error| panic!("{error}: {one}"))
    }
}

/// A running service; it ends when it is dropped.
#[derive(Debug)]
pub struct Service {
    address: SocketAddr,
    calls: watch::Receiver<Vec<Call>>,
    server: AbortHandle,
}

type Body = BoxBody<Bytes, io::Error>;
type Choose = dyn Fn(&Call, usize) -> Answer + Send + Sync;

impl Service {
    /// Starts one. `answer` is given the call and how many came before it.
    ///
    /// # Panics
    /// Outside of a tokio runtime.
    pub fn start(answer: impl Fn(&Call, usize) -> Answer + Send + Sync + 'static) -> Self {
        let listener = std::net::TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
        listener.set_nonblocking(true).expect("a socket that does not block");
        let address = listener.local_addr().expect("a bound socket has an address");
        let listener = TcpListener::from_std(listener).expect("a socket for tokio");
        let (sender, calls) = watch::channel(Vec::new());
        let server = tokio::spawn(serve(listener, Arc::new(sender), Arc::new(answer))).abort_handle();
        Self { address, calls, server }
    }

    /// Starts one that gives every call the same answer.
    pub fn answering(answer: Answer) -> Self {
        Self::start(move |_, _| answer.clone())
    }

    /// Its URL.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What makes a client speak to it.
    #[must_use]
    pub fn config(&self) -> SdkConfig {
        config(&self.endpoint())
    }

    /// What came so far, in its order.
    #[must_use]
    pub fn calls(&self) -> Vec<Call> {
        self.calls.borrow().clone()
    }

    /// The only call that came.
    ///
    /// # Panics
    /// If it is not one.
    #[must_use]
    #[track_caller]
    pub fn call(&self) -> Call {
        let [call] = &self.calls()[..] else { panic!("{:#?}", self.calls()) };
        call.clone()
    }

    /// Waits until so many calls have come.
    ///
    /// # Panics
    /// If the server has ended.
    pub async fn received(&self, count: usize) {
        let mut calls = self.calls.clone();
        calls.wait_for(|calls| calls.len() >= count).await.expect("the server runs");
    }
}

impl Drop for Service {
    fn drop(&mut self) {
        self.server.abort();
    }
}

async fn serve(listener: TcpListener, calls: Arc<watch::Sender<Vec<Call>>>, choose: Arc<Choose>) {
    // They end with this task.
    let mut connections = JoinSet::new();
    while let Ok((stream, _)) = listener.accept().await {
        let (calls, choose) = (Arc::clone(&calls), Arc::clone(&choose));
        connections.spawn(async move {
            let answers = service_fn(move |request| {
                let (calls, choose) = (Arc::clone(&calls), Arc::clone(&choose));
                async move { answer(request, &calls, &*choose).await }
            });
            let _ = http1::Builder::new().serve_connection(TokioIo::new(stream), answers).await;
        });
    }
}

async fn answer(
    request: http::Request<Incoming>,
    calls: &watch::Sender<Vec<Call>>,
    choose: &Choose,
) -> Result<http::Response<Body>, Infallible> {
    let (head, body) = request.into_parts();
    let call = Call {
        method: head.method.to_string(),
        uri: head.uri.to_string(),
        headers: head.headers,
        body: body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default(),
    };
    let mut before = 0;
    calls.send_modify(|calls| {
        before = calls.len();
        calls.push(call.clone());
    });
    let answer = choose(&call, before);
    if answer.comes == Comes::Nothing {
        pending::<()>().await;
    }
    Ok(answer.into_response())
}

impl Answer {
    fn into_response(self) -> http::Response<Body> {
        let mut response = http::Response::builder().status(self.status);
        for (name, value) in self.headers {
            response = response.header(name, value);
        }
        let whole = Full::from(self.body).map_err(|never| match never {});
        let body = match self.comes {
            Comes::Cut => {
                response = response.header("transfer-encoding", "chunked");
                let cut = stream::once(async {
                    // What was written goes out while this waits.
                    tokio::task::yield_now().await;
                    Err(io::Error::other("cut"))
                });
                let whole = BodyStream::new(whole);
                BodyExt::boxed(StreamBody::new(whole.chain(cut)))
            }
            Comes::Whole | Comes::Nothing => whole.boxed(),
        };
        response.body(body).expect("a response of valid parts")
    }
}
