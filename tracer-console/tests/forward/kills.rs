//! Promise C2 for what is forwarded: what was acknowledged arrives, whenever the forwarder is killed and whatever the far end does.

use std::collections::HashSet;
use std::net::SocketAddr;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::thread::JoinHandle;

use serde_json::{Value, json};

use crate::documents::segments;
use crate::far_end::Said;
use crate::process::Forwarding;
use crate::sends::call;
use crate::x_ray_end::{Mood, XRayEnd};

const CLIENTS: usize = 4;
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

    /// Those that were acknowledged before and while it was killed.
    fn join(self) -> Vec<String> {
        self.clients.into_iter().for_each(|client| client.join().unwrap());
        self.acknowledged.iter().collect()
    }
}

fn put_until_killed(address: SocketAddr, acknowledged: &Sender<String>) {
    loop {
        let texts = segments(TOGETHER);
        match call(address, "/TraceSegments", &json!({ "TraceSegmentDocuments": texts })) {
            Ok(answer) => assert_eq!(answer["UnprocessedTraceSegments"], json!([]), "{answer}"),
            // Never an answer that says no: nobody is there, or nobody any more.
            Err(why) => return assert!(!why.starts_with(|c: char| c.is_ascii_digit()), "{why}"),
        }
        texts.into_iter().for_each(|text| acknowledged.send(text).unwrap());
    }
}

#[test]
fn c2_a_kill_under_load_loses_nothing_that_was_acknowledged() {
    let (home, mut end) = (tempfile::tempdir().unwrap(), XRayEnd::new());
    let queue = home.path().join("forward.db");
    let arguments = ["--to", &end.url(), "--queue", queue.to_str().unwrap()].map(str::to_owned);
    let arguments: Vec<_> = arguments.iter().map(String::as_str).collect();
    let mut acknowledged = Vec::<String>::new();
    for round in 0..ROUNDS {
        // Well, failing, and not there at all.
        match round % 3 {
            0 => end.becomes(Mood::Fine),
            1 => end.becomes(Mood::Fails(Said::status(503))),
            _ => end.end.go_away(),
        }
        let forwarding = Forwarding::with(&arguments);
        let load = Load::on(forwarding.tcp);
        let enough = fastrand::usize(1..300);
        acknowledged.extend(load.acknowledged.iter().take(enough));
        forwarding.kill();
        acknowledged.extend(load.join());
        if round % 3 == 2 {
            end.end.come_back();
        }
    }
    end.becomes(Mood::Fine);
    let forwarding = Forwarding::with(&arguments);
    end.has(&acknowledged);
    let ended = forwarding.end();
    assert_eq!((&ended["targets"][0]["waiting"], &ended["targets"][0]["dropped"]), (&json!(0), &json!(0)));
    // At least once: some may have arrived when the forwarder was killed before it knew, and no others than were sent.
    let taken: HashSet<_> = end.taken().into_iter().collect();
    assert!(taken.len() >= acknowledged.len());
    assert!(taken.iter().all(|text| serde_json::from_str::<Value>(text).is_ok()));
}
