//! OTLP over gRPC: `TraceService/Export`, the only method that is called here.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::{Body as Incoming, Bytes};
use axum::http::{self, HeaderMap};
use http_body_util::Full;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message as _;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::{Grpc, UnaryService};
use tonic::{Code, Request, Response, Status};

use super::Api;
use super::body::{Bodies, Body, Bounds};
use super::connections::Stopping;
use super::packing::{self, Packing};
use super::spans::{self, NotTaken, NotTakenKind};
use crate::otlp::{self, IndexedAttributes, OtlpEncoding};

/// The header that names how messages are compressed.
const ENCODING: &str = "grpc-encoding";
const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
/// As large as gRPC takes messages unless it is told otherwise, compressed or not.
const LARGEST: usize = 4 << 20;
/// What stands before a message: whether it is compressed, and its length in four bytes.
const HEAD: usize = 5;
/// A connection may have many streams, and each a little without a place.
const BOUNDS: Bounds = Bounds { most: LARGEST + HEAD, free: 8 << 10 };
/// Messages that are decoded at a time; further ones wait.
const AT_A_TIME: usize = 32;
/// Requests of one connection at a time.
const STREAMS: u32 = 16;
/// Bytes of a connection that may come before they are wanted.
const WINDOW: u32 = 256 << 10;
/// A client that says nothing for so long is gone.
const PATIENCE: Duration = Duration::from_secs(60);
/// What an HTTP/2 client says first.
const PREFACE: &[u8] = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n";

impl NotTakenKind {
    /// OTLP's clients try again when it is unavailable.
    pub(super) fn grpc_code(self) -> Code {
        match self {
            Self::Invalid | Self::TooLarge => Code::InvalidArgument,
            Self::OtherEncoding => Code::Unimplemented,
            Self::TooSlow => Code::Cancelled,
            Self::Unavailable => Code::Unavailable,
            Self::Internal => Code::Internal,
        }
    }
}

impl NotTaken {
    fn into_status(self) -> Status {
        Status::new(self.kind.grpc_code(), self.message)
    }
}

/// What answering takes.
#[derive(Clone)]
pub(super) struct OtlpGrpc {
    api: Arc<Api>,
    bodies: Bodies,
    indexed: Arc<IndexedAttributes>,
    room: Arc<Semaphore>,
}

impl OtlpGrpc {
    pub(super) fn new(api: Arc<Api>, bodies: Bodies, indexed: Arc<IndexedAttributes>) -> Self {
        Self { api, bodies, indexed, room: Arc::new(Semaphore::new(AT_A_TIME)) }
    }

    /// Answers what comes over a connection.
    pub(super) async fn serve(self, stream: TcpStream, stopping: Stopping) {
        self.serve_within(PATIENCE, stream, stopping).await;
    }

    async fn serve_within(self, patience: Duration, stream: TcpStream, mut stopping: Stopping) {
        let greeted = tokio::select! {
            greeted = tokio::time::timeout(patience, greeted(stream)) => greeted,
            () = stopping.is_time() => return,
        };
        let Ok(Some(stream)) = greeted else { return };
        let mut http = http2::Builder::new(TokioExecutor::new());
        http.timer(TokioTimer::new()).max_concurrent_streams(STREAMS);
        http.initial_stream_window_size(WINDOW).initial_connection_window_size(WINDOW);
        http.keep_alive_interval(PATIENCE).keep_alive_timeout(PATIENCE);
        let service = service_fn(move |request| self.clone().answer(request));
        let mut connection = std::pin::pin!(http.serve_connection(TokioIo::new(stream), service));
        tokio::select! {
            // A client that went away is no failure of ours.
            _ = connection.as_mut() => {}
            () = stopping.is_time() => {
                connection.as_mut().graceful_shutdown();
                let _ = connection.await;
            }
        }
    }

    async fn answer(
        self,
        request: http::Request<hyper::body::Incoming>,
    ) -> Result<http::Response<tonic::body::Body>, Infallible> {
        if let Err(denial) = self.api.access.check(request.uri(), request.headers()) {
            return Ok(Status::permission_denied(denial.to_string()).into_http());
        }
        if request.uri().path() != EXPORT {
            let message = "only opentelemetry.proto.collector.trace.v1.TraceService/Export is answered here";
            return Ok(Status::unimplemented(message).into_http());
        }
        let (mut head, body) = request.into_parts();
        let message = match self.message(&head.headers, Incoming::new(body)).await {
            Ok(message) => message,
            Err(failure) => return Ok(failure.into_status().into_http()),
        };
        // It has been read: tonic reads an empty one in its place.
        head.headers.remove(ENCODING);
        let empty = Full::new(Bytes::from_static(&[0; HEAD]));
        let mut grpc = Grpc::new(Answers)
            .accept_compressed(CompressionEncoding::Gzip)
            .send_compressed(CompressionEncoding::Gzip);
        let export = Export { grpc: self, message: Some(message) };
        Ok(grpc.unary(export, http::Request::from_parts(head, empty)).await)
    }

