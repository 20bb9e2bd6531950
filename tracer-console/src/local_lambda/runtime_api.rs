//! The Runtime API and as much of the Extensions API as a runtime needs: what a function's process speaks.

use std::sync::Arc;

use bytes::Bytes;
use http_body_util::{BodyExt as _, LengthLimitError, Limited};
use hyper::body::Incoming;
use hyper::{HeaderMap, Method, Request};
use serde_json::{Value, json};

use super::result::{FunctionError, FunctionErrorKind};
use super::runtime_board::{Answered, Delivery, RuntimeBoard};
use super::server::{Answer, answer, is_from_browser, set_header};
use crate::timestamp::Timestamp;

/// More than Lambda takes of a buffered response (6 MB), and enough for a streamed one at home.
const LARGEST_RESPONSE: usize = 20 << 20;

/// Answers one request of a function's process.
pub(super) async fn handle(board: Arc<RuntimeBoard>, request: Request<Incoming>) -> Answer {
    if is_from_browser(request.headers()) {
        return refused(403, "AccessDenied", "the Runtime API is not for browsers");
    }
    let path = request.uri().path().to_owned();
    let segments: Vec<&str> = path.trim_start_matches('/').split('/').collect();
    match (request.method(), segments.as_slice()) {
        (&Method::GET, ["2018-06-01", "runtime", "invocation", "next"]) => deliver(board.next().await),
        (&Method::POST, ["2018-06-01", "runtime", "invocation", id, "response"]) => {
            response(&board, id, request).await
        }
        (&Method::POST, ["2018-06-01", "runtime", "invocation", id, "error"]) => {
            error(&board, id, request).await
        }
        (&Method::POST, ["2018-06-01", "runtime", "init", "error"]) => init_error(&board, request).await,
        (&Method::POST, ["2020-01-01", "extension", "register"]) => register(&board, request).await,
        (&Method::GET, ["2020-01-01", "extension", "event", "next"]) => event(&board, &request).await,
        (&Method::POST, ["2020-01-01", "extension", "init" | "exit", "error"]) => accepted(),
        // Telemetry and logs can be subscribed to; nothing is sent.
        (&Method::PUT, ["2022-07-01", "telemetry"] | ["2020-08-15", "logs"]) => answer(200, "\"OK\""),
        _ => refused(404, "ResourceNotFound", &format!("the Runtime API has no {} {path}", request.method())),
    }
}

fn deliver(delivery: Delivery) -> Answer {
    let mut answer = answer(200, delivery.payload);
    let deadline = (delivery.deadline.micros() / 1000).to_string();
    set_header(&mut answer, "lambda-runtime-aws-request-id", &delivery.request_id);
    set_header(&mut answer, "lambda-runtime-deadline-ms", &deadline);
    set_header(&mut answer, "lambda-runtime-invoked-function-arn", &delivery.function_arn);
    if let Some(header) = &delivery.trace_header {
        set_header(&mut answer, "lambda-runtime-trace-id", header);
    }
    if let Some(context) = &delivery.client_context {
        set_header(&mut answer, "lambda-runtime-client-context", context);
    }
    answer
}

/// Takes a response, buffered or streamed; a stream's end may carry an error in its trailers.
async fn response(board: &RuntimeBoard, id: &str, request: Request<Incoming>) -> Answer {
    if !board.is_in_flight(id) {
        return unknown_request();
    }
    let is_streamed = text(request.headers(), "lambda-runtime-function-response-mode") == Some("streaming");
    let began = Timestamp::now();
    let body = match Limited::new(request.into_body(), LARGEST_RESPONSE).collect().await {
        Ok(body) => body,
        Err(failed) => {
            let (error_type, message) = if failed.is::<LengthLimitError>() {
                let message = format!(
                    "Response payload size exceeded the {LARGEST_RESPONSE} bytes that are taken here."
                );
                ("Function.ResponseSizeTooLarge", message)
            } else {
                ("Runtime.TruncatedResponse", "the response broke off".to_owned())
            };
            let error = FunctionError::new(FunctionErrorKind::Reported, error_type, message.clone());
            board.answer(id, answered(Err(error), is_streamed, began));
            return refused(413, "RequestEntityTooLarge", &message);
        }
    };
    let failed = body.trailers().and_then(trailing_error);
    let body = body.to_bytes();
    let failed = failed.or_else(|| is_streamed.then(|| written_trailers(&body)).flatten());
    let outcome = failed.map_or_else(|| Ok(body), Err);
    taken(board.answer(id, answered(outcome, is_streamed, began)))
}

