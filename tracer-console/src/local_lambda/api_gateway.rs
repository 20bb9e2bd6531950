//! API Gateway's side of an invocation: how it reads the function's answer, and the segment that it records.

use std::time::Duration;

use serde_json::{Value, json};

use super::api_request::{ApiRequest, extended_request_id};
use super::result::FunctionError;
use crate::timestamp::Timestamp;
use crate::trace_id::{EntityId, TraceId};

/// How long API Gateway waits for a function.
const INTEGRATION_TIMEOUT: Duration = Duration::from_secs(29);

/// What the client of API Gateway sees.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct ApiResponse {
    pub(super) status: u16,
    pub(super) body: Vec<u8>,
}

impl ApiResponse {
    pub(super) fn message(status: u16, message: &str) -> Self {
        Self { status, body: json!({"message": message}).to_string().into_bytes() }
    }

    /// Reads a function's answer as the proxy integration does: a function that fails, times out or answers something
    /// else is a 502; one that takes too long for API Gateway itself is a 504.
    pub(super) fn read(
        request: &ApiRequest,
        outcome: Result<&[u8], &FunctionError>,
        is_streamed: bool,
        took: Duration,
    ) -> Self {
        if took > INTEGRATION_TIMEOUT {
            return Self::message(504, "Endpoint request timed out");
        }
        let read = outcome.ok().and_then(|payload| {
            let streamed = is_streamed.then(|| Self::streamed(payload)).flatten();
            streamed.or_else(|| Self::proxied(payload, request.api.is_rest))
        });
        let message = if request.api.is_rest { "Internal server error" } else { "Internal Server Error" };
        read.unwrap_or_else(|| Self::message(if request.api.is_rest { 502 } else { 500 }, message))
    }

    fn proxied(payload: &[u8], is_rest: bool) -> Option<Self> {
        use base64::Engine as _;
        let value: Value = serde_json::from_slice(payload).ok()?;
        let Some(status) = status(&value) else {
            // Payload 2.0 takes anything else for the body of a 200.
            return (!is_rest).then(|| Self { status: 200, body: payload.to_vec() });
        };
        let text = value.get("body").and_then(Value::as_str).unwrap_or_default();
        let body = match value.get("isBase64Encoded") {
            Some(Value::Bool(true)) => base64::engine::general_purpose::STANDARD.decode(text).ok()?,
            _ => text.as_bytes().to_vec(),
        };
        Some(Self { status, body })
    }

    /// A streamed answer may begin with status and headers as JSON, ended by eight NUL bytes.
    fn streamed(payload: &[u8]) -> Option<Self> {
        let prelude_end = payload.windows(8).position(|window| window == [0; 8])?;
        let prelude: Value = serde_json::from_slice(&payload[..prelude_end]).ok()?;
        Some(Self { status: status(&prelude).unwrap_or(200), body: payload[prelude_end + 8..].to_vec() })
    }
}

fn status(value: &Value) -> Option<u16> {
    let status = value.get("statusCode")?;
    let number = status.as_u64().or_else(|| status.as_str()?.parse().ok())?;
    u16::try_from(number).ok().filter(|status| (100..600).contains(status))
}

/// The part of the trace that API Gateway records.
#[derive(Debug, Clone)]
pub(super) struct Stage {
    pub(super) request_id: String,
    segment: EntityId,
    /// The parent of Lambda's own segment.
    pub(super) lambda_subsegment: EntityId,
}

impl Stage {
    pub(super) fn new(request_id: String) -> Self {
        Self { request_id, segment: EntityId::generate(), lambda_subsegment: EntityId::generate() }
    }

