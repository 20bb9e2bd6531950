//! Segments and subsegments: what each needs, and what only one of them has (fact sheet 1.1 to 1.3).

use std::collections::HashSet;

use serde_json::{Map, Value};

use super::inspection::{Inspection, begun, noun};
use super::schema::{ELSEWHERE, OF_BOTH, OF_SEGMENTS, OF_SUBSEGMENTS};
use super::shape::known;
use super::trace::TraceSoFar;
use super::{times, values};
use crate::refusal::RefusalCode;
use crate::trace_id::{EntityId, TraceId};

/// What an entity is to X-Ray.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Kind {
    Segment,
    /// Sent on its own.
    Independent,
    Nested,
}

/// The longest name, in characters.
const LONGEST_NAME: usize = 200;
const LONGEST_NAME_OF_SUBSEGMENT: usize = 250;

/// The entity that a document is, and all that is nested in it.
pub(super) fn document(
    inspection: &mut Inspection,
    members: &Map<String, Value>,
    trace: &mut TraceSoFar<'_>,
) {
    let kind = match members.get("type").and_then(Value::as_str) {
        Some("subsegment") => Kind::Independent,
        _ => Kind::Segment,
    };
    trace_id(inspection, members);
    id(inspection, members);
    parent_id(inspection, members, kind);
    if kind == Kind::Segment && members.get("type").is_some_and(|kind| !kind.is_null()) {
        inspection.at("type", |inspection| {
            let message = "the only type is subsegment; without it a document is a segment";
            inspection.changed(message, "leave it out, or write \"subsegment\"");
        });
    }
    let mut seen = HashSet::new();
    seen.extend(members.get("id").and_then(Value::as_str));
    entity(inspection, members, kind, &mut Nesting { seen, trace });
    if trace.is_first() {
        times::window(inspection, members);
    }
}

/// What is known of a document while its entities are looked at.
struct Nesting<'d, 't, 's> {
    seen: HashSet<&'d str>,
    trace: &'t mut TraceSoFar<'s>,
}

fn entity<'d>(
    inspection: &mut Inspection,
    members: &'d Map<String, Value>,
    kind: Kind,
    nesting: &mut Nesting<'d, '_, '_>,
) {
    name(inspection, members, kind);
    times::check(inspection, members, kind == Kind::Nested);
    known(inspection, members, &OF_BOTH);
    values::flags(inspection, members);
    members_of_kind(inspection, members, kind);
    inspection.member(members, "annotations", |inspection, value| {
        values::annotations(inspection, value, |inspection, key| nesting.trace.annotation(inspection, key));
    });
    inspection.member(members, "metadata", values::metadata);
    inspection.member(members, "cause", values::cause);
    inspection.member(members, "subsegments", |inspection, value| {
        nested(inspection, value, members.get("id").and_then(Value::as_str), nesting);
    });
}

/// Those that only segments or only subsegments have, and those that nobody knows.
fn members_of_kind(inspection: &mut Inspection, members: &Map<String, Value>, kind: Kind) {
    let (own, others) = match kind {
        Kind::Segment => (&OF_SEGMENTS[..], &OF_SUBSEGMENTS[..]),
        Kind::Independent | Kind::Nested => (&OF_SUBSEGMENTS[..], &OF_SEGMENTS[..]),
    };
    known(inspection, members, own);
    let is_in = |table: &[(&str, _)], key: &str| table.iter().any(|(known, _)| *known == key);
    for (key, value) in members.iter().filter(|(_, value)| !value.is_null()) {
        inspection.at(key, |inspection| match key.as_str() {
            "links" if kind == Kind::Segment => values::links(inspection, value),
            "inferred" if kind == Kind::Segment => inferred(inspection, value),
            "links" | "inferred" => of_segments(inspection, key),
            key if is_in(others, key) && kind == Kind::Segment => of_subsegments(inspection),
            key if is_in(others, key) => of_segments(inspection, key),
            key if is_in(own, key) || is_in(&OF_BOTH, key) || ELSEWHERE.contains(&key) => {}
            _ => inspection.dropped("X-Ray knows no such member", "annotate it, or put it into metadata"),
        });
    }
}

