//! The HTTP side: connections, requests from elsewhere that are refused, operations on threads that may block, answers out.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request as Asked, State};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response as Answer};
use axum::routing::{get, post};
use tokio::runtime::Runtime;
use tokio::sync::{OwnedSemaphorePermit, watch};
use tokio::task::JoinHandle;

use super::body::{Bodies, Bounds};
use super::change_signal::{ChangeSignal, Waiting};
use super::connections::{self, Stopping};
use super::error::{ApiError, ErrorKind};
use super::otlp_grpc::OtlpGrpc;
use super::readers::Readers;
use super::request::Request;
use super::response::Response;
use super::{
    Api, OPERATIONS, OWN_OPERATIONS, Operation, changes, otlp_http, put_trace_segments, unread, upstream,
};
use crate::otlp::IndexedAttributes;

/// Operations that run at a time; further ones wait.
const AT_A_TIME: usize = 64;
/// How long what is being answered may take when the server shall end.
const GRACE: Duration = Duration::from_secs(1);

/// What a person sees who opens the address in a browser.
const ABOUT: &str = concat!(
    "This is tracer-console ",
    env!("CARGO_PKG_VERSION"),
    ": X-Ray on your own machine.

It takes what X-Ray tracers send to this port over UDP (AWS_XRAY_DAEMON_ADDRESS=host:port) and what OpenTelemetry's SDKs send
over HTTP (OTEL_EXPORTER_OTLP_TRACES_ENDPOINT=http://host:port/v1/traces), and answers X-Ray's API over HTTP, every operation
as a POST (AWS_ENDPOINT_URL_XRAY=http://host:port).

In a terminal: tracer-console tail, traces, show TRACE, map, analyze --service NAME; tracer-console --help has them all.
"
);

/// A running server; dropping it ends it once what has been asked is answered.
pub(crate) struct Server {
    /// `None` once it is being dropped.
    runtime: Option<Runtime>,
    stop: Option<watch::Sender<()>>,
    serving: Vec<JoinHandle<()>>,
    changes: Option<ChangeSignal>,
}

/// What answering takes.
#[derive(Clone)]
struct Desk {
    api: Arc<Api>,
    bodies: Bodies,
    readers: Readers,
    changes: Option<Waiting>,
    indexed: Arc<IndexedAttributes>,
}

/// Sockets that are bound already.
#[derive(Debug)]
pub(crate) struct Listeners {
    /// For what is asked over HTTP: X-Ray's API, and spans.
    pub(crate) http: Vec<TcpListener>,
    /// For spans over gRPC.
    pub(crate) grpc: Option<TcpListener>,
}

impl Server {
    /// Answers on sockets; `indexed` says what becomes of spans' attributes.
    pub(crate) fn start(listeners: Listeners, api: Api, indexed: IndexedAttributes) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .max_blocking_threads(AT_A_TIME)
            .thread_name("tracer-api")
            .enable_all()
            .build()?;
        let (stop, stopping) = Stopping::new();
        let changes = ChangeSignal::new(Arc::clone(&api.store))?;
        let (api, indexed) = (Arc::new(api), Arc::new(indexed));
        let (bodies, readers) = (Bodies::default(), Readers::default());
        let desk = Desk { api, bodies, readers, changes: changes.waiting(), indexed };
        let serving = serve(&runtime, listeners, &desk, &stopping)?;
        Ok(Self { runtime: Some(runtime), stop: Some(stop), serving, changes: Some(changes) })
    }
}

fn serve(
    runtime: &Runtime,
    listeners: Listeners,
    desk: &Desk,
    stopping: &Stopping,
) -> io::Result<Vec<JoinHandle<()>>> {
    let _entered = runtime.enter();
    let mut serving = Vec::new();
    for listener in listeners.http {
        let router = router(desk.clone());
        let answer = move |stream, stopping| connections::answer(stream, router.clone(), stopping);
        serving.push(runtime.spawn(connections::serve(asynchronous(listener)?, answer, stopping.clone())));
    }
    if let Some(listener) = listeners.grpc {
        let Desk { api, bodies, indexed, .. } = desk.clone();
        let grpc = OtlpGrpc::new(api, bodies, indexed);
        let answer = move |stream, stopping| grpc.clone().serve(stream, stopping);
        serving.push(runtime.spawn(connections::serve(asynchronous(listener)?, answer, stopping.clone())));
    }
    Ok(serving)
}

fn asynchronous(listener: TcpListener) -> io::Result<tokio::net::TcpListener> {
    listener.set_nonblocking(true)?;
    tokio::net::TcpListener::from_std(listener)
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        drop(self.changes.take());
        let Some(runtime) = self.runtime.take() else { return };
        let serving = std::mem::take(&mut self.serving);
        let (over, waiting) = std::sync::mpsc::channel();
        runtime.spawn(async move {
            for serving in serving {
                let _ = serving.await;
            }
            let _ = over.send(());
        });
        // Not `block_on`: whoever drops it may be within a runtime.
        let _ = waiting.recv_timeout(GRACE);
        runtime.shutdown_background();
    }
}

