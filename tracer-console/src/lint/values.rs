//! What a document says beside its measurements: annotations, metadata, causes and links (fact sheet 1.8 to 1.10).

use serde_json::{Map, Value};

use super::inspection::{Inspection, begun, noun};
use super::schema::CAUSE;
use super::shape::{Shape, short};
use crate::link::Link;

/// The longest string of an annotation, in characters.
const LONGEST_VALUE: usize = 1_000;
/// The longest key of an annotation.
const LONGEST_KEY: usize = 500;
/// X-Ray takes so many links of a segment.
const MOST_LINKS: usize = 20;

/// Annotations: those that X-Ray indexes come to `each`.
pub(super) fn annotations<'v>(
    inspection: &mut Inspection,
    value: &'v Value,
    mut each: impl FnMut(&mut Inspection, &'v str),
) {
    let Value::Object(annotations) = value else {
        return wrong(inspection, value, "annotations are an object of keys and values");
    };
    for (key, value) in annotations {
        inspection.at(key, |inspection| {
            if annotation(inspection, key, value) {
                each(inspection, key);
            }
        });
    }
}

/// Whether it is kept.
fn annotation(inspection: &mut Inspection, key: &str, value: &Value) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let others: Vec<char> = key.chars().filter(|c| !is_word(*c)).collect();
    if key.is_empty() || key.len() > LONGEST_KEY {
        let message =
            format!("an annotation's key has 1 to {LONGEST_KEY} characters, not {}", key.chars().count());
        inspection.dropped(message, "name it shorter");
        return false;
    }
    // Lambda and API Gateway write such themselves.
    let is_of_aws = key.starts_with("aws:") || key.starts_with("aws.");
    if others.iter().any(|c| *c != '.') && !is_of_aws {
        let meant: String = key.chars().map(|c| if is_word(c) { c } else { '_' }).collect();
        inspection.dropped(
            "an annotation's key has the letters a to z, digits and _ alone",
            format!("write {}", begun(&meant)),
        );
        return false;
    }
    if !others.is_empty() && !is_of_aws {
        let message = "a key with dots is newer than X-Ray's schema: SDKs and older tools refuse it";
        inspection.advice(message, format!("ask for it as annotation[{key}], or write _ instead"));
    }
    match value {
        Value::String(text) => short(inspection, text, LONGEST_VALUE),
        Value::Number(_) | Value::Bool(_) => {}
        Value::Null | Value::Array(_) | Value::Object(_) => {
            inspection.dropped(
                format!("an annotation is a string, a number or a boolean, not {}", noun(value)),
                "write it as a string, or into metadata",
            );
            return false;
        }
    }
    true
}

/// Metadata: objects by namespace.
pub(super) fn metadata(inspection: &mut Inspection, value: &Value) {
    let Value::Object(namespaces) = value else {
        return wrong(inspection, value, "metadata is an object of namespaces, each an object");
    };
    for (namespace, values) in namespaces.iter().filter(|(_, values)| !values.is_null()) {
        inspection.at(namespace, |inspection| {
            if !values.is_object() {
                let message = format!("a namespace of metadata holds an object, not {}", noun(values));
                let remedy = format!("write \"metadata\": {{\"default\": {{{}: …}}}}", begun(namespace));
                inspection.dropped(message, remedy);
            }
            if namespace.starts_with("AWS.") {
                inspection.advice("namespaces that begin with AWS. are X-Ray's own", "name it otherwise");
            }
        });
    }
}

/// A cause: the exceptions, or the id of one that stands elsewhere in the trace.
pub(super) fn cause(inspection: &mut Inspection, value: &Value) {
    match value {
        Value::String(_) => Shape::Id.check(inspection, value),
        Value::Object(cause) => {
            CAUSE.check(inspection, value);
            inspection.member(cause, "exceptions", exceptions);
        }
        _ => wrong(inspection, value, "a cause is an object with exceptions, or the id of one"),
    }
}

fn exceptions(inspection: &mut Inspection, value: &Value) {
    for (at, exception) in value.as_array().into_iter().flatten().enumerate() {
        if exception.as_object().is_some_and(|exception| exception.get("id").is_none_or(Value::is_null)) {
            inspection.at(at, |inspection| {
                inspection.dropped("an exception without id is dropped", "give it an id of 16 hex digits");
            });
        }
    }
}

/// Links to other traces.
pub(super) fn links(inspection: &mut Inspection, value: &Value) {
    let Value::Array(links) = value else {
        return wrong(inspection, value, "links are an array of objects with trace_id and id");
    };
    for (at, link) in links.iter().enumerate() {
        if Link::read(link).is_none() {
            inspection.at(at, |inspection| {
                let message = "a link names a trace and a segment of it";
                inspection
                    .dropped(message, "write {\"trace_id\": \"1-…\", \"id\": \"…\", \"attributes\": {}}");
            });
        }
    }
    if links.len() > MOST_LINKS {
        let message = format!("X-Ray takes {MOST_LINKS} links of a segment, not {}", links.len());
        inspection.dropped(message, "link to fewer, or from several segments");
    }
}

/// A throttled call is an error, too.
pub(super) fn flags(inspection: &mut Inspection, members: &Map<String, Value>) {
    let is = |flag: &str| members.get(flag) == Some(&Value::Bool(true));
    if is("throttle") && !is("error") {
        inspection.at("throttle", |inspection| {
            inspection.advice("what is throttled is an error, too", "write \"error\": true beside it");
        });
    }
}

fn wrong(inspection: &mut Inspection, value: &Value, wanted: &str) {
    inspection.dropped(format!("{wanted}; this is {}", noun(value)), "write it so");
}
