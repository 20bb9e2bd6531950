//! The attributes of a span: each is held by one member of the document, and what none holds is left over.

use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::common::v1::any_value::Value;

use super::any_value;

/// A span keeps so many; OpenTelemetry's SDKs take 128 unless they are told otherwise.
const MOST: usize = 1_000;

/// Attributes by name, and which of them a member of the document holds already.
#[derive(Debug)]
pub(super) struct Attributes<'a> {
    entries: Vec<Entry<'a>>,
    dropped: usize,
}

#[derive(Debug)]
struct Entry<'a> {
    key: &'a str,
    value: &'a Value,
    taken: bool,
}

impl<'a> Attributes<'a> {
    pub(super) fn of(attributes: &'a [KeyValue]) -> Self {
        let entry = |attribute: &'a KeyValue| {
            let value = attribute.value.as_ref()?.value.as_ref()?;
            Some(Entry { key: &attribute.key, value, taken: false })
        };
        let entries = attributes.iter().take(MOST).filter_map(entry).collect();
        Self { entries, dropped: attributes.len().saturating_sub(MOST) }
    }

    /// How many there were beyond those that are kept.
    pub(super) fn dropped(&self) -> usize {
        self.dropped
    }

    pub(super) fn get(&self, key: &str) -> Option<&'a Value> {
        self.entries.iter().find(|entry| entry.key == key).map(|entry| entry.value)
    }

    /// The first of several names that has a text which is not empty.
    pub(super) fn text(&self, keys: &[&str]) -> Option<&'a str> {
        let text = |key: &&str| self.get(key).and_then(any_value::text).filter(|text| !text.is_empty());
        keys.iter().find_map(text)
    }

    /// The first of several names that has a whole number.
    pub(super) fn integer(&self, keys: &[&str]) -> Option<i64> {
        keys.iter().find_map(|key| self.get(key).and_then(any_value::integer))
    }

    pub(super) fn flag(&self, key: &str) -> bool {
        self.get(key) == Some(&Value::BoolValue(true))
    }

    pub(super) fn has_any(&self, keys: &[&str]) -> bool {
        keys.iter().any(|key| self.get(key).is_some())
    }

    /// Says that a member of the document holds these now. None holds more than a text, a number or a flag where OpenTelemetry
    /// has one: what is of another kind is left over.
    pub(super) fn take(&mut self, keys: &[&str]) {
        let is_plain =
            |value| matches!(value, &Value::StringValue(_) | &Value::IntValue(_) | &Value::BoolValue(_));
        for entry in self.entries.iter_mut().filter(|entry| keys.contains(&entry.key)) {
            entry.taken = is_plain(entry.value);
        }
    }

    /// Says the same of an attribute whatever its value is.
    pub(super) fn take_whole(&mut self, key: &str) {
        for entry in self.entries.iter_mut().filter(|entry| entry.key == key) {
            entry.taken = true;
        }
    }

    /// Every attribute, and whether a member of the document holds it.
    pub(super) fn iter(&self) -> impl Iterator<Item = (&'a str, &'a Value, bool)> {
        self.entries.iter().map(|entry| (entry.key, entry.value, entry.taken))
    }
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{any, array, attributes};
    use super::*;

    #[test]
    fn what_is_taken_is_still_found_and_no_longer_left() {
        let list = attributes([("a", any("1")), ("b", any(2)), ("empty", any(""))]);
        let mut attributes = Attributes::of(&list);
        attributes.take(&["a", "c"]);
        assert_eq!(attributes.text(&["c", "empty", "a"]), Some("1"));
        assert_eq!(attributes.integer(&["b"]), Some(2));
        let left: Vec<_> = attributes.iter().filter(|(.., taken)| !taken).map(|(key, ..)| key).collect();
        assert_eq!(left, ["b", "empty"]);
    }

    #[test]
    fn what_no_member_can_hold_is_left_over() {
        let list = attributes([("a", array([any(1)])), ("b", any(1.5))]);
        let mut attributes = Attributes::of(&list);
        attributes.take(&["a", "b"]);
        assert!(attributes.iter().all(|(.., taken)| !taken));
        attributes.take_whole("a");
        assert_eq!(attributes.iter().filter(|(.., taken)| *taken).count(), 1);
    }

    #[test]
    fn more_than_a_span_may_have_are_counted() {
        let list: Vec<_> =
            (0..1_003).flat_map(|number| attributes([(&*format!("k{number}"), any(number))])).collect();
        let attributes = Attributes::of(&list);
        assert_eq!((attributes.iter().count(), attributes.dropped()), (1_000, 3));
    }
}
