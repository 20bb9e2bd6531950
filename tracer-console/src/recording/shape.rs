//! The documents within a JSON value: it is one, or what one of X-Ray's tools put around several.

use std::borrow::Cow;

use serde::Deserialize;
use serde_json::value::RawValue;

use crate::datagram;
use crate::deep_document::taken_apart;
use crate::refusal::{Refusal, RefusalCode};

/// Arrays within arrays; nobody writes that many.
const DEEPEST: usize = 8;

/// The members by which a value is told; none is read that need not be.
#[derive(Debug, Deserialize)]
struct Shape<'a> {
    #[serde(borrow)]
    trace_id: Option<&'a RawValue>,
    /// The form of what was recorded off the wire: a datagram.
    #[serde(borrow)]
    raw: Option<&'a RawValue>,
    /// The form of [`line::of`](super::line::of).
    #[serde(borrow)]
    document: Option<&'a RawValue>,
    /// What `BatchGetTraces` answers: traces, their segments, and in each its document as text.
    #[serde(borrow, rename = "Traces")]
    traces: Option<&'a RawValue>,
    #[serde(borrow, rename = "Segments")]
    segments: Option<&'a RawValue>,
    #[serde(borrow, rename = "Document")]
    segment: Option<&'a RawValue>,
    /// What `PutTraceSegments` takes.
    #[serde(borrow, rename = "TraceSegmentDocuments")]
    put: Option<&'a RawValue>,
}

/// What there is in place of a document.
pub(crate) type Found = Result<String, Refusal>;

/// Finds the documents of a value, in their order; their text is as it was written.
pub(crate) fn documents(value: &str) -> Vec<Found> {
    let mut found = Vec::new();
    find(value, DEEPEST, &mut found);
    found
}

fn find(value: &str, depth: usize, found: &mut Vec<Found>) {
    match value.trim_start().bytes().next() {
        Some(b'[') => elements(value, depth, found),
        Some(b'"') => found.push(text(value).and_then(|text| written(&text))),
        // Whatever is no JSON may still be a document, which is read more tolerantly, or is refused as one.
        _ => match serde_json::from_str::<Shape<'_>>(value) {
            Ok(shape) => of_shape(&shape, value, depth, found),
            Err(_) => found.push(Ok(value.to_owned())),
        },
    }
}

fn of_shape(shape: &Shape<'_>, value: &str, depth: usize, found: &mut Vec<Found>) {
    if shape.trace_id.is_some() {
        found.push(Ok(value.to_owned()));
    } else if let Some(datagram) = shape.raw {
        found.push(text(datagram.get()).and_then(|datagram| body(&datagram)));
    } else if let Some(document) = shape.document {
        found.push(text(document.get()).map(Cow::into_owned));
    } else if let Some(document) = shape.segment {
        found.extend(segment(document.get()));
    } else if let Some(all) = shape.traces.or(shape.segments).or(shape.put) {
        elements(all.get(), depth, found);
    } else {
        // It will be refused by name.
        found.push(Ok(value.to_owned()));
    }
}

fn elements(array: &str, depth: usize, found: &mut Vec<Found>) {
    let Some(depth) = depth.checked_sub(1) else {
        found.push(Err(refused(format!("documents stand within more than {DEEPEST} arrays"))));
        return;
    };
    match serde_json::from_str::<Vec<&RawValue>>(array) {
        Ok(elements) => elements.into_iter().for_each(|element| find(element.get(), depth, found)),
        Err(error) => found.push(Err(refused(format!("no JSON array: {error}")))),
    }
}

fn text(string: &str) -> Result<Cow<'_, str>, Refusal> {
    serde_json::from_str(string).map_err(|error| refused(format!("no text: {error}")))
}

/// A text that was written as a JSON string: a document, or a datagram.
fn written(text: &str) -> Found {
    Ok(body(text).unwrap_or_else(|_| text.to_owned()))
}

