//! OTLP over gRPC: `TraceService/Export`, the only method that is called here.

use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::time::Duration;

use axum::body::Bytes;
use axum::http;
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message as _;
use prost::bytes::Buf as _;
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::server::{Grpc, UnaryService};
use tonic::{Code, Request, Response, Status};

use super::Api;
use super::body::{Bodies, Body};
use super::connections::Stopping;
use super::spans::{self, NotTaken, NotTakenKind};
use crate::otlp::{self, IndexedAttributes, OtlpEncoding};

const EXPORT: &str = "/opentelemetry.proto.collector.trace.v1.TraceService/Export";
/// As large as gRPC takes messages unless it is told otherwise, compressed or not.
const LARGEST: usize = 4 << 20;
/// Requests that are read at a time; further ones wait.
const AT_A_TIME: usize = 32;
/// Requests of one connection at a time.
const STREAMS: u32 = 16;
/// A request that has not come by then does not come.
const PATIENCE: Duration = Duration::from_secs(60);

impl NotTakenKind {
    /// OTLP's clients try again when it is unavailable.
    pub(super) fn grpc_code(self) -> Code {
        match self {
            Self::Invalid | Self::OtherEncoding | Self::TooLarge => Code::InvalidArgument,
            Self::TooSlow => Code::Cancelled,
            Self::Unavailable => Code::Unavailable,
            Self::Internal => Code::Internal,
        }
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
    pub(super) async fn serve(self, stream: TcpStream, mut stopping: Stopping) {
        let mut http = http2::Builder::new(TokioExecutor::new());
        http.timer(TokioTimer::new()).max_concurrent_streams(STREAMS);
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
        request: http::Request<Incoming>,
    ) -> Result<http::Response<tonic::body::Body>, Infallible> {
        if let Err(denial) = self.api.access.check(request.uri(), request.headers()) {
            return Ok(Status::permission_denied(denial.to_string()).into_http());
        }
        if request.uri().path() != EXPORT {
            let message = "only opentelemetry.proto.collector.trace.v1.TraceService/Export is answered here";
            return Ok(Status::unimplemented(message).into_http());
        }
        let Ok(_place) = Arc::clone(&self.room).acquire_owned().await else {
            return Ok(Status::unavailable("the console is ending").into_http());
        };
        let mut grpc = Grpc::new(RawRequest)
            .accept_compressed(CompressionEncoding::Gzip)
            .send_compressed(CompressionEncoding::Gzip)
            .max_decoding_message_size(LARGEST);
        let answered = tokio::time::timeout(PATIENCE, grpc.unary(Export(self), request)).await;
        let too_slow = |_| {
            Status::cancelled(format!("the request did not come within {} s", PATIENCE.as_secs())).into_http()
        };
        Ok(answered.unwrap_or_else(too_slow))
    }

    async fn take(self, message: Bytes) -> Result<ExportTraceServiceResponse, NotTaken> {
        // A few bytes may become much in memory: what it would weigh is looked at first.
        let body = self.bodies.weigh(Body::of(message), otlp::weight).await?;
        let run = move || spans::take(&self.api, body.bytes(), OtlpEncoding::Protobuf, &self.indexed);
        let taken = tokio::task::spawn_blocking(run).await;
        taken.unwrap_or_else(|panic| Err(NotTaken::new(NotTakenKind::Internal, panic.to_string())))
    }
}

/// The method.
struct Export(OtlpGrpc);

impl UnaryService<Bytes> for Export {
    type Response = ExportTraceServiceResponse;
    type Future = Pin<Box<dyn Future<Output = Result<Response<Self::Response>, Status>> + Send>>;

    fn call(&mut self, request: Request<Bytes>) -> Self::Future {
        let taken = self.0.clone().take(request.into_inner());
        Box::pin(async move {
            let failed = |failure: NotTaken| Status::new(failure.kind.grpc_code(), failure.message);
            taken.await.map(Response::new).map_err(failed)
        })
    }
}

/// Takes requests as their bytes, to be decoded once they have been weighed.
struct RawRequest;

impl Codec for RawRequest {
    type Encode = ExportTraceServiceResponse;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Decoder for RawRequest {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}

impl Encoder for RawRequest {
    type Item = ExportTraceServiceResponse;
    type Error = Status;

    fn encode(&mut self, response: Self::Item, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        response.encode(buffer).map_err(|error| Status::internal(error.to_string()))
    }
}
