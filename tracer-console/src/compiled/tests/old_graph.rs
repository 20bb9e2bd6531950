#![allow(dead_code)]
//! The service graph: a fold over compiled traces, one at a time (fact sheet 7.9).

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use serde::Serialize;

use crate::compiled::CompiledTrace;
use crate::compiled::histogram::Histogram;
use crate::compiled::inferred;
use crate::compiled::measured::Measured;
use crate::compiled::segment::{Segment, Source};
use crate::compiled::service::{Identity, Service, ServiceId};
use crate::compiled::statistics::Statistics;
use crate::compiled::window::Window;
use crate::link::Link;
use crate::timestamp::Timestamp;
use crate::trace::Node;
use crate::trace_id::{EntityId, TraceId};

/// X-Ray draws so many nodes (fact sheet 1.12); those that come later are left out.
const MOST_NODES: usize = 10_000;

/// So many names tell enough of one node; hostile senders would write more.
const MOST_NAMES: usize = 20;

/// Nodes and edges of the traces that were added.
#[derive(Debug, Default)]
pub(crate) struct ServiceGraph {
    window: Option<Window>,
    nodes: Vec<GraphNode>,
    by_identity: HashMap<Identity<'static>, usize>,
    edges: Vec<Edge>,
    by_ends: HashMap<(usize, usize, bool), usize>,
    links: Links,
}

/// The first and last activity.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
struct Activity(Option<(Timestamp, Timestamp)>);

impl Activity {
    fn extend(&mut self, start: Timestamp, end: Timestamp) {
        let (first, last) = self.0.unwrap_or((start, end));
        self.0 = Some((first.min(start), last.max(end)));
    }

    fn start(self) -> f64 {
        self.0.map_or(0.0, |(first, _)| first.seconds().floor())
    }

    fn end(self) -> f64 {
        self.0.map_or(0.0, |(_, last)| last.seconds().ceil())
    }
}

#[derive(Debug)]
struct GraphNode {
    identity: Identity<'static>,
    names: Vec<String>,
    is_client: bool,
    is_active: bool,
    is_root: bool,
    activity: Activity,
    statistics: Statistics,
    histogram: Histogram,
}

impl GraphNode {
    fn new(service: &Service<'_>) -> Self {
        Self {
            identity: service.identity().clone().into_owned(),
            names: Vec::new(),
            is_client: service.is_client(),
            is_active: false,
            is_root: false,
            activity: Activity::default(),
            statistics: Statistics::default(),
            histogram: Histogram::default(),
        }
    }

    fn meet(&mut self, service: &Service<'_>) {
        self.is_active |= service.is_active();
        self.is_root |= service.is_entry();
        for name in service.names() {
            if self.names.len() < MOST_NAMES && !self.names.iter().any(|known| known == name) {
                self.names.push(name.clone().into_owned());
            }
        }
    }
}

#[derive(Debug)]
struct Edge {
    from: usize,
    to: usize,
    is_link: bool,
    activity: Activity,
    statistics: Statistics,
    histogram: Histogram,
}

/// A service that received something of another trace.
#[derive(Debug)]
struct Receipt {
    receiver: usize,
    start: Timestamp,
    end: Timestamp,
    statistics: Option<(crate::compiled::Outcome, i64)>,
}

/// Links between traces: either end may be added first.
#[derive(Debug, Default)]
struct Links {
    receipts: HashMap<TraceId, Vec<(EntityId, Receipt)>>,
    /// Who sent, and when.
    senders: HashMap<(TraceId, EntityId), (usize, Timestamp)>,
}

impl ServiceGraph {
    /// Of what counts within `window`; `None` for all, as a trace graph is.
    pub(crate) fn new(window: Option<Window>) -> Self {
        Self { window, ..Self::default() }
    }

    /// What is over counts when it ended; what is in progress shows, and is not counted.
    fn counts(&self, measured: &Measured<'_>) -> bool {
        self.window.is_none_or(|window| window.contains(measured.measurement().moment()))
    }

    pub(crate) fn add(&mut self, trace: &CompiledTrace<'_>) {
        let mut nodes = vec![None; trace.services().len()];
        // The entry comes after its client, as X-Ray numbers them.
        for call in trace.calls() {
            if self.counts(call.measured()) {
                let from = self.node(trace, call.caller(), &mut nodes);
                let to = self.node(trace, call.callee(), &mut nodes);
                if let (Some(from), Some(to)) = (from, to) {
                    self.add_call(from, to, call.measured());
                }
            }
        }
        for segment in trace.segments() {
            let node = segment.service().filter(|_| self.counts(segment.measured()));
            if let Some(node) = node.and_then(|service| self.node(trace, service, &mut nodes)) {
                let measured = segment.measured();
                let GraphNode { activity, statistics, histogram, .. } = &mut self.nodes[node];
                observe(measured, activity, statistics, histogram);
                self.add_receipts(segment, node);
            }
        }
        self.add_senders(trace, &mut nodes);
    }

