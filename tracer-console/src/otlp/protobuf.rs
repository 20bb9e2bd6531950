//! A request in protobuf. Where it cannot be decoded as a whole it is read span by span: one that is wrong is refused, and the others
//! are kept.

use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceRequest;
use opentelemetry_proto::tonic::common::v1::{InstrumentationScope, KeyValue};
use opentelemetry_proto::tonic::resource::v1::Resource;
use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans, Span};
use prost::{DecodeError, Message as _};

use super::decode::Decoded;
use super::wire::Fields;
use crate::refusal::{Refusal, RefusalCode};

/// The number of a span's name in its definition.
const NAME: u32 = 5;

/// Reads a request.
pub(super) fn read(bytes: &[u8]) -> Result<Decoded, DecodeError> {
    let why = match ExportTraceServiceRequest::decode(bytes) {
        Ok(request) => return Ok(Decoded::whole(request)),
        Err(why) => why,
    };
    // Whoever has no fields at all is no request.
    let Some(fields) = fields(bytes) else { return Err(why) };
    let mut decoded = Decoded::default();
    for (number, bytes) in fields {
        if number == 1 {
            let spans = resource_spans(bytes, &mut decoded.refused);
            decoded.request.resource_spans.push(spans);
        }
    }
    Ok(decoded)
}

/// The fields that have a length, by their numbers; `None` where a message cannot be read.
fn fields(message: &[u8]) -> Option<Vec<(u32, &[u8])>> {
    let all: Vec<_> = Fields::of(message).collect::<Option<_>>()?;
    Some(all.into_iter().filter_map(|field| Some((field.number, field.bytes?))).collect())
}

fn resource_spans(bytes: &[u8], refused: &mut Vec<Refusal>) -> ResourceSpans {
    let mut read = ResourceSpans::default();
    for (number, bytes) in parts("ResourceSpans", bytes, refused) {
        match number {
            1 => read.resource = Some(resource(bytes)),
            2 => read.scope_spans.push(scope_spans(bytes, refused)),
            _ => {}
        }
    }
    read
}

fn scope_spans(bytes: &[u8], refused: &mut Vec<Refusal>) -> ScopeSpans {
    let mut read = ScopeSpans::default();
    for (number, bytes) in parts("ScopeSpans", bytes, refused) {
        match number {
            1 => read.scope = Some(scope(bytes)),
            2 => match Span::decode(bytes) {
                Ok(span) => read.spans.push(span),
                Err(why) => refused.push(malformed(bytes, &why.to_string())),
            },
            _ => {}
        }
    }
    read
}

fn parts<'a>(what: &str, bytes: &'a [u8], refused: &mut Vec<Refusal>) -> Vec<(u32, &'a [u8])> {
    fields(bytes).unwrap_or_else(|| {
        refused.push(Refusal::new(RefusalCode::ParseError, format!("{what} cannot be read")).of(bytes));
        Vec::new()
    })
}

/// A refusal tells the span's name, which somebody may search for.
fn malformed(span: &[u8], why: &str) -> Refusal {
    let name = Fields::of(span).flatten().find(|field| field.number == NAME).and_then(|field| field.bytes);
    let refusal = Refusal::new(RefusalCode::ParseError, format!("the span cannot be read: {why}"));
    Refusal { bytes: span.len(), ..refusal.of(name.unwrap_or_default()) }
}

/// Without the attributes that are wrong, which are counted.
fn resource(bytes: &[u8]) -> Resource {
    Resource::decode(bytes).unwrap_or_else(|_| {
        let (attributes, dropped_attributes_count) = attributes(bytes, 1);
        Resource { attributes, dropped_attributes_count, ..Resource::default() }
    })
}

/// The same.
fn scope(bytes: &[u8]) -> InstrumentationScope {
    InstrumentationScope::decode(bytes).unwrap_or_else(|_| {
        let text = |number| {
            let found = Fields::of(bytes).flatten().find(|field| field.number == number);
            String::from_utf8_lossy(found.and_then(|field| field.bytes).unwrap_or_default()).into_owned()
        };
        let (attributes, dropped_attributes_count) = attributes(bytes, 3);
        InstrumentationScope { name: text(1), version: text(2), attributes, dropped_attributes_count }
    })
}

/// Those that can be read, and how many cannot.
fn attributes(message: &[u8], number: u32) -> (Vec<KeyValue>, u32) {
    let (mut kept, mut dropped) = (Vec::new(), 0);
    for field in Fields::of(message) {
        match field {
            Some(field) if field.number == number => match field.bytes.map(KeyValue::decode) {
                Some(Ok(attribute)) => kept.push(attribute),
                _ => dropped += 1,
            },
            Some(_) => {}
            None => dropped += 1,
        }
    }
    (kept, dropped)
}
