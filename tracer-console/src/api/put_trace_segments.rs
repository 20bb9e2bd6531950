//! `PutTraceSegments`: takes documents; each is kept, or refused by name.

use rayon::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Api;
use super::error::ApiError;
use super::request::Request;
use super::response::Response;
use crate::document::Document;
use crate::lenient_json;
use crate::memory_store::MemoryLimits;
use crate::refusal::{Refusal, RefusalCode};

/// The operation's path.
pub(super) const PATH: &str = "/TraceSegments";
/// A call may hold so many.
const MOST: usize = 50;
/// So few are parsed before another thread has begun to.
const FEW: usize = 8;

/// A document that X-Ray would not take.
#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct UnprocessedTraceSegment {
    #[serde(skip_serializing_if = "Option::is_none")]
    id: Option<String>,
    error_code: String,
    message: String,
}

pub(super) fn put_trace_segments(api: &Api, request: &Request) -> Result<Response, ApiError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input<'a> {
        #[serde(borrow)]
        trace_segment_documents: Vec<&'a str>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Output {
        unprocessed_trace_segments: Vec<UnprocessedTraceSegment>,
    }
    let texts = request.read::<Input<'_>>()?.trace_segment_documents;
    if texts.len() > MOST {
        let message = format!("Exceeding maximum segment count: {MOST}; the call has {}", texts.len());
        return Err(ApiError::invalid(message));
    }
    let outcomes = record(api, &texts);
    api.refusals.count_kept(outcomes.iter().filter(|outcome| outcome.is_ok()).count());
    let mut unprocessed_trace_segments = Vec::new();
    for (text, outcome) in texts.into_iter().zip(outcomes) {
        match outcome {
            Ok(()) => unprocessed_trace_segments.extend(warning(text)),
            // Nothing is wrong with the document: whoever sends it again may be lucky.
            Err(refusal) if refusal.code == RefusalCode::NotStored => {
                return Err(ApiError::internal(refusal.message));
            }
            Err(refusal) => {
                unprocessed_trace_segments.push(UnprocessedTraceSegment::new(
                    text,
                    refusal.code,
                    &refusal.message,
                ));
                api.refusals.push(refusal);
            }
        }
    }
    Response::of(&Output { unprocessed_trace_segments })
}

/// On all processors, as whoever sends one call after the other does nothing meanwhile; but not what keeps others waiting.
fn parse(texts: &[&str]) -> Vec<Result<Document, Refusal>> {
    let bytes: usize = texts.iter().map(|text| text.len()).sum();
    if texts.len() <= FEW || bytes > Document::MOST_TOGETHER {
        return texts.iter().map(|text| Document::parse(text)).collect();
    }
    texts.par_iter().with_min_len(FEW).map(|text| Document::parse(text)).collect()
}

/// What became of each document, once those that are kept are durable.
fn record(api: &Api, texts: &[&str]) -> Vec<Result<(), Refusal>> {
    let mut outcomes = Vec::with_capacity(texts.len());
    let mut documents = Vec::new();
    for document in parse(texts) {
        outcomes.push(document.map(|document| {
            documents.push(document);
            documents.len() - 1
        }));
    }
    let traces: Vec<_> = documents.iter().map(Document::trace_id).collect();
    let mut stored = api.store.record_all(documents);
    for (id, outcome) in traces.into_iter().zip(&stored) {
        if outcome.as_ref().is_err_and(|refusal| refusal.code == RefusalCode::LimitExceeded) {
            api.remember_exceeded(id);
        }
    }
    let mut take = |at: usize| std::mem::replace(&mut stored[at], Ok(()));
    outcomes.into_iter().map(|parsed| parsed.and_then(&mut take)).collect()
}

/// X-Ray would not have taken a document that was kept here.
fn warning(text: &str) -> Option<UnprocessedTraceSegment> {
    let (most, _) = MemoryLimits::OF_XRAY;
    let message = format!("the document has {} bytes, X-Ray takes {most}; it is kept here", text.len());
    (text.len() > most).then(|| UnprocessedTraceSegment::new(text, RefusalCode::InvalidSegment, &message))
}

