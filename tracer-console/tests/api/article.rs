//! The analysis script of the article on Powertools' Tracer, as it is written there.

use std::net::UdpSocket;
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};
use tracer_console::{Console, TraceId};

use crate::interpreter::Interpreter;
use crate::requests::console;

/// Sends a document as a tracer does, and waits until it is kept.
fn send(console: &Console, id: TraceId, document: &Value) {
    let datagram = format!("{{\"format\":\"json\",\"version\":1}}\n{document}");
    UdpSocket::bind("127.0.0.1:0").unwrap().send_to(datagram.as_bytes(), console.local_addr()).unwrap();
    console.store().wait_for_trace(id, |trace| !trace.is_empty(), Duration::from_secs(30)).unwrap();
}

/// A segment that began so many seconds ago and took so long.
fn segment(id: TraceId, name: &str, ago: f64, took: f64) -> Value {
    let start = SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64() - ago;
    json!({"trace_id": id.to_string(), "id": "00000000000000a1", "name": name, "start_time": start, "end_time": start + took})
}

#[test]
fn the_articles_script_prints_the_figures_of_what_was_sent() {
    let Some(python) = Interpreter::with(&["boto3"]) else { return };
    let console = console();
    for number in 1..=150_u32 {
        let id = TraceId::generate();
        let mut document = segment(id, "order-service", 10.0 + f64::from(number), f64::from(number) / 100.0);
        match number {
            20 | 40 | 60 => document["fault"] = json!(true),
            30 => document["http"] = json!({"response": {"status": 404}}),
            _ => {}
        }
        send(&console, id, &document);
    }
    for (name, ago) in [("mailer", 60.0), ("order-service", 25.0 * 3600.0)] {
        let id = TraceId::generate();
        send(&console, id, &segment(id, name, ago, 9.0));
    }
    let said = python.script(console.local_addr(), "analyze_traces.py", &[]);
    let figures = "
Trace Analysis for order-service
  Total traces: 150
  Error rate: 2.7%
  Avg response time: 0.755s
  P50 response time: 0.760s
  P99 response time: 1.490s
  Max response time: 1.500s
";
    assert_eq!(said, figures);
}

#[test]
fn timeouts_and_orphans_have_a_response_time_too() {
    let Some(python) = Interpreter::with(&["boto3"]) else { return };
    let console = console();
    let (timeout, orphan) = (TraceId::generate(), TraceId::generate());
    let mut in_progress = segment(timeout, "order-service", 60.0, 0.0);
    let start = in_progress["start_time"].as_f64().unwrap();
    in_progress["in_progress"] = json!(true);
    in_progress.as_object_mut().unwrap().remove("end_time");
    in_progress["subsegments"] = json!([{"id": "00000000000000a2", "name": "charge", "start_time": start + 1.0, "end_time": start + 3.0}]);
    send(&console, timeout, &in_progress);
    let mut lost = segment(orphan, "load", 30.0, 0.5);
    lost["type"] = json!("subsegment");
    lost["parent_id"] = json!("00000000000000ff");
    send(&console, orphan, &lost);
    let said = python.script(console.local_addr(), "analyze_traces.py", &[]);
    assert!(said.contains("Total traces: 1\n") && said.contains("Max response time: 3.000s"), "{said}");
    let every = "import boto3, time; now = time.time(); \
        answer = boto3.client('xray').get_trace_summaries(StartTime=now - 600, EndTime=now); \
        print(sorted(summary['ResponseTime'] for summary in answer['TraceSummaries']))";
    assert_eq!(python.run(console.local_addr(), &["-c", every], &[]).trim(), "[0.5, 3.0]");
}
