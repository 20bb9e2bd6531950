//! What a segment or subsegment tells besides its time: pairs of a key and a value, under the title of what they belong to.

use serde_json::{Map, Value};

use super::shown;
use crate::trace::Node;

/// Values of one kind.
pub(super) struct Section {
    pub(super) title: &'static str,
    pub(super) pairs: Vec<(String, String)>,
}

/// An exception, wherever it was thrown.
pub(super) struct Thrown {
    pub(super) type_name: String,
    pub(super) message: String,
    /// A line for each frame of the stack.
    pub(super) stack: String,
}

/// Members that stand elsewhere in the page, or say nothing to a person.
const ELSEWHERE: [&str; 23] = [
    "annotations",
    "aws",
    "cause",
    "end_time",
    "error",
    "fault",
    "http",
    "id",
    "in_progress",
    "inferred",
    "links",
    "metadata",
    "name",
    "namespace",
    "origin",
    "parent_id",
    "precursor_ids",
    "sql",
    "start_time",
    "subsegments",
    "throttle",
    "trace_id",
    "type",
];
/// Pairs of one section; all are in the document.
const MOST_PAIRS: usize = 100;
const MOST_FRAMES: usize = 100;

/// The annotations, as they are indexed.
pub(super) fn annotations(node: Node<'_>) -> Vec<(String, String)> {
    bounded(node.annotations().map(|(key, value)| (shown::name(key), shown::value(value))))
}

pub(super) fn sections(node: Node<'_>) -> Vec<Section> {
    let object = |key| node.entity().member(key).and_then(Value::as_object);
    let all = [
        Section { title: "SQL", pairs: object("sql").map(flat).unwrap_or_default() },
        Section { title: "HTTP", pairs: object("http").map(nested).unwrap_or_default() },
        Section { title: "AWS", pairs: object("aws").map(nested).unwrap_or_default() },
        Section { title: "Metadata", pairs: object("metadata").map(nested).unwrap_or_default() },
        Section { title: "More", pairs: more(node) },
    ];
    all.into_iter().filter(|section| !section.pairs.is_empty()).collect()
}

fn more(node: Node<'_>) -> Vec<(String, String)> {
    let members = node.entity().members.iter();
    let members = members.filter(|(key, _)| !ELSEWHERE.contains(&key.as_str()));
    bounded(members.map(|(key, value)| (shown::name(key), shown::value(value))))
}

fn flat(object: &Map<String, Value>) -> Vec<(String, String)> {
    bounded(object.iter().map(|(key, value)| (shown::name(key), shown::value(value))))
}

/// The values of objects within the object.
fn nested(object: &Map<String, Value>) -> Vec<(String, String)> {
    let within = |(outer, value): (&String, &Value)| match value {
        Value::Object(inner) if !inner.is_empty() => {
            let named = |(key, value): (&String, &Value)| {
                (format!("{} › {}", shown::name(outer), shown::name(key)), shown::value(value))
            };
            inner.iter().take(MOST_PAIRS + 1).map(named).collect()
        }
        value => vec![(shown::name(outer), shown::value(value))],
    };
    bounded(object.iter().flat_map(within))
}

fn bounded(pairs: impl Iterator<Item = (String, String)>) -> Vec<(String, String)> {
    let mut pairs: Vec<_> = pairs.take(MOST_PAIRS + 1).collect();
    if pairs.len() > MOST_PAIRS {
        pairs[MOST_PAIRS] = ("…".to_owned(), "and more, in the document".to_owned());
    }
    pairs
}

pub(super) fn exceptions(node: Node<'_>) -> Vec<Thrown> {
    let values = node.entity().member("cause").and_then(|cause| cause.get("exceptions"));
    let values = values.and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    values.iter().filter_map(Value::as_object).take(MOST_PAIRS).map(thrown).collect()
}

fn thrown(exception: &Map<String, Value>) -> Thrown {
    let text = |key: &str| exception.get(key).and_then(Value::as_str).unwrap_or_default();
    let frames = exception.get("stack").and_then(Value::as_array).map(Vec::as_slice).unwrap_or_default();
    let type_name = if text("type").is_empty() { "exception" } else { text("type") };
    Thrown {
        type_name: shown::name(type_name),
        message: shown::lines(text("message")),
        stack: frames.iter().take(MOST_FRAMES).map(frame).collect::<Vec<_>>().join("\n"),
    }
}

fn frame(frame: &Value) -> String {
    let text = |key: &str| shown::name(frame[key].as_str().unwrap_or_default());
    let line = frame["line"].as_u64().map_or_else(String::new, |line| format!(":{line}"));
    format!("{}  {}{line}", text("label"), text("path")).trim().to_owned()
}
