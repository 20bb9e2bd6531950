//! Nodes and edges as X-Ray answers with them.

use std::borrow::Cow;

use serde::Serialize;

use super::histogram::Histogram;
use super::service_graph::{Edge, GraphNode};
use super::statistics::Statistics;

/// A `Service` of a graph, to be written as JSON.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GraphService {
    reference_id: usize,
    name: Cow<'static, str>,
    names: Vec<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    root: bool,
    #[serde(skip_serializing_if = "Option::is_none")]
    account_id: Option<Cow<'static, str>>,
    #[serde(rename = "Type", skip_serializing_if = "Option::is_none")]
    kind: Option<Cow<'static, str>>,
    state: &'static str,
    start_time: f64,
    end_time: f64,
    pub(super) edges: Vec<GraphEdge>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary_statistics: Option<Statistics>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_histogram: Option<Histogram>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_time_histogram: Option<Histogram>,
}

impl GraphService {
    pub(super) fn new((reference_id, node): (usize, GraphNode)) -> Self {
        let own = !node.is_client;
        Self {
            reference_id,
            name: node.identity.name,
            names: node.names,
            root: node.is_root,
            account_id: node.identity.account,
            kind: node.identity.kind,
            state: if node.is_active { "active" } else { "unknown" },
            start_time: node.activity.start(),
            end_time: node.activity.end(),
            edges: Vec::new(),
            summary_statistics: own.then_some(node.statistics),
            duration_histogram: own.then(|| node.histogram.clone()),
            response_time_histogram: own.then_some(node.histogram),
        }
    }
}

impl GraphService {
    /// The same with its times and those of its edges told as finely as they are known, which X-Ray does of few only.
    pub(crate) fn told_finely(self) -> Self {
        let finely = |histogram: Option<Histogram>| histogram.map(Histogram::told_finely);
        let edge = |edge: GraphEdge| GraphEdge {
            response_time_histogram: finely(edge.response_time_histogram),
            received_event_age_histogram: finely(edge.received_event_age_histogram),
            ..edge
        };
        Self {
            edges: self.edges.into_iter().map(edge).collect(),
            duration_histogram: finely(self.duration_histogram),
            response_time_histogram: finely(self.response_time_histogram),
            ..self
        }
    }
}

/// An `Edge` of a graph, to be written as JSON.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct GraphEdge {
    /// Of the node that it leads to.
    reference_id: usize,
    start_time: f64,
    end_time: f64,
    summary_statistics: Statistics,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_time_histogram: Option<Histogram>,
    aliases: [(); 0],
    #[serde(skip_serializing_if = "Option::is_none")]
    edge_type: Option<&'static str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    received_event_age_histogram: Option<Histogram>,
}

impl GraphEdge {
    pub(super) fn new(edge: Edge) -> Self {
        let (response_times, ages) =
            if edge.is_link { (None, Some(edge.histogram)) } else { (Some(edge.histogram), None) };
        Self {
            reference_id: edge.to,
            start_time: edge.activity.start(),
            end_time: edge.activity.end(),
            summary_statistics: edge.statistics,
            response_time_histogram: response_times,
            aliases: [],
            edge_type: edge.is_link.then_some("link"),
            received_event_age_histogram: ages,
        }
    }
}