/// `lambda_runtime` writes the trailers of a broken stream as the last bytes of the body.
fn written_trailers(body: &[u8]) -> Option<FunctionError> {
    const NAME: &[u8] = b"Lambda-Runtime-Function-Error-Type:";
    let text = body.strip_suffix(b"\r\n")?;
    let at = text.windows(NAME.len()).rposition(|window| window == NAME)?;
    let lines = std::str::from_utf8(&text[at..]).ok()?;
    let mut trailers = HeaderMap::new();
    for (name, value) in lines.split("\r\n").filter_map(|line| line.split_once(':')) {
        let name = hyper::header::HeaderName::from_bytes(name.as_bytes()).ok()?;
        trailers.insert(name, value.trim().parse().ok()?);
    }
    trailing_error(&trailers)
}

fn trailing_error(trailers: &HeaderMap) -> Option<FunctionError> {
    use base64::Engine as _;
    let error_type = text(trailers, "lambda-runtime-function-error-type")?;
    let body = text(trailers, "lambda-runtime-function-error-body").unwrap_or_default();
    let body =
        base64::engine::general_purpose::STANDARD.decode(body).unwrap_or_else(|_| body.as_bytes().to_vec());
    Some(FunctionError::reported(FunctionErrorKind::Reported, Some(error_type), &body))
}

async fn error(board: &RuntimeBoard, id: &str, request: Request<Incoming>) -> Answer {
    let began = Timestamp::now();
    match reported(FunctionErrorKind::Reported, request).await {
        Some(error) => taken(board.answer(id, answered(Err(error), false, began))),
        None => refused(413, "RequestEntityTooLarge", "the error's body is too large or broke off"),
    }
}

async fn init_error(board: &RuntimeBoard, request: Request<Incoming>) -> Answer {
    if let Some(error) = reported(FunctionErrorKind::InitFailed, request).await {
        board.fail_init(error);
    }
    accepted()
}

async fn reported(kind: FunctionErrorKind, request: Request<Incoming>) -> Option<FunctionError> {
    let header = text(request.headers(), "lambda-runtime-function-error-type").map(str::to_owned);
    let body = Limited::new(request.into_body(), LARGEST_RESPONSE).collect().await.ok()?.to_bytes();
    Some(FunctionError::reported(kind, header.as_deref(), &body))
}

async fn register(board: &RuntimeBoard, request: Request<Incoming>) -> Answer {
    let Ok(body) = Limited::new(request.into_body(), 64 << 10).collect().await else {
        return refused(413, "RequestEntityTooLarge", "the registration is too large or broke off");
    };
    let body: Value = serde_json::from_slice(&body.to_bytes()).unwrap_or_default();
    let events = body.get("events").and_then(Value::as_array);
    let wants_invocations = events.is_some_and(|events| events.contains(&json!("INVOKE")));
    let id = super::invocation::new_request_id();
    board.register_extension(&id, wants_invocations);
    let mut answer = answer(
        200,
        json!({"functionName": "function", "functionVersion": "$LATEST", "handler": "bootstrap"}).to_string(),
    );
    set_header(&mut answer, "lambda-extension-identifier", &id);
    answer
}

async fn event(board: &RuntimeBoard, request: &Request<Incoming>) -> Answer {
    let id = text(request.headers(), "lambda-extension-identifier").unwrap_or_default();
    match board.next_event(id).await {
        Some(event) => answer(200, event),
        None => refused(403, "Extension.UnknownExtensionIdentifier", "register the extension first"),
    }
}

fn answered(outcome: Result<Bytes, FunctionError>, is_streamed: bool, began: Timestamp) -> Answered {
    Answered { outcome, is_streamed, began, ended: Timestamp::now() }
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}

fn taken(is_taken: bool) -> Answer {
    if is_taken { accepted() } else { unknown_request() }
}

fn accepted() -> Answer {
    answer(202, "{\"status\":\"OK\"}")
}

fn unknown_request() -> Answer {
    refused(400, "InvalidRequestID", "no invocation with this request id is being worked on")
}

fn refused(status: u16, error_type: &str, message: &str) -> Answer {
    answer(status, json!({"errorType": error_type, "errorMessage": message}).to_string())
}
