//! P1 and P2 where a process ends: inside of a traced function, beside one, and in what the main thread drops last.

use std::net::UdpSocket;
use std::process::Command;

use serde_json::Value;

const SEGMENT: &str = "53995c3f42cd8ad8";

/// How the program `odd-exit` ended, and what it sent.
fn run(way: &str) -> (Option<i32>, Vec<Value>) {
    let daemon = UdpSocket::bind("127.0.0.1:0").unwrap();
    let status = Command::new(env!("CARGO_BIN_EXE_odd-exit"))
        .arg(way)
        .env("POWERTOOLS_TRACE_ENABLED", "true")
        .env("AWS_XRAY_DAEMON_ADDRESS", daemon.local_addr().unwrap().to_string())
        .env(
            "_X_AMZN_TRACE_ID",
            format!("Root=1-5759e988-bd862e3fe1be46a994272793;Parent={SEGMENT};Sampled=1"),
        )
        .status()
        .unwrap();
    // What a process sent on the loopback has arrived when it is gone.
    daemon.set_nonblocking(true).unwrap();
    let documents = std::iter::from_fn(|| {
        let mut datagram = vec![0; 65_536];
        let length = daemon.recv(&mut datagram).ok()?;
        let document = datagram[..length].split(|byte| *byte == b'\n').nth(1).unwrap();
        Some(serde_json::from_slice(document).unwrap())
    });
    (status.code(), documents.collect())
}

/// One `outer` with its `inner`, called at that time, below the segment.
#[track_caller]
fn assert_call(document: &Value, when: &str) {
    assert_eq!(document["parent_id"], SEGMENT, "{document}");
    assert_eq!(document["name"], "## odd_exit::outer");
    assert_eq!(document["annotations"]["When"], when);
    assert_eq!(document["subsegments"][0]["name"], "## odd_exit::inner", "{document}");
    assert_eq!(document["subsegments"][0]["annotations"]["When"], when);
}

#[test]
fn a_process_that_exits_inside_of_a_traced_function_exits_as_it_said() {
    let (code, documents) = run("exit-inside");
    assert_eq!(code, Some(7));
    // What was closed in the last quarter of a second may be lost (P5), and what never ended has nothing to send.
    assert!(documents.iter().all(|document| document["name"] == "## odd_exit::outer"), "{documents:?}");
}

#[test]
fn a_process_may_end_while_a_thread_is_inside_of_a_traced_function() {
    let (code, documents) = run("thread-inside");
    let [document] = &documents[..] else { panic!("{documents:?}") };
    assert_call(document, "before");
    assert_eq!(code, Some(0));
}

#[track_caller]
fn check_calls_at_the_end(way: &str) {
    let (code, documents) = run(way);
    assert_eq!(code, Some(0));
    let [before, at_the_end] = &documents[..] else { panic!("{documents:#?}") };
    assert_call(before, "before");
    assert_call(at_the_end, "at the end");
}

#[test]
fn what_the_main_thread_drops_at_its_end_is_traced_as_anywhere() {
    check_calls_at_the_end("thread-local");
}

#[test]
fn what_the_main_thread_drops_last_of_all_is_traced_as_anywhere() {
    check_calls_at_the_end("old-thread-local");
}
