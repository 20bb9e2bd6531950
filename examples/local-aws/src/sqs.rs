//! SQS, with the trace header of a message as the real one keeps it.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::BodyExt as _;
use hyper::{HeaderMap, Response};
use rustack_sqs_core::config::SqsConfig;
use rustack_sqs_core::handler::RustackSqsHandler;
use rustack_sqs_core::provider::RustackSqs;
use rustack_sqs_http::body::SqsResponseBody;
use rustack_sqs_http::dispatch::dispatch_operation;
use rustack_sqs_http::response::error_to_response;
use rustack_sqs_http::router::resolve_operation;
use serde_json::Value;

use crate::call::Service;
use crate::reply::{self, Reply};
use crate::trace_headers::TraceHeaders;
use crate::upstream::Upstream;

#[derive(Debug, Clone)]
pub(crate) struct Sqs {
    queues: Queues,
    trace_headers: Arc<TraceHeaders>,
}

/// The queues: here, or those of another server.
#[derive(Debug, Clone)]
enum Queues {
    Here(Arc<RustackSqsHandler>),
    There(Upstream),
}

impl Sqs {
    /// `host` and `port` are those of the queues' URLs.
    pub(crate) fn new(region: &str, account: &str, host: String, port: u16) -> Self {
        let config = SqsConfig {
            skip_signature_validation: true,
            default_region: region.to_owned(),
            account_id: account.to_owned(),
            host,
            port,
        };
        let handler = Arc::new(RustackSqsHandler::new(Arc::new(RustackSqs::new(config))));
        Self { queues: Queues::Here(handler), trace_headers: Arc::default() }
    }

    /// Those of another server, which need not keep trace headers.
    pub(crate) fn there(upstream: Upstream) -> Self {
        Self { queues: Queues::There(upstream), trace_headers: Arc::default() }
    }

    /// Answers the operation that the headers name.
    pub(crate) async fn answer(&self, headers: &HeaderMap, body: Bytes) -> Reply {
        let (sqs, headers) = (self.clone(), headers.clone());
        let is_sent = operation(&headers).starts_with("SendMessage");
        let answered = async move { sqs.answer_whole(&headers, body).await };
        let answered = if is_sent {
            // A client that goes away must not leave a message without its header.
            tokio::spawn(answered).await.unwrap_or_else(|_| broken())
        } else {
            answered.await
        };
        reply::of(answered)
    }

    async fn answer_whole(&self, headers: &HeaderMap, body: Bytes) -> Response<SqsResponseBody> {
        let input: Value = serde_json::from_slice(&body).unwrap_or_default();
        match operation(headers) {
            "SendMessage" | "SendMessageBatch" => {
                let _sending = self.trace_headers.sending().await;
                let (answer, output) = read(self.dispatch(headers, body).await).await;
                let of_request = headers.get("x-amzn-trace-id").and_then(|header| header.to_str().ok());
                self.trace_headers.keep(&input, &output, of_request);
                answer
            }
            "ReceiveMessage" => {
                let (mut answer, mut output) = read(self.dispatch(headers, body).await).await;
                self.trace_headers.add(&input, &mut output).await;
                if answer.status().is_success() {
                    // The checksum and the length were those of the body before.
                    answer.headers_mut().remove("x-amz-crc32");
                    answer.headers_mut().remove("content-length");
                    *answer.body_mut() = SqsResponseBody::from_json(output.to_string().into_bytes());
                }
                answer
            }
            _ => self.dispatch(headers, body).await,
        }
    }

    async fn dispatch(&self, headers: &HeaderMap, body: Bytes) -> Response<SqsResponseBody> {
        let queues = match &self.queues {
            Queues::Here(queues) => queues,
            Queues::There(upstream) => {
                return upstream
                    .answer_json(Service::Sqs, headers, body)
                    .await
                    .map(SqsResponseBody::from_bytes);
            }
        };
        let answered = match resolve_operation(headers) {
            Ok(operation) => dispatch_operation(&**queues, operation, body).await,
            Err(unknown) => Err(unknown),
        };
        answered.unwrap_or_else(|error| error_to_response(&error, ""))
    }
}

/// Where the services panicked: an answer without a status of its own would be a success.
fn broken() -> Response<SqsResponseBody> {
    reply::whole_error(Service::Sqs, 500, "InternalFailure", "the local SQS failed")
        .map(SqsResponseBody::from_bytes)
}

fn operation(headers: &HeaderMap) -> &str {
    let target = headers.get("x-amz-target").and_then(|target| target.to_str().ok());
    target.and_then(|target| target.strip_prefix("AmazonSQS.")).unwrap_or_default()
}

/// An answer, and its body as JSON.
async fn read(answer: Response<SqsResponseBody>) -> (Response<SqsResponseBody>, Value) {
    let (head, body) = answer.into_parts();
    let body = body.collect().await.map(http_body_util::Collected::to_bytes).unwrap_or_default();
    let json = serde_json::from_slice(&body).unwrap_or_default();
    (Response::from_parts(head, SqsResponseBody::from_bytes(body)), json)
}
