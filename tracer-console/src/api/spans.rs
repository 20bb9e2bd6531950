//! Spans that are sent over HTTP or gRPC: each is kept, or refused by name.

use opentelemetry_proto::tonic::collector::trace::v1::{
    ExportTracePartialSuccess, ExportTraceServiceResponse,
};

use super::Api;
use super::error::{ApiError, ErrorKind};
use crate::document::Document;
use crate::otlp::{self, IndexedAttributes, OtlpEncoding};
use crate::refusal::{Refusal, RefusalCode};

/// Documents that are stored together: so many, or of so many bytes. A small request may become much text, as every segment
/// holds what its resource holds.
const MOST_AT_ONCE: usize = 1_000;
const BYTES_AT_ONCE: usize = 8 << 20;
/// Refusals that an answer names; the console's own list has more.
const NAMED: usize = 3;

/// Why spans were not taken at all.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{message}")]
pub(super) struct NotTaken {
    pub(super) kind: NotTakenKind,
    pub(super) message: String,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum NotTakenKind {
    /// It will not be taken when it is sent again, either.
    Invalid,
    OtherEncoding,
    TooLarge,
    TooSlow,
    /// The store failed, or others needed the memory: next time may be better.
    Unavailable,
    Internal,
}

impl NotTaken {
    pub(super) fn new(kind: NotTakenKind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into() }
    }
}

impl From<ApiError> for NotTaken {
    fn from(error: ApiError) -> Self {
        let kind = match error.kind {
            ErrorKind::RequestEntityTooLarge => NotTakenKind::TooLarge,
            ErrorKind::RequestTimeout => NotTakenKind::TooSlow,
            ErrorKind::Throttled => NotTakenKind::Unavailable,
            ErrorKind::InternalFailure => NotTakenKind::Internal,
            _ => NotTakenKind::Invalid,
        };
        Self::new(kind, error.message)
    }
}

/// Takes the spans of a request; those that are kept are durable.
pub(super) fn take(
    api: &Api,
    bytes: &[u8],
    encoding: OtlpEncoding,
    indexed: &IndexedAttributes,
) -> Result<ExportTraceServiceResponse, NotTaken> {
    let decoded = otlp::decode(bytes, encoding).map_err(|refusal| {
        let kind = match refusal.code {
            RefusalCode::LimitExceeded => NotTakenKind::TooLarge,
            _ => NotTakenKind::Invalid,
        };
        let not_taken = NotTaken::new(kind, &*refusal.message);
        api.refusals.push(refusal);
        not_taken
    })?;
    let mut taking = Taking { api, waiting: Vec::new(), bytes: 0, spans: 0, refused: 0, named: Vec::new() };
    for outcome in otlp::documents(&decoded, indexed, None, otlp::MOST_TEXT) {
        taking.add(outcome)?;
    }
    taking.store()?;
    Ok(ExportTraceServiceResponse { partial_success: taking.partial_success() })
}

/// What has become of a request's spans so far.
struct Taking<'a> {
    api: &'a Api,
    waiting: Vec<Document>,
    bytes: usize,
    spans: usize,
    refused: usize,
    named: Vec<String>,
}

impl Taking<'_> {
    fn add(&mut self, outcome: Result<Document, Refusal>) -> Result<(), NotTaken> {
        self.spans += 1;
        match outcome {
            Ok(document) => {
                self.bytes += document.text().len();
                self.waiting.push(document);
            }
            Err(refusal) => self.refuse(refusal),
        }
        if self.waiting.len() >= MOST_AT_ONCE || self.bytes >= BYTES_AT_ONCE {
            self.store()?;
        }
        Ok(())
    }

    fn store(&mut self) -> Result<(), NotTaken> {
        self.bytes = 0;
        let documents = std::mem::take(&mut self.waiting);
        let traces: Vec<_> = documents.iter().map(Document::trace_id).collect();
        for (trace, outcome) in traces.into_iter().zip(self.api.store.record_all(documents)) {
            match outcome {
                Ok(()) => self.api.refusals.count_kept(1),
                // Nothing is wrong with the span: whoever sends it again may be lucky.
                Err(refusal) if refusal.code == RefusalCode::NotStored => {
                    return Err(NotTaken::new(NotTakenKind::Unavailable, refusal.message));
                }
                Err(refusal) => {
                    if refusal.code == RefusalCode::LimitExceeded {
                        self.api.remember_exceeded(trace);
                    }
                    self.refuse(refusal);
                }
            }
        }
        Ok(())
    }

    fn refuse(&mut self, refusal: Refusal) {
        self.refused += 1;
        if self.named.len() < NAMED {
            let begin: String = refusal.excerpt.chars().take(60).collect();
            self.named.push(format!("{refusal} ({begin:?})"));
        }
        self.api.refusals.push(refusal);
    }

    fn partial_success(self) -> Option<ExportTracePartialSuccess> {
        let Self { spans, refused, named, .. } = self;
        if refused == 0 {
            return None;
        }
        let more = refused - named.len();
        let more = if more > 0 { format!("; and {more} more") } else { String::new() };
        let error_message = format!("{refused} of {spans} spans were refused: {}{more}", named.join("; "));
        let rejected_spans = i64::try_from(refused).unwrap_or(i64::MAX);
        Some(ExportTracePartialSuccess { rejected_spans, error_message })
    }
}

#[cfg(test)]
#[path = "spans_tests.rs"]
mod tests;
