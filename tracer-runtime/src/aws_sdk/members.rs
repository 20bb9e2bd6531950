//! Single members of a JSON body, read without keeping the rest.

use std::collections::BTreeMap;
use std::fmt;

use memchr::memmem;
use serde::de::{DeserializeSeed, Deserializer, IgnoredAny, MapAccess, Visitor};
use serde_json::Value;

use super::parameters::Parameter;

/// So much JSON is read before a name is found.
const SHORT_PER_NAME: usize = 32;

/// Calls `found` with the key and the value of each parameter that `body` has; a body that is no JSON has none.
pub(super) fn read(body: &[u8], parameters: &[Parameter], found: impl FnMut(&'static str, Value)) {
    let names = || parameters.iter().filter_map(member);
    let mut left = names().count();
    // Names are found faster than long JSON is read, and most bodies have few of them, and those in front of what is long.
    if body.len() > left * SHORT_PER_NAME {
        left = names().filter(|name| memmem::find(body, name.as_bytes()).is_some()).count();
    }
    if left > 0 {
        // An error ends the reading; so does that nothing is left to be found, where what follows is no end to the reader.
        let _ =
            serde_json::Deserializer::from_slice(body).deserialize_map(Members { parameters, left, found });
    }
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

impl<'de, F: FnMut(&'static str, Value)> Visitor<'de> for Members<'_, F> {
    type Value = ();

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(mut self, mut map: A) -> Result<(), A::Error> {
        while let Some(wanted) = map.next_key_seed(Name(self.parameters))? {
            let (key, value) = match wanted {
                Some(Parameter::Keys(_, key)) => (key, keys(&map.next_value()?)),
                Some(Parameter::Count(_, key)) => (key, count(&map.next_value()?)),
                Some(Parameter::Member(_, key)) => (key, map.next_value()?),
                Some(Parameter::Input(..) | Parameter::Header(..)) | None => {
                    map.next_value::<IgnoredAny>()?;
                    continue;
                }
            };
            if !value.is_null() {
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
        read(body.as_bytes(), &PARAMETERS, |key, value| found.push((key, value)));
        found
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
    fn what_is_absent_null_or_of_another_shape_is_left_out() {
        assert_eq!(found(r#"{"TableName":null,"RequestItems":null}"#), []);
        assert_eq!(found(r#"{"Entries":7,"TableName":"t"}"#), []);
        assert_eq!(found("no JSON"), []);
        assert_eq!(found(""), []);
    }

    #[test]
    fn reading_ends_with_the_last_that_is_sought() {
        let mut found = Vec::new();
        read(br#"{"TableName":"orders",broken"#, &PARAMETERS, |key, value| found.push((key, value)));
        assert_eq!(found, [("table_name", json!("orders"))]);
    }
}
