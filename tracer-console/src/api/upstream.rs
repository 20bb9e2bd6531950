//! Who answers in place of this API what is no document: the daemon's TCP side passes it on.

use std::pin::Pin;

use axum::body::{Body, Bytes};
use axum::http::{HeaderMap, Method, StatusCode, Uri, header};
use axum::response::{IntoResponse as _, Response as Answer};
use serde_json::json;

/// Answers requests, without a thread that waits: whoever is asked may take long, and documents are taken meanwhile.
pub(crate) trait Upstream: Send + Sync {
    /// What is answered to a request.
    fn answer(&self, asked: Asked) -> Answering;
}

/// An answer that is to come.
pub(crate) type Answering = Pin<Box<dyn Future<Output = Answered> + Send>>;

/// A request as it came.
#[derive(Debug)]
pub(crate) struct Asked {
    pub(crate) method: Method,
    pub(crate) uri: Uri,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Bytes,
}

/// What is answered, as it is.
#[derive(Debug)]
pub(crate) struct Answered {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answered {
    /// Nothing was answered, for this reason.
    pub(crate) fn bad_gateway(why: &str) -> Self {
        let headers = HeaderMap::from_iter([(
            header::CONTENT_TYPE,
            header::HeaderValue::from_static("application/json"),
        )]);
        let body = json!({"message": why, "Message": why}).to_string().into_bytes();
        Self { status: StatusCode::BAD_GATEWAY, headers, body }
    }

    pub(super) fn into_answer(self) -> Answer {
        (self.status, self.headers, Body::from(self.body)).into_response()
    }
}
