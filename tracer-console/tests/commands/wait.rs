//! `wait`.

use std::net::TcpListener;

use serde_json::{Value, json};

use crate::far_end::FarEnd;
use crate::running::Running;
use crate::serving::{Serving, new_trace_id, now, program};

fn order(trace: &str, order: &str, more: &Value) -> Value {
    let mut document = json!({
        "name": "order-service", "id": "00000000000000a1", "trace_id": trace, "start_time": now() - 1.0,
        "annotations": {"OrderId": order},
    });
    document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    document
}

fn ended() -> Value {
    json!({ "end_time": now() })
}

const FILTER: [&str; 2] = ["--filter", "annotation.OrderId = \"ORD-1\""];

/// A `wait` that nothing but the traces ends in time.
fn waiting(serving: &Serving, arguments: &[&str]) -> Running {
    Running::with(serving, &[&["wait", "--timeout", "1h"], &FILTER[..], arguments].concat())
}

#[test]
fn it_ends_as_soon_as_a_trace_matches_and_shows_it() {
    let serving = Serving::in_memory();
    let wait = waiting(&serving, &[]);
    let [other, meant] = [new_trace_id(), new_trace_id()];
    serving.send(&order(&other, "ORD-2", &ended()));
    serving.send(&order(&meant, "ORD-1", &ended()));
    let ended = wait.end();
    assert_eq!((ended.code, ended.lines.len()), (Some(0), 2), "{ended:?}");
    assert!(ended.lines[1].starts_with(&meant), "{ended:?}");
}

#[test]
fn what_is_there_already_counts() {
    let serving = Serving::in_memory();
    let trace = new_trace_id();
    serving.send(&order(&trace, "ORD-1", &ended()));
    serving.wait_for(&trace, |segments| !segments.is_empty());
    assert_eq!(waiting(&serving, &[]).end().code, Some(0));
}

#[test]
fn a_trace_in_progress_does_not_count_until_it_is_settled() {
    let serving = Serving::in_memory();
    let trace = new_trace_id();
    serving.send(&order(&trace, "ORD-1", &json!({"in_progress": true})));
    serving.wait_for(&trace, |segments| !segments.is_empty());
    let mut wait = waiting(&serving, &["--json"]);
    assert_eq!(waiting(&serving, &["--in-progress"]).end().code, Some(0));
    assert!(wait.goes_on());
    serving.send(&order(&trace, "ORD-1", &json!({"end_time": now(), "fault": true})));
    assert_eq!(wait.json()["HasFault"], true);
    assert_eq!(wait.end().code, Some(0));
}

#[test]
fn several_traces_can_be_waited_for() {
    let serving = Serving::in_memory();
    let wait = waiting(&serving, &["--count", "3", "--json"]);
    let traces = [(); 3].map(|()| new_trace_id());
    traces.iter().for_each(|trace| serving.send(&order(trace, "ORD-1", &ended())));
    let ended = wait.end();
    assert_eq!((ended.code, ended.lines.len()), (Some(0), 3), "{ended:?}");
}

#[test]
fn when_the_time_is_over_what_was_seen_is_said() {
    let serving = Serving::in_memory();
    let [meant, other, open] = [(); 3].map(|()| new_trace_id());
    serving.send(&order(&meant, "ORD-1", &ended()));
    serving.send(&order(&other, "ORD-2", &ended()));
    serving.send(&order(&open, "ORD-1", &json!({"in_progress": true})));
    for trace in [&meant, &other, &open] {
        serving.wait_for(trace, |segments| !segments.is_empty());
    }
    let refused =
        json!({"TraceSegmentDocuments": [json!({"name": "job", "trace_id": "nonsense"}).to_string()]});
    serving.call("/TraceSegments", &refused);
    let asked = [&["wait", "--count", "3", "--timeout", "100ms"][..], &FILTER].concat();
    let ended = Running::with(&serving, &asked).end();
    assert_eq!((ended.code, ended.lines.len()), (Some(1), 2), "{ended:?}");
    for words in
        ["1 of 3 traces matched within 100ms", "began: 3 traces", "1 more would match", "InvalidTraceId"]
    {
        assert!(ended.errors.contains(words), "{words} is not in {ended:?}");
    }
}

