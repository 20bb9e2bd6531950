//! What an operation answers when it cannot do what was asked.

use serde_json::{Value, json};

use crate::store::StoreError;

/// An error as X-Ray's clients know it: a name, a status and a message.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{}: {message}", kind.name())]
pub(crate) struct ApiError {
    pub(super) kind: ErrorKind,
    pub(super) message: String,
    /// What was not found, or has too many tags.
    resource: Option<String>,
}

/// The errors of X-Ray's model that can happen here, and those that AWS itself answers with.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum ErrorKind {
    InvalidRequest,
    ResourceNotFound,
    RuleLimitExceeded,
    TooManyTags,
    InvalidPolicyRevisionId,
    LockoutPrevention,
    MalformedPolicyDocument,
    PolicyCountLimitExceeded,
    PolicySizeLimitExceeded,
    AccessDenied,
    UnknownOperation,
    RequestTimeout,
    RequestEntityTooLarge,
    Throttled,
    InternalFailure,
}

impl ErrorKind {
    /// The exception's name, as it stands in `x-amzn-errortype`.
    pub(super) fn name(self) -> String {
        match self {
            Self::InternalFailure => "InternalFailure".to_owned(),
            kind => format!("{kind:?}Exception"),
        }
    }

    pub(super) fn status(self) -> u16 {
        match self {
            Self::AccessDenied => 403,
            Self::ResourceNotFound | Self::UnknownOperation => 404,
            Self::RequestTimeout => 408,
            Self::RequestEntityTooLarge => 413,
            Self::Throttled => 429,
            Self::InternalFailure => 500,
            _ => 400,
        }
    }
}

impl ApiError {
    pub(super) fn new(kind: ErrorKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), resource: None }
    }

    /// A parameter is missing or wrong.
    pub(super) fn invalid(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InvalidRequest, message)
    }

    /// The console failed, not the client; clients try again.
    pub(super) fn internal(message: impl Into<String>) -> Self {
        Self::new(ErrorKind::InternalFailure, message)
    }

    /// There is no operation at a path.
    pub(super) fn unknown(path: &str) -> Self {
        let message =
            format!("X-Ray has no operation {path}; every one is a POST, such as POST /TraceSummaries");
        Self::new(ErrorKind::UnknownOperation, message)
    }

    pub(super) fn not_found(resource: &str) -> Self {
        Self::about(ErrorKind::ResourceNotFound, resource, format!("Resource not found: {resource}"))
    }

    /// An error about a resource that the answer names.
    pub(super) fn about(kind: ErrorKind, resource: &str, message: impl Into<String>) -> Self {
        Self { resource: Some(resource.to_owned()), ..Self::new(kind, message) }
    }

    /// The answer's body: clients look for any of these members.
    pub(super) fn body(&self) -> Value {
        let mut body = json!({
            "__type": self.kind.name(),
            "Message": self.message,
            "message": self.message,
        });
        if let Some(resource) = &self.resource {
            body["ResourceName"] = json!(resource);
        }
        body
    }
}

impl From<StoreError> for ApiError {
    fn from(error: StoreError) -> Self {
        Self::internal(error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_states_are_those_of_xrays_model() {
        let answered = |kind: ErrorKind| (kind.name(), kind.status());
        assert_eq!(answered(ErrorKind::InvalidRequest), ("InvalidRequestException".into(), 400));
        assert_eq!(answered(ErrorKind::ResourceNotFound), ("ResourceNotFoundException".into(), 404));
        assert_eq!(answered(ErrorKind::UnknownOperation), ("UnknownOperationException".into(), 404));
        assert_eq!(answered(ErrorKind::InternalFailure), ("InternalFailure".into(), 500));
    }

    #[test]
    fn a_resource_is_named_where_there_is_one() {
        assert_eq!(ApiError::not_found("arn:x").body()["ResourceName"], "arn:x");
        assert_eq!(ApiError::invalid("no").body().get("ResourceName"), None);
    }
}
