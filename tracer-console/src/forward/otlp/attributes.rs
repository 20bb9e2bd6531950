//! Attributes out of JSON.

use std::collections::BTreeMap;

use opentelemetry_proto::tonic::common::v1::any_value::Value as AttributeValue;
use opentelemetry_proto::tonic::common::v1::{AnyValue, ArrayValue, KeyValue};
use serde_json::Value;

/// Attributes that are being gathered, each name once.
#[derive(Debug, Default)]
pub(super) struct Attributes(BTreeMap<String, AnyValue>);

impl Attributes {
    /// Adds an attribute, unless it is there already.
    pub(super) fn put(&mut self, key: impl Into<String>, value: impl Into<AttributeValue>) {
        self.0.entry(key.into()).or_insert_with(|| AnyValue { value: Some(value.into()) });
    }

    /// Adds what JSON holds: an object or a list of other than texts as the text that it is; nothing for `null`.
    pub(super) fn put_json(&mut self, key: impl Into<String>, value: &Value) {
        if let Some(value) = of_json(value) {
            self.put(key, value);
        }
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
                None => self.put_json(format!("{prefix}{key}"), value),
            }
        }
    }

    pub(super) fn into_vec(self) -> Vec<KeyValue> {
        let attribute = |(key, value)| KeyValue { key, value: Some(value), ..KeyValue::default() };
        self.0.into_iter().map(attribute).collect()
    }
}

fn of_json(value: &Value) -> Option<AttributeValue> {
    Some(match value {
        Value::Null => return None,
        Value::Bool(flag) => AttributeValue::BoolValue(*flag),
        Value::Number(number) => match number.as_i64() {
            Some(number) => AttributeValue::IntValue(number),
            None => AttributeValue::DoubleValue(number.as_f64()?),
        },
        Value::String(text) => AttributeValue::StringValue(text.clone()),
        Value::Array(values) if values.iter().all(Value::is_string) => {
            texts(values.iter().filter_map(Value::as_str))
        }
        Value::Array(_) | Value::Object(_) => AttributeValue::StringValue(value.to_string()),
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
