//! `tail`.

use serde_json::{Value, json};

use crate::far_end::FarEnd;
use crate::running::Running;
use crate::serving::{Serving, new_trace_id, now, program};

fn job(trace: &str, more: &Value) -> Value {
    let mut job =
        json!({"name": "job", "id": "00000000000000a1", "trace_id": trace, "start_time": now() - 1.0});
    job.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    job
}

fn ended() -> Value {
    json!({ "end_time": now() })
}

/// A tail that has shown a first trace, and so shows what comes after.
fn following(serving: &Serving, arguments: &[&str]) -> Running {
    let first = new_trace_id();
    serving.send(&job(&first, &json!({"end_time": now(), "fault": true})));
    serving.wait_for(&first, |segments| !segments.is_empty());
    let tail = Running::with(serving, &[&["tail", "--last", "1h"], arguments].concat());
    let mut line = tail.line();
    while !line.contains(&first) {
        line = tail.line();
    }
    tail
}

#[test]
fn each_trace_that_arrives_is_a_line() {
    let serving = Serving::in_memory();
    let tail = following(&serving, &[]);
    let [fine, failed] = [new_trace_id(), new_trace_id()];
    serving.send(&job(&fine, &ended()));
    let line = tail.line();
    assert!(line.starts_with(&fine) && line.contains(" ok ") && line.contains("job"), "{line}");
    serving.send(&job(&failed, &json!({"end_time": now(), "throttle": true, "error": true})));
    let line = tail.line();
    assert!(line.starts_with(&failed) && line.contains(" throttle "), "{line}");
}

#[test]
fn a_trace_is_shown_once_nothing_more_of_it_comes_and_again_when_more_does() {
    let serving = Serving::in_memory();
    let tail = following(&serving, &["--json", "--quiet-for", "200ms"]);
    let trace = new_trace_id();
    serving.send(&job(&trace, &json!({"in_progress": true})));
    let summary = tail.json();
    assert_eq!((&summary["Id"], &summary["IsPartial"]), (&json!(trace), &json!(true)));
    serving.send(&job(&trace, &ended()));
    let summary = tail.json();
    assert_eq!((&summary["Id"], &summary["IsPartial"]), (&json!(trace), &json!(false)));
}

#[test]
fn a_filter_leaves_the_others_out_and_a_count_ends_it() {
    let serving = Serving::in_memory();
    let tail = following(&serving, &["--filter", "fault", "--count", "3", "--json"]);
    let [fine, one, two] = [(); 3].map(|()| new_trace_id());
    serving.send(&job(&fine, &ended()));
    serving.send(&job(&one, &json!({"end_time": now(), "fault": true})));
    serving.send(&job(&two, &json!({"end_time": now(), "fault": true})));
    let ended = tail.end();
    let found: Vec<_> =
        ended.lines.iter().map(|line| serde_json::from_str::<Value>(line).unwrap()["Id"].clone()).collect();
    assert_eq!((ended.code, found.len()), (Some(0), 2), "{ended:?}");
    assert!(found.contains(&json!(one)) && found.contains(&json!(two)));
}

#[test]
fn a_trace_that_is_shown_again_is_counted_once() {
    let serving = Serving::in_memory();
    let tail = following(&serving, &["--json", "--quiet-for", "200ms", "--count", "3"]);
    let [one, two] = [(); 2].map(|()| new_trace_id());
    serving.send(&job(&one, &json!({"in_progress": true})));
    assert_eq!(tail.json()["Id"], json!(one));
    serving.send(&job(&one, &ended()));
    assert_eq!(tail.json()["Id"], json!(one));
    serving.send(&job(&two, &ended()));
    let ended = tail.end();
    assert!(ended.code == Some(0) && ended.lines[0].contains(&two), "{ended:?}");
}