fn inferred(inspection: &mut Inspection, value: &Value) {
    if *value == Value::Bool(true) {
        let message = "X-Ray itself infers segments, from subsegments whose callee sends none";
        inspection.advice(message, "leave it out where a service itself sends this");
    }
}

fn of_segments(inspection: &mut Inspection, key: &str) {
    let remedy = if key == "user" { "annotate it" } else { "write it on the segment" };
    inspection.dropped(format!("only a segment has {}", begun(key)), remedy);
}

fn of_subsegments(inspection: &mut Inspection) {
    inspection.dropped(
        "only a subsegment has it, and without \"type\": \"subsegment\" this is a segment",
        "write the type, and the parent_id of what it belongs to; or leave it out",
    );
}

fn trace_id(inspection: &mut Inspection, members: &Map<String, Value>) {
    const REMEDY: &str =
        "write 1-, 8 hex digits, -, 24 hex digits, such as 1-5759e988-bd862e3fe1be46a994272793";
    match members.get("trace_id") {
        None => inspection.refused(RefusalCode::MissingTraceId, "there is no trace_id", REMEDY),
        Some(Value::String(id)) => inspection.at("trace_id", |inspection| match id.parse::<TraceId>() {
            Err(_) => {
                inspection.refused(
                    RefusalCode::InvalidTraceId,
                    format!("{} is no trace id", begun(id)),
                    REMEDY,
                );
            }
            Ok(_) if !id.contains('-') => inspection.refused(
                RefusalCode::InvalidTraceId,
                "this is W3C's form, which X-Ray takes in headers alone",
                format!("write 1-{}-{}", &id[..8], &id[8..]),
            ),
            Ok(_) if id.bytes().all(|b| matches!(b, b'0' | b'-' | b'1')) && id.ends_with(&"0".repeat(24)) => {
                inspection.advice("this is the id of what is not sampled", "send nothing then");
            }
            Ok(_) => {}
        }),
        Some(other) => inspection.at("trace_id", |inspection| {
            let message = format!("a trace id is a string, not {}", noun(other));
            inspection.refused(RefusalCode::InvalidTraceId, message, REMEDY);
        }),
    }
}

const ID_REMEDY: &str = "write 16 hex digits, such as 70de5b6f19ff9a0a";

fn id(inspection: &mut Inspection, members: &Map<String, Value>) {
    match members.get("id") {
        None | Some(Value::Null) => inspection.refused(RefusalCode::MissingId, "there is no id", ID_REMEDY),
        Some(id) => inspection.at("id", |inspection| is_id(inspection, id)),
    }
}

fn is_id(inspection: &mut Inspection, value: &Value) {
    let refused = |inspection: &mut Inspection, message| {
        inspection.refused(RefusalCode::InvalidId, message, ID_REMEDY);
    };
    match value {
        Value::String(id) if id.parse::<EntityId>().is_err() => {
            refused(inspection, format!("{} is no id", begun(id)));
        }
        Value::String(id) if id.bytes().all(|b| b == b'0') => {
            inspection.advice("this is the id of what is not sampled", "send nothing then");
        }
        Value::String(_) => {}
        other => refused(inspection, format!("an id is a string, not {}", noun(other))),
    }
}

fn parent_id(inspection: &mut Inspection, members: &Map<String, Value>, kind: Kind) {
    match members.get("parent_id") {
        None | Some(Value::Null) if kind == Kind::Independent => missing_parent(inspection),
        None | Some(Value::Null) => {}
        Some(Value::String(parent)) if parent.is_empty() => {
            if kind == Kind::Independent {
                return missing_parent(inspection);
            }
            inspection.at("parent_id", |inspection| {
                inspection.changed("an empty parent_id is none", "leave it out on what nobody called");
            });
        }
        Some(parent) => inspection.at("parent_id", |inspection| {
            is_id(inspection, parent);
            if members.get("id") == Some(parent) {
                inspection
                    .advice("it is its own parent: nobody finds where it belongs", "name who called it");
            }
        }),
    }
}

fn missing_parent(inspection: &mut Inspection) {
    inspection.refused(
        RefusalCode::MissingParentId,
        "a subsegment sent on its own names no parent",
        "write the id of the segment or subsegment that it belongs to as parent_id",
    );
}

