//! `kill -9` while documents come: what was acknowledged must be there, byte for byte.

use std::sync::atomic::{AtomicU64, Ordering};

use anyhow::{Context, Result};
use serde_json::{Value, json};

use crate::api::Api;
use crate::bench::{Bench, live, now};
use crate::document::{Series, TOGETHER, mixed};
use crate::figures::{Figure, Unit, grouped};
use crate::put_sender::{Acknowledged, PutSenders, Until};

const CONNECTIONS: usize = 4;

pub(crate) fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    let database = bench.database()?;
    let series = live(now().as_nanos() as u64);
    let next = AtomicU64::new(0);
    let mut acknowledged = Vec::new();
    for kill in 0..bench.scale.kills {
        let console = bench.console(&database)?;
        let calls = 1 + mixed(now().as_nanos() as u64 ^ kill) % bench.scale.calls_before_kill;
        let (api, count) = (console.api(), AtomicU64::new(0));
        let senders = PutSenders::new(&api, series, &next, &count);
        let killed = std::thread::scope(|scope| {
            let sending = scope.spawn(|| senders.run(CONNECTIONS, Until::Killed));
            // Nothing to wait on: the moment is when so much was acknowledged, or when sending failed.
            while count.load(Ordering::Relaxed) < calls * TOGETHER && !sending.is_finished() {
                std::thread::yield_now();
            }
            console.kill()?;
            sending.join().ok().context("a sender panicked")?
        });
        acknowledged.extend(killed?.0);
    }
    let console = bench.console(&database)?;
    let look = Look::at(&console.api())?;
    let lost = lost(&console.api(), &series, &acknowledged, &look)?;
    let documents = acknowledged.len() as u64 * TOGETHER;
    let beside = format!("{} were acknowledged; {}", grouped(documents), look.how);
    let name = format!("lost by {} kills while {CONNECTIONS} connections put", bench.scale.kills);
    Ok(vec![Figure::new(name, lost as f64, Unit::Count).at_most(0.0).beside(beside)])
}

/// How it is found out whether a document is there.
struct Look {
    path: &'static str,
    /// Traces that a call asks for.
    together: usize,
    is_there: fn(&Value, &str, &[u8]) -> bool,
    how: &'static str,
}

/// The console's own operation gives documents as they came.
const AS_THEY_CAME: Look = Look {
    path: "/tracer/Documents",
    together: 100,
    is_there: has_bytes,
    how: "each was compared byte for byte",
};

/// X-Ray's own writes members in its own order, and adds segments that it infers.
const AS_X_RAY_HAS_THEM: Look = Look {
    path: "/Traces",
    together: 5,
    is_there: has_json,
    how: "each was compared as JSON: this console does not give documents as they came",
};

impl Look {
    /// As well as this console can: one of long ago may be measured too.
    fn at(api: &Api) -> Result<Self> {
        // That of no trace: nobody has it.
        let request = json!({ "TraceIds": ["1-00000000-000000000000000000000000"] });
        let knows = api.try_call(AS_THEY_CAME.path, &request)?.is_some();
        Ok(if knows { AS_THEY_CAME } else { AS_X_RAY_HAS_THEM })
    }
}

/// How many documents are not there as they were sent.
fn lost(api: &Api, series: &Series, acknowledged: &Acknowledged, look: &Look) -> Result<usize> {
    let numbers: Vec<_> = acknowledged.iter().flat_map(|first| *first..*first + TOGETHER).collect();
    let mut lost = 0;
    for numbers in numbers.chunks(look.together) {
        let ids: Vec<_> = numbers.iter().map(|number| series.trace_id(*number)).collect();
        let (answer, _) = api.call(look.path, &json!({ "TraceIds": ids }))?;
        let is_there = |number, id: &str| (look.is_there)(&answer, id, &series.document(number));
        lost += numbers.iter().zip(&ids).filter(|(number, id)| !is_there(**number, id)).count();
    }
    Ok(lost)
}

fn trace<'a>(answer: &'a Value, id: &str) -> Option<&'a Value> {
    answer["Traces"].as_array()?.iter().find(|trace| trace["Id"] == *id)
}

fn has_bytes(answer: &Value, id: &str, sent: &[u8]) -> bool {
    let documents = trace(answer, id).and_then(|trace| trace["Documents"].as_array());
    documents.is_some_and(|documents| {
        documents.iter().any(|document| document.as_str().map(str::as_bytes) == Some(sent))
    })
}

fn has_json(answer: &Value, id: &str, sent: &[u8]) -> bool {
    let segments = trace(answer, id).and_then(|trace| trace["Segments"].as_array());
    let sent = serde_json::from_slice::<Value>(sent).ok();
    segments.is_some_and(|segments| {
        let documents = segments.iter().filter_map(|segment| segment["Document"].as_str());
        documents.map(serde_json::from_str).any(|document| document.ok() == sent)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_lost_where_its_trace_is_not_there_or_holds_another() {
        let answer = json!({"Traces": [{"Id": "1-a", "Documents": ["{}"], "Segments": [{"Document": "{\"a\":1,\"b\":2}"}]}]});
        assert!(has_bytes(&answer, "1-a", b"{}"));
        assert!(!has_bytes(&answer, "1-a", b"{ }") && !has_bytes(&answer, "1-b", b"{}"));
        assert!(has_json(&answer, "1-a", br#"{"b":2,"a":1}"#));
        assert!(!has_json(&answer, "1-a", br#"{"b":3,"a":1}"#) && !has_json(&json!({}), "1-a", b"{}"));
    }
}
