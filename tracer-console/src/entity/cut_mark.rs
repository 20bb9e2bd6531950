//! The mark of values that the tracer had to cut.

use serde_json::Value;

/// How a value that `tracer-runtime` had to cut ends.
pub(super) const CUT_MARK: &str = "[cut by tracer]";

pub(super) fn ends_with_cut_mark(value: &Value) -> bool {
    match value {
        Value::String(text) => text.ends_with(CUT_MARK),
        Value::Array(values) => values.iter().any(ends_with_cut_mark),
        Value::Object(values) => values.values().any(ends_with_cut_mark),
        _ => false,
    }
}