fn body(datagram: &str) -> Found {
    let body = datagram::split(datagram.as_bytes())?;
    std::str::from_utf8(body).map(str::to_owned).map_err(|error| refused(error.to_string()))
}

/// The document of a segment that X-Ray answered with, in parts where nobody takes it whole; none for one that it made up, as
/// whoever takes the others makes up the same.
fn segment(document: &str) -> Vec<Found> {
    #[derive(Deserialize)]
    struct MadeUp {
        inferred: Option<bool>,
    }
    let document = match text(document) {
        Ok(document) => document,
        Err(refusal) => return vec![Err(refusal)],
    };
    let is_made_up = serde_json::from_str::<MadeUp>(&document).is_ok_and(|it| it.inferred == Some(true));
    if is_made_up { Vec::new() } else { taken_apart(&document).into_iter().map(Ok).collect() }
}

fn refused(message: String) -> Refusal {
    Refusal::new(RefusalCode::ParseError, message)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    const DOCUMENT: &str =
        r#"{ "trace_id":"1-6b02e002-9311b20839c1ed87c6cec943", "id" : "cbafb490a105b1f4" , "x": 1.50 }"#;

    fn found(value: &Value) -> Vec<String> {
        documents(&value.to_string()).into_iter().map(Result::unwrap).collect()
    }

    #[test]
    fn documents_are_found_in_whatever_x_rays_tools_put_around_them() {
        let datagram = format!("{{\"format\":\"json\",\"version\":1}}\n{DOCUMENT}");
        let segment = json!({"Id": "cbafb490a105b1f4", "Document": DOCUMENT});
        let trace =
            json!({"Id": "1-6b02e002-9311b20839c1ed87c6cec943", "Duration": 1.0, "Segments": [segment]});
        let all = [
            json!({"raw": datagram, "n": 1}),
            json!({"document": DOCUMENT}),
            json!(DOCUMENT),
            json!(datagram),
            json!({"TraceSegmentDocuments": [DOCUMENT]}),
            segment,
            json!({"Traces": [trace], "UnprocessedTraceIds": []}),
            json!([trace]),
            trace,
        ];
        for value in all {
            assert_eq!(found(&value), [DOCUMENT], "{value}");
        }
        assert_eq!(documents(DOCUMENT)[0].as_deref(), Ok(DOCUMENT));
        let array = format!("[{DOCUMENT},\n [{DOCUMENT}]]");
        assert_eq!(documents(&array).len(), 2);
        assert_eq!(documents(&array)[1].as_deref(), Ok(DOCUMENT), "byte for byte");
    }

    #[test]
    fn a_document_may_have_any_other_member() {
        for member in ["raw", "document", "Document", "Segments"] {
            let document = DOCUMENT.replace("\"x\"", &format!("\"{member}\""));
            assert_eq!(documents(&document)[0].as_deref(), Ok(&*document));
        }
    }

    #[test]
    fn segments_that_x_ray_made_up_are_left_to_whoever_takes_the_others() {
        let inferred =
            json!({"trace_id": "1-6b02e002-9311b20839c1ed87c6cec943", "inferred": true}).to_string();
        let answer = json!({"Traces": [{"Segments": [{"Document": inferred}, {"Document": DOCUMENT}]}]});
        assert_eq!(found(&answer), [DOCUMENT]);
        // Whoever sent it as a document meant it.
        assert_eq!(documents(&inferred).len(), 1);
    }

    #[test]
    fn what_is_no_document_is_refused_and_what_follows_is_found() {
        let values = json!([{"raw": "no datagram"}, {"raw": 7}, {"document": 7}, DOCUMENT]);
        let found = documents(&values.to_string());
        assert!(found[..3].iter().all(Result::is_err));
        assert_eq!(found[3].as_deref(), Ok(DOCUMENT));
        assert!(documents(&"[".repeat(5_000))[0].is_err());
        let deep = format!("{}{DOCUMENT}{}", "[".repeat(20), "]".repeat(20));
        assert!(documents(&deep)[0].as_ref().unwrap_err().message.contains("arrays"));
    }
}
