//! A batch of messages: a trace of its own, linked to those of the senders.

use super::*;

fn batch(headers: &[String]) -> RecordedTrace {
    captured(consume_batch(headers, "worker", async {
        for header in headers {
            record_subsegment(&message(header), async {}).await;
        }
    }))
}

fn sent_by(trace: u32, call: u64, sampled: &str) -> String {
    format!("Root=1-{trace:08x}-bd862e3fe1be46a994272793;Parent={call:016x};Sampled={sampled}")
}

#[test]
fn a_batch_has_a_trace_of_its_own_linked_to_the_first_twenty_sampled_calls() {
    let sampled = (1..=30).flat_map(|at| [sent_by(at, 7, "1"), sent_by(at, 7, "1")]);
    let headers: Vec<_> = [sent_by(99, 1, "0"), "nonsense".to_owned(), format!("Root={SENDER};Sampled=1")]
        .into_iter()
        .chain(sampled)
        .collect();
    let trace = batch(&headers);
    let worker = trace.subsegment("worker");
    assert!(worker.is_segment() && worker.json()["parent_id"].is_null());
    let links = worker.links();
    assert_eq!(links.len(), 20);
    for (at, link) in links.iter().enumerate() {
        let expected: TraceHeader = sent_by(at as u32 + 1, 7, "1").parse().unwrap();
        assert_eq!((link.trace_id(), Some(link.id())), (expected.root(), expected.parent()));
    }
    assert_eq!(worker.json()["links"][0]["attributes"]["aws.xray.reserved.reference_type"], "parent");
    assert_eq!(worker.subsegments().len(), headers.len());
    let own = worker.json()["trace_id"].as_str().unwrap();
    assert!(headers.iter().all(|header| !header.contains(own)));
}

#[test]
fn two_calls_of_one_trace_are_two_links() {
    let trace = batch(&[sent_by(1, 7, "1"), sent_by(1, 8, "1")]);
    assert_eq!(trace.subsegment("worker").links().len(), 2);
}

#[test]
fn a_batch_without_a_sampled_sender_is_not_recorded_and_passes_that_on() {
    let work = |headers: Vec<String>| {
        captured(consume_batch(headers, "worker", async {
            let header: TraceHeader = trace_header().unwrap().parse().unwrap();
            assert_eq!((header.sampling(), header.parent()), (Sampling::NotSampled, None));
            assert!(!is_sampled() && header.root().to_string() != SENDER);
        }))
    };
    for headers in [vec![], vec![sent_by(1, 7, "0"), sent_by(2, 7, "?")], vec!["nonsense".to_owned()]] {
        assert!(work(headers).documents().is_empty());
    }
}

/// P1: the caller's own code runs to find the headers, and the work goes on where that panics.
#[test]
fn headers_that_panic_when_they_are_read_change_nothing() {
    let headers = || std::iter::once_with(|| -> &str { panic!("in a test") });
    let trace = captured(async {
        let outcome = consume_batch(headers(), "worker", async { Ok::<_, String>(trace_id()) }).await;
        assert_eq!(outcome, Ok(trace_id()), "it is part of whatever it runs in");
    });
    assert!(trace.documents().is_empty());
}

#[test]
fn each_batch_has_another_trace_id_that_begins_with_the_time() {
    let id =
        || batch(&[sent_by(1, 7, "1")]).subsegment("worker").json()["trace_id"].as_str().unwrap().to_owned();
    let (first, second) = (id(), id());
    assert_ne!(first[11..], second[11..]);
    let now = std::time::SystemTime::now().duration_since(std::time::UNIX_EPOCH).unwrap().as_secs();
    assert!(now.abs_diff(u64::from_str_radix(&first[2..10], 16).unwrap()) < 600);
}
