//! `POST /v1/traces`: OTLP over HTTP, answered in the encoding of the request.

use std::sync::Arc;

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::{IntoResponse as _, Response as Answer};
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use serde_json::{Value, json};

use super::Api;
use super::body::Bodies;
use super::packing;
use super::spans::{self, NotTaken, NotTakenKind};
use crate::otlp::{self, IndexedAttributes, OtlpEncoding};

pub(super) const PATH: &str = "/v1/traces";

/// What OTLP answers a failure with: `google.rpc.Status`.
#[derive(Clone, PartialEq, prost::Message)]
struct RpcStatus {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}

impl NotTakenKind {
    /// OTLP's clients try again after 503, and not after the others.
    fn http_status(self) -> StatusCode {
        match self {
            Self::Invalid => StatusCode::BAD_REQUEST,
            Self::OtherEncoding => StatusCode::UNSUPPORTED_MEDIA_TYPE,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooSlow => StatusCode::REQUEST_TIMEOUT,
            Self::Unavailable => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }
}

/// Answers a request.
pub(super) async fn answer(
    api: Arc<Api>,
    bodies: Bodies,
    indexed: Arc<IndexedAttributes>,
    headers: HeaderMap,
    body: Body,
) -> Answer {
    let encoding = match encoding(&headers) {
        Ok(encoding) => encoding,
        Err(failure) => return not_taken(&failure, OtlpEncoding::Json),
    };
    match take(api, &bodies, indexed, encoding, body).await {
        Ok(response) => respond(StatusCode::OK, encoding, &response, || taken_as_json(&response)),
        Err(failure) => not_taken(&failure, encoding),
    }
}

async fn take(
    api: Arc<Api>,
    bodies: &Bodies,
    indexed: Arc<IndexedAttributes>,
    encoding: OtlpEncoding,
    body: Body,
) -> Result<ExportTraceServiceResponse, NotTaken> {
    let body = match encoding {
        OtlpEncoding::Protobuf => bodies.read_weighed(body, otlp::weight).await?,
        OtlpEncoding::Json => bodies.read(body).await?,
    };
    let run = move || spans::take(&api, body.bytes(), encoding, &indexed);
    let taken = tokio::task::spawn_blocking(run).await;
    taken.unwrap_or_else(|panic| Err(NotTaken::new(NotTakenKind::Internal, panic.to_string())))
}

/// The encoding that the headers name.
fn encoding(headers: &HeaderMap) -> Result<OtlpEncoding, NotTaken> {
    let text = |name| headers.get(name).map(|value| String::from_utf8_lossy(value.as_bytes()).into_owned());
    let other = |message: String| NotTaken::new(NotTakenKind::OtherEncoding, message);
    let compressed = text(header::CONTENT_ENCODING).unwrap_or_default();
    let name = compressed.trim().to_ascii_lowercase();
    if !name.is_empty() && !packing::NAMES.contains(&&*name) {
        let names = packing::NAMES.join(", ");
        return Err(other(format!(
            "Content-Encoding {compressed:?}: bodies are taken as {names}, or as they are"
        )));
    }
    let named = text(header::CONTENT_TYPE).unwrap_or_default();
    OtlpEncoding::of_content_type(&named).ok_or_else(|| {
        other(format!(
            "Content-Type {named:?}: spans are taken as application/x-protobuf or application/json"
        ))
    })
}

/// JSON as OTLP has it: numbers of 64 bits are text.
fn taken_as_json(response: &ExportTraceServiceResponse) -> Value {
    response.partial_success.as_ref().map_or_else(
        || json!({}),
        |partial| {
            let rejected = partial.rejected_spans.to_string();
            json!({"partialSuccess": {"rejectedSpans": rejected, "errorMessage": partial.error_message}})
        },
    )
}

fn not_taken(failure: &NotTaken, encoding: OtlpEncoding) -> Answer {
    let NotTaken { kind, message } = failure;
    let status = RpcStatus { code: kind.grpc_code().into(), message: message.clone() };
    let json = || json!({"code": status.code, "message": status.message});
    respond(kind.http_status(), encoding, &status, json)
}

fn respond(
    status: StatusCode,
    encoding: OtlpEncoding,
    message: &impl prost::Message,
    json: impl FnOnce() -> Value,
) -> Answer {
    let body = match encoding {
        OtlpEncoding::Protobuf => message.encode_to_vec(),
        OtlpEncoding::Json => json().to_string().into_bytes(),
    };
    (status, [(header::CONTENT_TYPE, encoding.content_type())], body).into_response()
}
