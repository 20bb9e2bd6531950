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

/// 250 subsegments, each the parent of the next and sent on its own, as spans are.
fn chain(serving: &Serving) -> String {
    let trace = new_trace_id();
    let documents: Vec<_> = (1..=250)
        .map(|number: u64| {
            let mut document = json!({
                "name": format!("step-{number}"), "id": format!("{number:016x}"), "trace_id": trace,
                "start_time": now() - 1.0, "end_time": now(),
            });
            if number > 1 {
                document["type"] = json!("subsegment");
                document["parent_id"] = json!(format!("{:016x}", number - 1));
            }
            document.to_string()
        })
        .collect();
    for some in documents.chunks(50) {
        serving.call("/TraceSegments", &json!({ "TraceSegmentDocuments": some }));
    }
    trace
}

#[test]
fn a_trace_that_nests_deeper_than_any_document_may_is_drawn_and_imported() {
    let serving = Serving::in_memory();
    let trace = chain(&serving);
    let drawn = serving.says(&["show", &trace]);
    assert!(drawn.contains("step-1 ") && drawn.contains("⋯249 step-250"), "{drawn}");
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("answer.json");
    let answer = serving.call("/Traces", &json!({ "TraceIds": [trace] }));
    std::fs::write(&path, answer.to_string()).unwrap();
    let other = Serving::in_memory();
    other.says(&["import", path.to_str().unwrap()]);
    assert!(other.says(&["show", &trace]).contains("⋯249 step-250"));
    let from_file = program().arg("show").arg(&path).output().unwrap();
    assert!(String::from_utf8_lossy(&from_file.stdout).contains("⋯249 step-250"), "{from_file:?}");
}

#[test]
fn a_failure_is_marked_by_its_status_where_no_flag_is_written() {
    let serving = Serving::in_memory();
    let trace = new_trace_id();
    let call = |id: u64, status: u16| {
        json!({"name": format!("answers-{status}"), "id": format!("{id:016x}"), "namespace": "remote", "start_time": now() - 0.9,
            "end_time": now() - 0.5, "http": {"response": {"status": status}}})
    };
    serving.send(&json!({
        "name": "shop", "id": "00000000000000a1", "trace_id": trace, "start_time": now() - 1.0, "end_time": now(),
        "http": {"response": {"status": 503}}, "subsegments": [call(2, 429), call(3, 404), call(4, 200)],
    }));
    serving.wait_for(&trace, |segments| !segments.is_empty());
    let drawn = serving.says(&["show", &trace]);
    let marks = |name: &str| {
        let line =
            drawn.lines().find(|line| line.contains(name)).unwrap_or_else(|| panic!("{name}: {drawn}"));
        ["fault", "throttle", "error"].map(|mark| line.contains(mark))
    };
    assert_eq!(marks("─ answers-429"), [false, true, true], "{drawn}");
    assert_eq!(
        (marks("─ answers-404"), marks("─ answers-200")),
        ([false, false, true], [false; 3]),
        "{drawn}"
    );
    assert_eq!(marks("shop "), [true, false, false], "{drawn}");
}