    /// The stage's segment with the subsegment of its call of Lambda.
    pub(super) fn segment(
        &self,
        request: &ApiRequest,
        function: &super::function_builder::Identity,
        (trace, caller): (TraceId, Option<EntityId>),
        (received, answered): (Timestamp, Timestamp),
        response: &ApiResponse,
    ) -> Value {
        let api = &request.api;
        let region = &function.region;
        let invoke_url = format!(
            "https://lambda.{region}.amazonaws.com/2015-03-31/functions/{}/invocations",
            function.arn()
        );
        let forwarded = request.header_value("x-forwarded-for").and_then(|chain| chain.split(',').next());
        let mut subsegment = json!({
            "id": self.lambda_subsegment.to_string(), "name": "Lambda", "namespace": "aws",
            "start_time": received.seconds(), "end_time": answered.seconds(),
            "http": {"request": {"method": "POST", "url": invoke_url}, "response": {"status": if response.status == 504 { 504 } else { 200 }}},
            "aws": {"function_name": function.name},
        });
        let mut segment = json!({
            "id": self.segment.to_string(), "name": format!("{}/{}", api.name, api.stage), "trace_id": trace.to_string(),
            "start_time": received.seconds(), "end_time": answered.seconds(), "origin": "AWS::ApiGateway::Stage",
            "resource_arn": format!("arn:aws:apigateway:{region}::/restapis/{}/stages/{}", api.id, api.stage),
            "http": {
                "request": {"method": request.method, "url": request.url(), "user_agent": request.user_agent(),
                            "client_ip": forwarded.unwrap_or("127.0.0.1").trim(), "x_forwarded_for": forwarded.is_some()},
                "response": {"status": response.status, "content_length": response.body.len()},
            },
            "aws": {"api_gateway": {"account_id": function.account, "rest_api_id": api.id, "stage": api.stage,
                                    "request_id": self.request_id}},
            "annotations": {"aws:api_id": api.id, "aws:api_stage": api.stage},
            "metadata": {"default": {"extended_request_id": extended_request_id(&self.request_id), "request_id": self.request_id}},
        });
        if let Some(caller) = caller {
            segment["parent_id"] = json!(caller.to_string());
        }
        for flag in flags(response.status) {
            segment[*flag] = json!(true);
        }
        if response.status == 502 || response.status == 504 {
            subsegment["fault"] = json!(true);
        }
        segment["subsegments"] = json!([subsegment]);
        segment
    }
}

fn flags(status: u16) -> &'static [&'static str] {
    match status {
        429 => &["error", "throttle"],
        400..=499 => &["error"],
        500.. => &["fault"],
        _ => &[],
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(payload: &str) -> u16 {
        ApiResponse::read(&ApiRequest::get("/"), Ok(payload.as_bytes()), false, Duration::ZERO).status
    }

    #[test]
    fn a_proxy_response_has_its_own_status_and_anything_else_is_a_bad_gateway() {
        assert_eq!(read(r#"{"statusCode":201,"body":"ok"}"#), 201);
        assert_eq!(read(r#"{"statusCode":"404"}"#), 404);
        assert_eq!(read(r#"{"hello":"world"}"#), 502);
        assert_eq!(read("no json"), 502);
        assert_eq!(read(r#"{"statusCode":99999}"#), 502);
    }

    #[test]
    fn an_http_api_takes_any_answer_for_a_body() {
        let request = ApiRequest::get("/").http_api();
        let response = ApiResponse::read(&request, Ok(b"\"hi\""), false, Duration::ZERO);
        assert_eq!((response.status, response.body), (200, b"\"hi\"".to_vec()));
    }

    #[test]
    fn a_function_that_outlasts_the_integration_is_a_gateway_timeout() {
        let response = ApiResponse::read(
            &ApiRequest::get("/"),
            Ok(b"{\"statusCode\":200}"),
            false,
            Duration::from_secs(30),
        );
        assert_eq!(response.status, 504);
    }

    #[test]
    fn a_streamed_prelude_gives_the_status() {
        let payload = [b"{\"statusCode\":418}".as_slice(), &[0; 8], b"teapot"].concat();
        let response = ApiResponse::read(&ApiRequest::get("/"), Ok(&payload), true, Duration::ZERO);
        assert_eq!((response.status, response.body), (418, b"teapot".to_vec()));
    }
}
