//! What an operation answers when it could do what was asked.

use axum::body::Body;
use serde::Serialize;

use super::error::ApiError;
use super::large_answer::LargeAnswer;
use super::large_reads::{Turn, apart};

/// The JSON of an answer, and the room that a large one has until it is sent.
#[derive(Debug)]
pub(crate) struct Response(pub(super) Vec<u8>, Option<Turn>);

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

    /// As [`Response::of`]; what is large keeps the room that it needs until it is sent.
    pub(super) fn holding(answer: impl Serialize + Send, turn: Option<Turn>) -> Result<Self, ApiError> {
        let Some(mut turn) = turn else { return Self::of(&answer) };
        // What the answer was made of is gone before others read.
        let Self(body, _) = apart(move || Self::of(&answer))?;
        turn.keep_to_send(body.len());
        Ok(Self(body, Some(turn)))
    }

    /// What is sent: it gives the room back when it is, or not wanted any more. Within a runtime.
    pub(super) fn into_body(self) -> Body {
        if self.1.is_some() { Body::new(LargeAnswer::new(self)) } else { Body::from(self.0) }
    }
}