    /// The only message of a request, unpacked.
    async fn message(&self, headers: &HeaderMap, body: Incoming) -> Result<Body, NotTaken> {
        let body = self.bodies.read_as_it_comes(body, BOUNDS).await?;
        let is_packed = is_packed(body.bytes())?;
        let message = body.after(HEAD);
        if !is_packed {
            return Ok(message);
        }
        check_encoding(headers)?;
        if Packing::of(message.bytes()).is_none() && !message.bytes().is_empty() {
            return Err(NotTaken::new(NotTakenKind::Invalid, "the message is not compressed as is said"));
        }
        Ok(self.bodies.unpack(message, LARGEST).await?)
    }

    async fn take(self, message: Body) -> Result<ExportTraceServiceResponse, NotTaken> {
        // A few bytes may become much in memory: what it would weigh is looked at first.
        let message = self.bodies.weigh(message, otlp::weight).await?;
        let Ok(_place) = Arc::clone(&self.room).acquire_owned().await else {
            return Err(NotTaken::new(NotTakenKind::Unavailable, "the console is ending"));
        };
        let run = move || spans::take(&self.api, message.bytes(), OtlpEncoding::Protobuf, &self.indexed);
        let taken = tokio::task::spawn_blocking(run).await;
        taken.unwrap_or_else(|panic| Err(NotTaken::new(NotTakenKind::Internal, panic.to_string())))
    }
}

/// The connection once its client has begun to speak HTTP/2, or something else; `None` where it went away.
async fn greeted(stream: TcpStream) -> Option<impl AsyncRead + AsyncWrite + Unpin> {
    let (mut read, write) = stream.into_split();
    let mut said = Vec::with_capacity(PREFACE.len());
    while said.len() < PREFACE.len() && PREFACE.starts_with(&said) {
        let rest = (PREFACE.len() - said.len()) as u64;
        if (&mut read).take(rest).read_buf(&mut said).await.ok()? == 0 {
            return None;
        }
    }
    Some(tokio::io::join(std::io::Cursor::new(said).chain(read), write))
}

/// Whether a message is compressed, by what stands before it.
fn is_packed(body: &[u8]) -> Result<bool, NotTaken> {
    let invalid = |message: &str| NotTaken::new(NotTakenKind::Invalid, message);
    let Some(([packed, len @ ..], message)) = body.split_first_chunk::<HEAD>() else {
        return Err(invalid("the request has no message"));
    };
    if u32::from_be_bytes(*len) as usize != message.len() {
        return Err(invalid(
            "the request has another length than its message, which is the only one that Export takes",
        ));
    }
    match packed {
        0 => Ok(false),
        1 => Ok(true),
        _ => Err(invalid("the message is neither compressed nor not")),
    }
}

fn check_encoding(headers: &HeaderMap) -> Result<(), NotTaken> {
    let name =
        headers.get(ENCODING).map(|name| String::from_utf8_lossy(name.as_bytes()).to_ascii_lowercase());
    let name = name.unwrap_or_default();
    if packing::NAMES.contains(&&*name) {
        return Ok(());
    }
    let message =
        format!("{ENCODING} {name:?}: messages are taken as {}, or as they are", packing::NAMES.join(", "));
    Err(NotTaken::new(NotTakenKind::OtherEncoding, message))
}

/// The method, and the message that it is called with.
struct Export {
    grpc: OtlpGrpc,
    message: Option<Body>,
}

impl UnaryService<()> for Export {
    type Response = ExportTraceServiceResponse;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Self::Response>, Status>> + Send>>;

    fn call(&mut self, _: Request<()>) -> Self::Future {
        let (grpc, message) = (self.grpc.clone(), self.message.take());
        Box::pin(async move {
            let message = message.ok_or_else(|| Status::internal("it was called twice"))?;
            grpc.take(message).await.map(Response::new).map_err(NotTaken::into_status)
        })
    }
}

/// Writes answers, and reads the empty message.
struct Answers;

impl Codec for Answers {
    type Encode = ExportTraceServiceResponse;
    type Decode = ();
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Decoder for Answers {
    type Item = ();
    type Error = Status;

    fn decode(&mut self, _: &mut DecodeBuf<'_>) -> Result<Option<()>, Status> {
        Ok(Some(()))
    }
}

impl Encoder for Answers {
    type Item = ExportTraceServiceResponse;
    type Error = Status;

    fn encode(&mut self, response: Self::Item, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        response.encode(buffer).map_err(|error| Status::internal(error.to_string()))
    }
}

#[cfg(test)]
#[path = "otlp_grpc_tests.rs"]
mod tests;
