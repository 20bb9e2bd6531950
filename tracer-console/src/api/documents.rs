//! `/tracer/Documents` and `/tracer/TraceIds`: documents exactly as they arrived, and the traces of any range of time. Operations of
//! the console's own: X-Ray gives segments that it put together.

use serde::{Deserialize, Serialize};

use super::epoch_seconds::EpochSeconds;
use super::error::ApiError;
use super::request::Request;
use super::response::Response;
use super::traces::TraceIds;
use super::{Api, groups, next_token};
use crate::compiled::CompiledTrace;
use crate::search::{Position, Search, TimeRange, TimeRangeType};
use crate::timestamp::Timestamp;
use crate::trace_id::TraceId;

/// A call may ask for so many.
const MOST: usize = 100;
/// A page ends behind the document that reaches so many bytes.
const PAGE: usize = 8 << 20;
/// Ids of a page.
const MOST_IDS: usize = 5_000;

pub(super) fn get_documents(api: &Api, request: &Request) -> Result<Response, ApiError> {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Output {
        /// In the order in which they were asked for; one that goes on in the next page stands in both.
        traces: Vec<Trace>,
        /// Of these nothing is there.
        unprocessed_trace_ids: Vec<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        next_token: Option<String>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Trace {
        id: String,
        /// In the order in which they arrived.
        documents: Vec<String>,
    }
    let ids: Vec<_> = TraceIds::read(request, MOST)?.ids().collect();
    let (first, mut skipped): (usize, usize) = next_token::read(request)?.unwrap_or_default();
    let mut output = Output { traces: Vec::new(), unprocessed_trace_ids: Vec::new(), next_token: None };
    let mut bytes = 0;
    for (at, id) in ids.iter().enumerate().skip(first) {
        let _turn = api.turn(*id)?;
        let all = api.store.documents(*id);
        if all.is_empty() {
            output.unprocessed_trace_ids.push(id.to_string());
            continue;
        }
        let mut documents = Vec::new();
        for document in all.iter().skip(skipped) {
            if bytes >= PAGE {
                break;
            }
            bytes += document.len();
            documents.push(document.to_string());
        }
        let read = skipped + documents.len();
        if !documents.is_empty() {
            output.traces.push(Trace { id: id.to_string(), documents });
        }
        if read < all.len() {
            output.next_token = Some(next_token::write(request, &(at, read))?);
            break;
        }
        skipped = 0;
    }
    Response::of(&output)
}

pub(super) fn get_trace_ids(api: &Api, request: &Request) -> Result<Response, ApiError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        start_time: EpochSeconds,
        end_time: EpochSeconds,
        filter_expression: Option<String>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Output {
        /// Newest first.
        trace_ids: Vec<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        next_token: Option<String>,
    }
    let input: Input = request.read()?;
    let filter = groups::filter_of(api, input.filter_expression.as_deref().unwrap_or_default())?;
    let after: Option<(i64, String)> = next_token::read(request)?;
    let after = after.and_then(|(start, id)| {
        Some(Position { start: Timestamp::from_micros(start), id: id.parse::<TraceId>().ok()? })
    });
    let range = TimeRange { from: input.start_time.0, to: input.end_time.0, by: TimeRangeType::TraceId };
    let mut search = Search::of(range, filter.clone().into()).limit(MOST_IDS);
    search.after = after;
    let found = api.store.search(&search)?;
    let mut trace_ids = Vec::new();
    for id in &found.traces {
        let keeps = |trace: &_| filter.keeps(&CompiledTrace::of(trace));
        if found.is_exact || api.read(*id, keeps)?.unwrap_or_default() {
            trace_ids.push(id.to_string());
        }
    }
    let token = |next: Position| next_token::write(request, &(next.start.micros(), next.id.to_string()));
    Response::of(&Output { trace_ids, next_token: found.next.map(token).transpose()? })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{BEGIN, Home, segment, with};
    use super::*;

    fn documents(home: &Home, asked: Value) -> Vec<(String, Vec<String>)> {
        let mut found = Vec::<(String, Vec<String>)>::new();
        for page in home.pages("Documents", asked) {
            for trace in page["Traces"].as_array().unwrap() {
                let id = trace["Id"].as_str().unwrap().to_owned();
                let texts = trace["Documents"].as_array().unwrap().iter();
                let texts = texts.map(|text| text.as_str().unwrap().to_owned());
                match found.last_mut().filter(|(last, _)| *last == id) {
                    Some((_, documents)) => documents.extend(texts),
                    None => found.push((id, texts.collect())),
                }
            }
        }
        found
    }

    #[test]
    fn documents_come_as_they_arrived_in_that_order_also_those_that_were_replaced() {
        let home = Home::new();
        let open = with(segment(1, 1, 1.0), json!({"end_time": null, "in_progress": true})).to_string();
        let texts = [open, format!(" {}\n", segment(1, 1, 1.0)), segment(1, 2, 0.5).to_string()];
        for text in &texts {
            home.api.store.record(crate::Document::parse(text).unwrap()).unwrap();
        }
        let found = documents(&home, json!({"TraceIds": [home.id(1), home.id(2)]}));
        assert_eq!(found, [(home.id(1), texts.to_vec())]);
        let answer = home.ok("Documents", json!({"TraceIds": [home.id(2)]}));
        assert_eq!(answer, json!({"Traces": [], "UnprocessedTraceIds": [home.id(2)]}));
    }

    #[test]
    fn a_large_trace_comes_in_pages() {
        let home = Home::new();
        let large = json!({"metadata": {"default": {"text": "x".repeat(3_000_000)}}});
        let texts = (1..=7).map(|number| with(segment(1, number, 1.0), large.clone()));
        home.put(&texts.collect::<Vec<_>>());
        home.put(&[segment(2, 1, 1.0)]);
        let asked = json!({"TraceIds": [home.id(1), home.id(2)]});
        let found = documents(&home, asked.clone());
        assert_eq!(found.iter().map(|(_, texts)| texts.len()).collect::<Vec<_>>(), [7, 1]);
        assert!(home.pages("Documents", asked).len() > 2);
    }

    #[test]
    fn ids_are_those_that_a_filter_keeps_newest_first_however_long_the_range() {
        let home = Home::new();
        let failed = with(segment(2, 1, 3.0e6), json!({"fault": true}));
        home.put(&[segment(1, 1, 1.0), failed, segment(3, 1, 2.0)]);
        let ids = |filter: &str| {
            let asked = json!({"StartTime": 0, "EndTime": BEGIN * 2.0, "FilterExpression": filter});
            home.ok("TraceIds", asked)["TraceIds"].clone()
        };
        assert_eq!(ids(""), json!([home.id(2), home.id(3), home.id(1)]));
        assert_eq!(ids("fault"), json!([home.id(2)]));
        home.error("TraceIds", json!({"StartTime": 0, "EndTime": 1, "FilterExpression": "falut"}));
        home.error("TraceIds", json!({}));
    }

    #[test]
    fn ids_come_in_pages() {
        let home = Home::new();
        let all: Vec<_> = (0..=MOST_IDS as u64).map(|trace| segment(trace, 1, trace as f64)).collect();
        home.put(&all);
        let pages = home.pages("TraceIds", json!({"StartTime": 0, "EndTime": BEGIN * 2.0}));
        let counts: Vec<_> = pages.iter().map(|page| page["TraceIds"].as_array().unwrap().len()).collect();
        assert_eq!(counts, [MOST_IDS, 1]);
    }
}