#[test]
fn what_is_not_of_today_has_its_date() {
    let serving = Serving::in_memory();
    let trace = new_trace_id();
    serving.send(&job(&trace, &json!({"start_time": 1_600_000_000.0, "end_time": 1_600_000_001.0})));
    serving.wait_for(&trace, |segments| !segments.is_empty());
    let ended = Running::with(&serving, &["tail", "--last", "20000d", "--count", "1"]).end();
    assert!(ended.lines[1].contains("  2020-09-13  "), "{ended:?}");
}

#[test]
fn the_recent_past_comes_first_oldest_first() {
    let serving = Serving::in_memory();
    let traces = [90.0, 60.0, 30.0].map(|ago| {
        let trace = new_trace_id();
        serving.send(&job(&trace, &json!({"start_time": now() - ago, "end_time": now()})));
        trace
    });
    traces.iter().for_each(|trace| drop(serving.wait_for(trace, |segments| !segments.is_empty())));
    let tail = Running::with(&serving, &["tail", "--last", "1h", "--count", "3"]);
    let ended = tail.end();
    assert_eq!(ended.lines.len(), 4, "{ended:?}");
    assert!(
        ended.lines.iter().skip(1).zip(&traces).all(|(line, trace)| line.starts_with(trace)),
        "{ended:?}"
    );
}

#[test]
fn traces_can_be_drawn() {
    let serving = Serving::in_memory();
    let tail = following(&serving, &["--draw", "--count", "2"]);
    let trace = new_trace_id();
    let call =
        json!({"name": "charge", "id": "00000000000000a2", "start_time": now() - 1.0, "end_time": now()});
    serving.send(&job(&trace, &json!({"end_time": now(), "subsegments": [call]})));
    let drawn = tail.end().lines.join("\n");
    assert!(drawn.contains(&format!("Trace {trace}")) && drawn.contains("└─ charge"), "{drawn}");
}

#[cfg(unix)]
#[test]
fn ctrl_c_ends_it_well() {
    let serving = Serving::in_memory();
    let tail = following(&serving, &[]);
    tail.interrupt();
    assert_eq!(tail.end().code, Some(0));
}

#[test]
fn a_console_that_goes_and_comes_back_is_followed_on() {
    let serving = Serving::in_memory();
    let address = serving.address;
    let tail = following(&serving, &["--count", "2", "--json"]);
    serving.kill();
    let serving = Serving::at(address);
    let trace = new_trace_id();
    serving.send(&job(&trace, &ended()));
    let ended = tail.end();
    assert_eq!(ended.code, Some(0), "{ended:?}");
    assert!(ended.lines[0].contains(&trace) && ended.errors.contains("has gone"), "{ended:?}");
}

#[test]
fn an_x_ray_that_does_not_tell_of_changes_is_asked_again_and_again() {
    let serving = Serving::in_memory();
    let far_end = FarEnd::before(serving.address);
    let [before, after] = [new_trace_id(), new_trace_id()];
    serving.send(&job(&before, &ended()));
    serving.wait_for(&before, |segments| !segments.is_empty());
    let tail = Running::start(program().args(["tail", "--count", "1", "--endpoint", &far_end.endpoint()]));
    assert!(tail.line().starts_with("Trace "));
    serving.send(&job(&after, &ended()));
    assert!(tail.line().starts_with(&after));
    assert_eq!(tail.end().code, Some(0));
    let asked = far_end.asked();
    assert!(asked.iter().any(|asked| asked.body["TimeRangeType"] == "Event"), "{asked:?}");
}

#[cfg(unix)]
#[test]
fn it_ends_once_nobody_reads_it() {
    let serving = Serving::in_memory();
    let mut tail = following(&serving, &["--quiet-for", "0s"]).unheard();
    let mut sent = 0;
    // The first line that it cannot say ends it.
    while tail.goes_on() {
        let trace = new_trace_id();
        serving.send(&job(&trace, &ended()));
        serving.wait_for(&trace, |segments| !segments.is_empty());
        sent += 1;
        assert!(sent < 10_000, "it goes on");
    }
}
