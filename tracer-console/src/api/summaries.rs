//! `/tracer/Summaries`: the summaries of certain traces, and whether they match. An operation of the console's own: X-Ray
//! summarises ranges of time only.

use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;

use super::error::ApiError;
use super::request::Request;
use super::response::Response;
use super::traces::TraceIds;
use super::{Api, groups, trace_summaries};
use crate::compiled::CompiledTrace;

/// A call may ask for so many.
const MOST: usize = 100;

pub(super) fn get_summaries(api: &Api, request: &Request) -> Result<Response, ApiError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        filter_expression: Option<String>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Output {
        /// Of those that match, in the order in which they were asked for.
        traces: Vec<Summarised>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Summarised {
        summary: Box<RawValue>,
        /// Whether nothing more of the trace is expected: a function that timed out leaves it partial for ever.
        is_settled: bool,
    }
    let Input { filter_expression } = request.read()?;
    let filter = groups::filter_of(api, filter_expression.as_deref().unwrap_or_default())?;
    let mut traces = Vec::new();
    for id in TraceIds::read(request, MOST)?.ids() {
        let summarised: Option<Result<_, ApiError>> = api.read(id, |trace| {
            let compiled = CompiledTrace::of(trace);
            let summary = filter
                .keeps(&compiled)
                .then(|| trace_summaries::summary(&compiled, api.store.size(id), None));
            Ok(summary.transpose()?.map(|summary| Summarised { summary, is_settled: trace.is_settled() }))
        })?;
        traces.extend(summarised.transpose()?.flatten());
    }
    Response::of(&Output { traces })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{BEGIN, Home, segment, with};

    #[test]
    fn those_that_match_are_summarised_as_xray_does_in_the_order_of_the_request() {
        let home = Home::new();
        let open = json!({"trace_id": home.id(2), "id": "00000000000000a1", "name": "web", "start_time": BEGIN, "in_progress": true});
        home.put(&[segment(1, 1, 1.0), open, with(segment(3, 1, 1.0), json!({"fault": true}))]);
        let ids = json!([home.id(3), home.id(2), home.id(9), "nonsense", home.id(1)]);
        let asked = |filter: &str| home.ok("Summaries", json!({"TraceIds": ids, "FilterExpression": filter}));
        let all = asked("");
        let found = |answer: &Value| {
            let traces = answer["Traces"].as_array().unwrap().iter();
            traces
                .map(|trace| (trace["Summary"]["Id"].clone(), trace["IsSettled"].clone()))
                .collect::<Vec<_>>()
        };
        let expected = [(3, true), (2, false), (1, true)];
        assert_eq!(found(&all), expected.map(|(trace, settled)| (json!(home.id(trace)), json!(settled))));
        assert_eq!(found(&asked("fault")), [(json!(home.id(3)), json!(true))]);
        let window = json!({"StartTime": BEGIN + 0.5, "EndTime": BEGIN + 60.0, "FilterExpression": "fault"});
        assert_eq!(home.ok("GetTraceSummaries", window)["TraceSummaries"][0], all["Traces"][0]["Summary"]);
    }

    #[test]
    fn a_wrong_filter_and_too_many_ids_are_refused() {
        let home = Home::new();
        let ids: Vec<_> = (0..101).map(|trace| home.id(trace)).collect();
        assert!(home.error("Summaries", json!({ "TraceIds": ids })).contains("1 to 100 ids"));
        home.error("Summaries", json!({"TraceIds": ids[..1], "FilterExpression": "falut"}));
    }
}
