//! OpenTelemetry in: spans become segments and subsegments by the rules of AWS's exporter (`awsxrayexporter`).
//!
//! [`decode`] reads a request (`protobuf` with `wire`, `json_request` with `json`), `segment` makes the document of a span out of the parts that the files of their names
//! make: `role`, `name`, `http`, `aws`, `sql`, `outcome` (with `stack_trace`), `resource` and `extras`. Where the exporter drops something,
//! it is kept here as metadata. `returned` makes documents of those spans again that `forward` made of documents, `frames` are their stacks.

mod any_value;
mod attributes;
mod aws;
mod decode;
mod extras;
#[cfg(test)]
mod fixtures;
pub(crate) mod frames;
mod http;
mod indexed_attributes;
mod json;
mod json_request;
mod name;
mod options;
mod outcome;
mod protobuf;
mod resource;
pub(crate) mod returned;
mod role;
mod segment;
mod sql;
mod stack_trace;
mod udp;
mod weight;
mod wire;

use std::cell::Cell;
use std::rc::Rc;

pub(crate) use aws::{EC2, ECS};
pub use decode::OtlpEncoding;
pub(crate) use decode::{Decoded, decode};
pub use indexed_attributes::IndexedAttributes;
pub use options::OtlpOptions;
pub(crate) use udp::{is_otlp, read as read_udp};
pub(crate) use weight::of as weight;

use self::resource::Resource;
use self::segment::Origin;
use crate::document::Document;
use crate::refusal::{Refusal, RefusalCode};

/// Reads OTLP's `ExportTraceServiceRequest`: a document, or why there is none, for each of its spans.
///
/// ```
/// use tracer_console::{IndexedAttributes, OtlpEncoding, read_otlp};
///
/// let request = br#"{"resourceSpans":[{"scopeSpans":[{"spans":[{"traceId":"6b02d94cbe5262b78fb491a007b77f7d",
///     "spanId":"e2f05d4745dfa4e5","name":"nightly","startTimeUnixNano":"1795348812340000000","endTimeUnixNano":"1795348812440000000"}]}]}]}"#;
/// let documents = read_otlp(request, OtlpEncoding::Json, &IndexedAttributes::default())?;
/// let document = documents.into_iter().next().unwrap()?;
/// assert_eq!(document.trace_id().to_string(), "1-6b02d94c-be5262b78fb491a007b77f7d");
/// assert_eq!(document.entities()[0].name(), "nightly");
/// # Ok::<(), tracer_console::Refusal>(())
/// ```
///
/// # Errors
/// A [`Refusal`] of the whole where it cannot be decoded, or is larger than what is taken.
pub fn read_otlp(
    bytes: &[u8],
    encoding: OtlpEncoding,
    indexed: &IndexedAttributes,
) -> Result<Vec<Result<Document, Refusal>>, Refusal> {
    let decoded = decode(bytes, encoding)?;
    Ok(documents(&decoded, indexed, None, MOST_TEXT).collect())
}

/// Bytes of text that the documents of a request may have: every segment holds what its resource holds, and a few bytes of
/// a span can become many.
pub(crate) const MOST_TEXT: usize = 64 << 20;

/// What becomes of each span; `sampled` is what the sender says of all of them. Once there are `most` bytes of text the
/// other spans are refused.
pub(crate) fn documents<'r>(
    decoded: &'r Decoded,
    indexed: &'r IndexedAttributes,
    sampled: Option<bool>,
    most: usize,
) -> impl Iterator<Item = Result<Document, Refusal>> + 'r {
    let text = Rc::new(Cell::new(0));
    let refused = decoded.refused.iter().cloned().map(Err);
    let read = decoded.request.resource_spans.iter().flat_map(move |spans| {
        let (resource, text) = (Rc::new(Resource::of(spans.resource.as_ref())), Rc::clone(&text));
        spans.scope_spans.iter().flat_map(move |spans| {
            let (resource, text) = (Rc::clone(&resource), Rc::clone(&text));
            let scope = resource::scope(spans.scope.as_ref());
            let is_returned = spans.scope.as_ref().is_some_and(|scope| scope.name == returned::SCOPE);
            spans.spans.iter().map(move |span| {
                if text.get() > most {
                    return Err(segment::of_span(too_much(most), span));
                }
                let (resource, scope) = (&*resource, scope.as_ref());
                let origin = Origin { resource, scope, is_returned, indexed, sampled, dropped_links: 0 };
                let document = segment::document(span, &origin)?;
                text.set(text.get() + document.text().len());
                Ok(document)
            })
        })
    });
    read.chain(refused)
}

fn too_much(most: usize) -> Refusal {
    let message =
        format!("the documents of the request's first spans have {most} bytes already; send fewer at once");
    Refusal::new(RefusalCode::LimitExceeded, message)
}

#[cfg(test)]
#[path = "any_request_tests.rs"]
mod tests;
