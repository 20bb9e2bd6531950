//! `lint`.

use std::io::Write as _;
use std::process::{Output, Stdio};

use serde_json::{Value, json};

use crate::far_end::FarEnd;
use crate::serving::{Serving, new_trace_id, now, program};

const ORDER: &str = include_str!("../data/order.jsonl");

/// What the command says of a file.
fn lint(file: &str, arguments: &[&str]) -> Output {
    let mut command = program();
    command.args(["lint", "-"]).args(arguments).stdin(Stdio::piped());
    let mut child = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
    child.stdin.take().unwrap().write_all(file.as_bytes()).unwrap();
    child.wait_with_output().unwrap()
}

fn text(bytes: &[u8]) -> &str {
    std::str::from_utf8(bytes).unwrap()
}

fn segment(more: Value) -> Value {
    let mut document = json!({"name": "job", "id": "00000000000000a1", "trace_id": new_trace_id(), "start_time": now() - 1.0, "end_time": now()});
    if let (Value::Object(document), Value::Object(more)) = (&mut document, more) {
        document.extend(more);
    }
    document
}

#[test]
fn documents_that_x_ray_takes_whole_end_well() {
    let output = lint(&segment(json!({})).to_string(), &[]);
    assert!(output.status.success() && output.stdout.is_empty(), "{output:?}");
    assert_eq!(text(&output.stderr), "1 document: 1 taken whole, 0 taken with losses, 0 refused\n");
}

#[test]
fn what_would_be_dropped_or_refused_is_said_with_its_place_and_what_to_do() {
    let file = format!(
        "{}\n{}\n{}",
        segment(json!({})),
        segment(json!({"annotations": {"order-id": 7}})),
        segment(json!({"end_time": null}))
    );
    let output = lint(&file, &[]);
    assert_eq!(output.status.code(), Some(1));
    assert_eq!(
        text(&output.stdout),
        "line 2: dropped /annotations/order-id
    an annotation's key has the letters a to z, digits and _ alone
    write \"order_id\"
line 3: refused MissingEndTime
    there is no end_time, and it is not in progress
    write the end_time in epoch seconds, or \"in_progress\": true
"
    );
    assert_eq!(
        text(&output.stderr),
        "tracer-console: 3 documents: 1 taken whole, 1 taken with losses, 1 refused\n"
    );
    let output = lint(&file, &["--json"]);
    let findings: Vec<Value> =
        text(&output.stdout).lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(findings[0]["path"], "/annotations/order-id");
    assert_eq!((&findings[1]["code"], &findings[1]["document"]), (&json!("MissingEndTime"), &json!(3)));
}

/// As the README shows it, of today.
#[test]
fn a_file_is_linted_by_its_name() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("wrong.ndjson");
    let today = (now() as u64 - 10).to_string();
    std::fs::write(&path, include_str!("../data/wrong.ndjson").replace("1795699903", &today)).unwrap();
    let output = program().arg("lint").arg(path).output().unwrap();
    assert_eq!(text(&output.stdout).trim_end(), include_str!("../data/wrong.txt").trim_end());
    assert!(text(&output.stderr).ends_with(": 2 documents: 0 taken whole, 1 taken with losses, 1 refused\n"));
}

#[test]
fn losses_may_be_allowed_and_refusals_not() {
    let lossy = segment(json!({"Dummy": false})).to_string();
    assert_eq!(lint(&lossy, &[]).status.code(), Some(1));
    assert!(lint(&lossy, &["--allow", "dropped"]).status.success());
    assert_eq!(lint("{}", &["--allow", "dropped"]).status.code(), Some(1));
}

#[test]
fn a_file_that_is_not_there_and_one_without_documents_are_said() {
    let output = program().args(["lint", "/no/such/file"]).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("/no/such/file"));
    let output = lint("\n", &[]);
    assert_eq!(output.status.code(), Some(2));
    assert!(text(&output.stderr).contains("no document"));
}

#[test]
fn the_documents_of_a_trace_are_linted_as_they_arrived() {
    let serving = Serving::in_memory();
    let document = segment(json!({"annotations": {"order-id": 7}}));
    let id = document["trace_id"].as_str().unwrap();
    serving.call("/TraceSegments", &json!({ "TraceSegmentDocuments": [document.to_string()] }));
    let output = serving.ask(&["lint", id]);
    assert_eq!(output.status.code(), Some(1));
    assert!(text(&output.stdout).starts_with("line 1: dropped /annotations/order-id\n"), "{output:?}");
    let absent = serving.ask(&["lint", &new_trace_id()]);
    assert!(text(&absent.stderr).contains("there is no trace 1-"), "{absent:?}");
    // X-Ray itself answers with what it made of them.
    let far_end = FarEnd::before(serving.address);
    let output = program().args(["lint", id, "--endpoint", &far_end.endpoint()]).output().unwrap();
    assert!(!output.status.success() && text(&output.stderr).contains("a file"), "{output:?}");
}

#[test]
fn what_export_writes_is_linted_packed_or_not() {
    let serving = Serving::in_memory();
    let document = segment(json!({"annotations": {"order-id": 7}}));
    serving.call(
        "/TraceSegments",
        &json!({ "TraceSegmentDocuments": [serde_json::to_string_pretty(&document).unwrap()] }),
    );
    let directory = tempfile::tempdir().unwrap();
    for name in ["traces.ndjson", "traces.ndjson.zst", "traces.ndjson.gz", "traces.html"] {
        let path = directory.path().join(name);
        let path = path.to_str().unwrap();
        serving.says(&["export", "--output", path]);
        let output = program().args(["lint", path]).output().unwrap();
        assert!(
            text(&output.stdout).starts_with("line 1: dropped /annotations/order-id\n"),
            "{name}: {output:?}"
        );
    }
}

#[test]
fn nothing_in_a_document_reaches_the_terminal_as_it_is() {
    let odd = segment(json!({"annotations": {"\u{1b}[31m": 1}, "name": "\u{1b}]0;x\u{7}"}));
    let output = lint(&odd.to_string(), &[]);
    assert!(!text(&output.stdout).contains(['\u{1b}', '\u{7}']), "{output:?}");
    assert!(!lint(ORDER, &[]).stdout.contains(&0x1b));
}

#[test]
fn a_damaged_archive_is_named() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("cut.ndjson.gz");
    std::fs::write(&path, b"\x1f\x8bjunk").unwrap();
    let output = program().arg("lint").arg(&path).output().unwrap();
    assert_eq!(output.status.code(), Some(2));
    let said = String::from_utf8_lossy(&output.stderr);
    assert!(said.contains("cannot unpack") && said.contains("cut.ndjson.gz"), "{said}");
}
