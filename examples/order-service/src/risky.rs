//! An operation that fails on an event without its required field.

use serde_json::Value;
use thiserror::Error;
use tracer_runtime::{capture_method, put_metadata_in};

#[derive(Debug, Error)]
#[error("Missing required_field")]
pub(crate) struct MissingField;

#[capture_method(capture_error = true)]
pub(crate) fn risky_operation(event: &Value) -> Result<&'static str, MissingField> {
    if event.get("required_field").is_none() {
        put_metadata_in("Errors", "error_event", event);
        return Err(MissingField);
    }
    Ok("ok")
}