    /// The node of a trace's service; `nodes` remembers those of this trace.
    fn node(
        &mut self,
        trace: &CompiledTrace<'_>,
        id: ServiceId,
        nodes: &mut [Option<usize>],
    ) -> Option<usize> {
        if let Some(node) = nodes[id.0] {
            return Some(node);
        }
        let service = trace.service(id);
        let node = match self.by_identity.get(service.identity()) {
            Some(&node) => node,
            None if self.nodes.len() >= MOST_NODES => return None,
            None => {
                let node = GraphNode::new(service);
                self.by_identity.insert(node.identity.clone(), self.nodes.len());
                self.nodes.push(node);
                self.nodes.len() - 1
            }
        };
        self.nodes[node].meet(service);
        nodes[id.0] = Some(node);
        Some(node)
    }

    fn edge(&mut self, from: usize, to: usize, is_link: bool) -> &mut Edge {
        let at = *self.by_ends.entry((from, to, is_link)).or_insert_with(|| {
            let (activity, statistics, histogram) = Default::default();
            self.edges.push(Edge { from, to, is_link, activity, statistics, histogram });
            self.edges.len() - 1
        });
        &mut self.edges[at]
    }

    fn add_call(&mut self, from: usize, to: usize, measured: &Measured<'_>) {
        self.nodes[from].activity.extend(measured.start(), measured.measurement().moment());
        let Edge { activity, statistics, histogram, .. } = self.edge(from, to, false);
        observe(measured, activity, statistics, histogram);
    }

    fn add_receipts(&mut self, segment: &Segment<'_>, receiver: usize) {
        let Source::Reported(node) = segment.source() else { return };
        let measured = segment.measured();
        let statistics = measured.micros().map(|micros| (measured.outcome(), micros));
        for link in node.entity().links() {
            let receipt = Receipt { receiver, start: measured.start(), end: measured.measurement().moment(), statistics };
            self.links.receipts.entry(Link::trace_id(&link)).or_default().push((link.id(), receipt));
        }
    }

    /// Remembers who sent what others received: what the store knows to be linked, and what was added before.
    fn add_senders(&mut self, trace: &CompiledTrace<'_>, nodes: &mut [Option<usize>]) {
        let known = trace.trace().linked_from().iter().map(crate::LinkedFrom::id);
        let added = self.links.receipts.get(&trace.id()).into_iter().flatten().map(|(id, _)| *id);
        let wanted: HashSet<_> = known.chain(added).collect();
        if wanted.is_empty() {
            return;
        }
        for node in trace.trace().nodes().filter(|node| wanted.contains(&node.id())) {
            let measured = Measured::of(node.entity());
            let service = sender_of(trace, node).filter(|_| self.counts(&measured));
            if let Some(sender) = service.and_then(|service| self.node(trace, service, nodes)) {
                self.nodes[sender].activity.extend(measured.start(), measured.measurement().moment());
                self.links.senders.insert((trace.id(), node.id()), (sender, node.start()));
            }
        }
    }

    /// Draws the links whose both ends were added.
    fn draw_links(&mut self) {
        let Links { receipts, senders } = std::mem::take(&mut self.links);
        for (trace, receipts) in receipts {
            for (id, receipt) in receipts {
                let Some(&(sender, sent)) = senders.get(&(trace, id)) else { continue };
                let edge = self.edge(sender, receipt.receiver, true);
                edge.activity.extend(receipt.start, receipt.end);
                if let Some((o, m)) = receipt.statistics { edge.statistics.add(o, m); }
                edge.histogram.add(receipt.start.micros_since(sent).max(0));
            }
        }
    }

    /// The graph, its nodes in the order in which they were met.
    pub(crate) fn finish(mut self) -> Vec<GraphService> {
        self.draw_links();
        let mut services: Vec<_> = self.nodes.into_iter().enumerate().map(GraphService::new).collect();
        self.edges.sort_by_key(|edge| (edge.from, edge.to, edge.is_link));
        for edge in self.edges {
            services[edge.from].edges.push(GraphEdge::new(edge));
        }
        services
    }
}

fn observe(
    measured: &Measured<'_>,
    activity: &mut Activity,
    statistics: &mut Statistics,
    histogram: &mut Histogram,
) {
    activity.extend(measured.start(), measured.measurement().moment());
    if let Some(micros) = measured.micros() {
        statistics.add(measured.outcome(), micros);
        histogram.add(micros);
    }
}

/// The node that a link starts from: what a message was sent to (a queue) stands between sender and receiver; else who
/// recorded the entity. How X-Ray marks the producer's side is not established, see the fact sheet's 12, 7.
fn sender_of<'t>(trace: &CompiledTrace<'t>, node: Node<'t>) -> Option<ServiceId> {
    let queue = inferred::is_call(node).then(|| trace.inferred_at(node)).flatten();
    let segment = queue.map_or_else(|| trace.segment_of(node), |at| &trace.segments()[at]);
    segment.service()
}

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
    edges: Vec<GraphEdge>,
    #[serde(skip_serializing_if = "Option::is_none")]
    summary_statistics: Option<Statistics>,
    #[serde(skip_serializing_if = "Option::is_none")]
    duration_histogram: Option<Histogram>,
    #[serde(skip_serializing_if = "Option::is_none")]
    response_time_histogram: Option<Histogram>,
}

impl GraphService {
    fn new((reference_id, node): (usize, GraphNode)) -> Self {
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
    fn new(edge: Edge) -> Self {
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
