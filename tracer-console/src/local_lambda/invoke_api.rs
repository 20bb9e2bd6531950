//! The Invoke API: what an AWS SDK or the AWS CLI speaks to Lambda.

use std::sync::Arc;

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::{HeaderMap, Method, Request};
use serde_json::{Value, json};

use super::function::Function;
use super::invocation::{Invocation, new_request_id};
use super::lambda::Shared;
use super::result::InvokeError;
use super::server::{Answer, answer, is_from_browser, set_header};
use super::tracing::Tracing;

/// Lambda's own limit of a synchronous payload.
const LARGEST_PAYLOAD: usize = 6 << 20;

/// A refusal with the name that SDKs turn into a typed error.
struct Refused(u16, &'static str, String);

/// Answers one request of a client.
pub(super) async fn handle(lambda: Arc<Shared>, request: Request<Incoming>) -> Answer {
    invoke(&lambda, request).await.unwrap_or_else(|Refused(status, name, message)| {
        let mut answer = answer(status, json!({"Type": "User", "Message": message}).to_string());
        set_header(&mut answer, "x-amzn-errortype", name);
        answer
    })
}

async fn invoke(lambda: &Shared, request: Request<Incoming>) -> Result<Answer, Refused> {
    refuse_browsers(request.headers())?;
    let function = function(lambda, &request)?;
    let headers = request.headers().clone();
    let body = Limited::new(request.into_body(), LARGEST_PAYLOAD).collect().await.map_err(|_| {
        Refused(
            413,
            "RequestTooLargeException",
            format!("the payload exceeds {LARGEST_PAYLOAD} bytes or broke off"),
        )
    })?;
    let invocation = invocation(&headers, &body.to_bytes())?;
    match text(&headers, "x-amz-invocation-type").unwrap_or("RequestResponse") {
        "RequestResponse" => answered(&function, invocation, &headers).await,
        "Event" => {
            let _pending = function.begin_event(invocation);
            Ok(answer(202, ""))
        }
        "DryRun" => Ok(answer(204, "")),
        other => {
            let message = format!("unknown invocation type {other:?}; use RequestResponse, Event or DryRun");
            Err(Refused(400, "InvalidParameterValueException", message))
        }
    }
}

/// A page in a browser could run functions otherwise.
fn refuse_browsers(headers: &HeaderMap) -> Result<(), Refused> {
    if is_from_browser(headers) {
        return Err(Refused(
            403,
            "AccessDeniedException",
            "functions cannot be invoked from a browser".into(),
        ));
    }
    Ok(())
}

fn function(lambda: &Shared, request: &Request<Incoming>) -> Result<Function, Refused> {
    let path = request.uri().path();
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    let (&Method::POST, ["2015-03-31", "functions", name, "invocations"]) =
        (request.method(), segments.as_slice())
    else {
        let message = format!(
            "this Lambda only invokes: POST /2015-03-31/functions/NAME/invocations, not {} {path}",
            request.method()
        );
        return Err(Refused(404, "UnknownOperationException", message));
    };
    let name = percent_encoding::percent_decode_str(name).decode_utf8_lossy();
    // A name may be an ARN, and may have a qualifier behind a colon.
    let bare = name.split_once("function:").map_or(&*name, |(_, rest)| rest);
    let bare = bare.split(':').next().unwrap_or_default();
    lambda
        .function(bare)
        .ok_or_else(|| Refused(404, "ResourceNotFoundException", format!("Function not found: {name}")))
}

fn invocation(headers: &HeaderMap, body: &Bytes) -> Result<Invocation, Refused> {
    if !body.is_empty() && serde_json::from_slice::<Value>(body).is_err() {
        let message = "Could not parse request body into json".to_owned();
        return Err(Refused(400, "InvalidRequestContentException", message));
    }
    let payload = if body.is_empty() { b"{}".to_vec() } else { body.to_vec() };
    let mut invocation = Invocation::payload(payload);
    if let Some(header) = text(headers, "x-amzn-trace-id") {
        invocation = invocation.tracing(Tracing::Incoming(header.to_owned()));
    }
    if let Some(context) = text(headers, "x-amz-client-context") {
        let decoded = STANDARD.decode(context).ok().and_then(|json| serde_json::from_slice(&json).ok());
        let context: Value = decoded.ok_or_else(|| {
            Refused(400, "InvalidRequestContentException", "the client context is not base64 of JSON".into())
        })?;
        invocation = invocation.client_context(context);
    }
    Ok(invocation.request_id(new_request_id()))
}

async fn answered(
    function: &Function,
    invocation: Invocation,
    headers: &HeaderMap,
) -> Result<Answer, Refused> {
    let result = function.begin(invocation).answered().await.map_err(|error| match error {
        InvokeError::Throttled { .. } => Refused(429, "TooManyRequestsException", error.to_string()),
        InvokeError::Stopped { .. } => Refused(500, "ServiceException", error.to_string()),
    })?;
    let mut answer = answer(200, result.payload().to_vec());
    set_header(&mut answer, "x-amzn-requestid", result.request_id());
    set_header(&mut answer, "x-amz-executed-version", "$LATEST");
    if let Some(header) = result.trace_header() {
        set_header(&mut answer, "x-amzn-trace-id", header);
    }
    if result.error().is_some() {
        set_header(&mut answer, "x-amz-function-error", "Unhandled");
    }
    if text(headers, "x-amz-log-type").is_some_and(|log_type| log_type.eq_ignore_ascii_case("tail")) {
        set_header(&mut answer, "x-amz-log-result", &STANDARD.encode(function.log_tail()));
    }
    Ok(answer)
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
