//! Single members of a JSON body, read without keeping the rest.

use std::collections::BTreeMap;
use std::fmt;

use memchr::memchr_iter;
use serde::Deserialize;
use serde::de::value::{MapAccessDeserializer, SeqAccessDeserializer};
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, SeqAccess, Visitor};
use serde_json::Value;

use super::parameters::Parameter;

/// What a member has.
#[derive(Debug, PartialEq)]
pub(super) enum Found<'a> {
    /// A text as it stands in the body: most values are one.
    Text(&'a str),
    Other(Value),
}

/// Calls `found` with the key and the value of each parameter that `body` has; a body that is no JSON has none.
pub(super) fn read<'a>(body: &'a [u8], parameters: &[Parameter], found: impl FnMut(&'static str, Found<'a>)) {
    // Names are found faster than JSON is read, and most bodies have few of them, and those in front of what is long.
    let left = parameters.iter().filter_map(member).filter(|name| has(body, name.as_bytes())).count();
    if left > 0 {
        // An error ends the reading; so does that nothing is left to be found, where what follows is no end to the reader.
        let _ =
            serde_json::Deserializer::from_slice(body).deserialize_map(Members { parameters, left, found });
    }
}

/// Whether `name` is anywhere in `body`. No searcher is made for it: that costs more than to search what most calls send.
fn has(body: &[u8], name: &[u8]) -> bool {
    let [first, ..] = name else { return false };
    memchr_iter(*first, body).any(|at| body[at..].starts_with(name))
}

fn member(parameter: &Parameter) -> Option<&'static str> {
    match parameter {
        Parameter::Member(name, _) | Parameter::Keys(name, _) | Parameter::Count(name, _) => Some(name),
        Parameter::Input(..) | Parameter::Header(..) => None,
    }
}

struct Members<'a, F> {
    parameters: &'a [Parameter],
    left: usize,
    found: F,
}

impl<'de, F: FnMut(&'static str, Found<'de>)> Visitor<'de> for Members<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(wanted) = map.next_key_seed(Name(self.parameters))? {
            let (key, value) = match wanted {
                Some(Parameter::Keys(_, key)) => (key, Found::Other(keys(&map.next_value()?))),
                Some(Parameter::Count(_, key)) => (key, Found::Other(count(&map.next_value()?))),
                Some(Parameter::Member(_, key)) => (key, map.next_value()?),
                Some(Parameter::Input(..) | Parameter::Header(..)) | None => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            if value != Found::Other(Value::Null) {
                (self.found)(key, value);
            }
            self.left -= 1;
            if self.left == 0 {
                break;
            }
        }
        Ok(())
    }
}

impl<'de> Deserialize<'de> for Found<'de> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_any(Any)
    }
}

/// Any value: all but a text is taken as serde_json takes it.
struct Any;

impl<'de> Visitor<'de> for Any {
    type Value = Found<'de>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a value")
    }

    fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Self::Value, E> {
        Ok(Found::Text(text))
    }

    fn visit_str<E>(self, text: &str) -> Result<Self::Value, E> {
        Ok(Found::Other(text.into()))
    }

    fn visit_unit<E>(self) -> Result<Self::Value, E> {
        Ok(Found::Other(Value::Null))
    }

    fn visit_bool<E>(self, value: bool) -> Result<Self::Value, E> {
        Ok(Found::Other(value.into()))
    }

    fn visit_u64<E>(self, value: u64) -> Result<Self::Value, E> {
        Ok(Found::Other(value.into()))
    }

    fn visit_i64<E>(self, value: i64) -> Result<Self::Value, E> {
        Ok(Found::Other(value.into()))
    }

    fn visit_f64<E>(self, value: f64) -> Result<Self::Value, E> {
        Ok(Found::Other(value.into()))
    }

    fn visit_seq<A: SeqAccess<'de>>(self, list: A) -> Result<Self::Value, A::Error> {
        Value::deserialize(SeqAccessDeserializer::new(list)).map(Found::Other)
    }

    fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
        Value::deserialize(MapAccessDeserializer::new(map)).map(Found::Other)
    }
}

/// A member's name, read as the parameter that it is.
struct Name<'a>(&'a [Parameter]);

impl<'de, 'a> DeserializeSeed<'de> for Name<'a> {
    type Value = Option<&'a Parameter>;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Self::Value, D::Error> {
        deserializer.deserialize_str(self)
    }
}

impl<'a> Visitor<'_> for Name<'a> {
    type Value = Option<&'a Parameter>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a name")
    }

    fn visit_str<E>(self, name: &str) -> Result<Self::Value, E> {
        Ok(self.0.iter().find(|parameter| member(parameter) == Some(name)))
    }
}

fn keys(map: &Option<BTreeMap<String, IgnoredAny>>) -> Value {
    map.as_ref().map_or(Value::Null, |map| map.keys().map(String::as_str).collect())
}

fn count(list: &Option<Vec<IgnoredAny>>) -> Value {
    list.as_ref().map_or(Value::Null, |list| list.len().into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    const PARAMETERS: [Parameter; 3] = [
        Parameter::Member("TableName", "table_name"),
        Parameter::Keys("RequestItems", "table_names"),
        Parameter::Count("Entries", "message_count"),
    ];

    fn found(body: &str) -> Vec<(&'static str, Value)> {
        let mut found = Vec::new();
        read(body.as_bytes(), &PARAMETERS, |key, value| found.push((key, of(value))));
        found
    }

    fn of(found: Found<'_>) -> Value {
        match found {
            Found::Text(text) => text.into(),
            Found::Other(value) => value,
        }
    }

    #[test]
    fn a_value_the_keys_and_the_count_are_found_and_the_rest_is_passed_over() {
        let body = r#"{"Item":{"a":[1,{"TableName":"no"}]},"TableName":"orders","RequestItems":{"b":{},"a":[]},"Entries":[{},{}]}"#;
        let expected = vec![
            ("table_name", json!("orders")),
            ("table_names", json!(["a", "b"])),
            ("message_count", json!(2)),
        ];
        assert_eq!(found(body), expected);
    }

    #[test]
    fn a_value_of_any_type_is_what_serde_json_makes_of_it() {
        for value in [
            r#""a\u00e9\n""#,
            r#""""#,
            "true",
            "7",
            "-7",
            "0.5",
            "18446744073709551615",
            r#"[1,[null,"a"]]"#,
            r#"{"a":{"b":[]}}"#,
        ] {
            let body = format!(r#"{{"TableName":{value}}}"#);
            assert_eq!(found(&body), [("table_name", serde_json::from_str(value).unwrap())]);
        }
    }

    #[test]
    fn what_is_absent_null_or_of_another_shape_is_left_out() {
        assert_eq!(found(r#"{"TableName":null,"RequestItems":null}"#), []);
        assert_eq!(found(r#"{"Entries":7,"TableName":"t"}"#), []);
        assert_eq!(found("no JSON"), []);
        assert_eq!(found(""), []);
    }

    #[test]
    fn reading_ends_with_the_last_that_is_sought() {
        let mut found = Vec::new();
        read(br#"{"TableName":"orders",broken"#, &PARAMETERS, |key, value| found.push((key, of(value))));
        assert_eq!(found, [("table_name", json!("orders"))]);
    }
}
