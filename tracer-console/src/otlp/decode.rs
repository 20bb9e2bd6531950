//! A request in its encoding, and how large it may become in memory.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::KeyValue;
use opentelemetry_proto::tonic::trace::v1::Span;

use super::{any_value, json_request, protobuf, segment, weight};
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
/// Lists within lists that a value may have, in either encoding.
const DEEPEST: usize = 30;
/// Bytes of memory, about, that a decoded request may take: a few bytes of protobuf can be millions of empty spans.
const HEAVIEST: usize = 256 << 20;

/// A request, and what of it cannot be read.
#[derive(Debug, Default)]
pub(crate) struct Decoded {
    pub(crate) request: ExportTraceServiceRequest,
    pub(crate) refused: Vec<Refusal>,
}

impl Decoded {
    /// One that can be read.
    pub(super) fn whole(request: ExportTraceServiceRequest) -> Self {
        Self { request, refused: Vec::new() }
    }
}

/// Reads a request.
pub(crate) fn decode(bytes: &[u8], encoding: OtlpEncoding) -> Result<Decoded, Refusal> {
    let unreadable = |what: &str, why: String| {
        let message = format!("the body is no ExportTraceServiceRequest in {what}: {why}");
        Refusal::new(RefusalCode::ParseError, message).of(bytes)
    };
    let too_large = |what: String| Refusal::new(RefusalCode::LimitExceeded, what).of(bytes);
    let mut decoded = match encoding {
        OtlpEncoding::Json => {
            json_request::read(bytes).map_err(|error| unreadable("JSON", error.to_string()))?
        }
        OtlpEncoding::Protobuf => {
            if weight::of(bytes) > HEAVIEST {
                return Err(too_large("the request has too many parts; send fewer spans at once".to_owned()));
            }
            protobuf::read(bytes).map_err(|error| unreadable("protobuf", error.to_string()))?
        }
    };
    let spans = count(&decoded.request) + decoded.refused.len();
    if spans > MOST_SPANS {
        return Err(too_large(format!(
            "the request has {spans} spans, and may have {MOST_SPANS}; send fewer at once"
        )));
    }
    refuse_deep(&mut decoded);
    Ok(decoded)
}

/// Refuses spans whose values nest too deeply, and drops such attributes of what they come from.
fn refuse_deep(decoded: &mut Decoded) {
    let Decoded { request, refused } = decoded;
    for spans in &mut request.resource_spans {
        if let Some(resource) = &mut spans.resource {
            drop_deep(&mut resource.attributes, &mut resource.dropped_attributes_count);
        }
        for spans in &mut spans.scope_spans {
            if let Some(scope) = &mut spans.scope {
                drop_deep(&mut scope.attributes, &mut scope.dropped_attributes_count);
            }
            spans.spans.retain(|span| {
                let is_deep = is_deep(span);
                if is_deep {
                    let message = format!("a value nests more than {DEEPEST} levels deep");
                    refused.push(segment::of_span(Refusal::new(RefusalCode::TooDeep, message), span));
                }
                !is_deep
            });
        }
    }
}

fn drop_deep(attributes: &mut Vec<KeyValue>, dropped: &mut u32) {
    attributes.retain(|attribute| {
        let is_deep = any_value::is_deep(attribute, DEEPEST);
        *dropped = dropped.saturating_add(is_deep.into());
        !is_deep
    });
}

