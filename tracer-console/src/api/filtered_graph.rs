//! `/tracer/ServiceGraph`: the service graph of the traces that a filter expression finds, of any range of time. An operation
//! of the console's own: X-Ray's takes groups only, and six hours.

use serde::{Deserialize, Serialize};

use super::epoch_seconds::{EpochSeconds, window};
use super::error::ApiError;
use super::request::Request;
use super::response::Response;
use super::{Api, groups, window_traces};
use crate::compiled::GraphService;

/// In hours: more than a console has kept traces.
const LONGEST_WINDOW: u64 = 100 * 366 * 24;

pub(super) fn get_filtered_graph(api: &Api, request: &Request) -> Result<Response, ApiError> {
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
        start_time: EpochSeconds,
        end_time: EpochSeconds,
        services: Vec<GraphService>,
        traces_processed_count: u64,
    }
    let Input { start_time, end_time, filter_expression } = request.read()?;
    let window = window(start_time, end_time, LONGEST_WINDOW)?;
    let group = groups::filter_named(api, request)?;
    let filter = groups::filter_of(api, filter_expression.as_deref().unwrap_or_default())?;
    let filter = filter.and(group.unwrap_or_default());
    let (services, traces_processed_count) = window_traces::service_graph(api, window, Some(filter))?;
    let services = services.into_iter().map(GraphService::told_finely).collect();
    Response::of(&Output { start_time, end_time, services, traces_processed_count })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{BEGIN, Home, segment, with};

    fn requests(graph: &Value) -> &Value {
        &graph["Services"][1]["SummaryStatistics"]["TotalCount"]
    }

    #[test]
    fn the_graph_is_that_of_the_traces_that_match_the_filter_and_are_in_the_group() {
        let home = Home::new();
        let slow = |trace, fault: bool| {
            with(segment(trace, 1, 1.0), json!({"end_time": BEGIN + 9.0, "fault": fault}))
        };
        home.put(&[segment(1, 1, 1.0), slow(2, false), slow(3, true)]);
        home.ok("CreateGroup", json!({"GroupName": "faults", "FilterExpression": "fault"}));
        let day = json!({"StartTime": BEGIN, "EndTime": BEGIN + 86_400.0});
        let graph = |more: Value| home.ok("FilteredGraph", with(day.clone(), more));
        assert_eq!(requests(&graph(json!({}))), 3);
        let slow = graph(json!({"FilterExpression": "responsetime > 1"}));
        assert_eq!((requests(&slow), &slow["TracesProcessedCount"]), (&json!(2), &json!(2)));
        let both = json!({"FilterExpression": "responsetime > 1", "GroupName": "faults"});
        assert_eq!(requests(&graph(both)), 1);
        let hour = json!({"StartTime": BEGIN, "EndTime": BEGIN + 3_600.0});
        assert_eq!(graph(json!({}))["Services"], home.ok("GetServiceGraph", hour)["Services"]);
    }

    /// X-Ray's own answer keeps two digits of so many.
    #[test]
    fn the_times_of_many_requests_are_told_finely() {
        let home = Home::new();
        let documents: Vec<_> = (0..150)
            .map(|trace| with(segment(trace, 1, 1.0), json!({"end_time": BEGIN + 2.8 + trace as f64 / 1e3})))
            .collect();
        home.put(&documents);
        let longest = |operation: &str| {
            let graph = home.ok(operation, json!({"StartTime": BEGIN, "EndTime": BEGIN + 3_600.0}));
            let histogram = graph["Services"][1]["ResponseTimeHistogram"].as_array().unwrap();
            histogram.iter().map(|entry| entry["Value"].as_f64().unwrap()).fold(0.0, f64::max)
        };
        assert_eq!((longest("FilteredGraph"), longest("GetServiceGraph")), (1.949, 1.9));
    }

    #[test]
    fn a_wrong_filter_is_refused() {
        let home = Home::new();
        let wrong = json!({"StartTime": BEGIN, "EndTime": BEGIN + 1.0, "FilterExpression": "falut"});
        assert!(home.error("FilteredGraph", wrong).contains("falut"));
    }
}
