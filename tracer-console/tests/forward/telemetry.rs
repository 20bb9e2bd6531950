//! What X-Ray is told of the forwarder while it runs.

use std::sync::Arc;
use std::time::Duration;

use serde_json::{Value, json};
use tracer_console::{ForwardOptions, ForwardTarget, Forwarder};

use crate::accounts::account;
use crate::documents::segments;
use crate::sends::{Home, put};
use crate::wait::until;
use crate::x_ray_end::XRayEnd;

/// The records that it was told, of all calls.
fn records(end: &XRayEnd) -> Vec<Value> {
    let calls = end.end.asked().into_iter().filter(|asked| asked.uri.path() == "/TelemetryRecords");
    let bodies = calls.map(|asked| serde_json::from_slice::<Value>(&asked.body).unwrap());
    bodies.flat_map(|body| body["TelemetryRecords"].as_array().unwrap().clone()).collect()
}

fn sum(records: &[Value], count: &str) -> u64 {
    records.iter().map(|record| record[count].as_u64().unwrap()).sum()
}

#[test]
fn what_came_since_the_last_time_is_told_again_and_again_while_it_runs() {
    let (home, end) = (Home::new(), XRayEnd::new());
    let target = ForwardTarget::aws(Arc::new(account(&end.url())), None, false);
    assert_eq!(target.name(), format!("aws eu-west-1 endpoint={}", end.url()));
    let options = home.options(vec![target]);
    assert_eq!(options.telemetry_period, Duration::from_secs(60), "as the daemon");
    let options = ForwardOptions { telemetry_period: Duration::from_millis(20), ..options };
    let forwarder = Forwarder::start(options).unwrap();
    let mut told = 0;
    for (round, count) in [(1, 3), (2, 4), (3, 2)] {
        let texts = segments(count);
        put(forwarder.console().tcp_addr(), &texts);
        end.has(&texts);
        told += count as u64;
        let records = until("what came in this round", || {
            Some(records(&end)).filter(|records| sum(records, "SegmentsSentCount") == told)
        });
        assert_eq!(sum(&records, "SegmentsReceivedCount"), told);
        assert!(records.len() >= round, "each round has a record of its own: {records:?}");
    }
    let before = records(&end).len();
    drop(forwarder);
    assert_eq!(records(&end).len(), before, "nothing came since, and nothing is told");
    assert_eq!(records(&end)[0]["SegmentsSpilloverCount"], json!(0));
}
