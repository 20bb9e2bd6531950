//! Attributes out of JSON.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::common::v1::any_value::Value as AttributeValue;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue, KeyValueList};
use serde_json::Value;

use crate::otlp::returned;

/// Attributes that are being gathered, each name once.
#[derive(Debug, Default)]
pub(super) struct Attributes(BTreeMap<String, AnyValue>);

impl Attributes {
    /// Adds an attribute, unless it is there already.
    pub(super) fn put(&mut self, key: impl Into<String>, value: impl Into<AttributeValue>) {
        self.0.entry(key.into()).or_insert_with(|| AnyValue { value: Some(value.into()) });
    }

    /// Adds what JSON holds, lists and objects within it too; nothing for `null`.
    pub(super) fn put_json(&mut self, key: impl Into<String>, value: &Value) {
        if let Some(value) = of_json(value) {
            self.put(key, value);
        }
    }

    /// Adds what only X-Ray knows: an object, or a list of other than texts, as the text of its JSON, and so a text that could be taken
    /// for one.
    pub(super) fn put_own(&mut self, key: impl Into<String>, value: &Value) {
        let is_text = match value {
            Value::String(text) => text.starts_with(returned::BEGINS_JSON),
            Value::Array(values) => !values.iter().all(Value::is_string),
            Value::Object(_) => true,
            _ => false,
        };
        if is_text {
            self.put(key, text_value(value.to_string()));
        } else {
            self.put_json(key, value);
        }
    }

    pub(super) fn has(&self, key: &str) -> bool {
        self.0.contains_key(key)
    }

    /// Adds members by their new names, and those that have none under the prefix.
    pub(super) fn put_members<'a>(
        &mut self,
        members: impl IntoIterator<Item = (&'a String, &'a Value)>,
        names: &[(&str, &str)],
        prefix: &str,
    ) {
        for (key, value) in members {
            match names.iter().find(|(member, _)| member == key) {
                Some((_, name)) => self.put_json(*name, value),
                None => self.put_own(format!("{prefix}{key}"), value),
            }
        }
    }

    pub(super) fn into_vec(self) -> Vec<KeyValue> {
        let attribute = |(key, value)| KeyValue { key, value: Some(value), ..KeyValue::default() };
        self.0.into_iter().map(attribute).collect()
    }
}

fn of_json(value: &Value) -> Option<AttributeValue> {
    let any = |value| AnyValue { value: of_json(value) };
    Some(match value {
        Value::Null => return None,
        Value::Bool(flag) => AttributeValue::BoolValue(*flag),
        Value::Number(number) => match number.as_i64() {
            Some(number) => AttributeValue::IntValue(number),
            None => AttributeValue::DoubleValue(number.as_f64()?),
        },
        Value::String(text) => AttributeValue::StringValue(text.clone()),
        Value::Array(values) => {
            AttributeValue::ArrayValue(ArrayValue { values: values.iter().map(any).collect() })
        }
        Value::Object(members) => {
            let entry = |(key, value): (&String, _)| KeyValue {
                key: key.clone(),
                value: Some(any(value)),
                ..KeyValue::default()
            };
            AttributeValue::KvlistValue(KeyValueList { values: members.iter().map(entry).collect() })
        }
    })
}

/// A list of texts.
pub(super) fn texts<'a>(texts: impl Iterator<Item = &'a str>) -> AttributeValue {
    let values = texts.map(|text| AnyValue { value: Some(text_value(text)) }).collect();
    AttributeValue::ArrayValue(ArrayValue { values })
}

pub(super) fn text_value(text: impl Into<String>) -> AttributeValue {
    AttributeValue::StringValue(text.into())
}
