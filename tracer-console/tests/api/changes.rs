//! `/tracer/Changes`, an operation of the console's own: who asks waits until something changes.

use std::sync::Arc;

use serde_json::{Value, json};
use tracer_console::{Console, ConsoleOptions, SqliteStore};

use crate::requests::{console, post, put};

fn ask(console: &Console, members: &Value) -> Value {
    let answer = post(console, "/tracer/Changes", &[], members.to_string().as_bytes());
    assert_eq!(answer.status, 200, "{answer:?}");
    answer.body
}

/// A wait so long that no test sees its end.
fn waiting(console: &Console) -> Value {
    json!({"Since": ask(console, &json!({}))["Revision"], "Wait": 60})
}

#[test]
fn all_who_wait_are_answered_when_something_arrives_with_traces_in_memory_and_in_a_file() {
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(&directory.path().join("traces.db")).unwrap());
    let in_file = Console::start(ConsoleOptions { store, ..ConsoleOptions::any_port() }).unwrap();
    for console in [console(), in_file] {
        let asked = waiting(&console);
        let (trace, segments) = put("job");
        let answers = std::thread::scope(|scope| {
            // More than there are threads that may block.
            let waiting: Vec<_> = (0..80).map(|_| scope.spawn(|| ask(&console, &asked))).collect();
            // Others are answered meanwhile.
            let taken = post(&console, "/TraceSegments", &[], segments.to_string().as_bytes());
            assert_eq!(taken.status, 200);
            waiting.into_iter().map(|waiting| waiting.join().unwrap()).collect::<Vec<_>>()
        });
        for answer in answers {
            assert_eq!(answer["TraceIds"], json!([trace.to_string()]));
        }
    }
}

#[test]
fn a_console_that_ends_leaves_nobody_waiting() {
    let console = console();
    let asked = waiting(&console);
    let url = format!("http://{}/tracer/Changes", console.local_addr());
    let waits = std::thread::spawn(move || ureq::post(url).send(asked.to_string()).map(drop));
    drop(console);
    // Answered, or its connection ended, or it came too late.
    let _ = waits.join().unwrap();
}

#[test]
fn a_wrong_question_is_refused_as_x_ray_does() {
    let console = console();
    for body in ["{\"Since\": \"yesterday\"}", "{\"Wait\": 3600}", "{\"Wait\": -1}", "[]", "{"] {
        let answer = post(&console, "/tracer/Changes", &[], body.as_bytes());
        assert_eq!(
            (answer.status, answer.error.as_deref()),
            (400, Some("InvalidRequestException")),
            "{body}"
        );
    }
}
