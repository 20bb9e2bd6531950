//! `PutTraceSegments` as X-Ray answers it: which documents can be sent, and what is said to each.

use serde_json::Value;

use super::far::{Failure, FailureKind, Reply, Word};
use super::queue::Queued;
use crate::lenient_json;

/// X-Ray takes no larger document, and may refuse a call that has one.
pub(super) const LARGEST: usize = 64 << 10;

/// The documents of a call that can be sent, and what is said already to those that cannot.
pub(super) struct Call<'a> {
    documents: &'a [Queued],
}

/// A document that X-Ray did not process.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Unprocessed {
    #[serde(default)]
    pub(super) id: Option<String>,
    #[serde(default)]
    pub(super) error_code: Option<String>,
    #[serde(default)]
    pub(super) message: Option<String>,
}

impl<'a> Call<'a> {
    pub(super) fn of(documents: &'a [Queued]) -> Self {
        Self { documents }
    }

    /// The texts that are sent.
    pub(super) fn texts(&self) -> impl Iterator<Item = &'a str> {
        self.documents.iter().map(|queued| &*queued.text).filter(|text| text.len() <= LARGEST)
    }

    /// What was said, given what was not processed of what was sent.
    pub(super) fn said(&self, unprocessed: &[Unprocessed]) -> Reply {
        let mut words: Vec<_> = self.documents.iter().map(too_large).collect();
        if !unprocessed.is_empty() {
            let heads: Vec<_> = self.documents.iter().map(|queued| Head::of(&queued.text)).collect();
            for entry in unprocessed {
                place(entry, &heads, &mut words);
            }
        }
        Reply::Said(words.into_iter().map(|word| word.unwrap_or(Word::Taken)).collect())
    }
}

fn too_large(queued: &Queued) -> Option<Word> {
    let bytes = queued.text.len();
    (bytes > LARGEST).then(|| {
        let head = Head::of(&queued.text);
        Word::Rejected(format!("{head}: it has {bytes} bytes, and X-Ray takes {LARGEST}"))
    })
}

/// Says it of the document that is meant. One that is not named may be any that nothing was said of; where it is to be tried again,
/// all of them are. One that was not sent is none of them.
fn place(entry: &Unprocessed, heads: &[Head], words: &mut [Option<Word>]) {
    let code = entry.error_code.as_deref().unwrap_or("no code");
    let message = entry.message.as_deref().unwrap_or("no message");
    let word = |head: &Head| {
        let why = format!("{head}: {code}: {message}");
        if may_be_taken_later(code) { Word::Later(why) } else { Word::Rejected(why) }
    };
    let id = entry.id.as_deref().filter(|id| !id.is_empty());
    let open: Vec<_> = (0..heads.len()).filter(|at| words[*at].is_none()).collect();
    let has_id = |at: &usize| heads[*at].id.as_deref() == id;
    let meant: Vec<_> = if may_be_taken_later(code) {
        open.into_iter().filter(|at| id.is_none() || has_id(at)).collect()
    } else {
        let any = open.first().copied().filter(|_| id.is_none());
        open.into_iter().find(has_id).or(any).into_iter().collect()
    };
    if meant.is_empty() {
        let (code, message) = (code.escape_debug(), message.escape_debug());
        let id = id.unwrap_or("without id").escape_debug();
        log::warn!("{code} is said of the segment {id}, which was not sent: {message}");
    }
    for at in meant {
        words[at] = Some(word(&heads[at]));
    }
}

/// Codes that say something of X-Ray and nothing of the document.
fn may_be_taken_later(code: &str) -> bool {
    ["Throttl", "TooManyRequests", "Internal", "Unavailable", "Timeout", "RequestLimitExceeded"]
        .iter()
        .any(|part| code.contains(part))
}

/// Codes that say something of the credentials, which may be put right.
fn is_about_credentials(code: &str) -> bool {
    [
        "ExpiredToken",
        "RequestExpired",
        "InvalidSignature",
        "SignatureDoesNotMatch",
        "RequestTimeTooSkewed",
        "UnrecognizedClient",
        "InvalidClientToken",
        "InvalidAccessKey",
        "IncompleteSignature",
        "MissingAuthenticationToken",
        "AccessDenied",
    ]
    .iter()
    .any(|part| code.contains(part))
}

/// What an answer other than a success means.
pub(super) fn failed(status: u16, code: &str, message: &str) -> Reply {
    let why = match (code, message) {
        ("", "") => format!("it answers {status}"),
        _ => format!("it answers {status} {code}: {message}"),
    };
    match status {
        // Only what follows with a refusal is about the documents. A proxy says 404 or 405 of what is still starting behind it.
        404 | 405 => {
            let why = format!(
                "{why}; nobody takes segments at /TraceSegments there: is that the address of X-Ray's API, and has it started?"
            );
            Reply::Failed(Failure::new(FailureKind::Status(status), why))
        }
        _ if may_be_taken_later(code) || is_about_credentials(code) => {
            Reply::Failed(Failure::new(FailureKind::Status(status), why))
        }
        400 | 413 | 422 => Reply::Refused { why, one_may_be_the_reason: true },
        415 => Reply::Refused { why, one_may_be_the_reason: false },
        _ => Reply::Failed(Failure::new(FailureKind::Status(status), why)),
    }
}