fn name(inspection: &mut Inspection, members: &Map<String, Value>, kind: Kind) {
    let text = match members.get("name") {
        None | Some(Value::Null) => {
            let remedy = "name the service, or the work that a subsegment measures";
            return inspection.refused(RefusalCode::MissingName, "there is no name", remedy);
        }
        Some(Value::String(text)) => text,
        Some(other) => {
            let message = format!("a name is a string, not {}", noun(other));
            return inspection.at("name", |inspection| {
                inspection.refused(RefusalCode::InvalidName, message, "write it in quotes");
            });
        }
    };
    inspection.at("name", |inspection| match kind {
        Kind::Segment => segment_name(inspection, text),
        Kind::Independent | Kind::Nested => subsegment_name(inspection, text),
    });
}

fn segment_name(inspection: &mut Inspection, name: &str) {
    let length = name.chars().count();
    if !(1..=LONGEST_NAME).contains(&length) {
        let message = format!("a segment's name has 1 to {LONGEST_NAME} characters, not {length}");
        return inspection.refused(RefusalCode::InvalidName, message, "name the service");
    }
    if name.contains('\\') {
        let message = "X-Ray's documentation takes a backslash in a segment's name, and its schema does not";
        inspection.advice(message, "write / or leave it out");
    }
    if let Some(other) = name.chars().find(|c| !may_be_in_name(*c)) {
        inspection.refused(
            RefusalCode::InvalidName,
            format!(
                "a segment's name has no {other:?}: letters, digits, spaces and _ . : / % & # = + - @ alone"
            ),
            "leave it out",
        );
    }
}

/// Unicode's letters, numbers and separators as far as the standard library tells them, and X-Ray's signs.
fn may_be_in_name(c: char) -> bool {
    c.is_alphanumeric() || (c.is_whitespace() && !c.is_control()) || "_.:/%&#=+-@\\".contains(c)
}

fn subsegment_name(inspection: &mut Inspection, name: &str) {
    if name.is_empty() {
        let remedy = "name the work that it measures";
        inspection.refused(
            RefusalCode::InvalidName,
            "a subsegment's name has at least one character",
            remedy,
        );
    }
    super::shape::short(inspection, name, LONGEST_NAME_OF_SUBSEGMENT);
}

/// Recursion is bounded by how deeply a document may nest.
fn nested<'d>(
    inspection: &mut Inspection,
    value: &'d Value,
    parent: Option<&str>,
    nesting: &mut Nesting<'d, '_, '_>,
) {
    let Value::Array(subsegments) = value else {
        let message = format!("subsegments are an array, not {}", noun(value));
        return inspection.dropped(message, "write them as an array of objects");
    };
    for (at, subsegment) in subsegments.iter().enumerate() {
        inspection.at(at, |inspection| match subsegment {
            Value::Object(members) => {
                nested_id(inspection, members, nesting);
                nested_parent(inspection, members, parent);
                entity(inspection, members, Kind::Nested, nesting);
            }
            other => {
                let message = format!("a subsegment is an object, not {}", noun(other));
                inspection.dropped(message, "write it as an object with name, id, start_time and end_time");
            }
        });
    }
}

fn nested_id<'d>(
    inspection: &mut Inspection,
    members: &'d Map<String, Value>,
    nesting: &mut Nesting<'d, '_, '_>,
) {
    id(inspection, members);
    let Some(id) = members.get("id").and_then(Value::as_str) else { return };
    if !nesting.seen.insert(id) {
        inspection.at("id", |inspection| {
            let message = "another in this document has the same id: X-Ray keeps one of them";
            inspection.dropped(message, "give each an id of its own");
        });
    }
}

fn nested_parent(inspection: &mut Inspection, members: &Map<String, Value>, parent: Option<&str>) {
    let named = members.get("parent_id").and_then(Value::as_str).filter(|named| !named.is_empty());
    if named.is_some_and(|named| parent.is_some_and(|parent| parent != named)) {
        inspection.at("parent_id", |inspection| {
            let message = "the nesting says who is its parent, whatever this says";
            inspection.changed(message, "leave it out, or send the subsegment on its own");
        });
    }
}
