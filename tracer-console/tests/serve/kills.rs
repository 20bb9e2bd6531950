//! Promise C2: what was acknowledged over HTTP is there, whenever the console is killed.

#[path = "load.rs"]
mod load;

use std::net::SocketAddr;

use serde_json::{Value, json};
use tracer_console::{SqliteStore, TraceId, TraceStore as _};

use self::load::Load;
use crate::serving::{Serving, call, new_trace_id, now};

const CLIENTS: usize = 6;
const ROUNDS: usize = 6;
const TOGETHER: usize = 5;

/// Puts segments, each with a trace of its own, and gives back the traces' ids.
fn put(address: SocketAddr) -> Result<Vec<String>, String> {
    let ids: Vec<_> = (0..TOGETHER).map(|_| new_trace_id()).collect();
    let documents: Vec<_> = ids.iter().map(|id| segment(id).to_string()).collect();
    let answer = call(address, "/TraceSegments", &json!({ "TraceSegmentDocuments": documents }))?;
    assert_eq!(answer["UnprocessedTraceSegments"], json!([]), "{answer}");
    Ok(ids)
}

fn segment(trace: &str) -> Value {
    json!({
        "name": "order-service", "id": format!("{:016x}", fastrand::u64(..)), "trace_id": trace,
        "start_time": now() - 0.2, "end_time": now(), "annotations": {"OrderId": trace},
    })
}

#[test]
fn c2_a_kill_under_load_loses_nothing_that_was_acknowledged_over_http() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("traces.db");
    let mut acknowledged = Vec::<String>::new();
    for round in 0..ROUNDS {
        let serving = Serving::in_file(&path);
        // It opens again and answers.
        if let [.., last] = &acknowledged[..] {
            assert_eq!(serving.found(&format!("annotation.OrderId = \"{last}\"")), [last.as_str()]);
        }
        let address = serving.address;
        let load = Load::of(CLIENTS, move || put(address));
        let before = acknowledged.len();
        let enough = fastrand::usize(1..400);
        acknowledged.extend(load.acknowledged.iter().take(enough));
        serving.kill();
        acknowledged.extend(load.join());
        assert!(acknowledged.len() >= before + enough, "round {round}");
    }
    let store = SqliteStore::open(&path).unwrap();
    for id in &acknowledged {
        let trace = store.trace(id.parse::<TraceId>().unwrap());
        assert!(trace.is_some_and(|trace| trace.find("order-service").is_some()), "{id} was acknowledged");
    }
}
