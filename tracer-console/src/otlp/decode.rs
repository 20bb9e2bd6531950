//! A request in its encoding, and how large it may become in memory.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use prost::Message as _;

use super::{json, weight};
use crate::refusal::{Refusal, RefusalCode};

/// How OTLP's messages are written.
///
/// ```
/// use tracer_console::OtlpEncoding;
///
/// assert_eq!(OtlpEncoding::of_content_type("application/json; charset=utf-8"), Some(OtlpEncoding::Json));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OtlpEncoding {
    /// Protocol buffers, `application/x-protobuf`.
    Protobuf,
    /// JSON, `application/json`.
    Json,
}

impl OtlpEncoding {
    /// The encoding that a `Content-Type` names.
    ///
    /// ```
    /// # use tracer_console::OtlpEncoding;
    /// assert_eq!(OtlpEncoding::of_content_type("text/plain"), None);
    /// ```
    #[must_use]
    pub fn of_content_type(value: &str) -> Option<Self> {
        let name = value.split(';').next().unwrap_or_default().trim();
        [Self::Protobuf, Self::Json]
            .into_iter()
            .find(|encoding| name.eq_ignore_ascii_case(encoding.content_type()))
    }

    /// Its `Content-Type`.
    ///
    /// ```
    /// # use tracer_console::OtlpEncoding;
    /// assert_eq!(OtlpEncoding::Protobuf.content_type(), "application/x-protobuf");
    /// ```
    #[must_use]
    pub fn content_type(self) -> &'static str {
        match self {
            Self::Protobuf => "application/x-protobuf",
            Self::Json => "application/json",
        }
    }
}

/// A request may hold so many spans. X-Ray takes 10,000.
pub(crate) const MOST_SPANS: usize = 100_000;
/// Bytes of memory, about, that a decoded request may take: a few bytes of protobuf can be millions of empty spans.
const HEAVIEST: usize = 256 << 20;

/// Reads a request.
pub(crate) fn decode(bytes: &[u8], encoding: OtlpEncoding) -> Result<ExportTraceServiceRequest, Refusal> {
    let unreadable = |what: &str, why: String| {
        let message = format!("the body is no ExportTraceServiceRequest in {what}: {why}");
        Refusal::new(RefusalCode::ParseError, message).of(bytes)
    };
    let too_large = |what: String| Refusal::new(RefusalCode::LimitExceeded, what).of(bytes);
    let request = match encoding {
        OtlpEncoding::Json => json::read(bytes).map_err(|error| unreadable("JSON", error.to_string()))?,
        OtlpEncoding::Protobuf => {
            if weight::of(bytes) > HEAVIEST {
                return Err(too_large("the request has too many parts; send fewer spans at once".to_owned()));
            }
            ExportTraceServiceRequest::decode(bytes)
                .map_err(|error| unreadable("protobuf", error.to_string()))?
        }
    };
    let spans = count(&request);
    if spans > MOST_SPANS {
        return Err(too_large(format!(
            "the request has {spans} spans, and may have {MOST_SPANS}; send fewer at once"
        )));
    }
    Ok(request)
}

/// How many spans a request has.
pub(super) fn count(request: &ExportTraceServiceRequest) -> usize {
    request
        .resource_spans
        .iter()
        .flat_map(|resource| &resource.scope_spans)
        .map(|scope| scope.spans.len())
        .sum()
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::trace::v1::Span;

    use super::super::fixtures::request;
    use super::*;

    #[test]
    fn what_is_no_request_is_refused_and_says_where() {
        let refused = |bytes: &[u8], encoding| decode(bytes, encoding).unwrap_err();
        let refusal = refused(b"nonsense", OtlpEncoding::Protobuf);
        assert_eq!((refusal.code, refusal.bytes), (RefusalCode::ParseError, 8));
        assert!(
            refusal.message.starts_with("the body is no ExportTraceServiceRequest in protobuf: "),
            "{refusal}"
        );
        let refusal = refused(br#"{"resourceSpans":[{"scopeSpans":[{"spans":[7]}]}]}"#, OtlpEncoding::Json);
        assert!(
            refusal.message.ends_with("resourceSpans[0].scopeSpans[0].spans[0]: not an object"),
            "{refusal}"
        );
    }

    #[test]
    fn too_many_spans_are_refused_before_they_fill_the_memory() {
        let many = request(Vec::new(), vec![Span::default(); MOST_SPANS + 1]);
        let refusal = decode(&many.encode_to_vec(), OtlpEncoding::Protobuf).unwrap_err();
        assert_eq!(refusal.code, RefusalCode::LimitExceeded);
        assert!(refusal.message.contains("100001 spans"), "{refusal}");
        let far_too_many = wrap(0x0a, &wrap(0x12, &[0x12, 0].repeat(1_000_000)));
        let refusal = decode(&far_too_many, OtlpEncoding::Protobuf).unwrap_err();
        assert!(refusal.message.contains("too many parts"), "{refusal}");
    }

    #[test]
    fn values_within_values_end_somewhere() {
        // An array within an array, and so on: field 5 of a value, field 1 of an array.
        let mut nested = Vec::new();
        for _ in 0..2_000 {
            nested = wrap(0x2a, &wrap(0x0a, &nested));
        }
        // Value of an attribute of a span of a scope of a resource.
        let bytes = wrap(0x0a, &wrap(0x12, &wrap(0x12, &wrap(0x4a, &wrap(0x12, &nested)))));
        let refusal = decode(&bytes, OtlpEncoding::Protobuf).unwrap_err();
        assert!(refusal.message.contains("recursion limit"), "{refusal}");
    }

    /// A message in a field.
    fn wrap(tag: u8, message: &[u8]) -> Vec<u8> {
        let mut bytes = vec![tag];
        prost::encoding::encode_varint(message.len() as u64, &mut bytes);
        bytes.extend_from_slice(message);
        bytes
    }
}
