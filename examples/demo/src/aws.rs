//! The AWS that the functions call: chosen, started, and stocked with what they need.

use std::time::Duration;

use clap::ValueEnum;
use local_aws::{Fault, LocalAws, LocalAwsError, Service};
use serde_json::{Value, json};
use thiserror::Error;

use crate::python::{Package, PythonError, Server};

/// Whose DynamoDB, S3 and SQS the functions call.
#[derive(Debug, Clone, Copy, ValueEnum)]
pub(crate) enum Choice {
    /// The one that is built in
    Embedded,
    /// ministack, of this machine's Python
    Ministack,
    /// moto, of this machine's Python
    Moto,
}

#[derive(Debug, Error)]
pub(crate) enum AwsError {
    #[error(transparent)]
    Local(#[from] LocalAwsError),
    #[error(transparent)]
    Python(#[from] PythonError),
}

/// A running AWS with orders in its table; dropped, it is gone.
#[derive(Debug)]
pub(crate) struct Aws {
    /// What the functions speak to: the services themselves, or what stands in front of the server and fails on request.
    local: LocalAws,
    name: &'static str,
    queue_url: String,
    _server: Option<Server>,
}

impl Aws {
    /// Starts the chosen one; without a choice the one that Python has, or else the embedded one.
    pub(crate) fn start(choice: Option<Choice>) -> Result<Self, AwsError> {
        let server = match choice {
            Some(Choice::Embedded) => None,
            Some(Choice::Ministack) => Some(Package::Ministack.serve()?),
            Some(Choice::Moto) => Some(Package::Moto.serve()?),
            None => Package::installed().and_then(serve_if_it_starts),
        };
        let (local, name) = match &server {
            Some(server) => (LocalAws::in_front_of(&server.endpoint())?, server.package().name()),
            None => (LocalAws::start()?, "embedded"),
        };
        let queue_url = stock(&local)?;
        faults().into_iter().for_each(|fault| local.inject(fault));
        Ok(Self { local, name, queue_url, _server: server })
    }

    pub(crate) fn name(&self) -> &'static str {
        self.name
    }

    pub(crate) fn endpoint(&self) -> String {
        self.local.endpoint()
    }

    pub(crate) fn queue_url(&self) -> &str {
        &self.queue_url
    }

    /// By which a function finds it.
    pub(crate) fn variables(&self) -> [(&'static str, String); 5] {
        self.local.variables()
    }
}

/// Nobody asked for this package, so the demo goes on without it.
fn serve_if_it_starts(package: Package) -> Option<Server> {
    let started = package.serve();
    started.inspect_err(|error| anstream::eprintln!("{error}; the embedded one is used")).ok()
}

/// Makes what the template makes when deployed, and orders in the table; returns the queue's URL.
fn stock(aws: &LocalAws) -> Result<String, LocalAwsError> {
    let table = json!({
        "TableName": "orders",
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [{ "AttributeName": "order_id", "AttributeType": "S" }],
        "KeySchema": [{ "AttributeName": "order_id", "KeyType": "HASH" }],
    });
    aws.dynamodb("CreateTable", &table)?;
    for order in orders() {
        aws.dynamodb("PutItem", &json!({ "TableName": "orders", "Item": order }))?;
    }
    aws.create_bucket("order-receipts")?;
    let unfulfilled = create_queue(aws, "unfulfilled", &json!({}))?;
    let asked = json!({ "QueueUrl": unfulfilled, "AttributeNames": ["QueueArn"] });
    let arn = &aws.sqs("GetQueueAttributes", &asked)?["Attributes"]["QueueArn"];
    let redrive = json!({ "deadLetterTargetArn": arn, "maxReceiveCount": 3 }).to_string();
    create_queue(aws, "fulfillment", &json!({ "VisibilityTimeout": "60", "RedrivePolicy": redrive }))
}

/// Returns the queue's URL.
fn create_queue(aws: &LocalAws, name: &str, attributes: &Value) -> Result<String, LocalAwsError> {
    let queue = aws.sqs("CreateQueue", &json!({ "QueueName": name, "Attributes": attributes }))?;
    Ok(queue["QueueUrl"].as_str().unwrap_or_default().to_owned())
}

/// What goes wrong, by the order's id.
fn faults() -> [Fault; 3] {
    let get_item = |delay| Fault::delay(Service::DynamoDb, "GetItem", delay);
    [
        get_item(Duration::from_millis(2_100)).key("ORD-SLOW"),
        get_item(Duration::from_secs(3600)).key("ORD-STUCK"),
        Fault::fail(Service::S3, "PutObject", 503).code("ServiceUnavailable").key("ORD-NO-RECEIPT"),
    ]
}

/// Items of the table, in DynamoDB's own JSON.
fn orders() -> Vec<Value> {
    let usual = [(10, 2), (5, 1)];
    let mut orders = vec![order("ORD-LARGE", &[(60, 2)], "1 Main St"), order("ORD-NO-ADDRESS", &usual, "")];
    let ordinary = ["ORD-12345", "ORD-67890", "ORD-NO-RECEIPT", "ORD-SLOW", "ORD-STUCK"];
    orders.extend(ordinary.map(|id| order(id, &usual, "1 Main St")));
    orders
}

fn order(id: &str, items: &[(u32, u32)], address: &str) -> Value {
    let item = |(price, quantity): &(u32, u32)| json!({ "M": { "price": { "N": price.to_string() }, "quantity": { "N": quantity.to_string() } } });
    json!({
        "order_id": { "S": id },
        "items": { "L": items.iter().map(item).collect::<Vec<_>>() },
        "shipping_address": { "S": address },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    /// With `--stay` it would come back each minute otherwise, for as long as the demo is up.
    #[test]
    fn what_failed_three_times_is_with_the_unfulfilled() {
        let local = LocalAws::start().unwrap();
        let queue = stock(&local).unwrap();
        let unfulfilled = local.sqs("GetQueueUrl", &json!({ "QueueName": "unfulfilled" })).unwrap();
        local.sqs("SendMessage", &json!({ "QueueUrl": queue, "MessageBody": "poison" })).unwrap();
        let receive = |url: &Value| {
            let asked = json!({ "QueueUrl": url, "VisibilityTimeout": 0 });
            let received = local.sqs("ReceiveMessage", &asked).unwrap();
            received["Messages"].as_array().map_or(0, Vec::len)
        };
        let times = (0..10).filter(|_| receive(&json!(queue)) > 0).count();
        assert_eq!((times, receive(&unfulfilled["QueueUrl"])), (3, 1));
    }
}
