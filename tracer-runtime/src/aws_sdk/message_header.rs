//! The trace header inside of messages, for those who do not take it from the HTTP header (facts 2.4).

use std::collections::BTreeMap;

use aws_smithy_runtime_api::client::orchestrator::{HttpRequest, Metadata};
use aws_smithy_types::body::SdkBody;
use aws_smithy_types::config_bag::ConfigBag;
use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

/// A JSON object whose members stay as they are written.
type Object = BTreeMap<String, Box<RawValue>>;

/// Writes `header` into each message that the request sends and that has none; other requests stay as they are.
pub(super) fn set(header: &str, request: &mut HttpRequest, bag: &ConfigBag) {
    let Some(metadata) = bag.load::<Metadata>() else { return };
    let Some(body) = request.body().bytes() else { return };
    let Some(body) = with_header(metadata.service(), metadata.name(), body, header) else { return };
    let length = body.len().to_string();
    *request.body_mut() = SdkBody::from(body);
    if request.headers().contains_key("content-length") {
        let _ = request.headers_mut().try_insert("content-length", length);
    }
}

/// The body with the header in its messages; `None` where nothing is to be changed.
fn with_header(service: &str, operation: &str, body: &[u8], header: &str) -> Option<Vec<u8>> {
    let set: fn(&mut Object, &str) -> Option<()> = match (service, operation) {
        ("SQS", "SendMessage") => set_system_attribute,
        ("SQS", "SendMessageBatch") => |batch, header| set_in_entries(batch, header, set_system_attribute),
        ("EventBridge", "PutEvents") => |events, header| {
            set_in_entries(events, header, |event, header| set_member(event, "TraceHeader", &header))
        },
        ("SFN", "StartExecution" | "StartSyncExecution") => {
            |execution, header| set_member(execution, "traceHeader", &header)
        }
        _ => return None,
    };
    let mut message: Object = serde_json::from_slice(body).ok()?;
    set(&mut message, header)?;
    serde_json::to_vec(&message).ok()
}

/// Sets a member that is not there yet.
fn set_member(object: &mut Object, name: &str, value: &impl Serialize) -> Option<()> {
    if object.contains_key(name) {
        return None;
    }
    object.insert(name.to_owned(), to_raw_value(value).ok()?);
    Some(())
}

/// Sets it in each of the `Entries`; `None` where all of them have it.
fn set_in_entries(batch: &mut Object, header: &str, set: fn(&mut Object, &str) -> Option<()>) -> Option<()> {
    let mut entries: Vec<Object> = read(batch.get("Entries")?)?;
    let changed = entries.iter_mut().filter_map(|entry| set(entry, header)).count();
    batch.insert("Entries".to_owned(), to_raw_value(&entries).ok()?);
    (changed > 0).then_some(())
}

fn set_system_attribute(message: &mut Object, header: &str) -> Option<()> {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Attribute<'a> {
        data_type: &'a str,
        string_value: &'a str,
    }

    const NAME: &str = "MessageSystemAttributes";
    let mut attributes: Object = message.get(NAME).map_or(Some(Object::new()), |old| read(old))?;
    let attribute = Attribute { data_type: "String", string_value: header };
    set_member(&mut attributes, "AWSTraceHeader", &attribute)?;
    message.insert(NAME.to_owned(), to_raw_value(&attributes).ok()?);
    Some(())
}

fn read<T: for<'de> Deserialize<'de>>(text: &RawValue) -> Option<T> {
    serde_json::from_str(text.get()).ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::{Value, json};

    const HEADER: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";

    fn changed(service: &str, operation: &str, body: &Value) -> Option<Value> {
        let body = with_header(service, operation, body.to_string().as_bytes(), HEADER)?;
        Some(serde_json::from_slice(&body).unwrap())
    }

    #[test]
    fn a_message_gets_the_header_beside_its_other_system_attributes() {
        let attribute = json!({"DataType": "String", "StringValue": HEADER});
        let sent = json!({"QueueUrl": "q", "MessageBody": "b", "DelaySeconds": 1});
        let expected = json!({"QueueUrl": "q", "MessageBody": "b", "DelaySeconds": 1,
            "MessageSystemAttributes": {"AWSTraceHeader": attribute}});
        assert_eq!(changed("SQS", "SendMessage", &sent), Some(expected));
        let sent = json!({"MessageSystemAttributes": {"Other": {}}});
        let expected = json!({"MessageSystemAttributes": {"AWSTraceHeader": attribute, "Other": {}}});
        assert_eq!(changed("SQS", "SendMessage", &sent), Some(expected));
    }

    #[test]
    fn a_header_of_the_users_stays() {
        let sent = json!({"MessageSystemAttributes": {"AWSTraceHeader": {"StringValue": "mine"}}});
        assert_eq!(changed("SQS", "SendMessage", &sent), None);
        let sent = json!({"Entries": [{"TraceHeader": "mine"}, {"Detail": "{}"}]});
        let expected = json!({"Entries": [{"TraceHeader": "mine"}, {"Detail": "{}", "TraceHeader": HEADER}]});
        assert_eq!(changed("EventBridge", "PutEvents", &sent), Some(expected));
        assert_eq!(changed("SFN", "StartExecution", &json!({"traceHeader": "mine"})), None);
    }

    #[test]
    fn each_message_of_a_batch_and_an_execution_get_it() {
        let batch =
            changed("SQS", "SendMessageBatch", &json!({"Entries": [{"Id": "1"}, {"Id": "2"}]})).unwrap();
        for entry in batch["Entries"].as_array().unwrap() {
            assert_eq!(entry["MessageSystemAttributes"]["AWSTraceHeader"]["StringValue"], HEADER);
        }
        let execution = changed("SFN", "StartExecution", &json!({"input": "{}"})).unwrap();
        assert_eq!(execution["traceHeader"], HEADER);
    }

    #[test]
    fn numbers_and_escapes_of_a_message_stay_as_they_are_written() {
        let body = br#"{"MessageBody":"\u00e9\/","DelaySeconds":1.0e0}"#;
        let changed = with_header("SQS", "SendMessage", body, HEADER).unwrap();
        let changed = String::from_utf8(changed).unwrap();
        assert!(changed.contains(r#""MessageBody":"\u00e9\/""#) && changed.contains("1.0e0"), "{changed}");
    }

    #[test]
    fn what_sends_no_message_stays() {
        assert_eq!(changed("DynamoDB", "PutItem", &json!({"TableName": "t"})), None);
        assert_eq!(with_header("SQS", "SendMessage", b"no JSON", HEADER), None);
    }
}
