//! Batches as AWS brings them to a Lambda function.

use serde_json::{Value, json};

/// What the sender of message `number` passed on.
pub(crate) fn header(number: usize) -> String {
    format!("{};Parent={:016x};Sampled=1;Lineage=a87bd80c:1", root(number), number + 1)
}

fn root(number: usize) -> String {
    format!("Root={}", sender(number))
}

/// The trace that message `number` was sent in.
pub(crate) fn sender(number: usize) -> String {
    format!("1-5759e988-{number:024x}")
}

/// What becomes of message `number`.
pub(crate) fn body(number: usize, what: &str) -> String {
    json!({ "do": what, "number": number }).to_string()
}

pub(crate) fn message_id(number: usize) -> String {
    format!("059f36b4-87a3-44ab-83d2-{number:012}")
}

pub(crate) fn sqs(queue: &str, whats: &[&str]) -> Value {
    let record = |(number, what): (usize, &&str)| {
        json!({
            "messageId": message_id(number),
            "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
            "body": body(number, what),
            "attributes": {
                "ApproximateReceiveCount": "1",
                "AWSTraceHeader": header(number),
                "SentTimestamp": "1545082649183",
                "SenderId": "AIDAIENQZJOLO23YVJ4VO",
                "ApproximateFirstReceiveTimestamp": "1545082649185",
            },
            "messageAttributes": {
                "myAttribute": { "stringValue": "v", "stringListValues": [], "binaryListValues": [], "dataType": "String" },
            },
            "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
            "eventSource": "aws:sqs",
            "eventSourceARN": format!("arn:aws:sqs:us-east-2:123456789012:{queue}"),
            "awsRegion": "us-east-2",
        })
    };
    json!({ "Records": whats.iter().enumerate().map(record).collect::<Vec<_>>() })
}

pub(crate) fn sns(whats: &[&str]) -> Value {
    let record = |(number, what): (usize, &&str)| {
        json!({
            "EventVersion": "1.0",
            "EventSubscriptionArn": "arn:aws:sns:us-east-1:123456789012:placed:21be56ed-a058-49f5-8c98-aedd2564c486",
            "EventSource": "aws:sns",
            "Sns": {
                "SignatureVersion": "1",
                "Timestamp": "2019-01-02T12:45:07.000Z",
                "Signature": "tcc6faL2yUC6dgZdmrwh1Y4cGa==",
                "SigningCertURL": "https://sns.us-east-1.amazonaws.com/SimpleNotificationService.pem",
                "MessageId": message_id(number),
                "Message": body(number, what),
                "MessageAttributes": {},
                "Type": "Notification",
                "UnsubscribeURL": "https://sns.us-east-1.amazonaws.com/?Action=Unsubscribe",
                "TopicArn": "arn:aws:sns:us-east-1:123456789012:placed",
                "Subject": null,
            },
        })
    };
    json!({ "Records": whats.iter().enumerate().map(record).collect::<Vec<_>>() })
}

pub(crate) fn sequence_number(number: usize) -> String {
    format!("4959033827149025660855969253836157109592157598913651{number:04}")
}

pub(crate) fn kinesis(whats: &[&str]) -> Value {
    let record = |(number, what): (usize, &&str)| {
        json!({
            "kinesis": {
                "kinesisSchemaVersion": "1.0",
                "partitionKey": "1",
                "sequenceNumber": sequence_number(number),
                "data": base64(body(number, what).as_bytes()),
                "approximateArrivalTimestamp": 1_545_084_650.987,
            },
            "eventSource": "aws:kinesis",
            "eventVersion": "1.0",
            "eventID": format!("shardId-000000000006:{}", sequence_number(number)),
            "eventName": "aws:kinesis:record",
            "invokeIdentityArn": "arn:aws:iam::123456789012:role/lambda-role",
            "awsRegion": "us-east-2",
            "eventSourceARN": "arn:aws:kinesis:us-east-2:123456789012:stream/clicks",
        })
    };
    json!({ "Records": whats.iter().enumerate().map(record).collect::<Vec<_>>() })
}

fn base64(bytes: &[u8]) -> String {
    // The crate of the events writes it as AWS does.
    let mut data = aws_lambda_events::encodings::Base64Data::default();
    data.0 = bytes.to_vec();
    serde_json::to_value(data).unwrap().as_str().unwrap().to_owned()
}
