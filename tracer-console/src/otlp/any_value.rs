//! The values of attributes: as text, as whole numbers, as JSON, as annotations.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use opentelemetry_proto::tonic::common::v1::any_value::Value;
use opentelemetry_proto::tonic::common::v1::{AnyValue, KeyValue};
use serde_json::{Map, Value as Json, json};

/// X-Ray's limit for the text of an annotation (fact sheet 1.1).
const LONGEST_ANNOTATION: usize = 1_000;

pub(super) fn text(value: &Value) -> Option<&str> {
    match value {
        Value::StringValue(text) => Some(text),
        _ => None,
    }
}

/// A whole number; some SDKs write ports and status codes as text.
pub(super) fn integer(value: &Value) -> Option<i64> {
    match value {
        Value::IntValue(number) => Some(*number),
        Value::StringValue(text) => text.parse().ok(),
        _ => None,
    }
}

/// The texts of a list, or the only one.
pub(super) fn texts(value: &Value) -> Vec<&str> {
    match value {
        Value::StringValue(text) => vec![text],
        Value::ArrayValue(array) => {
            array.values.iter().filter_map(|value| text(value.value.as_ref()?)).collect()
        }
        _ => Vec::new(),
    }
}

/// Recursion is bounded by what decoding takes.
pub(super) fn to_json(value: &Value) -> Json {
    match value {
        // Only profiles have those.
        Value::StringValueStrindex(_) => Json::Null,
        Value::StringValue(text) => json!(text),
        Value::BoolValue(flag) => json!(flag),
        Value::IntValue(number) => json!(number),
        Value::DoubleValue(number) => double(*number),
        Value::BytesValue(bytes) => json!(STANDARD.encode(bytes)),
        Value::ArrayValue(array) => array.values.iter().map(any_to_json).collect(),
        Value::KvlistValue(list) => Json::Object(object(&list.values)),
    }
}

fn any_to_json(value: &AnyValue) -> Json {
    value.value.as_ref().map_or(Json::Null, to_json)
}

/// JSON has no word for what is no number.
fn double(number: f64) -> Json {
    match number {
        n if n.is_finite() => json!(n),
        n if n.is_nan() => json!("NaN"),
        n => json!(if n > 0.0 { "Infinity" } else { "-Infinity" }),
    }
}

/// Whether lists within lists nest deeper than so.
pub(super) fn is_deep(attribute: &KeyValue, most: usize) -> bool {
    attribute.value.as_ref().is_some_and(|value| nests_deeper(value, most))
}

fn nests_deeper(value: &AnyValue, most: usize) -> bool {
    let (values, list) = match &value.value {
        Some(Value::ArrayValue(array)) => (&*array.values, &[][..]),
        Some(Value::KvlistValue(list)) => (&[][..], &*list.values),
        _ => return false,
    };
    let Some(less) = most.checked_sub(1) else { return true };
    values.iter().any(|value| nests_deeper(value, less)) || list.iter().any(|entry| is_deep(entry, less))
}

/// Attributes as an object; those without a value have nothing to tell.
pub(super) fn object(attributes: &[KeyValue]) -> Map<String, Json> {
    let entry = |attribute: &KeyValue| {
        let value = attribute.value.as_ref().map_or(Json::Null, any_to_json);
        (!value.is_null()).then(|| (attribute.key.clone(), value))
    };
    attributes.iter().filter_map(entry).collect()
}

/// The value as an annotation has it; `None` where an annotation cannot hold it.
pub(super) fn annotation(value: &Value) -> Option<Json> {
    match value {
        Value::StringValue(text) => {
            (text.chars().take(LONGEST_ANNOTATION + 1).count() <= LONGEST_ANNOTATION).then(|| json!(text))
        }
        Value::BoolValue(flag) => Some(json!(flag)),
        Value::IntValue(number) => Some(json!(number)),
        Value::DoubleValue(number) => number.is_finite().then(|| json!(number)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{any, array, list};
    use super::*;

    #[test]
    fn every_kind_of_value_has_its_json() {
        let table = [
            (any("text"), json!("text")),
            (any(true), json!(true)),
            (any(-7), json!(-7)),
            (any(1.5), json!(1.5)),
            (any(f64::NAN), json!("NaN")),
            (any(f64::NEG_INFINITY), json!("-Infinity")),
            (AnyValue { value: Some(Value::BytesValue(vec![1, 2, 255])) }, json!("AQL/")),
            (array([any(1), any("b")]), json!([1, "b"])),
            (list([("a", any(1)), ("none", AnyValue::default())]), json!({"a": 1})),
            (AnyValue::default(), Json::Null),
        ];
        for (value, expected) in table {
            assert_eq!(any_to_json(&value), expected);
        }
    }

    #[test]
    fn an_annotation_is_a_short_text_a_number_or_a_flag() {
        let of = |value: AnyValue| annotation(&value.value.unwrap());
        assert_eq!(of(any("é".repeat(1_000))), Some(json!("é".repeat(1_000))));
        assert_eq!(of(any("é".repeat(1_001))), None);
        assert_eq!(of(any(7)), Some(json!(7)));
        assert_eq!(of(any(false)), Some(json!(false)));
        assert_eq!(of(any(f64::INFINITY)), None);
        assert_eq!(of(array([any(1)])), None);
    }

    #[test]
    fn numbers_are_read_from_text_too() {
        for (value, expected) in
            [(any(503), Some(503)), (any("503"), Some(503)), (any("ok"), None), (any(true), None)]
        {
            assert_eq!(integer(&value.value.unwrap()), expected);
        }
    }
}
