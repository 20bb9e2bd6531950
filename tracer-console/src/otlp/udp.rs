//! Spans over UDP, as ADOT's SDKs send them within Lambda: `T1S` or `T1U` and a request in protobuf and base64, behind the
//! header line of the daemon's datagrams.

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

use super::{IndexedAttributes, OtlpEncoding, decode, documents};
use crate::document::Document;
use crate::refusal::{Refusal, RefusalCode};

/// Traces that are sampled, traces that are not, and the form of the first SDKs, which said nothing of it.
const FORMS: [(&[u8], Option<bool>); 3] = [(b"T1S", Some(true)), (b"T1U", Some(false)), (b"T1", None)];
/// Metrics in the same form, which nobody asked for.
const METRICS: &[u8] = b"M1";

/// Bytes of text that the documents of a datagram may have.
const MOST_TEXT: usize = 1 << 20;

/// Whether the body of a datagram is of this kind; a document begins with a brace.
pub(crate) fn is_otlp(body: &[u8]) -> bool {
    body.starts_with(b"T1") || body.starts_with(METRICS)
}

/// What becomes of each span of a body.
///
/// X-Ray keeps no trace of spans that are not sampled; here they are kept, and `metadata.otel.sampled` says so.
pub(crate) fn read(body: &[u8], indexed: &IndexedAttributes) -> Vec<Result<Document, Refusal>> {
    let unreadable = |message: String| vec![Err(Refusal::new(RefusalCode::ParseError, message).of(body))];
    let form = FORMS.into_iter().find_map(|(form, sampled)| Some((body.strip_prefix(form)?, sampled)));
    let Some((text, sampled)) = form else {
        return unreadable("M1 are OpenTelemetry's metrics; only traces are kept, T1S and T1U".to_owned());
    };
    let bytes = match STANDARD.decode(text.trim_ascii()) {
        Ok(bytes) => bytes,
        Err(error) => return unreadable(format!("what follows T1 is not base64: {error}")),
    };
    match decode(&bytes, OtlpEncoding::Protobuf) {
        Ok(decoded) => documents(&decoded, indexed, sampled, MOST_TEXT).collect(),
        Err(refusal) => vec![Err(refusal)],
    }
}

#[cfg(test)]
mod tests {
    use opentelemetry_proto::tonic::trace::v1::Span;
    use opentelemetry_proto::tonic::trace::v1::span::SpanKind;
    use prost::Message as _;
    use serde_json::Value;

    use super::super::fixtures::{any, attributes, request, span};
    use super::*;

    fn body(form: &str) -> Vec<u8> {
        let spans = vec![span(SpanKind::Server, []), Span::default()];
        [form.as_bytes(), STANDARD.encode(request(Vec::new(), spans).encode_to_vec()).as_bytes()].concat()
    }

    #[test]
    fn whether_a_trace_is_sampled_is_said_and_both_are_kept() {
        for (form, expected) in [("T1S", Value::Bool(true)), ("T1U", Value::Bool(false)), ("T1", Value::Null)]
        {
            let outcomes = read(&body(form), &IndexedAttributes::default());
            let [Ok(document), Err(refusal)] = outcomes.as_slice() else { panic!("{outcomes:?}") };
            let json: Value = serde_json::from_str(document.text()).unwrap();
            assert_eq!(json["metadata"]["otel"]["sampled"], expected, "{form}");
            assert_eq!(refusal.code, RefusalCode::InvalidTraceId);
        }
    }

    #[test]
    fn a_datagram_may_not_become_much_text() {
        let resource = attributes([("large", any("x".repeat(20_000)))]);
        let request = request(resource, vec![span(SpanKind::Server, []); 100]);
        let body = [b"T1S".as_slice(), STANDARD.encode(request.encode_to_vec()).as_bytes()].concat();
        let outcomes = read(&body, &IndexedAttributes::default());
        let kept = outcomes.iter().filter(|outcome| outcome.is_ok()).count();
        assert_eq!((outcomes.len(), (50..55).contains(&kept)), (100, true), "{kept}");
        let refusal = outcomes[99].as_ref().unwrap_err();
        assert_eq!((refusal.code, &*refusal.excerpt), (RefusalCode::LimitExceeded, "GET /orders"));
    }

    #[test]
    fn what_cannot_be_read_is_refused_by_name() {
        let message = |body: &[u8]| {
            assert!(is_otlp(body));
            let outcomes = read(body, &IndexedAttributes::default());
            let [Err(refusal)] = outcomes.as_slice() else { panic!("{outcomes:?}") };
            refusal.message.clone()
        };
        assert!(message(b"T1S***").starts_with("what follows T1 is not base64"));
        assert!(message(b"T1Sbm9uc2Vuc2U=").contains("no ExportTraceServiceRequest"));
        assert!(message(b"M1abc").contains("metrics"));
        assert!(!is_otlp(b"{\"T1S\":1}"));
    }
}
