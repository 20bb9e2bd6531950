//! Promise C2 for what is forwarded: what was acknowledged arrives, whenever the forwarder is killed and whatever the far end does.

#[path = "../serve/load.rs"]
mod load;

use std::collections::HashSet;
use std::net::SocketAddr;

use serde_json::{Value, json};

use self::load::Load;
use crate::documents::segments;
use crate::far_end::Said;
use crate::process::Forwarding;
use crate::sends::call;
use crate::x_ray_end::{Mood, XRayEnd};

const CLIENTS: usize = 4;
const ROUNDS: usize = 6;
const TOGETHER: usize = 5;

/// Puts segments, and gives back their texts.
fn put(address: SocketAddr) -> Result<Vec<String>, String> {
    let texts = segments(TOGETHER);
    let answer = call(address, "/TraceSegments", &json!({ "TraceSegmentDocuments": texts }))?;
    assert_eq!(answer["UnprocessedTraceSegments"], json!([]), "{answer}");
    Ok(texts)
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
        let address = forwarding.tcp;
        let load = Load::of(CLIENTS, move || put(address));
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
