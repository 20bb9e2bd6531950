//! What a service says of an error: its code and its message, in JSON or XML, or else as the SDK has read them.

use std::error::Error;

use aws_smithy_runtime_api::client::orchestrator::HttpResponse;
use aws_smithy_types::error::ErrorMetadata;
use serde_json::Value;
use xmlparser::{ElementEnd, Token, Tokenizer};

use crate::error_flag::ErrorFlag;

/// An answer that is an error.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ServiceError {
    /// Such as `ConditionalCheckFailedException`.
    pub(super) code: Option<String>,
    pub(super) message: String,
}

/// The codes that mean too many requests, whatever the status (facts 5.3).
const THROTTLES: [&str; 14] = [
    "BandwidthLimitExceeded",
    "EC2ThrottledException",
    "LimitExceededException",
    "PriorRequestNotComplete",
    "ProvisionedThroughputExceededException",
    "RequestLimitExceeded",
    "RequestThrottled",
    "RequestThrottledException",
    "SlowDown",
    "ThrottledException",
    "Throttling",
    "ThrottlingException",
    "TooManyRequestsException",
    "TransactionInProgressException",
];

impl ServiceError {
    /// What `response` says, or else what is known of `error`, which the SDK made of it.
    pub(super) fn of(response: &HttpResponse, error: &(dyn Error + 'static)) -> Self {
        let body = response.body().bytes().unwrap_or_default();
        let of_header = response.headers().get("x-amzn-errortype").and_then(bare_code);
        let is_xml = body.trim_ascii_start().first() == Some(&b'<');
        let of_body = if is_xml { Self::of_xml(body) } else { Self::of_json(body) };
        if of_header.is_none() && of_body.code.is_none() {
            return Self::of_sdk(error);
        }
        Self { code: of_header.or(of_body.code), message: of_body.message }
    }

    fn of_json(body: &[u8]) -> Self {
        let error: Value = serde_json::from_slice(body).unwrap_or_default();
        // One by one: some services write a member twice, under two names, or something else under one of them.
        let text = |name| error.get(name).and_then(Value::as_str);
        let message = ["message", "Message", "errorMessage"].into_iter().find_map(text);
        Self {
            code: ["__type", "code"].into_iter().filter_map(text).find_map(bare_code),
            message: message.unwrap_or_default().to_owned(),
        }
    }

    /// An error that the SDK has no type for: in a format that is not read here, such as CBOR.
    fn of_sdk(error: &(dyn Error + 'static)) -> Self {
        let mut chain = std::iter::successors(Some(error), |&error| error.source());
        let Some(metadata) = chain.find_map(|error| error.downcast_ref::<ErrorMetadata>()) else {
            return Self::default();
        };
        let code = metadata.code().and_then(bare_code);
        Self { code, message: metadata.message().unwrap_or_default().to_owned() }
    }

    /// The first `Code` and `Message`, which S3 has below the root and the query protocol one level deeper.
    fn of_xml(body: &[u8]) -> Self {
        let mut error = Self::default();
        let Ok(text) = std::str::from_utf8(body) else { return error };
        let mut element = "";
        for token in Tokenizer::from(text).map_while(Result::ok) {
            match token {
                Token::ElementStart { local, .. } => element = local.as_str(),
                Token::ElementEnd { end: ElementEnd::Close(..), .. } => element = "",
                Token::Text { text } | Token::Cdata { text, .. } => match element {
                    "Code" if error.code.is_none() => error.code = Some(text.as_str().to_owned()),
                    "Message" if error.message.is_empty() => error.message = unescaped(text.as_str()),
                    _ => {}
                },
                _ => {}
            }
        }
        error
    }

    /// How this error with `status` marks the call.
    pub(super) fn flag(&self, status: u16) -> ErrorFlag {
        if self.code.as_deref().is_some_and(|code| THROTTLES.contains(&code)) {
            return ErrorFlag::Throttle;
        }
        match status {
            // The answer to who asks for what has changed: nothing failed.
            304 => ErrorFlag::Ignore,
            // It is elsewhere: S3 says so to who asks in the wrong region.
            300..=399 => ErrorFlag::Error,
            400.. => ErrorFlag::of_status(status),
            // S3 may begin an answer with success and find the error later.
            _ => ErrorFlag::Fault,
        }
    }
}

/// `com.amazonaws.dynamodb.v20120810#Code:http://…` is written for `Code`. `None` of what names none.
fn bare_code(code: &str) -> Option<String> {
    let code = code.split(':').next().unwrap_or_default();
    let code = code.rsplit('#').next().unwrap_or_default().trim();
    (!code.is_empty()).then(|| code.to_owned())
}

/// The five entities that XML itself has.
fn unescaped(text: &str) -> String {
    let text = text.replace("&lt;", "<").replace("&gt;", ">").replace("&quot;", "\"");
    text.replace("&apos;", "'").replace("&amp;", "&")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn error(code: &str, message: &str) -> ServiceError {
        ServiceError { code: Some(code.to_owned()), message: message.to_owned() }
    }

    #[test]
    fn a_json_error_has_its_code_under_any_of_its_names() {
        let dynamodb =
            br#"{"__type":"com.amazonaws.dynamodb.v20120810#ResourceNotFoundException","message":"gone"}"#;
        assert_eq!(ServiceError::of_json(dynamodb), error("ResourceNotFoundException", "gone"));
        let lambda = br#"{"code":"X:http://example.com/","Message":"m"}"#;
        assert_eq!(ServiceError::of_json(lambda), error("X", "m"));
        for nothing in [&b"oops"[..], b"[]", b"7", br##"{"__type":"#"}"##] {
            assert_eq!(ServiceError::of_json(nothing), ServiceError::default());
        }
    }

    #[test]
    fn an_error_that_is_not_read_here_is_what_the_sdk_says() {
        #[derive(Debug, thiserror::Error)]
        #[error("unhandled")]
        struct Unhandled(#[source] ErrorMetadata);

        let metadata = ErrorMetadata::builder().code("Throttling").message("slow").build();
        assert_eq!(ServiceError::of_sdk(&Unhandled(metadata)), error("Throttling", "slow"));
        assert_eq!(ServiceError::of_sdk(&std::fmt::Error), ServiceError::default());
    }

    #[test]
    fn an_xml_error_is_found_at_either_depth() {
        let s3 = b"<?xml version=\"1.0\"?><Error><Code>NoSuchKey</Code><Message>a &amp; b</Message></Error>";
        assert_eq!(ServiceError::of_xml(s3), error("NoSuchKey", "a & b"));
        let sns = b"<ErrorResponse><Error><Type>Sender</Type><Code>NotFound</Code><Message>no</Message></Error></ErrorResponse>";
        assert_eq!(ServiceError::of_xml(sns), error("NotFound", "no"));
        assert_eq!(ServiceError::of_xml(b"<Error><Code"), ServiceError::default());
    }

    #[test]
    fn a_throttle_is_known_by_its_code_and_an_error_with_success_is_a_fault() {
        assert_eq!(error("ThrottlingException", "").flag(400), ErrorFlag::Throttle);
        assert_eq!(error("SlowDown", "").flag(503), ErrorFlag::Throttle);
        assert_eq!(error("InternalError", "").flag(200), ErrorFlag::Fault);
        assert_eq!(error("NoSuchKey", "").flag(404), ErrorFlag::Error);
        assert_eq!(error("Other", "").flag(429), ErrorFlag::Throttle);
        assert_eq!(error("PermanentRedirect", "").flag(301), ErrorFlag::Error);
        assert_eq!(ServiceError::default().flag(304), ErrorFlag::Ignore);
    }
}
