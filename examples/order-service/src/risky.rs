//! An operation that fails on an event without its required field.

use serde_json::{Value, json};
use thiserror::Error;
use tracer_runtime::capture_method;

#[derive(Debug, Error)]
#[error("Missing required_field")]
pub(crate) struct MissingField;

#[capture_method(capture_error = true)]
pub(crate) fn risky_operation(event: &Value) -> Result<Value, MissingField> {
    if event.get("required_field").is_none() {
        return Err(MissingField);
    }
    Ok(json!({ "status": "ok" }))
}
