//! What Powertools for Python with the X-Ray SDK sends for the same queries of SQLite: the same facts, but for a list of differences.

use std::collections::BTreeMap;
use std::path::Path;

use diesel::connection::{Connection, SimpleConnection};
use diesel::{RunQueryDsl, SqliteConnection, sql_query};
use serde_json::Value;
use tracer_runtime::{sql::diesel::install, subsegment, testing};

/// Facts of one side that the other does not have or has otherwise, and why.
const DIFFERENCES: &[(&str, Option<&str>, Option<&str>, &str)] = &[
    (
        "sql.database_type",
        Some("sqlite3"),
        Some("SQLite"),
        "the database's name, not that of a language's module",
    ),
    ("sql.database_version", Some("3.40.1"), None, "diesel does not tell; `Database::with_version` takes it"),
    ("cause.working_directory", Some("/var/task"), None, "says nothing of the query"),
    (
        "cause.exceptions.0.type",
        Some("OperationalError"),
        Some("DatabaseError"),
        "each client has its own names of errors",
    ),
    (
        "cause.exceptions.0.remote",
        Some("false"),
        Some("true"),
        "the database raised it, as X-Ray has it for the namespace `remote`",
    ),
    ("type", Some("subsegment"), None, "ours is nested in its parent's document"),
    ("in_progress", Some("false"), None, "X-Ray's default"),
];

/// The leaves of a document, without what differs from run to run and the stack.
fn facts(document: &Value) -> BTreeMap<String, String> {
    fn collect(path: &str, value: &Value, facts: &mut BTreeMap<String, String>) {
        let at = |key: &str| if path.is_empty() { key.to_owned() } else { format!("{path}.{key}") };
        match value {
            Value::Object(members) => members.iter().for_each(|(key, value)| collect(&at(key), value, facts)),
            Value::Array(elements) => {
                elements
                    .iter()
                    .enumerate()
                    .for_each(|(index, value)| collect(&at(&index.to_string()), value, facts));
            }
            Value::String(text) => drop(facts.insert(path.to_owned(), text.clone())),
            other => drop(facts.insert(path.to_owned(), other.to_string())),
        }
    }
    let mut all = BTreeMap::new();
    collect("", document, &mut all);
    let varies = ["id", "parent_id", "trace_id", "start_time", "end_time", "cause.exceptions.0.id"];
    all.retain(|path, _| !varies.contains(&path.as_str()) && !path.contains(".stack."));
    all
}

fn of_python() -> Option<Vec<Value>> {
    let file = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../../shared/corpus/python/sqlite3_ext.jsonl");
    let lines = std::fs::read_to_string(&file).ok()?;
    let document = |line: &str| -> Option<Value> {
        let line: Value = serde_json::from_str(line).ok()?;
        serde_json::from_str(line["raw"].as_str()?.split_once('\n')?.1).ok()
    };
    let documents = lines.lines().map(|line| document(line).expect("a datagram"));
    Some(documents.filter(|document| document["namespace"] == "remote").collect())
}

/// The same queries: two that go well, one of a table that does not exist, one more.
fn ours() -> Vec<Value> {
    install().unwrap();
    let mut connection = SqliteConnection::establish(":memory:").unwrap();
    let trace = testing::capture(|| {
        subsegment("## handler", || {
            connection.batch_execute("CREATE TABLE t (id INTEGER)").unwrap();
            sql_query("INSERT INTO t VALUES (1)").execute(&mut connection).unwrap();
            sql_query("SELECT * FROM nope").execute(&mut connection).unwrap_err();
            sql_query("SELECT * FROM t").execute(&mut connection).unwrap();
        });
    });
    trace.subsegment("## handler").subsegments().iter().map(|query| query.json().clone()).collect()
}

#[test]
fn the_facts_are_those_of_python_but_for_listed_differences() {
    let Some(theirs) = of_python() else {
        assert!(std::env::var_os("TRACER_NO_SKIP").is_none(), "nothing may be skipped: no corpus");
        eprintln!(
            "skipped: the_facts_are_those_of_python_but_for_listed_differences: no corpus beside the workspace"
        );
        return;
    };
    let ours = ours();
    assert_eq!((theirs.len(), ours.len()), (4, 4));
    let mut seen = Vec::new();
    for (theirs, ours) in theirs.iter().zip(&ours) {
        let (theirs, ours) = (facts(theirs), facts(ours));
        for path in theirs.keys().chain(ours.keys()) {
            let (theirs, ours) = (theirs.get(path).map(String::as_str), ours.get(path).map(String::as_str));
            if theirs == ours {
                continue;
            }
            let known = DIFFERENCES
                .iter()
                .position(|(at, python, rust, _)| (*at, *python, *rust) == (path, theirs, ours));
            seen.push(known.unwrap_or_else(|| panic!("{path}: {theirs:?} of Python, {ours:?} of ours")));
        }
    }
    for (index, (path, _, _, reason)) in DIFFERENCES.iter().enumerate() {
        assert!(seen.contains(&index), "{path} differs no more ({reason})");
    }
}