#[test]
fn a_console_that_is_not_up_yet_is_waited_for() {
    let address = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let endpoint = address.to_string();
    let asked = [&["wait", "--timeout", "1h", "--endpoint", &endpoint], &FILTER[..]].concat();
    let mut wait = Running::start(program().args(asked));
    let serving = Serving::at(address);
    assert!(wait.goes_on());
    serving.send(&order(&new_trace_id(), "ORD-1", &ended()));
    assert_eq!(wait.end().code, Some(0));
}

#[test]
fn where_no_console_comes_up_that_is_said_when_the_time_is_over() {
    let nobody = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().to_string();
    let ended = Running::start(program().args(["wait", "--timeout", "100ms", "--endpoint", &nobody])).end();
    assert_eq!(ended.code, Some(1));
    assert!(ended.errors.contains(&nobody) && ended.errors.contains("tracer-console serve"), "{ended:?}");
}

#[test]
fn an_x_ray_that_does_not_tell_of_changes_is_asked_again_and_again() {
    let serving = Serving::in_memory();
    let far_end = FarEnd::before(serving.address);
    let endpoint = far_end.endpoint();
    let asked = [&["wait", "--timeout", "1h", "--endpoint", &endpoint], &FILTER[..]].concat();
    let wait = Running::start(program().args(asked));
    serving.send(&order(&new_trace_id(), "ORD-1", &ended()));
    assert_eq!(wait.end().code, Some(0));
}

#[test]
fn a_wrong_filter_is_refused_at_once() {
    let serving = Serving::in_memory();
    let ended = Running::with(&serving, &["wait", "--timeout", "1h", "--filter", "falut"]).end();
    assert_eq!(ended.code, Some(2));
    assert!(ended.errors.contains("\n  falut\n  ^^^^^"), "{ended:?}");
}

#[test]
fn a_console_that_does_not_answer_holds_it_no_longer_than_it_was_told_to_wait() {
    // The kernel takes the connection, and nobody ever answers.
    let silent = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = silent.local_addr().unwrap().to_string();
    let ended = Running::start(program().args(["wait", "--timeout", "100ms", "--endpoint", &endpoint])).end();
    assert_eq!(ended.code, Some(1));
    assert!(ended.errors.contains(&format!("{endpoint} did not answer in time")), "{ended:?}");
}

#[test]
fn a_console_that_answers_no_more_is_not_said_to_be_away() {
    let serving = Serving::in_memory();
    let far_end = FarEnd::before(serving.address).being_console().silent_about("/TraceSummaries");
    let endpoint = far_end.endpoint();
    let ended = Running::start(program().args(["wait", "--timeout", "100ms", "--endpoint", &endpoint])).end();
    assert_eq!(ended.code, Some(1));
    let expected = format!("0 of 1 traces matched within 100ms; {endpoint} did not answer in time");
    assert!(ended.errors.contains(&expected), "{ended:?}");
}

#[test]
fn what_there_was_is_counted_by_its_ids_alone_and_a_duration_is_said_in_days() {
    let serving = Serving::in_memory();
    let trace = new_trace_id();
    serving.send(&order(&trace, "ORD-2", &ended()));
    serving.wait_for(&trace, |segments| !segments.is_empty());
    let far_end = FarEnd::before(serving.address).being_console();
    let endpoint = far_end.endpoint();
    let asked = ["wait", "--timeout", "100ms", "--last", "1000d", "--endpoint", &endpoint];
    let ended = Running::start(program().args([&asked[..], &FILTER].concat())).end();
    assert!(ended.errors.contains("; in that time and the 1000d before began: one trace"), "{ended:?}");
    let asked = far_end.asked();
    let summaries = asked.iter().filter(|asked| asked.path == "/TraceSummaries");
    assert!(summaries.clone().all(|asked| asked.body["FilterExpression"] != Value::Null), "{asked:#?}");
    assert_eq!(asked.iter().filter(|asked| asked.path == "/tracer/TraceIds").count(), 1, "{asked:#?}");
}

#[test]
fn what_was_refused_long_before_is_not_said() {
    let serving = Serving::in_memory();
    let refused =
        json!({"TraceSegmentDocuments": [json!({"name": "job", "trace_id": "nonsense"}).to_string()]});
    serving.call("/TraceSegments", &refused);
    // In the window of the second one.
    for (last, is_said) in [("1ms", false), ("1h", true)] {
        let asked = ["wait", "--timeout", "1ms", "--last", last];
        let ended = Running::with(&serving, &asked).end();
        assert_eq!(ended.errors.contains("refused: InvalidTraceId"), is_said, "{ended:?}");
    }
}