impl UnprocessedTraceSegment {
    fn new(text: &str, code: RefusalCode, cause: &str) -> Self {
        let document = lenient_json::read(text).map(|lenient| lenient.value).unwrap_or_default();
        let member = |name| document.get(name).and_then(Value::as_str);
        let what = if member("type") == Some("subsegment") { "subsegment" } else { "segment" };
        Self {
            id: member("id").map(str::to_owned),
            error_code: code.to_string(),
            message: format!("Invalid {what}. ErrorCode: {code}, Cause: {cause}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use serde_json::{Value, json};

    use super::super::testing::{Home, segment};
    use super::*;
    use crate::memory_store::MemoryStore;
    use crate::sqlite_store::{Retention, SqliteStore};

    fn put(home: &Home, documents: &[Value]) -> Value {
        let texts: Vec<_> = documents.iter().map(Value::to_string).collect();
        home.ok("PutTraceSegments", json!({"TraceSegmentDocuments": texts}))["UnprocessedTraceSegments"]
            .clone()
    }

    fn without(member: &str) -> Value {
        let mut document = segment(1, 1, 1.0);
        document.as_object_mut().unwrap().remove(member);
        document
    }

    #[test]
    fn bad_documents_are_refused_by_name_and_the_others_are_kept() {
        let home = Home::new();
        let subsegment = |parent: Value| {
            let mut document = segment(1, 2, 1.0);
            document["type"] = json!("subsegment");
            document["parent_id"] = parent;
            document
        };
        let refused = put(
            &home,
            &[
                segment(1, 1, 1.0),
                without("trace_id"),
                without("id"),
                without("end_time"),
                without("start_time"),
                subsegment(Value::Null),
                subsegment(json!("0000000000000001")),
                json!([]),
            ],
        );
        let codes: Vec<_> = refused.as_array().unwrap().iter().map(|entry| &entry["ErrorCode"]).collect();
        let named = [
            "MissingTraceId",
            "MissingId",
            "MissingEndTime",
            "MissingStartTime",
            "MissingParentId",
            "InvalidSegment",
        ];
        assert_eq!(codes, named);
        assert_eq!(refused[0]["Id"], "0000000000000001");
        assert_eq!(refused[1].get("Id"), None);
        let message = refused[4]["Message"].as_str().unwrap();
        assert!(message.starts_with("Invalid subsegment. ErrorCode: MissingParentId, Cause: "), "{message}");
        assert_eq!(home.trace(1).unwrap().len(), 2);
        assert_eq!(home.api.refusals.latest().len(), 6);
    }

    #[test]
    fn what_is_no_json_is_refused_without_an_id() {
        let home = Home::new();
        let documents = json!({"TraceSegmentDocuments": ["{", "", segment(1, 1, 1.0).to_string()]});
        let refused = home.ok("PutTraceSegments", documents)["UnprocessedTraceSegments"].clone();
        assert_eq!(refused.as_array().unwrap().len(), 2);
        assert_eq!((refused[0].get("Id"), &refused[0]["ErrorCode"]), (None, &json!("ParseError")));
        assert!(home.trace(1).is_some());
    }

    #[test]
    fn more_than_50_documents_fail_the_call_and_none_is_kept() {
        let home = Home::new();
        let texts: Vec<_> = (0..51).map(|number| segment(1, number + 1, 1.0).to_string()).collect();
        let error = home.error("PutTraceSegments", json!({"TraceSegmentDocuments": texts}));
        assert!(error.contains("Exceeding maximum segment count: 50"), "{error}");
        assert!(home.trace(1).is_none());
        home.error("PutTraceSegments", json!({"TraceSegmentDocuments": [{}]}));
        home.error("PutTraceSegments", json!({}));
    }

    fn large(number: u64, bytes: usize) -> Value {
        let mut document = segment(1, number, 1.0);
        document["metadata"] = json!({"default": {"text": "x".repeat(bytes)}});
        document
    }

    #[test]
    fn a_document_over_64_kb_is_reported_and_kept() {
        let home = Home::new();
        let reported = put(&home, &[large(7, 70_000), segment(1, 8, 1.0)]);
        assert_eq!(reported.as_array().unwrap().len(), 1);
        assert_eq!(
            (&reported[0]["Id"], &reported[0]["ErrorCode"]),
            (&json!("0000000000000007"), &json!("InvalidSegment"))
        );
        assert!(reported[0]["Message"].as_str().unwrap().contains("kept here"));
        assert_eq!(home.trace(1).unwrap().len(), 2);
    }

    #[test]
    fn a_trace_over_500_kb_says_so_and_is_kept() {
        let home = Home::new();
        (0..9).for_each(|number| assert_eq!(put(&home, &[large(number + 1, 60_000)]), json!([])));
        assert_eq!(home.trace(1).unwrap().len(), 9);
        let answer = home.ok("BatchGetTraces", json!({"TraceIds": [home.id(1)]}));
        assert_eq!(answer["Traces"][0]["LimitExceeded"], true);
    }

    #[test]
    fn a_heavy_call_does_not_use_the_threads_that_others_wait_for() {
        let directory = tempfile::tempdir().unwrap();
        let store = SqliteStore::open(&directory.path().join("traces.db")).unwrap();
        let home = Home::with(Arc::new(store));
        let heavy: Vec<_> = (0..20).map(|number| large(number + 1, 60_000)).collect();
        // None of these threads does anything until they are freed.
        let (freed, wait) = std::sync::mpsc::channel::<()>();
        let wait = std::sync::Mutex::new(wait);
        rayon::spawn_broadcast(move |_| drop(wait.lock().map(|wait| wait.recv())));
        std::thread::scope(|scope| {
            let (done, is_done) = std::sync::mpsc::channel();
            scope.spawn(move || done.send(put(&home, &heavy)));
            let taken = is_done.recv_timeout(std::time::Duration::from_secs(60));
            drop(freed);
            assert_eq!(taken, Ok(json!([])));
        });
    }

    #[test]
    fn a_strict_store_refuses_what_x_ray_would() {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("traces.db");
        let in_file = SqliteStore::open_limited(&path, Retention::default(), MemoryLimits::strict()).unwrap();
        let in_memory = MemoryStore::new(MemoryLimits::strict());
        for home in [Home::with(Arc::new(in_file)), Home::with(Arc::new(in_memory))] {
            assert_strict(&home);
        }
    }

    fn assert_strict(home: &Home) {
        assert_eq!(put(home, &[large(1, 70_000)])[0]["ErrorCode"], "LimitExceeded");
        let refused = (0..9).map(|number| put(home, &[large(number + 1, 60_000)]).as_array().unwrap().len());
        assert_eq!(refused.sum::<usize>(), 1);
        assert_eq!(home.trace(1).unwrap().len(), 8);
        let answer = home.ok("BatchGetTraces", json!({"TraceIds": [home.id(1)]}));
        assert_eq!(answer["Traces"][0]["LimitExceeded"], true);
    }
}
