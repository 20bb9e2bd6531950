//! A request in OTLP's JSON, read span by span: one that is wrong is refused, and the others are kept.

use std::collections::HashMap;

use opentelemetry_proto::tonic::trace::v1::{ResourceSpans, ScopeSpans};
use serde::de::IgnoredAny;
use serde_json::Value as Json;
use serde_json::value::RawValue;

use super::decode::Decoded;
use super::json::{self, Malformed, snake_case};
use crate::refusal::{Refusal, RefusalCode};

/// Reads a request. What a span holds may nest as deeply as `serde_json` takes it; what is around spans does not nest.
pub(super) fn read(bytes: &[u8]) -> Result<Decoded, Malformed> {
    let text = std::str::from_utf8(bytes).map_err(|error| Malformed::new(error.to_string()))?;
    let mut decoded = Decoded::default();
    let refused = &mut decoded.refused;
    for (place, raw) in Outer::read(text)?.list("", "resourceSpans")? {
        let read = resource_spans(&place, raw, refused);
        decoded.request.resource_spans.extend(keep(read, &place, raw, refused));
    }
    Ok(decoded)
}

/// What is around spans: the texts of its members.
struct Outer<'a>(HashMap<String, &'a RawValue>);

impl<'a> Outer<'a> {
    fn read(text: &'a str) -> Result<Self, Malformed> {
        if text.trim_start().starts_with('{') {
            return serde_json::from_str(text).map(Self).map_err(|error| Malformed::new(error.to_string()));
        }
        let is_json = serde_json::from_str::<IgnoredAny>(text);
        Err(Malformed::new(is_json.err().map_or("not an object".to_owned(), |error| error.to_string())))
    }

    /// A member by either of its names; `null` is as good as absent.
    fn get(&self, name: &str) -> Option<&'a str> {
        let found = self.0.get(name).or_else(|| self.0.get(&snake_case(name)));
        found.map(|raw| raw.get()).filter(|text| *text != "null")
    }

    /// The texts of a list, and where each of them is.
    fn list(&self, place: &str, name: &str) -> Result<Vec<(String, &'a str)>, Malformed> {
        let Some(text) = self.get(name) else { return Ok(Vec::new()) };
        if !text.starts_with('[') {
            return Err(Malformed::new("not an array").within(name));
        }
        let raw: Vec<&RawValue> =
            serde_json::from_str(text).map_err(|error| Malformed::new(error.to_string()).within(name))?;
        let dot = if place.is_empty() { "" } else { "." };
        let placed = |(at, raw): (usize, &'a RawValue)| (format!("{place}{dot}{name}[{at}]"), raw.get());
        Ok(raw.into_iter().enumerate().map(placed).collect())
    }
}

fn resource_spans(place: &str, raw: &str, refused: &mut Vec<Refusal>) -> Result<ResourceSpans, Malformed> {
    let outer = Outer::read(raw)?;
    let mut read = ResourceSpans {
        resource: outer.get("resource").map(|raw| json::resource(value(raw))),
        ..Default::default()
    };
    for (place, raw) in outer.list(place, "scopeSpans")? {
        let spans = scope_spans(&place, raw, refused);
        read.scope_spans.extend(keep(spans, &place, raw, refused));
    }
    Ok(read)
}

fn scope_spans(place: &str, raw: &str, refused: &mut Vec<Refusal>) -> Result<ScopeSpans, Malformed> {
    let outer = Outer::read(raw)?;
    let mut read =
        ScopeSpans { scope: outer.get("scope").map(|raw| json::scope(value(raw))), ..Default::default() };
    for (place, raw) in outer.list(place, "spans")? {
        let span =
            serde_json::from_str(raw).map_err(|error| Malformed::new(error.to_string())).and_then(json::span);
        read.spans.extend(keep(span, &place, raw, refused));
    }
    Ok(read)
}

/// What is wrong is refused, with the name of the span.
fn keep<T>(read: Result<T, Malformed>, place: &str, raw: &str, refused: &mut Vec<Refusal>) -> Option<T> {
    let refuse = |error: Malformed| {
        #[derive(serde::Deserialize)]
        struct Named {
            name: String,
        }
        let refusal = Refusal::new(RefusalCode::ParseError, error.within(place).to_string());
        let name = serde_json::from_str::<Named>(raw).map_or_else(|_| raw.to_owned(), |named| named.name);
        refused.push(Refusal { bytes: raw.len(), ..refusal.of(name.as_bytes()) });
    };
    read.map_err(refuse).ok()
}

/// What nests too deeply is nothing.
fn value(raw: &str) -> Json {
    serde_json::from_str(raw).unwrap_or_default()
}

#[cfg(test)]
#[path = "json_tests.rs"]
mod tests;