fn is_deep(span: &Span) -> bool {
    let events = span.events.iter().flat_map(|event| &event.attributes);
    let links = span.links.iter().flat_map(|link| &link.attributes);
    span.attributes.iter().chain(events).chain(links).any(|attribute| any_value::is_deep(attribute, DEEPEST))
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
    use prost::Message as _;

    use super::super::fixtures::{any, attributes, request};
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
        let refusal = refused(br#"{"resourceSpans":7}"#, OtlpEncoding::Json);
        assert!(refusal.message.ends_with("in JSON: resourceSpans: not an array"), "{refusal}");
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

    /// Lists within lists: field 6 of a value, 1 of a list, 2 of an entry; or field 5 of a value, 1 of an array.
    fn nested(levels: usize, is_list: bool) -> Vec<u8> {
        let mut nested = Vec::new();
        for _ in 0..levels {
            nested = if is_list {
                wrap(0x32, &wrap(0x0a, &wrap(0x12, &nested)))
            } else {
                wrap(0x2a, &wrap(0x0a, &nested))
            };
        }
        nested
    }

    /// The same in JSON.
    fn nested_json(levels: usize, is_list: bool) -> String {
        let (begin, end) = if is_list {
            (r#"{"kvlistValue":{"values":[{"key":"a","value":"#, "}]}}")
        } else {
            (r#"{"arrayValue":{"values":["#, "]}}")
        };
        format!("{}{{}}{}", begin.repeat(levels), end.repeat(levels))
    }

    /// Names of the spans that are kept, and why others are refused.
    fn outcome(bytes: &[u8], encoding: OtlpEncoding) -> (Vec<String>, Vec<Refusal>) {
        let Decoded { request, refused } = decode(bytes, encoding).unwrap();
        let scopes = request.resource_spans.into_iter().flat_map(|spans| spans.scope_spans);
        (scopes.flat_map(|spans| spans.spans).map(|span| span.name).collect(), refused)
    }

    #[test]
    fn values_nest_equally_deep_in_both_encodings_and_one_that_is_deeper_costs_its_span_only() {
        for (levels, is_list) in
            [(30, false), (30, true), (31, false), (31, true), (45, false), (45, true), (2_000, false)]
        {
            let name = wrap(0x2a, b"deep");
            let attribute = wrap(0x4a, &wrap(0x12, &nested(levels, is_list)));
            let spans = [wrap(0x12, &[name, attribute].concat()), wrap(0x12, &wrap(0x2a, b"good"))].concat();
            let protobuf = wrap(0x0a, &wrap(0x12, &spans));
            let value = nested_json(levels, is_list);
            let json = format!(
                r#"{{"resourceSpans":[{{"scopeSpans":[{{"spans":[{{"name":"deep","events":[{{"attributes":[{{"value":{value}}}]}}]}},{{"name":"good"}}]}}]}}]}}"#
            );
            for (bytes, encoding) in
                [(&protobuf[..], OtlpEncoding::Protobuf), (json.as_bytes(), OtlpEncoding::Json)]
            {
                let (kept, refused) = outcome(bytes, encoding);
                let excerpts: Vec<_> = refused.iter().map(|refusal| &*refusal.excerpt).collect();
                if levels <= 30 {
                    assert_eq!((kept.len(), excerpts.len()), (2, 0), "{levels} {encoding:?}: {refused:?}");
                } else {
                    assert_eq!(
                        (kept, excerpts),
                        (vec!["good".to_owned()], vec!["deep"]),
                        "{levels} {encoding:?}"
                    );
                }
            }
        }
    }

    #[test]
    fn a_span_that_cannot_be_read_is_refused_and_the_others_are_kept() {
        let good = Span { name: "good".into(), ..Span::default() };
        let resource = attributes([("service.name", any("orders"))]);
        let mut bytes = request(resource, vec![good.clone()]).encode_to_vec();
        // Texts that are not UTF-8: a name of a span, a name of a resource's attribute.
        let bad = [wrap(0x12, &wrap(0x2a, b"b\xffd")), wrap(0x12, &good.encode_to_vec())].concat();
        let of = wrap(0x0a, &[wrap(0x0a, &wrap(0x0a, b"\xff")), wrap(0x0a, &wrap(0x0a, b"kept"))].concat());
        bytes.extend(wrap(0x0a, &[of, wrap(0x12, &bad)].concat()));
        let (kept, refused) = outcome(&bytes, OtlpEncoding::Protobuf);
        assert_eq!(kept, ["good", "good"]);
        assert_eq!((refused.len(), refused[0].code), (1, RefusalCode::ParseError));
        assert_eq!(refused[0].excerpt, "b\u{fffd}d");
        assert!(refused[0].message.contains("UTF-8"), "{refused:?}");
        let decoded = decode(&bytes, OtlpEncoding::Protobuf).unwrap().request;
        let resource = decoded.resource_spans[1].resource.as_ref().unwrap();
        assert_eq!((resource.attributes.len(), resource.dropped_attributes_count), (1, 1));
    }

    /// A message in a field.
    fn wrap(tag: u8, message: &[u8]) -> Vec<u8> {
        let mut bytes = vec![tag];
        prost::encoding::encode_varint(message.len() as u64, &mut bytes);
        bytes.extend_from_slice(message);
        bytes
    }
}
