//! A server that answers by the path.

use std::convert::Infallible;
use std::io;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::{Stream, StreamExt, stream};
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt, Full, StreamBody};
use hyper::body::{Frame, Incoming};
use hyper::service::service_fn;
use hyper::{Method, Request, Response};
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::task::JoinHandle;

type Body = UnsyncBoxBody<Bytes, io::Error>;

/// Listens until it is dropped.
pub(crate) struct Server {
    address: SocketAddr,
    seen: Arc<Mutex<Vec<Seen>>>,
    listening: JoinHandle<()>,
}

/// What came with a request.
#[derive(Debug, Clone)]
pub(crate) struct Seen {
    pub(crate) target: String,
    pub(crate) trace_headers: Vec<String>,
}

impl Server {
    pub(crate) async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let seen = Arc::new(Mutex::new(Vec::new()));
        let listening = tokio::spawn(listen(listener, seen.clone()));
        Self { address, seen, listening }
    }

    pub(crate) fn url(&self, path: &str) -> String {
        format!("http://{}{path}", self.address)
    }

    /// Every request so far, in the order in which they came.
    pub(crate) fn seen(&self) -> Vec<Seen> {
        self.seen.lock().unwrap().clone()
    }

    /// The trace header of the only request.
    pub(crate) fn trace_header(&self) -> Option<String> {
        let [seen] = &self.seen()[..] else { panic!("{:?}", self.seen()) };
        assert!(seen.trace_headers.len() < 2, "{seen:?}");
        seen.trace_headers.first().cloned()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.listening.abort();
    }
}

/// A URL that nobody listens at.
pub(crate) async fn refused(path: &str) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    format!("http://{}{path}", listener.local_addr().unwrap())
}

async fn listen(listener: TcpListener, seen: Arc<Mutex<Vec<Seen>>>) {
    loop {
        let (stream, _) = listener.accept().await.unwrap();
        let seen = seen.clone();
        let service = service_fn(move |request| answer(request, seen.clone()));
        let http = hyper::server::conn::http1::Builder::new();
        // An error is of a client that went away, which some tests are about.
        tokio::spawn(async move { drop(http.serve_connection(TokioIo::new(stream), service).await) });
    }
}

async fn answer(
    request: Request<Incoming>,
    seen: Arc<Mutex<Vec<Seen>>>,
) -> Result<Response<Body>, io::Error> {
    let trace_headers = request.headers().get_all("x-amzn-trace-id").into_iter();
    let trace_headers = trace_headers.map(|value| value.to_str().unwrap().to_owned()).collect();
    let target = request.uri().to_string();
    let times = {
        let mut seen = seen.lock().unwrap();
        seen.push(Seen { target: target.clone(), trace_headers });
        seen.iter().filter(|seen| seen.target == target).count()
    };
    let path = request.uri().path().to_owned();
    let is_head = request.method() == Method::HEAD;
    drop(request.into_body().collect().await);
    let response = Response::builder().header("x-answer", "yes");
    let answer = match path.trim_start_matches('/') {
        "redir" => response.status(302).header("location", "/").body(whole("")),
        "flaky" if times == 1 => response.status(503).body(whole("later")),
        "empty" => response.status(204).body(whole("")),
        "chunked" => response.body(streamed(stream::iter(["one ", "two ", "three"].map(part)))),
        "broken" => response.body(streamed(stream::iter([part("one ")]).chain(stream::once(breaks_off())))),
        "stalled" => response.body(streamed(stream::iter([part("one ")]).chain(stream::pending()))),
        "never" => std::future::pending().await,
        "hung-up" => return Err(io::Error::other("hung up")),
        status if status.parse::<u16>().is_ok() => response.status(status).body(whole("hello")),
        _ if is_head => response.header("content-length", "5").body(whole("")),
        _ => response.body(whole("hello")),
    };
    Ok(answer.unwrap())
}

fn whole(text: &'static str) -> Body {
    Full::new(Bytes::from_static(text.as_bytes())).map_err(|error: Infallible| match error {}).boxed_unsync()
}

type Part = io::Result<Frame<Bytes>>;

fn part(text: &'static str) -> Part {
    Ok(Frame::data(Bytes::from_static(text.as_bytes())))
}

fn streamed(parts: impl Stream<Item = Part> + Send + 'static) -> Body {
    StreamBody::new(parts).boxed_unsync()
}

async fn breaks_off() -> Part {
    // What came before is written out meanwhile.
    tokio::task::yield_now().await;
    Err(io::Error::other("broken"))
}
