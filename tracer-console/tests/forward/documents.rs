//! Documents to send, each with a trace of its own.

use serde_json::{Value, json};
use tracer_console::TraceId;

/// A segment of a second ago.
pub(crate) fn segment(name: &str) -> Value {
    let now = tracer_console::Timestamp::now().seconds();
    json!({
        "name": name, "id": format!("{:016x}", fastrand::u64(1..)), "trace_id": TraceId::generate().to_string(),
        "start_time": now - 1.0, "end_time": now,
    })
}

/// Texts of segments.
pub(crate) fn segments(count: usize) -> Vec<String> {
    (0..count).map(|number| segment(&format!("job-{number}")).to_string()).collect()
}

/// The segment's own id.
pub(crate) fn id(text: &str) -> String {
    serde_json::from_str::<Value>(text).unwrap()["id"].as_str().unwrap().to_owned()
}
