//! The event that Lambda makes of messages.

use aws_sdk_sqs::types::{Message, MessageAttributeValue};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Map, Value, json};

/// A queue as its messages' events name it.
#[derive(Debug, Clone)]
pub(super) struct Queue {
    pub(super) url: String,
    pub(super) arn: String,
}

impl Queue {
    /// The event for a batch of the queue's messages.
    pub(super) fn event(&self, messages: &[Message]) -> Value {
        json!({"Records": messages.iter().map(|message| self.record(message)).collect::<Vec<_>>()})
    }

    /// How long a message is in an event, with the comma after it.
    pub(super) fn size(&self, message: &Message) -> usize {
        self.record(message).to_string().len() + 1
    }

    fn record(&self, message: &Message) -> Value {
        let attributes = message.attributes().into_iter().flatten();
        let attributes: Map<_, _> =
            attributes.map(|(name, value)| (name.as_str().to_owned(), json!(value))).collect();
        let own = message.message_attributes().into_iter().flatten();
        let own: Map<_, _> = own.map(|(name, value)| (name.clone(), attribute(value))).collect();
        let mut record = json!({
            "messageId": message.message_id(), "receiptHandle": message.receipt_handle(), "body": message.body(),
            "attributes": attributes, "messageAttributes": own, "md5OfBody": message.md5_of_body(),
            "eventSource": "aws:sqs", "eventSourceARN": self.arn, "awsRegion": self.region(),
        });
        if let Some(md5) = message.md5_of_message_attributes() {
            record["md5OfMessageAttributes"] = json!(md5);
        }
        record
    }

    fn region(&self) -> &str {
        self.arn.split(':').nth(3).unwrap_or_default()
    }
}

fn attribute(value: &MessageAttributeValue) -> Value {
    let mut attribute =
        json!({"dataType": value.data_type(), "stringListValues": [], "binaryListValues": []});
    if let Some(text) = value.string_value() {
        attribute["stringValue"] = json!(text);
    }
    if let Some(bytes) = value.binary_value() {
        attribute["binaryValue"] = json!(STANDARD.encode(bytes));
    }
    attribute
}

#[cfg(test)]
mod tests {
    use aws_sdk_sqs::primitives::Blob;
    use aws_sdk_sqs::types::MessageSystemAttributeName;

    use super::*;

    #[test]
    fn a_record_is_as_lambda_documents_it() {
        let text = MessageAttributeValue::builder().data_type("Number").string_value("100").build().unwrap();
        let bytes =
            MessageAttributeValue::builder().data_type("Binary").binary_value(Blob::new(b"1100")).build();
        let message = Message::builder()
            .message_id("059f36b4-87a3-44ab-83d2-661975830a7d")
            .receipt_handle("AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a")
            .body("Test message.")
            .md5_of_body("e4e68fb7bd0e697a0ae8f1bb342846b3")
            .attributes(MessageSystemAttributeName::ApproximateReceiveCount, "1")
            .attributes(MessageSystemAttributeName::AwsTraceHeader, "Root=1-2-3")
            .message_attributes("one", text)
            .message_attributes("two", bytes.unwrap());
        let url = "http://127.0.0.1:4566/123456789012/my-queue".to_owned();
        let queue = Queue { url, arn: "arn:aws:sqs:us-east-2:123456789012:my-queue".into() };
        let expected = json!({"Records": [{
            "messageId": "059f36b4-87a3-44ab-83d2-661975830a7d",
            "receiptHandle": "AQEBwJnKyrHigUMZj6rYigCgxlaS3SLy0a",
            "body": "Test message.",
            "attributes": {"ApproximateReceiveCount": "1", "AWSTraceHeader": "Root=1-2-3"},
            "messageAttributes": {
                "one": {"stringValue": "100", "stringListValues": [], "binaryListValues": [], "dataType": "Number"},
                "two": {"binaryValue": "MTEwMA==", "stringListValues": [], "binaryListValues": [], "dataType": "Binary"},
            },
            "md5OfBody": "e4e68fb7bd0e697a0ae8f1bb342846b3",
            "eventSource": "aws:sqs",
            "eventSourceARN": "arn:aws:sqs:us-east-2:123456789012:my-queue",
            "awsRegion": "us-east-2",
        }]});
        assert_eq!(queue.event(&[message.build()]), expected);
    }
}
