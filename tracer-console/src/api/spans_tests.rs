//! What becomes of the spans of a request.

use std::sync::Arc;

use serde_json::{Value, json};

use super::super::testing::Home;
use super::*;
use crate::memory_store::{MemoryLimits, MemoryStore};

fn span(number: usize, more: &Value) -> Value {
    let mut span = json!({
        "traceId": format!("6b02d940{:024x}", 1), "spanId": format!("{number:016x}"), "name": format!("span {number}"),
        "startTimeUnixNano": "1795348800000000000", "endTimeUnixNano": "1795348800250000000",
    });
    for (key, value) in more.as_object().into_iter().flatten() {
        span[key] = value.clone();
    }
    span
}

fn put(home: &Home, spans: &[Value]) -> Result<Option<ExportTracePartialSuccess>, NotTaken> {
    let request = json!({"resourceSpans": [{"scopeSpans": [{"spans": spans}]}]}).to_string();
    let taken = take(&home.api, request.as_bytes(), OtlpEncoding::Json, &IndexedAttributes::default());
    taken.map(|response| response.partial_success)
}

#[test]
fn bad_spans_are_refused_by_name_and_the_others_are_kept() {
    let home = Home::new();
    let bad = |number| span(number, &json!({"spanId": ""}));
    let partial = put(&home, &[span(1, &json!({})), bad(2), bad(3), span(4, &json!({})), bad(5), bad(6)])
        .unwrap()
        .unwrap();
    assert_eq!(partial.rejected_spans, 4);
    let named = "4 of 6 spans were refused: InvalidId: span_id is missing, not 8 bytes that are not all zero (\"span 2\"); ";
    assert!(partial.error_message.starts_with(named), "{}", partial.error_message);
    assert!(partial.error_message.ends_with("(\"span 5\"); and 1 more"), "{}", partial.error_message);
    assert_eq!(home.trace(1).unwrap().len(), 2);
    assert_eq!(home.api.refusals.latest().len(), 4);
}

#[test]
fn spans_that_cannot_be_read_are_counted_with_those_that_cannot_be_placed() {
    let home = Home::new();
    let unreadable = json!({"attributes": [{"key": "i", "value": {"intValue": "18446744073709551615"}}]});
    let unplaced = json!({"spanId": ""});
    let partial =
        put(&home, &[span(1, &unreadable), span(2, &unplaced), span(3, &json!({}))]).unwrap().unwrap();
    assert_eq!(partial.rejected_spans, 2);
    for named in [
        "2 of 3 spans were refused: ",
        "attributes[0].value.intValue: not a whole number that fits (\"span 1\")",
    ] {
        assert!(partial.error_message.contains(named), "{}", partial.error_message);
    }
    assert_eq!(home.trace(1).unwrap().len(), 1);
    assert_eq!(home.api.refusals.latest().len(), 2);
}

#[test]
fn more_spans_than_are_stored_at_once_are_all_kept() {
    let home = Home::new();
    let spans: Vec<_> = (1..=2_500).map(|number| span(number, &json!({}))).collect();
    assert_eq!(put(&home, &spans), Ok(None));
    assert_eq!(home.trace(1).unwrap().len(), 2_500);
    assert_eq!(put(&home, &[]), Ok(None));
}

#[test]
fn what_a_limit_refuses_is_named_and_its_trace_says_so() {
    let strict = Home::with(Arc::new(MemoryStore::new(MemoryLimits::strict())));
    let long = json!({"attributes": [{"key": "long", "value": {"stringValue": "x".repeat(70_000)}}]});
    let partial = put(&strict, &[span(1, &long), span(2, &json!({}))]).unwrap().unwrap();
    assert!(partial.error_message.contains("LimitExceeded: the document has "), "{}", partial.error_message);
    assert!(strict.api.has_exceeded(strict.trace(1).unwrap().id()));
    let home = Home::new();
    assert_eq!(put(&home, &[span(1, &long)]), Ok(None), "kept whole where X-Ray's limits are not asked for");
}

#[test]
fn what_is_no_request_is_not_taken_and_listed_with_the_refusals() {
    let home = Home::new();
    let refused = take(&home.api, b"{", OtlpEncoding::Json, &IndexedAttributes::default()).unwrap_err();
    assert_eq!(refused.kind, NotTakenKind::Invalid);
    assert!(
        refused.message.starts_with("the body is no ExportTraceServiceRequest in JSON: EOF"),
        "{refused}"
    );
    assert_eq!(home.api.refusals.latest().len(), 1);
}
