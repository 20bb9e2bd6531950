//! The trace header of each message: set once when it is sent, returned whenever it is received.

use std::collections::{HashMap, VecDeque};
use std::sync::{Mutex, PoisonError};

use serde_json::{Value, json};
use tokio::sync::{RwLock, RwLockReadGuard};

const ATTRIBUTE: &str = "AWSTraceHeader";

/// The headers of the latest messages, by message id.
#[derive(Debug, Default)]
pub(crate) struct TraceHeaders {
    kept: Mutex<Kept>,
    /// Held from before a message is stored until its header is kept: a receiver must not be faster.
    sending: RwLock<()>,
}

#[derive(Debug, Default)]
struct Kept {
    headers: HashMap<String, String>,
    oldest: VecDeque<String>,
}

impl Kept {
    const MOST: usize = 100_000;

    fn add(&mut self, message_id: &str, header: &str) {
        if self.oldest.len() == Self::MOST {
            let oldest = self.oldest.pop_front().unwrap_or_default();
            self.headers.remove(&oldest);
        }
        self.oldest.push_back(message_id.to_owned());
        self.headers.insert(message_id.to_owned(), header.to_owned());
    }
}

impl TraceHeaders {
    /// To be held while messages are sent and their headers are kept.
    pub(crate) async fn sending(&self) -> RwLockReadGuard<'_, ()> {
        self.sending.read().await
    }

    /// Keeps the header of each message of a `SendMessage` or `SendMessageBatch` that was answered with `output`: its
    /// own attribute, or else the header of the request.
    pub(crate) fn keep(&self, input: &Value, output: &Value, of_request: Option<&str>) {
        let mut kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        let mut keep = |sent: &Value, stored: &Value| {
            let own = sent["MessageSystemAttributes"][ATTRIBUTE]["StringValue"].as_str();
            if let (Some(header), Some(id)) = (own.or(of_request), stored["MessageId"].as_str()) {
                kept.add(id, header);
            }
        };
        let Some(entries) = input["Entries"].as_array() else {
            keep(input, output);
            return;
        };
        for stored in output["Successful"].as_array().into_iter().flatten() {
            if let Some(sent) = entries.iter().find(|entry| entry["Id"] == stored["Id"]) {
                keep(sent, stored);
            }
        }
    }

    /// Adds the headers to the messages of a `ReceiveMessage` that asked for them.
    pub(crate) async fn add(&self, input: &Value, output: &mut Value) {
        let is_asked_for = ["MessageSystemAttributeNames", "AttributeNames"].iter().any(|names| {
            let names = input[names].as_array();
            names.into_iter().flatten().any(|name| name == ATTRIBUTE || name == "All")
        });
        let Some(messages) = output["Messages"].as_array_mut().filter(|_| is_asked_for) else {
            return;
        };
        drop(self.sending.write().await);
        let kept = self.kept.lock().unwrap_or_else(PoisonError::into_inner);
        for message in messages {
            let header = message["MessageId"].as_str().and_then(|id| kept.headers.get(id));
            if let (Some(header), Value::Object(message)) = (header, message) {
                message.entry("Attributes").or_insert_with(|| json!({}))[ATTRIBUTE] = json!(header);
            }
        }
    }
}
