//! The API for a program that has the store itself, without a network.

use std::sync::Arc;

use serde_json::Value;

use super::error::ApiError;
use super::request::Request;
use super::{Api, OPERATIONS, OWN_OPERATIONS};
use crate::refusal::Refusals;
use crate::store::TraceStore;

/// X-Ray's API, and the operations of the console's own, over a store and without a network.
///
/// ```
/// use std::sync::Arc;
/// use tracer_console::{EmbeddedApi, MemoryStore};
///
/// let api = EmbeddedApi::over(Arc::new(MemoryStore::default()));
/// let answer = api.call("/TraceSummaries", br#"{"StartTime": 0, "EndTime": 60}"#)?;
/// assert_eq!(answer["TraceSummaries"], serde_json::json!([]));
/// # Ok::<(), tracer_console::EmbeddedApiError>(())
/// ```
pub struct EmbeddedApi(Api);

/// An operation could not do what was asked; it says what X-Ray's clients are told.
///
/// ```
/// # use std::sync::Arc;
/// # use tracer_console::{EmbeddedApi, MemoryStore};
/// let api = EmbeddedApi::over(Arc::new(MemoryStore::default()));
/// let error = api.call("/TraceSummaries", b"{}").unwrap_err();
/// assert_eq!(error.to_string(), "InvalidRequestException: GetTraceSummaries: missing field `StartTime`");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error(transparent)]
pub struct EmbeddedApiError(#[from] ApiError);

impl EmbeddedApi {
    /// Answers from a store.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use tracer_console::{EmbeddedApi, MemoryStore};
    /// let api = EmbeddedApi::over(Arc::new(MemoryStore::default()));
    /// ```
    #[must_use]
    pub fn over(store: Arc<dyn TraceStore>) -> Self {
        Self(Api::new(store, Arc::<Refusals>::default()))
    }

    /// Answers the body of a request that would be sent to `path`.
    ///
    /// ```
    /// # use std::sync::Arc;
    /// # use tracer_console::{EmbeddedApi, MemoryStore};
    /// let api = EmbeddedApi::over(Arc::new(MemoryStore::default()));
    /// assert!(api.call("/Groups", b"")?["Groups"].is_array());
    /// # Ok::<(), tracer_console::EmbeddedApiError>(())
    /// ```
    ///
    /// # Errors
    /// [`EmbeddedApiError`] for a path without an operation, for a body that the operation does not understand, and when the
    /// store fails.
    pub fn call(&self, path: &str, body: &[u8]) -> Result<Value, EmbeddedApiError> {
        let mut all = OPERATIONS.iter().chain(&OWN_OPERATIONS);
        let Some((name, _, operation)) = all.find(|(_, at, _)| *at == path) else {
            return Err(ApiError::unknown(path).into());
        };
        let answer = operation(&self.0, &Request::parse(name, body)?)?;
        serde_json::from_slice(&answer.0).map_err(|error| ApiError::internal(error.to_string()).into())
    }

    /// The paths of all operations.
    ///
    /// ```
    /// assert!(tracer_console::EmbeddedApi::paths().any(|path| path == "/TraceSegments"));
    /// ```
    pub fn paths() -> impl Iterator<Item = &'static str> {
        OPERATIONS.iter().chain(&OWN_OPERATIONS).map(|(_, path, _)| *path)
    }
}

impl std::fmt::Debug for EmbeddedApi {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("EmbeddedApi").finish_non_exhaustive()
    }
}
