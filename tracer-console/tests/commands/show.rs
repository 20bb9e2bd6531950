//! `show`.

use serde_json::{Value, json};

use crate::serving::{Serving, new_trace_id, now, program};

fn sent(serving: &Serving, name: &str) -> String {
    let trace = new_trace_id();
    serving.send(&json!({"name": name, "id": "00000000000000a1", "trace_id": trace, "start_time": now() - 1.0, "end_time": now()}));
    serving.wait_for(&trace, |segments| !segments.is_empty());
    trace
}

#[test]
fn several_traces_are_shown_in_the_order_in_which_they_are_asked_for() {
    let serving = Serving::in_memory();
    let traces: Vec<_> = (0..7).map(|number| sent(&serving, &format!("job-{number}"))).collect();
    let asked: Vec<&str> = std::iter::once("show").chain(traces.iter().rev().map(String::as_str)).collect();
    let drawn = serving.says(&asked);
    let headings: Vec<_> = drawn.lines().filter_map(|line| line.strip_prefix("Trace ")).collect();
    assert_eq!(headings.len(), 7);
    assert!(headings.iter().zip(traces.iter().rev()).all(|(heading, trace)| heading.starts_with(trace)));
    let documents = serving.says(&[&asked[..], &["--json"]].concat());
    let names: Vec<_> =
        documents.lines().map(|line| serde_json::from_str::<Value>(line).unwrap()["name"].clone()).collect();
    assert_eq!(names, (0..7).rev().map(|number| json!(format!("job-{number}"))).collect::<Vec<_>>());
}

#[test]
fn opentelemetrys_ids_are_taken_and_those_that_are_not_there_are_named_after_the_others() {
    let serving = Serving::in_memory();
    let (trace, absent) = (sent(&serving, "job"), new_trace_id());
    let digits = trace[2..].replace('-', "");
    let output = serving.ask(&["show", &absent, &digits]);
    assert_eq!(output.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&output.stdout).contains(&format!("Trace {trace}")));
    assert!(String::from_utf8_lossy(&output.stderr).contains(&absent));
}

#[test]
fn a_document_that_stands_on_several_lines_is_one_line_of_json() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("job.json");
    let document = json!({"name": "job\u{202e}\u{9b}", "id": "00000000000000a1", "trace_id": new_trace_id(), "start_time": 1.0, "end_time": 2.0});
    std::fs::write(&path, serde_json::to_string_pretty(&document).unwrap()).unwrap();
    let output = program().args(["show", "--json"]).arg(&path).output().unwrap();
    let said = String::from_utf8(output.stdout).unwrap();
    assert_eq!((said.lines().count(), said.contains('\u{9b}')), (1, false), "{said:?}");
    assert_eq!(serde_json::from_str::<Value>(&said).unwrap(), document);
}
