//! What two documents say of the same call, compared.

use std::collections::BTreeMap;
use std::fmt::Write;

use serde_json::Value;

/// A member that two tracers record otherwise, and why that is right.
#[derive(Debug, Clone, Copy)]
pub struct Difference {
    /// What the calls' `Service.Operation` begins with; empty for all calls.
    pub call: &'static str,
    /// The member's path, such as `aws.table_name`; a path that ends with a dot is of all that is below.
    pub member: &'static str,
    /// How it differs.
    pub says: Says,
    /// Why.
    pub reason: &'static str,
}

/// How a member differs.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Says {
    /// Only we record it.
    OnlyOurs,
    /// Only they record it.
    OnlyTheirs,
    /// Both record it, in another form.
    Otherwise,
    /// Both record it, and it is another for every call: an id, a time.
    EachOwn,
}

/// Where a document belongs and when, which are no facts of the call. A subsegment that its parent nests has less of it.
const PLACE: [&str; 8] =
    ["id", "parent_id", "trace_id", "type", "start_time", "end_time", "in_progress", "subsegments"];

const LOOPBACK: &str = "http://127.0.0.1:";

/// Asserts that our documents say what theirs say of the same calls in the same order, but for the `expected` differences, each of
/// which must be found.
///
/// # Panics
/// With all that differs, and all that was expected to.
pub fn assert_same_facts(ours: &[Value], theirs: &[Value], expected: &[Difference]) {
    let mut report = String::new();
    let operations =
        |documents: &[Value]| documents.iter().map(|one| one["aws"]["operation"].clone()).collect::<Vec<_>>();
    assert_eq!(operations(ours), operations(theirs), "the same calls in the same order");
    let mut found = vec![false; expected.len()];
    for (ours, theirs) in ours.iter().zip(theirs) {
        let call = format!("{}.{}", text(&ours["name"]), text(&ours["aws"]["operation"]));
        for (member, says, values) in differing(&facts(ours), &facts(theirs)) {
            let is_expected = |row: &Difference| {
                let is_of_member = if row.member.ends_with('.') {
                    member.starts_with(row.member)
                } else {
                    member == row.member
                };
                let is_so = row.says == says
                    || (row.says == Says::EachOwn && says == Says::Otherwise && values.are_alike());
                call.starts_with(row.call) && is_of_member && is_so
            };
            match expected.iter().position(is_expected) {
                Some(row) => found[row] = true,
                None => writeln!(
                    report,
                    "{call}: {member}: {says:?}: ours {}, theirs {}",
                    values.ours, values.theirs
                )
                .expect("a text takes what is written"),
            }
        }
    }
    for (row, _) in expected.iter().zip(found).filter(|(_, is_found)| !is_found) {
        writeln!(report, "no longer so: {row:?}").expect("a text takes what is written");
    }
    assert!(report.is_empty(), "\n{report}");
}

#[derive(Debug)]
struct Values {
    ours: Value,
    theirs: Value,
}

impl Values {
    /// Whether both are of one type.
    fn are_alike(&self) -> bool {
        std::mem::discriminant(&self.ours) == std::mem::discriminant(&self.theirs)
    }
}

type Facts = BTreeMap<String, Value>;

fn differing(ours: &Facts, theirs: &Facts) -> Vec<(String, Says, Values)> {
    let mut names: Vec<&String> = ours.keys().chain(theirs.keys()).collect();
    names.sort();
    names.dedup();
    let one = |name: &String| {
        let says = match (ours.get(name), theirs.get(name)) {
            (Some(_), None) => Says::OnlyOurs,
            (None, Some(_)) => Says::OnlyTheirs,
            (ours, theirs) if ours == theirs => return None,
            _ => Says::Otherwise,
        };
        let value = |facts: &Facts| facts.get(name).cloned().unwrap_or_default();
        Some((name.clone(), says, Values { ours: value(ours), theirs: value(theirs) }))
    };
    names.into_iter().filter_map(one).collect()
}

/// Each member that is no object or list of objects, by its path.
fn facts(document: &Value) -> Facts {
    let mut facts = Facts::new();
    let members = document.as_object().expect("a document is an object");
    for (name, value) in members.iter().filter(|(name, _)| !PLACE.contains(&name.as_str())) {
        put(&mut facts, name, value);
    }
    if let Some(Value::String(name)) = facts.get_mut("name") {
        // Facts 5.1: names of services are compared without their case.
        name.make_ascii_lowercase();
    }
    facts
}

fn put(facts: &mut Facts, path: &str, value: &Value) {
    match value {
        Value::Object(members) if !members.is_empty() => {
            members.iter().for_each(|(name, value)| put(facts, &format!("{path}.{name}"), value));
        }
        Value::Array(list) if list.first().is_some_and(Value::is_object) => {
            list.iter().enumerate().for_each(|(at, value)| put(facts, &format!("{path}.{at}"), value));
        }
        // An emulator's port is any.
        Value::String(text) if text.starts_with(LOOPBACK) => {
            let (_, behind_port) = text[LOOPBACK.len()..].split_once('/').unwrap_or_default();
            facts.insert(path.to_owned(), behind_port.into());
        }
        // The numbers of JSON: 1 is 1.0.
        Value::Number(number) => drop(facts.insert(path.to_owned(), number.as_f64().into())),
        _ => drop(facts.insert(path.to_owned(), value.clone())),
    }
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
