//! Answers: what every answer has, and those that the front gives itself.

use std::io;

use bytes::Bytes;
use http_body_util::combinators::UnsyncBoxBody;
use http_body_util::{BodyExt as _, Full};
use hyper::body::Body;
use hyper::header::HeaderValue;
use hyper::{Response, StatusCode};
use serde_json::json;

use crate::call::Service;

/// An answer of any of the services.
pub(crate) type Reply = Response<UnsyncBoxBody<Bytes, io::Error>>;

/// Makes an answer of a service's own kind one of the common kind.
pub(crate) fn of<B>(answer: Response<B>) -> Reply
where
    B: Body<Data = Bytes, Error = io::Error> + Send + 'static,
{
    answer.map(http_body_util::BodyExt::boxed_unsync)
}

/// Makes an answer that is there whole one of the common kind.
pub(crate) fn whole(answer: Response<Bytes>) -> Reply {
    answer.map(|body| Full::new(body).map_err(|never| match never {}).boxed_unsync())
}

fn plain(status: u16, content_type: &'static str, body: String) -> Response<Bytes> {
    let mut reply = Response::new(Bytes::from(body));
    *reply.status_mut() = StatusCode::from_u16(status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    reply.headers_mut().insert("content-type", HeaderValue::from_static(content_type));
    reply
}

/// An error as the service would write it.
pub(crate) fn error(service: Service, status: u16, code: &str, message: &str) -> Reply {
    whole(whole_error(service, status, code, message))
}

pub(crate) fn whole_error(service: Service, status: u16, code: &str, message: &str) -> Response<Bytes> {
    match service {
        Service::S3 => {
            let text = |text: &str| text.replace('&', "&amp;").replace('<', "&lt;");
            let (code, message) = (text(code), text(message));
            plain(
                status,
                "application/xml",
                format!(
                    "<?xml version=\"1.0\" encoding=\"UTF-8\"?><Error><Code>{code}</Code><Message>{message}</Message></Error>"
                ),
            )
        }
        Service::DynamoDb | Service::Sqs => {
            let mut reply = plain(
                status,
                "application/x-amz-json-1.0",
                json!({"__type": code, "message": message}).to_string(),
            );
            if service == Service::Sqs {
                let whose = if status < 500 { "Sender" } else { "Receiver" };
                set(&mut reply, "x-amzn-query-error", &format!("{code};{whose}"));
            }
            reply
        }
    }
}

/// Sets a header, unless the value cannot stand in one.
pub(crate) fn set<B>(reply: &mut Response<B>, name: &'static str, value: &str) {
    if let Ok(value) = HeaderValue::from_str(value) {
        reply.headers_mut().insert(name, value);
    }
}

/// Gives an answer the request ids in the form that the service's own have; returns the request id.
pub(crate) fn set_request_ids(service: Service, reply: &mut Reply) -> String {
    let (name, id) = match service {
        Service::DynamoDb => ("x-amzn-requestid", letters(52, b"ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789")),
        Service::Sqs => ("x-amzn-requestid", uuid()),
        Service::S3 => ("x-amz-request-id", letters(16, b"0123456789ABCDEF")),
    };
    set(reply, name, &id);
    if service == Service::S3 {
        const BASE64: &[u8] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
        set(reply, "x-amz-id-2", &format!("{}=", letters(75, BASE64)));
    }
    id
}

fn letters(length: usize, of: &[u8]) -> String {
    (0..length).map(|_| char::from(of[fastrand::usize(..of.len())])).collect()
}

fn uuid() -> String {
    let hex = letters(32, b"0123456789abcdef");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
