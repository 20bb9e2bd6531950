//! What a member of a document has to be, by X-Ray's published schema; what is not so is dropped.

use serde_json::{Map, Value};

use super::inspection::{Inspection, noun};

/// What a value has to be.
#[derive(Debug, Clone, Copy)]
pub(super) enum Shape {
    /// A string of any length.
    Text,
    /// A string of at most so many characters.
    Short(usize),
    /// A string of 16 characters that names an entity or an exception.
    Id,
    Number,
    Flag,
    /// A status of HTTP.
    Status,
    /// One of a few strings.
    OneOf(&'static [&'static str]),
    /// An object with these members and no others.
    Closed(&'static [Member]),
    /// An object with any members, these among them.
    Open(&'static [Member]),
    List(&'static Shape),
}

/// A member by its name.
pub(super) type Member = (&'static str, Shape);

impl Shape {
    fn noun(self) -> &'static str {
        match self {
            Self::Text | Self::Short(_) | Self::OneOf(_) => "a string",
            Self::Id => "an id of 16 hex digits",
            Self::Number | Self::Status => "a number",
            Self::Flag => "true or false",
            Self::Closed(_) | Self::Open(_) => "an object",
            Self::List(_) => "an array",
        }
    }

    pub(super) fn check(self, inspection: &mut Inspection, value: &Value) {
        match (self, value) {
            (Self::Text, Value::String(_))
            | (Self::Number | Self::Status, Value::Number(_))
            | (Self::Flag, Value::Bool(_)) => {}
            (Self::Short(most), Value::String(text)) => short(inspection, text, most),
            (Self::Id, Value::String(id)) if id.chars().count() == 16 => {}
            (Self::Status, Value::String(text)) if text.parse::<u16>().is_ok() => {
                inspection.changed("a status is a number", "write it without quotes");
            }
            (Self::OneOf(words), Value::String(text)) => {
                if !words.contains(&text.as_str()) {
                    inspection.dropped("X-Ray knows no such value", format!("write {}", words.join(" or ")));
                }
            }
            (Self::Closed(members), Value::Object(object)) => closed(inspection, object, members),
            (Self::Open(members), Value::Object(object)) => known(inspection, object, members),
            (Self::List(of), Value::Array(elements)) => {
                for (at, element) in elements.iter().enumerate() {
                    inspection.at(at, |inspection| of.check(inspection, element));
                }
            }
            _ => self.mismatch(inspection, value),
        }
    }

    fn mismatch(self, inspection: &mut Inspection, value: &Value) {
        let wanted = self.noun();
        inspection
            .dropped(format!("X-Ray takes {wanted} here, not {}", noun(value)), format!("write {wanted}"));
    }
}

/// A string that X-Ray documents to have a length at most; whether it cuts or drops a longer one is not established.
pub(super) fn short(inspection: &mut Inspection, text: &str, most: usize) {
    let length = text.chars().count();
    if length > most {
        inspection.dropped(
            format!("has {length} characters, X-Ray takes {most}: the rest, or all of it, is lost"),
            "shorten it, or put the whole into metadata",
        );
    }
}

/// Checks the members that X-Ray knows.
pub(super) fn known(inspection: &mut Inspection, object: &Map<String, Value>, members: &[Member]) {
    for &(key, shape) in members {
        inspection.member(object, key, |inspection, value| shape.check(inspection, value));
    }
}

/// And says of others that X-Ray drops them.
fn closed(inspection: &mut Inspection, object: &Map<String, Value>, members: &[Member]) {
    known(inspection, object, members);
    for (key, _) in object.iter().filter(|(_, value)| !value.is_null()) {
        if !members.iter().any(|(known, _)| known == key) {
            inspection.at(key, |inspection| {
                let known: Vec<_> = members.iter().map(|(known, _)| *known).collect();
                inspection
                    .dropped("X-Ray knows no such member here", format!("there are {}", known.join(", ")));
            });
        }
    }
}
