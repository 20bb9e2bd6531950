//! What an operation answers when it could do what was asked.

use serde::Serialize;

use super::error::ApiError;

/// The JSON of an answer.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Response(pub(super) Vec<u8>);

impl Response {
    pub(super) fn of(answer: &impl Serialize) -> Result<Self, ApiError> {
        serde_json::to_vec(answer).map(Self).map_err(|error| ApiError::internal(error.to_string()))
    }

    /// An answer that says only that it is done.
    pub(super) fn empty() -> Self {
        Self(b"{}".to_vec())
    }
}