fn router(desk: Desk) -> Router {
    let mut router = Router::new().route(otlp_http::PATH, post(take_spans));
    let is_asked_here = |path| desk.api.upstream.is_none() || path == put_trace_segments::PATH;
    for (name, path, operation) in OPERATIONS.into_iter().chain(OWN_OPERATIONS) {
        let run = move |State(desk): State<Desk>, body: Body| answer(desk, name, operation, body);
        if is_asked_here(path) {
            router = router.route(path, post(run));
        }
    }
    let router = if desk.api.upstream.is_some() {
        router.fallback(pass_on).method_not_allowed_fallback(pass_on)
    } else {
        let router = router.route("/", get(about)).route(changes::PATH, post(answer_changes));
        router.fallback(unknown).method_not_allowed_fallback(unknown)
    };
    let router = router.layer(middleware::from_fn_with_state(desk.clone(), guard));
    router.layer(middleware::from_fn(unread::answer)).with_state(desk)
}

async fn answer(desk: Desk, name: &'static str, operation: Operation, body: Body) -> Answer {
    let body = match desk.bodies.read(body).await {
        Ok(body) => body,
        Err(failure) => return error(&failure),
    };
    let place = desk.readers.place(name).await;
    run(place, move || operation(&desk.api, &Request::parse(name, body.bytes())?)).await
}

/// Runs an operation on a thread; its place is taken until it ends, also where its client went away.
async fn run(
    place: Option<OwnedSemaphorePermit>,
    operation: impl FnOnce() -> Result<Response, ApiError> + Send + 'static,
) -> Answer {
    let run = move || {
        let _place = place;
        operation()
    };
    // An operation that panics is answered too.
    let outcome = tokio::task::spawn_blocking(run).await;
    match outcome.unwrap_or_else(|panic| Err(ApiError::internal(panic.to_string()))) {
        Ok(response) => respond(StatusCode::OK, response.into_body()),
        Err(failure) => error(&failure),
    }
}

/// Waits without a thread.
async fn answer_changes(State(desk): State<Desk>, body: Body) -> Answer {
    let asked = match desk.bodies.read(body).await {
        Ok(body) => Request::parse(changes::NAME, body.bytes())
            .and_then(|request| changes::Asked::read(&desk.api, &request)),
        Err(failure) => Err(failure),
    };
    let asked = match asked {
        Ok(asked) => asked,
        Err(failure) => return error(&failure),
    };
    asked.wait(desk.changes).await;
    let place = desk.readers.place(changes::NAME).await;
    run(place, move || asked.answer(&desk.api)).await
}

async fn take_spans(State(desk): State<Desk>, headers: HeaderMap, body: Body) -> Answer {
    otlp_http::answer(desk.api, desk.bodies, desk.indexed, headers, body).await
}

/// Has somebody else answer.
async fn pass_on(
    State(desk): State<Desk>,
    method: Method,
    uri: Uri,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let body = match desk.bodies.read_as_it_comes(body, Bounds::default()).await {
        Ok(body) => body,
        Err(failure) => return error(&failure),
    };
    let Some(upstream) = desk.api.upstream.clone() else { return unknown(method, uri).await };
    upstream.answer(upstream::Asked { method, uri, headers, body: body.share() }).await.into_answer()
}

async fn about() -> &'static str {
    ABOUT
}

/// Whoever may not ask is told so before anything is read.
async fn guard(State(desk): State<Desk>, asked: Asked, next: Next) -> Answer {
    match desk.api.access.check(asked.uri(), asked.headers()) {
        Ok(()) => next.run(asked).await,
        Err(denial) => error(&ApiError::new(ErrorKind::AccessDenied, denial.to_string())),
    }
}

async fn unknown(method: Method, uri: Uri) -> Answer {
    let message = format!(
        "X-Ray has no operation {method} {}; every one is a POST, such as POST /TraceSummaries",
        uri.path()
    );
    error(&ApiError::new(ErrorKind::UnknownOperation, message))
}

fn error(error: &ApiError) -> Answer {
    let status = StatusCode::from_u16(error.kind.status()).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut answer = respond(status, error.body().to_string().into());
    if let Ok(name) = error.kind.name().parse() {
        answer.headers_mut().insert("x-amzn-errortype", name);
    }
    answer
}

fn respond(status: StatusCode, body: Body) -> Answer {
    let id = format!(
        "{:08x}-{:04x}-4{:03x}-8{:03x}-{:012x}",
        fastrand::u32(..),
        fastrand::u16(..),
        fastrand::u16(..0x1000),
        fastrand::u16(..0x1000),
        fastrand::u64(..1 << 48)
    );
    let headers = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (header::HeaderName::from_static("x-amzn-requestid"), id),
    ];
    (status, headers, body).into_response()
}
