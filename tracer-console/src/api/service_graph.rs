//! `GetServiceGraph` and `GetTraceGraph`: which services call which (fact sheet 7.9).

use serde::{Deserialize, Serialize};

use super::epoch_seconds::{EpochSeconds, window};
use super::error::ApiError;
use super::request::Request;
use super::response::Response;
use super::traces::TraceIds;
use super::{Api, groups, next_token, window_traces};
use crate::compiled::{CompiledTrace, GraphService, ServiceGraph};

/// Fact sheet 7.3.
const LONGEST_WINDOW: u64 = 6;
/// A call may ask for the graph of so many traces.
const MOST_TRACES: usize = 5;

pub(super) fn get_service_graph(api: &Api, request: &Request) -> Result<Response, ApiError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        start_time: EpochSeconds,
        end_time: EpochSeconds,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Output {
        start_time: EpochSeconds,
        end_time: EpochSeconds,
        services: Vec<GraphService>,
        /// Groups are what their expressions of now say, of old traces too.
        contains_old_group_versions: bool,
    }
    next_token::refuse(request)?;
    let Input { start_time, end_time } = request.read()?;
    let window = window(start_time, end_time, LONGEST_WINDOW)?;
    let filter = groups::filter_named(api, request)?;
    let (services, _) = window_traces::service_graph(api, window, filter)?;
    Response::of(&Output { start_time, end_time, services, contains_old_group_versions: false })
}

pub(super) fn get_trace_graph(api: &Api, request: &Request) -> Result<Response, ApiError> {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Output {
        services: Vec<GraphService>,
    }
    next_token::refuse(request)?;
    let mut graph = ServiceGraph::new(None);
    for id in TraceIds::read(request, MOST_TRACES)?.ids() {
        api.read(id, |trace| graph.add(&CompiledTrace::of(trace)))?;
    }
    Response::of(&Output { services: graph.finish() })
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{BEGIN, Home, segment};

    fn names(graph: &Value) -> Vec<[&str; 2]> {
        let services = graph["Services"].as_array().unwrap().iter();
        services
            .map(|service| ["Name", "Type"].map(|member| service[member].as_str().unwrap_or_default()))
            .collect()
    }

    #[test]
    fn the_graph_of_a_window_counts_what_ended_in_it() {
        let home = Home::new();
        home.put(&[segment(1, 1, 1.0), segment(2, 1, 2.0), segment(3, 1, 4000.0)]);
        let asked = json!({"StartTime": BEGIN, "EndTime": BEGIN + 3600.0});
        let graph = home.ok("GetServiceGraph", asked);
        assert_eq!(names(&graph), [["web", "client"], ["web", ""]]);
        assert_eq!(graph["Services"][1]["SummaryStatistics"]["TotalCount"], 2);
        assert_eq!((&graph["StartTime"], &graph["ContainsOldGroupVersions"]), (&json!(BEGIN), &json!(false)));
    }

    #[test]
    fn a_group_narrows_the_graph() {
        let home = Home::new();
        let mut other = segment(2, 1, 2.0);
        other["name"] = json!("pay");
        home.put(&[segment(1, 1, 1.0), other]);
        home.ok("CreateGroup", json!({"GroupName": "pay", "FilterExpression": "service(\"pay\")"}));
        let asked = |group: &str| json!({"StartTime": BEGIN, "EndTime": BEGIN + 60.0, "GroupName": group});
        assert_eq!(names(&home.ok("GetServiceGraph", asked("pay"))), [["pay", "client"], ["pay", ""]]);
        assert_eq!(home.ok("GetServiceGraph", asked("Default"))["Services"].as_array().unwrap().len(), 4);
        assert!(home.error("GetServiceGraph", asked("none")).contains("Group not found"));
    }

    #[test]
    fn a_window_has_at_most_six_hours() {
        let asked = json!({"StartTime": BEGIN, "EndTime": BEGIN + 6.0 * 3600.0 + 1.0});
        assert_eq!(Home::new().error("GetServiceGraph", asked), "Time range cannot be longer than 6 hours");
    }

    #[test]
    fn the_graph_of_traces_knows_no_window() {
        let home = Home::new();
        home.put(&[segment(1, 1, 1.0), segment(2, 1, 9_999_999.0)]);
        let graph =
            home.ok("GetTraceGraph", json!({"TraceIds": [home.id(1), home.id(2), home.id(7), "nonsense"]}));
        assert_eq!(graph["Services"][1]["SummaryStatistics"]["TotalCount"], 2);
        home.error("GetTraceGraph", json!({"TraceIds": []}));
    }
}