/// What a document is known by.
#[derive(Debug, Default)]
struct Head {
    id: Option<String>,
    trace: Option<String>,
}

impl Head {
    fn of(text: &str) -> Self {
        let document = lenient_json::read(text).map(|lenient| lenient.value).unwrap_or_default();
        let member = |name| document.get(name).and_then(Value::as_str).map(str::to_owned);
        let member = |name| member(name).filter(|text| !text.is_empty());
        Self { id: member("id"), trace: member("trace_id") }
    }
}

impl std::fmt::Display for Head {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let or_none =
            |text: &Option<String>| text.as_deref().unwrap_or("without id").escape_debug().to_string();
        write!(f, "segment {} of trace {}", or_none(&self.id), or_none(&self.trace))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn queued(number: i64, text: impl Into<String>) -> Queued {
        Queued { number, text: text.into().into() }
    }

    fn segment(number: i64) -> Queued {
        queued(
            number,
            format!(r#"{{"id":"{number:016x}","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943"}}"#),
        )
    }

    fn unprocessed(id: Option<i64>, code: &str) -> Unprocessed {
        let message = Some("no".to_owned());
        Unprocessed { id: id.map(|id| format!("{id:016x}")), error_code: Some(code.to_owned()), message }
    }

    /// T taken, R rejected, L later.
    fn said(documents: &[Queued], unprocessed: &[Unprocessed]) -> String {
        let Reply::Said(words) = Call::of(documents).said(unprocessed) else { panic!("nothing was said") };
        words
            .iter()
            .map(|word| match word {
                Word::Taken => 'T',
                Word::Rejected(_) => 'R',
                Word::Later(_) => 'L',
                Word::Skipped => 'S',
            })
            .collect()
    }

    #[test]
    fn what_is_named_is_rejected_and_the_others_are_taken() {
        let documents: Vec<_> = (1..=4).map(segment).collect();
        assert_eq!(said(&documents, &[]), "TTTT");
        assert_eq!(said(&documents, &[unprocessed(Some(3), "InvalidSegment")]), "TTRT");
        let Reply::Said(words) = Call::of(&documents).said(&[unprocessed(Some(2), "MissingEndTime")]) else {
            panic!()
        };
        let line =
            "segment 0000000000000002 of trace 1-6b02e002-9311b20839c1ed87c6cec943: MissingEndTime: no";
        assert_eq!(words[1], Word::Rejected(line.to_owned()));
    }

    #[test]
    fn what_was_throttled_or_failed_within_is_tried_again() {
        let documents: Vec<_> = (1..=3).map(segment).collect();
        for code in ["ThrottledException", "InternalFailure", "ServiceUnavailable"] {
            assert_eq!(said(&documents, &[unprocessed(Some(1), code)]), "LTT", "{code}");
            assert_eq!(said(&documents, &[unprocessed(None, code)]), "LLL", "{code}");
        }
    }

    /// As an X-Ray writes it that knows no `null`.
    #[test]
    fn an_empty_id_is_none() {
        let empty = |code| Unprocessed { id: Some(String::new()), ..unprocessed(None, code) };
        let documents = [segment(1), queued(2, "{\"id\":\"\"}"), segment(3)];
        assert_eq!(said(&documents, &[empty("ThrottledException")]), "LLL");
        assert_eq!(said(&documents, &[empty("ParseError")]), "TRT");
        assert_eq!(said(&documents, &[empty("ParseError"), empty("ParseError")]), "RRT");
    }

    #[test]
    fn an_entry_without_id_is_of_a_document_without_one() {
        let documents = [segment(1), queued(2, "{"), segment(3)];
        assert_eq!(said(&documents, &[unprocessed(None, "ParseError")]), "TRT");
        assert_eq!(
            said(&documents, &[unprocessed(None, "ParseError"), unprocessed(None, "ParseError")]),
            "RRT"
        );
        assert_eq!(
            said(&documents, &[unprocessed(Some(9), "InvalidSegment")]),
            "TTT",
            "no other than the one that is named, if it was sent"
        );
    }

    #[test]
    fn a_document_that_is_too_large_is_not_sent() {
        let documents = [segment(1), queued(2, "x".repeat(LARGEST + 1)), queued(3, "x".repeat(LARGEST))];
        assert_eq!(Call::of(&documents).texts().count(), 2);
        assert_eq!(said(&documents, &[]), "TRT");
    }

    #[test]
    fn only_what_is_about_the_documents_is_refused_for_good() {
        for (status, code) in [
            (429, ""),
            (500, ""),
            (503, ""),
            (403, "AccessDeniedException"),
            (400, "ThrottlingException"),
            (400, "ExpiredTokenException"),
            (301, ""),
            (402, ""),
            (404, ""),
            (405, ""),
            (407, ""),
            (410, ""),
            (421, ""),
            (451, ""),
        ] {
            assert!(matches!(failed(status, code, ""), Reply::Failed(_)), "{status} {code}");
        }
        for (status, code, one) in
            [(400, "InvalidRequestException", true), (413, "", true), (415, "", false), (422, "", true)]
        {
            let reply = failed(status, code, "");
            assert!(
                matches!(reply, Reply::Refused { one_may_be_the_reason, .. } if one_may_be_the_reason == one),
                "{status} {code}"
            );
        }
    }
}
