//! Any bytes as a datagram: kept or refused by a reason, and what was kept before stays.
#![no_main]

use std::hint::black_box;

use libfuzzer_sys::fuzz_target;
use tracer_console::{Document, MemoryStore, TraceId, TraceStore, Waterfall, read_datagram};

const GOOD: &str = r#"{"name":"good","id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943",
    "start_time":1.5,"end_time":2.5,"subsegments":[{"name":"child","id":"8e7fb6825d14ff63","start_time":2,"end_time":2.1}]}"#;
const HEADER_LINE: &[u8] = b"{\"format\":\"json\",\"version\":1}\n";

fuzz_target!(|bytes: &[u8]| {
    let store = MemoryStore::default();
    let good = Document::parse(GOOD).unwrap();
    let id = good.trace_id();
    store.record(good).unwrap();
    let before = store.trace(id);
    for datagram in [bytes, &[HEADER_LINE, bytes].concat()] {
        if take(&store, datagram) == Some(id) {
            // It is of the same trace, and may well change it.
            return;
        }
        assert_eq!(store.trace(id), before);
    }
    assert_eq!(&*store.documents(id)[0], GOOD);
});

/// The trace that a datagram is kept in; `None` where it is refused.
fn take(store: &MemoryStore, datagram: &[u8]) -> Option<TraceId> {
    let revision = store.revision();
    let document = match read_datagram(datagram) {
        Ok(document) => document,
        Err(refusal) => {
            assert_eq!(refusal.bytes, datagram.len());
            assert!(!refusal.message.is_empty() && refusal.excerpt.chars().count() <= 2000);
            return None;
        }
    };
    let (id, outermost) = (document.trace_id(), document.entities()[0].id());
    store.record(document).unwrap();
    assert!(store.revision() > revision);
    let trace = store.trace(id).unwrap();
    assert!(trace.nodes().any(|node| node.id() == outermost));
    black_box(Waterfall::new(&trace).width(80).metadata(true).to_string());
    Some(id)
}
