//! What stands in front of the services: which of them a request is for, faults, request ids, and the list of calls.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Limited};
use hyper::body::Incoming;
use hyper::{HeaderMap, Request};
use serde_json::Value;

use crate::call::{Call, Calls, Service};
use crate::dynamodb::DynamoDb;
use crate::fault::{Effect, Faults};
use crate::reply::{self, Reply};
use crate::s3::S3;
use crate::sqs::Sqs;

/// More than any request of DynamoDB (16 MB for a batch) or SQS (1 MB) may have.
const LARGEST_JSON: usize = 20 << 20;

/// The services behind one address.
#[derive(Debug)]
pub(crate) struct Front {
    pub(crate) dynamodb: DynamoDb,
    pub(crate) s3: S3,
    pub(crate) sqs: Sqs,
    pub(crate) faults: Faults,
    pub(crate) calls: Calls,
}

impl Front {
    /// Answers one request.
    pub(crate) async fn answer(&self, request: Request<Incoming>) -> Reply {
        // A page in a browser could read and write what is here otherwise; AWS clients send no such headers.
        if request.headers().contains_key("origin") || request.headers().contains_key("sec-fetch-site") {
            return reply::error(Service::S3, 403, "AccessDenied", "not for browsers");
        }
        let trace_header = text(request.headers(), "x-amzn-trace-id").map(str::to_owned);
        let service = service(request.headers());
        let (operation, resource, mut reply) = match service {
            Service::S3 => self.object_call(request).await,
            Service::DynamoDb | Service::Sqs => self.json_call(service, request).await,
        };
        let request_id = reply::set_request_ids(service, &mut reply);
        let status = reply.status().as_u16();
        self.calls.add(Call { service, operation, resource, status, request_id, trace_header });
        reply
    }

    async fn object_call(&self, request: Request<Incoming>) -> (String, String, Reply) {
        let (operation, resource) = self.s3.read(&request);
        let reply = match self.fault(Service::S3, &operation, &resource).await {
            Some(failed) => {
                // A client that is still sending would see a broken connection instead of the answer.
                let _ = drain(request.into_body()).await;
                failed
            }
            None => self.s3.answer(request).await,
        };
        (operation, resource, reply)
    }

    async fn json_call(&self, service: Service, request: Request<Incoming>) -> (String, String, Reply) {
        let (head, body) = request.into_parts();
        let target = text(&head.headers, "x-amz-target").unwrap_or_default();
        let operation = target.split_once('.').map_or("", |(_, operation)| operation).to_owned();
        let Ok(body) = Limited::new(body, LARGEST_JSON).collect().await else {
            let failed =
                reply::error(service, 413, "RequestEntityTooLarge", "the body is too large or broke off");
            return (operation, String::new(), failed);
        };
        let body = body.to_bytes();
        let resource = resource(&body);
        let reply = match self.fault(service, &operation, &String::from_utf8_lossy(&body)).await {
            Some(failed) => failed,
            None => self.json(service, &head.headers, body).await,
        };
        (operation, resource, reply)
    }

    /// Answers an operation of DynamoDB or SQS that the headers name.
    pub(crate) async fn json(&self, service: Service, headers: &HeaderMap, body: Bytes) -> Reply {
        match service {
            Service::Sqs => self.sqs.answer(headers, body).await,
            _ => self.dynamodb.answer(headers, body).await,
        }
    }

    /// Waits or fails as a fault in force says; `None` goes on.
    async fn fault(&self, service: Service, operation: &str, text: &str) -> Option<Reply> {
        match self.faults.of(service, operation, text)? {
            Effect::Delay(delay) => {
                tokio::time::sleep(delay).await;
                None
            }
            Effect::Fail { status, code } => {
                Some(reply::error(service, status, &code, "a fault that was asked for"))
            }
        }
    }
}

/// S3 has no header of its own.
fn service(headers: &HeaderMap) -> Service {
    match text(headers, "x-amz-target") {
        Some(target) if target.starts_with("DynamoDB_") => Service::DynamoDb,
        Some(target) if target.starts_with("AmazonSQS.") => Service::Sqs,
        _ => Service::S3,
    }
}

fn resource(body: &[u8]) -> String {
    let input: Value = serde_json::from_slice(body).unwrap_or_default();
    let named = ["TableName", "QueueUrl", "QueueName"].iter().find_map(|name| input[name].as_str());
    named.unwrap_or_default().to_owned()
}

async fn drain(mut body: Incoming) -> Result<(), hyper::Error> {
    while let Some(frame) = body.frame().await {
        frame?;
    }
    Ok(())
}

fn text<'a>(headers: &'a HeaderMap, name: &str) -> Option<&'a str> {
    headers.get(name)?.to_str().ok()
}
