//! The backend's endpoint, asked by OTLP's rules: what may be sent again and what must not.

use std::io::Write as _;

use flate2::Compression;
use flate2::write::GzEncoder;
use opentelemetry_proto::tonic::collector::trace::v1::ExportTraceServiceResponse;
use prost::Message as _;

use super::request::request;
use crate::document::Document;
use crate::forward::agent::{Agent, Answer};
use crate::forward::error::ForwardError;
use crate::forward::far::{Failure, FailureKind, Far, Reply, Word};
use crate::forward::queue::Queued;

/// The far end.
#[derive(Debug)]
pub(in crate::forward) struct Backend {
    agent: Agent,
    headers: Vec<(String, String)>,
}

impl Backend {
    /// At a URL: that of the endpoint, or what `/v1/traces` belongs to.
    pub(in crate::forward) fn at(url: &str, headers: Vec<(String, String)>) -> Result<Self, ForwardError> {
        let base = url.trim_end_matches('/');
        let url = if base.ends_with("/v1/traces") { base.to_owned() } else { format!("{base}/v1/traces") };
        Ok(Self { agent: Agent::of(url)?, headers })
    }

    fn post(&self, body: &[u8]) -> Result<Answer, Failure> {
        let own = [
            ("content-type", "application/x-protobuf"),
            ("content-encoding", "gzip"),
            ("user-agent", concat!("tracer-console/", env!("CARGO_PKG_VERSION"))),
        ];
        let given = self.headers.iter().map(|(name, value)| (&**name, &**value));
        self.agent.post(&own.into_iter().chain(given).collect::<Vec<_>>(), body)
    }

    fn said(&self, answer: &Answer) -> Said {
        let status = answer.status;
        match status {
            200..=299 if is_page(answer) => {
                let why = format!(
                    "it answers {status} with a page, and not as OTLP does: is that the address of a backend?"
                );
                Said::Other(Reply::Failed(Failure::new(FailureKind::Other, why)))
            }
            200..=299 => partial(answer),
            // Those may be sent again, by the specification.
            429 | 502 | 503 | 504 => failed(answer, why(answer)),
            // The specification asks to give up; but nothing of this is about the documents, and they can wait until it is put right.
            300..=399 | 401 | 403 | 407 | 408 => failed(answer, why(answer)),
            // A proxy says so, too, of a backend that is still starting.
            404 | 405 => failed(answer, self.nobody_there(answer)),
            400 | 413 => Said::Other(Reply::Refused { why: why(answer), one_may_be_the_reason: true }),
            _ => Said::Other(Reply::Refused { why: why(answer), one_may_be_the_reason: false }),
        }
    }

    fn nobody_there(&self, answer: &Answer) -> String {
        let (url, why) = (self.agent.url(), why(answer));
        format!(
            "{why}; asked was POST {url}, and nobody takes spans there: check host, port and path of the address after --to, \
             and whether the backend takes OTLP over HTTP and has started"
        )
    }
}

impl Far for Backend {
    fn send(&self, documents: &[Queued]) -> Reply {
        let read: Vec<_> = documents.iter().map(|queued| Document::parse(&queued.text)).collect();
        let is_complete = |document: &&Document| !document.entities()[0].is_in_progress();
        let complete: Vec<_> =
            read.iter().filter_map(|read| read.as_ref().ok()).filter(is_complete).collect();
        let mut refused = None;
        if !complete.is_empty() {
            let body = match gzip(&request(&complete).encode_to_vec()) {
                Ok(body) => body,
                Err(error) => return Reply::Failed(Failure::new(FailureKind::Other, error.to_string())),
            };
            match self.post(&body).map(|answer| self.said(&answer)) {
                Ok(Said::Taken) => {}
                Ok(Said::TakenBut { spans, why }) => refused = Some((spans, why)),
                Ok(Said::Other(reply)) => return reply,
                Err(failure) => return Reply::Failed(failure),
            }
        }
        let (mut spans, why) = refused.unwrap_or_default();
        let mut word = |read| match read {
            // What was queued by a program that read it otherwise.
            Err(refusal) => Word::Rejected(format!("{refusal}")),
            Ok(document) if !is_complete(&document) => Word::Skipped,
            Ok(_) if spans > 0 => {
                spans -= 1;
                Word::Rejected(why.clone())
            }
            Ok(_) => Word::Taken,
        };
        Reply::Said(read.iter().map(|read| word(read.as_ref())).collect())
    }
}

fn gzip(bytes: &[u8]) -> std::io::Result<Vec<u8>> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes)?;
    encoder.finish()
}

/// What an answer says to the documents of a request.
enum Said {
    Taken,
    /// It does not say which spans it rejects: each counts as a document, as long as there are some.
    TakenBut {
        spans: i64,
        why: String,
    },
    Other(Reply),
}

/// Whoever answers with a page, such as a proxy that wants a login, took nothing.
fn is_page(answer: &Answer) -> bool {
    answer.body.trim_ascii_start().starts_with(b"<")
}

fn failed(answer: &Answer, why: String) -> Said {
    let failure = Failure::new(FailureKind::Status(answer.status), why);
    Said::Other(Reply::Failed(Failure { after: answer.retry_after(), ..failure }))
}

fn partial(answer: &Answer) -> Said {
    let partial =
        ExportTraceServiceResponse::decode(&*answer.body).ok().and_then(|answer| answer.partial_success);
    match partial {
        Some(partial) if partial.rejected_spans > 0 => {
            let (spans, message) = (partial.rejected_spans, partial.error_message.escape_debug());
            Said::TakenBut { spans, why: format!("{spans} spans of a request are rejected: {message}") }
        }
        Some(partial) if !partial.error_message.is_empty() => {
            log::warn!("it takes all spans and warns: {}", partial.error_message.escape_debug());
            Said::Taken
        }
        _ => Said::Taken,
    }
}

/// The status, and what the body says, if it is text.
fn why(answer: &Answer) -> String {
    // An answer is a google.rpc.Status, whose second member is the message; or whatever a proxy writes.
    let message = Status::decode(&*answer.body).map(|status| status.message).unwrap_or_default();
    let text = if message.is_empty() { String::from_utf8_lossy(&answer.body).into_owned() } else { message };
    let text: String = text.chars().take(200).collect();
    let text = text.trim().escape_debug().to_string();
    let status = answer.status;
    if text.is_empty() { format!("it answers {status}") } else { format!("it answers {status}: {text}") }
}

/// How OTLP says why it refuses: google.rpc.Status.
#[derive(Clone, PartialEq, prost::Message)]
struct Status {
    #[prost(int32, tag = "1")]
    code: i32,
    #[prost(string, tag = "2")]
    message: String,
}
