//! The HTTP side: bodies in, operations on threads that may block, answers out.

use std::io;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;
use std::time::Duration;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::extract::State;
use axum::http::{Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response as Answer};
use axum::routing::post;
use tokio::runtime::Runtime;
use tokio::sync::oneshot;
use tokio::task::JoinHandle;

use super::body::{LARGEST, too_large, unpack};
use super::error::{ApiError, ErrorKind};
use super::request::Request;
use super::response::Response;
use super::{Api, OPERATIONS, Operation};

/// Operations that run at a time; further ones wait.
const AT_A_TIME: usize = 64;
/// How long what is being answered may take when the server shall end.
const GRACE: Duration = Duration::from_secs(1);

/// A running server; dropping it ends it once what has been asked is answered.
#[derive(Debug)]
pub(crate) struct Server {
    /// `None` once it is being dropped.
    runtime: Option<Runtime>,
    stop: Option<oneshot::Sender<()>>,
    serving: Option<JoinHandle<io::Result<()>>>,
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
        let serving = axum::serve(NoDelay(listener), router(Arc::new(api)));
        let serving = serving.with_graceful_shutdown(async {
            // Whether it is sent or dropped, it is time.
            let _ = stopped.await;
        });
        let serving = runtime.spawn(async { serving.await });
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

/// Accepts connections whose answers are sent at once: waiting to fill a packet would cost 40 ms each.
struct NoDelay(tokio::net::TcpListener);

impl axum::serve::Listener for NoDelay {
    type Io = tokio::net::TcpStream;
    type Addr = SocketAddr;

    async fn accept(&mut self) -> (Self::Io, Self::Addr) {
        let (stream, from) = axum::serve::Listener::accept(&mut self.0).await;
        let _ = stream.set_nodelay(true);
        (stream, from)
    }

    fn local_addr(&self) -> io::Result<Self::Addr> {
        self.0.local_addr()
    }
}

fn router(api: Arc<Api>) -> Router {
    let mut router = Router::new();
    for (name, path, operation) in OPERATIONS {
        let run = move |State(api): State<Arc<Api>>, body: Body| answer(api, name, operation, body);
        router = router.route(path, post(run));
    }
    router.fallback(unknown).method_not_allowed_fallback(unknown).with_state(api)
}

async fn answer(api: Arc<Api>, name: &'static str, operation: Operation, body: Body) -> Answer {
    let Ok(body) = to_bytes(body, LARGEST).await else {
        // It is larger, or the client is gone and reads no answer.
        return error(&too_large());
    };
    let run = move || operation(&api, &Request::parse(name, &unpack(&body)?)?);
    // An operation that panics is answered too.
    let outcome = tokio::task::spawn_blocking(run).await;
    match outcome.unwrap_or_else(|panic| Err(ApiError::internal(panic.to_string()))) {
        Ok(Response(body)) => respond(StatusCode::OK, body),
        Err(failure) => error(&failure),
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
