//! What the X-Ray daemon takes over UDP: a header line, a line break, one document, or OpenTelemetry's spans in its place.

use serde_json::Value;

use crate::document::Document;
use crate::otlp::{self, IndexedAttributes};
use crate::refusal::{Refusal, RefusalCode};

/// Reads a datagram of one document by the daemon's rules.
///
/// ```
/// let datagram = b"{\"format\": \"json\", \"version\": 1}\n{\"name\":\"job\",\"id\":\"cbafb490a105b1f4\",\
///     \"trace_id\":\"1-6b02e002-9311b20839c1ed87c6cec943\",\"start_time\":1.5,\"in_progress\":true}";
/// let document = tracer_console::read_datagram(datagram)?;
/// assert_eq!(document.entities()[0].name(), "job");
/// # Ok::<(), tracer_console::Refusal>(())
/// ```
///
/// # Errors
/// A [`Refusal`] that says what was wrong: the header line, the JSON, or a member that a document needs.
pub fn read_datagram(bytes: &[u8]) -> Result<Document, Refusal> {
    split(bytes).and_then(parse_body).map_err(|refusal| refusal.of(bytes))
}

/// Reads a datagram of one document, or of OpenTelemetry's spans as the layers of AWS's distribution send them within
/// Lambda (`T1S` or `T1U` and OTLP's protobuf in base64): what became of the document, or of each span.
///
/// ```
/// use tracer_console::{IndexedAttributes, read_datagram_documents};
///
/// let datagram = b"{\"format\":\"json\",\"version\":1}\nT1SCjcSNRIzChBrAuACkxGyCDnB7YfGzslDEgjLr7SQoQWx9CoDam9iOQCA7K84XOoYQYAy0744XOoY";
/// let documents = read_datagram_documents(datagram, &IndexedAttributes::default());
/// assert_eq!(documents[0].as_ref().unwrap().entities()[0].name(), "job");
/// ```
pub fn read_datagram_documents(bytes: &[u8], indexed: &IndexedAttributes) -> Vec<Result<Document, Refusal>> {
    match split(bytes) {
        Ok(body) if otlp::is_otlp(body) => otlp::read_udp(body, indexed),
        _ => vec![read_datagram(bytes)],
    }
}

fn parse_body(body: &[u8]) -> Result<Document, Refusal> {
    if otlp::is_otlp(body) {
        let message = "the datagram has OpenTelemetry's spans, and no document";
        return Err(Refusal::new(RefusalCode::InvalidSegment, message));
    }
    let text = std::str::from_utf8(body).map_err(|error| {
        let message = format!("the document is not UTF-8 from byte {} on", error.valid_up_to());
        Refusal::new(RefusalCode::ParseError, message)
    })?;
    Document::parse(text)
}

/// Checks the header line and returns what follows it.
pub(crate) fn split(bytes: &[u8]) -> Result<&[u8], Refusal> {
    let missing = || {
        let message = "a datagram is {\"format\":\"json\",\"version\":1}, a line break, and a document";
        Refusal::new(RefusalCode::MissingHeaderOrSegment, message)
    };
    let line_end = bytes.iter().position(|&byte| byte == b'\n').ok_or_else(missing)?;
    let (header, body) = (&bytes[..line_end], &bytes[line_end + 1..]);
    if body.trim_ascii().is_empty() {
        return Err(missing());
    }
    if !is_header(header) {
        let message = "the first line must be {\"format\":\"json\",\"version\":1}";
        return Err(Refusal::new(RefusalCode::InvalidHeader, message));
    }
    Ok(body)
}

/// The daemon is written in Go, whose JSON matches the names of members in any case.
fn is_header(line: &[u8]) -> bool {
    let Ok(Value::Object(header)) = serde_json::from_slice(line) else {
        return false;
    };
    let member =
        |name: &str| header.iter().find(|(key, _)| key.eq_ignore_ascii_case(name)).map(|(_, value)| value);
    member("format").and_then(Value::as_str).is_some_and(|format| format.eq_ignore_ascii_case("json"))
        && member("version").and_then(Value::as_f64) == Some(1.0)
}

#[cfg(test)]
mod tests {
    use super::*;

    const BODY: &str = "{\"name\":\"a\",\n\"id\":\"cbafb490a105b1f4\",\
        \"trace_id\":\"1-6b02e002-9311b20839c1ed87c6cec943\",\"start_time\":1,\"end_time\":2}";

    fn code(datagram: &str) -> Option<RefusalCode> {
        read_datagram(datagram.as_bytes()).err().map(|refusal| refusal.code)
    }

    #[test]
    fn the_header_is_json_and_not_compared_as_text() {
        for header in
            [r#"{"format":"json","version":1}"#, r#"{ "Version": 1.0, "FORMAT": "JSON", "more": [] }"#]
        {
            assert_eq!(code(&format!("{header}\n{BODY}")), None, "{header}");
        }
        for header in
            ["", "json", "{}", r#"{"format":"json","version":2}"#, r#"{"format":"xml","version":1}"#]
        {
            assert_eq!(code(&format!("{header}\n{BODY}")), Some(RefusalCode::InvalidHeader), "{header}");
        }
    }

    #[test]
    fn a_datagram_without_line_break_or_document_is_refused_by_name() {
        for datagram in
            ["", "{\"format\":\"json\",\"version\":1}", "{\"format\":\"json\",\"version\":1}\n  \n"]
        {
            assert_eq!(code(datagram), Some(RefusalCode::MissingHeaderOrSegment), "{datagram}");
        }
    }

    #[test]
    fn a_refusal_keeps_how_the_datagram_began() {
        let refusal = read_datagram(b"nonsense\nmore").unwrap_err();
        assert_eq!((refusal.excerpt.as_str(), refusal.bytes), ("nonsense\nmore", 13));
    }

    proptest::proptest! {
        #[test]
        fn no_bytes_make_it_panic(bytes: Vec<u8>) {
            let _ = read_datagram(&bytes);
            let _ = read_datagram(&[b"{\"format\":\"json\",\"version\":1}\n".as_slice(), &bytes].concat());
        }

        #[test]
        fn no_mangled_document_makes_it_panic(at in 0..BODY.len(), text in ".{0,6}", keep in 0..20_usize) {
            let end = (at + keep).min(BODY.len());
            let _ = Document::parse(&format!("{}{text}{}", &BODY[..at], &BODY[end..]));
        }
    }
}
