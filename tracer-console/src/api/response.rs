//! What an operation answers when it could do what was asked.

use bytes::Bytes;
use serde::Serialize;

use super::error::ApiError;
use super::large_reads::{Turn, apart};

/// The JSON of an answer, and the room that a large one has until it is sent.
#[derive(Debug)]
pub(crate) struct Response(
    pub(super) Vec<u8>,
    #[expect(dead_code, reason = "dropping it gives the room back")] Option<Turn>,
);

impl Response {
    pub(super) fn of(answer: &impl Serialize) -> Result<Self, ApiError> {
        serde_json::to_vec(answer)
            .map(|body| Self(body, None))
            .map_err(|error| ApiError::internal(error.to_string()))
    }

    /// An answer that says only that it is done.
    pub(super) fn empty() -> Self {
        Self(b"{}".to_vec(), None)
    }

    /// As [`Response::of`]; what is large keeps the room that it has.
    pub(super) fn holding(answer: &(impl Serialize + Sync), turn: Option<Turn>) -> Result<Self, ApiError> {
        let response = if turn.is_some() { apart(|| Self::of(answer)) } else { Self::of(answer) };
        Ok(Self(response?.0, turn))
    }

    /// The bytes, which give the room back when they are sent or not wanted any more.
    pub(super) fn into_bytes(self) -> Bytes {
        Bytes::from_owner(self)
    }
}

impl AsRef<[u8]> for Response {
    fn as_ref(&self) -> &[u8] {
        &self.0
    }
}
