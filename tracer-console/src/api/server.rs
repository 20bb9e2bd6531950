//! The HTTP side: connections, requests from elsewhere that are refused, operations on threads that may block, answers out.

use std::io;
use std::net::TcpListener;
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::extract::{Request as Asked, State};
use axum::http::{Method, StatusCode, Uri, header};
use axum::middleware::{self, Next};
use axum::response::{IntoResponse as _, Response as Answer};
use axum::routing::{get, post};
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::body::Bodies;
use super::connections;
use super::error::{ApiError, ErrorKind};
use super::request::Request;
use super::response::Response;
use super::{Api, OPERATIONS, Operation, origin};

/// Operations that run at a time; further ones wait.
const AT_A_TIME: usize = 64;
/// How long what is being answered may take when the server shall end.
const GRACE: Duration = Duration::from_secs(1);

/// What a person sees who opens the address in a browser.
const ABOUT: &str = concat!(
    "This is tracer-console ",
    env!("CARGO_PKG_VERSION"),
    ": X-Ray on your own machine.

It takes what X-Ray tracers send to this port over UDP (AWS_XRAY_DAEMON_ADDRESS=host:port), and answers X-Ray's API over
HTTP, every operation as a POST (AWS_ENDPOINT_URL_XRAY=http://host:port).

In a terminal: tracer-console traces, tracer-console show TRACE, tracer-console analyze --service NAME.
"
);

/// A running server; dropping it ends it once what has been asked is answered.
#[derive(Debug)]
pub(crate) struct Server {
    /// `None` once it is being dropped.
    runtime: Option<Runtime>,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<()>>,
}

/// What answering takes.
#[derive(Clone)]
struct Desk {
    api: Arc<Api>,
    bodies: Bodies,
}

impl Server {
    /// Answers on a socket that is bound already.
    pub(crate) fn start(listener: TcpListener, api: Api) -> io::Result<Self> {
        let runtime = tokio::runtime::Builder::new_multi_thread()
            .worker_threads(2)
            .max_blocking_threads(AT_A_TIME)
            .thread_name("tracer-api")
            .enable_all()
            .build()?;
        listener.set_nonblocking(true)?;
        let (stop, stopped) = oneshot::channel();
        let entered = runtime.enter();
        let listener = tokio::net::TcpListener::from_std(listener)?;
        drop(entered);
        let router = router(Desk { api: Arc::new(api), bodies: Bodies::default() });
        let serving = runtime.spawn(connections::serve(listener, router, stopped));
        Ok(Self { runtime: Some(runtime), stop: Some(stop), serving: Some(serving) })
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.stop.take());
        let (Some(runtime), Some(serving)) = (self.runtime.take(), self.serving.take()) else { return };
        let (over, waiting) = std::sync::mpsc::channel();
        runtime.spawn(async move {
            let _ = serving.await;
            let _ = over.send(());
        });
        // Not `block_on`: whoever drops it may be within a runtime.
        let _ = waiting.recv_timeout(GRACE);
        runtime.shutdown_background();
    }
}

fn router(desk: Desk) -> Router {
    let mut router = Router::new().route("/", get(about));
    for (name, path, operation) in OPERATIONS {
        let run = move |State(desk): State<Desk>, body: Body| answer(desk, name, operation, body);
        router = router.route(path, post(run));
    }
    let router = router.fallback(unknown).method_not_allowed_fallback(unknown);
    router.layer(middleware::from_fn(refuse_other_sites)).with_state(desk)
}

async fn answer(desk: Desk, name: &'static str, operation: Operation, body: Body) -> Answer {
    let body = match desk.bodies.read(body).await {
        Ok(body) => body,
        Err(failure) => return error(&failure),
    };
    let run = move || operation(&desk.api, &Request::parse(name, body.json())?);
    // An operation that panics is answered too.
    let outcome = tokio::task::spawn_blocking(run).await;
    match outcome.unwrap_or_else(|panic| Err(ApiError::internal(panic.to_string()))) {
        Ok(Response(body)) => respond(StatusCode::OK, body),
        Err(failure) => error(&failure),
    }
}

async fn about() -> &'static str {
    ABOUT
}

/// A page of another site that is open in a browser here can send requests, too.
async fn refuse_other_sites(asked: Asked, next: Next) -> Answer {
    match origin::of_other_site(asked.headers()) {
        Some(site) => error(&ApiError::new(
            ErrorKind::AccessDenied,
            format!("pages of other sites ({site}) get no answers here; ask from a program"),
        )),
        None => next.run(asked).await,
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
    let mut answer = respond(status, error.body().to_string().into_bytes());
    if let Ok(name) = error.kind.name().parse() {
        answer.headers_mut().insert("x-amzn-errortype", name);
    }
    answer
}

fn respond(status: StatusCode, body: Vec<u8>) -> Answer {
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
