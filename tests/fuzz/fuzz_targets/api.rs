//! Any bytes as the body of any operation: answered or refused, and what was kept before stays unless the request says otherwise.
#![no_main]

use std::sync::Arc;

use libfuzzer_sys::fuzz_target;
use tracer_console::{Document, EmbeddedApi, MemoryStore, TraceStore};

const GOOD: &str = r#"{"name":"good","id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943",
    "start_time":1795350530.5,"end_time":1795350531.5,"annotations":{"key":"value"},"subsegments":[{"name":"child",
    "id":"8e7fb6825d14ff63","namespace":"remote","start_time":1795350530.6,"end_time":1795350530.7}]}"#;

/// What asks for everything in the end.
const ALL: &[u8] =
    br#"{"StartTime":1795350000,"EndTime":1795351000,"FilterExpression":"annotation.key = \"value\""}"#;

fuzz_target!(|input: (u8, &[u8], &[u8])| {
    let (operation, first, second) = input;
    let store: Arc<dyn TraceStore> = Arc::new(MemoryStore::default());
    let good = Document::parse(GOOD).unwrap();
    let id = good.trace_id();
    store.record(good).unwrap();
    let api = EmbeddedApi::over(Arc::clone(&store));
    let paths: Vec<_> = EmbeddedApi::paths().collect();
    let path = paths[usize::from(operation) % paths.len()];
    // A second time, as what was configured by the first may matter.
    for body in [first, second] {
        if let Err(error) = api.call(path, body) {
            let said = error.to_string();
            assert!(!said.is_empty() && !said.contains("panicked"), "{said}");
        }
    }
    assert_eq!(&*store.documents(id)[0], GOOD);
    api.call("/TraceSummaries", ALL).unwrap();
    api.call("/Traces", br#"{"TraceIds":["1-6b02e002-9311b20839c1ed87c6cec943"]}"#).unwrap();
});
