//! `BatchGetTraces`: whole traces.

use std::collections::HashSet;

use serde::{Deserialize, Serialize};

use super::error::{ApiError, ErrorKind};
use super::large_reads::Turn;
use super::request::Request;
use super::response::Response;
use super::{Api, next_token};
use crate::compiled::{CompiledTrace, TraceAnswer};
use crate::memory_store::MemoryLimits;
use crate::trace_id::TraceId;

/// A call may ask for so many.
const MOST: usize = 5;
/// A page ends behind the trace that reaches so many bytes of documents.
const PAGE: usize = 8 << 20;

/// Ids as they were asked for, and what they name.
pub(super) struct TraceIds {
    asked: Vec<(String, Option<TraceId>)>,
}

impl TraceIds {
    /// The ids of a request, each once.
    pub(super) fn read(request: &Request, most: usize) -> Result<Self, ApiError> {
        #[derive(Deserialize)]
        #[serde(rename_all = "PascalCase")]
        struct Input {
            trace_ids: Vec<String>,
        }
        let Input { trace_ids } = request.read()?;
        if !(1..=most).contains(&trace_ids.len()) {
            return Err(ApiError::invalid(format!("TraceIds has 1 to {most} ids, not {}", trace_ids.len())));
        }
        if let Some(id) = trace_ids.iter().find(|id| !(1..=35).contains(&id.chars().count())) {
            return Err(ApiError::invalid(format!(
                "a trace id has 1 to 35 characters, not {}",
                id.chars().count()
            )));
        }
        let mut seen = HashSet::new();
        let asked = trace_ids.into_iter().map(|id| (id.parse().ok(), id));
        let once = asked.filter(|(parsed, id)| {
            seen.insert(parsed.map_or_else(|| id.clone(), |id: TraceId| id.to_string()))
        });
        Ok(Self { asked: once.map(|(parsed, id)| (id, parsed)).collect() })
    }

    /// Those that are ids of traces, whether they are there or not.
    pub(super) fn ids(&self) -> impl Iterator<Item = TraceId> {
        self.asked.iter().filter_map(|(_, id)| *id)
    }
}

pub(super) fn batch_get_traces(api: &Api, request: &Request) -> Result<Response, ApiError> {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Output {
        traces: Vec<TraceAnswer>,
        unprocessed_trace_ids: Vec<String>,
        #[serde(skip_serializing_if = "Option::is_none")]
        next_token: Option<String>,
    }
    let asked = TraceIds::read(request, MOST)?.asked;
    let first: usize = next_token::read(request)?.unwrap_or(0);
    let (mut traces, mut unprocessed_trace_ids, mut bytes, mut next) = (Vec::new(), Vec::new(), 0, first);
    let mut turn = None;
    for (text, id) in asked.into_iter().skip(first) {
        let answered = match id {
            _ if bytes >= PAGE => None,
            Some(id) => beside(answer(api, id, &mut turn), turn.as_ref())?,
            None => Some(None),
        };
        let Some(answered) = answered else {
            let next_token = Some(next_token::write(request, &next)?);
            return Response::holding(Output { traces, unprocessed_trace_ids, next_token }, turn);
        };
        next += 1;
        match answered {
            Some(answer) => {
                bytes += answer.segments.iter().map(|segment| segment.document.len()).sum::<usize>();
                traces.push(answer);
            }
            None => unprocessed_trace_ids.push(text),
        }
    }
    Response::holding(Output { traces, unprocessed_trace_ids, next_token: None }, turn)
}

/// What was read beside what has its turn; `None` where there was no room for both, and a page ends.
pub(super) fn beside<T>(read: Result<T, ApiError>, turn: Option<&Turn>) -> Result<Option<T>, ApiError> {
    match read {
        Err(error) if error.kind == ErrorKind::Throttled && turn.is_some() => Ok(None),
        read => read.map(Some),
    }
}

/// A trace as it is answered; `None` when nothing of it is there. A large one keeps its room in `turn`, and does not wait for it
/// where that has some.
pub(super) fn answer(
    api: &Api,
    id: TraceId,
    turn: &mut Option<Turn>,
) -> Result<Option<TraceAnswer>, ApiError> {
    let (_, most) = MemoryLimits::OF_XRAY;
    let has_exceeded = api.store.size(id).bytes > most as u64 || api.has_exceeded(id);
    api.read_and_hold(id, turn, |trace| CompiledTrace::of(trace).to_answer(has_exceeded))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{Home, segment};

    #[test]
    fn traces_come_with_their_documents_as_text_and_unknown_ids_come_back() {
        let home = Home::new();
        home.put(&[segment(1, 1, 1.0), segment(2, 1, 1.0)]);
        let digits = home.id(2).replace("1-", "").replace('-', "");
        let ids = json!([home.id(1), home.id(9), "nonsense", digits, home.id(1)]);
        let answer = home.ok("BatchGetTraces", json!({"TraceIds": ids}));
        let traces = answer["Traces"].as_array().unwrap();
        let found: Vec<_> = traces.iter().map(|trace| &trace["Id"]).collect();
        assert_eq!(found, [&json!(home.id(1)), &json!(home.id(2))]);
        assert_eq!(answer["UnprocessedTraceIds"], json!([home.id(9), "nonsense"]));
        let document: Value =
            serde_json::from_str(traces[0]["Segments"][0]["Document"].as_str().unwrap()).unwrap();
        assert_eq!(document["trace_id"], traces[0]["Id"]);
        assert_eq!(traces[0]["LimitExceeded"], false);
        assert_eq!(answer.get("NextToken"), None);
    }

    #[test]
    fn one_to_five_ids_are_taken() {
        let home = Home::new();
        let many = vec![home.id(1); 6];
        for ids in [json!([]), json!(many), json!([""]), json!(["x".repeat(36)])] {
            home.error("BatchGetTraces", json!({"TraceIds": ids}));
        }
    }

    #[test]
    fn large_traces_come_in_pages() {
        let home = Home::new();
        for trace in 1..=3 {
            for number in 1..=5 {
                let mut document = segment(trace, number, 1.0);
                document["metadata"] = json!({"default": {"text": "x".repeat(1_700_000)}});
                home.put(&[document]);
            }
        }
        let asked = json!({"TraceIds": [home.id(1), home.id(2), home.id(3)]});
        let pages = home.pages("BatchGetTraces", asked);
        let ids: Vec<_> = pages
            .iter()
            .flat_map(|page| page["Traces"].as_array().unwrap())
            .map(|trace| &trace["Id"])
            .collect();
        assert_eq!(pages.len(), 3);
        assert_eq!(ids, [&json!(home.id(1)), &json!(home.id(2)), &json!(home.id(3))]);
    }
}
