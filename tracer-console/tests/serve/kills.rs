//! Promise C2: what was acknowledged over HTTP is there, whenever the console is killed.

use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use serde_json::{Value, json};
use tracer_console::{SqliteStore, TraceId, TraceStore as _};

use crate::serving::{Serving, call, new_trace_id, now};

const CLIENTS: usize = 6;
const ROUNDS: usize = 6;
const TOGETHER: usize = 5;

/// Clients that put segments until nobody answers any more, and say which were acknowledged.
struct Load {
    clients: Vec<JoinHandle<()>>,
    acknowledged: Receiver<String>,
}

impl Load {
    fn on(address: SocketAddr) -> Self {
        let (sender, acknowledged) = channel();
        let client = |_| {
            let sender = sender.clone();
            std::thread::spawn(move || put_until_killed(address, &sender))
        };
        Self { clients: (0..CLIENTS).map(client).collect(), acknowledged }
    }

    /// Those that were acknowledged before and while the console was killed.
    fn join(self) -> Vec<String> {
        self.clients.into_iter().for_each(|client| client.join().unwrap());
        self.acknowledged.iter().collect()
    }
}

fn put_until_killed(address: SocketAddr, acknowledged: &Sender<String>) {
    loop {
        let ids: Vec<_> = (0..TOGETHER).map(|_| new_trace_id()).collect();
        let documents: Vec<_> = ids.iter().map(|id| segment(id).to_string()).collect();
        match call(address, "/TraceSegments", &json!({ "TraceSegmentDocuments": documents })) {
            Ok(answer) => assert_eq!(answer["UnprocessedTraceSegments"], json!([]), "{answer}"),
            // Never an answer that says no: nobody is there, or nobody any more.
            Err(why) => return assert!(!why.starts_with(|c: char| c.is_ascii_digit()), "{why}"),
        }
        ids.into_iter().for_each(|id| acknowledged.send(id).unwrap());
    }
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
        let load = Load::on(serving.address);
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
