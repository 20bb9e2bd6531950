//! What a span is to X-Ray: a segment, a subsegment, or both in one.

use opentelemetry_proto::tonic::trace::v1::Span;
use opentelemetry_proto::tonic::trace::v1::span::SpanKind;

use super::attributes::Attributes;

/// In OTLP's flags: it is known whether the parent is in another process, and it is.
const PARENT_IS_REMOTE: u32 = 0x300;

/// What becomes of a span.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Role {
    /// A service's record of serving a request.
    Segment,
    /// Work inside of a segment.
    Subsegment,
    /// The first span of a process where that says so of itself: a segment.
    LocalRoot,
    /// The same where the span is a call as well: a segment with the call in it.
    LocalRootCall,
}

impl Role {
    /// By AWS's exporter's rules; and a message that comes from another process begins a segment, where the SDK says so.
    pub(super) fn of(span: &Span, attributes: &Attributes<'_>, has_parent: bool) -> Self {
        let comes_from_afar =
            span.kind() == SpanKind::Consumer && span.flags & PARENT_IS_REMOTE == PARENT_IS_REMOTE;
        match span.kind() {
            SpanKind::Server | SpanKind::Internal if is_local_root(attributes) => Self::LocalRoot,
            _ if is_local_root(attributes) => Self::LocalRootCall,
            SpanKind::Server => Self::Segment,
            _ if !has_parent || comes_from_afar => Self::Segment,
            _ => Self::Subsegment,
        }
    }

    pub(super) fn is_local_root(self) -> bool {
        matches!(self, Self::LocalRoot | Self::LocalRootCall)
    }

    /// Whether the span stands for its service, and has its name.
    pub(super) fn is_service(self, span: &Span) -> bool {
        span.kind() == SpanKind::Server || (self == Self::Segment && span.kind() == SpanKind::Consumer)
    }
}

/// ADOT's SDKs mark the first span of a process.
fn is_local_root(attributes: &Attributes<'_>) -> bool {
    attributes.text(&["aws.span.kind"]) == Some("LOCAL_ROOT")
}

#[cfg(test)]
mod tests {
    use super::super::fixtures::{any, document, document_of, span};
    use super::*;

    #[test]
    fn servers_and_what_has_no_parent_are_segments_and_everything_else_is_a_subsegment() {
        for kind in [
            SpanKind::Unspecified,
            SpanKind::Internal,
            SpanKind::Client,
            SpanKind::Producer,
            SpanKind::Consumer,
        ] {
            let child = document(span(kind, []));
            assert_eq!(
                (&child["type"], &child["parent_id"]),
                (&"subsegment".into(), &"a0a0a0a0a0a0a0a0".into())
            );
            let root = document(Span { parent_span_id: vec![0; 8], ..span(kind, []) });
            assert_eq!((root.get("type"), root.get("parent_id")), (None, None));
        }
        let server = document(Span { parent_span_id: vec![0xa0; 8], ..span(SpanKind::Server, []) });
        assert_eq!((server.get("type"), &server["parent_id"]), (None, &"a0a0a0a0a0a0a0a0".into()));
    }

    #[test]
    fn a_message_from_another_process_begins_a_segment_of_its_service() {
        let from_afar = Span { flags: 0x301, ..span(SpanKind::Consumer, []) };
        let document = document_of(from_afar, [("service.name", any("mailer"))]);
        assert_eq!((document.get("type"), &document["name"]), (None, &"mailer".into()));
        let from_here = Span { flags: 0x101, ..span(SpanKind::Consumer, []) };
        assert_eq!(super::super::fixtures::document(from_here)["type"], "subsegment");
    }
}
