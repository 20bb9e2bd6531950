//! The service graph: a fold over compiled traces, one at a time (fact sheet 7.9).

use std::collections::{BTreeSet, HashMap};

use super::CompiledTrace;
use super::graph_part::{GraphPart, PartEdge, PartNode, Requests};
use super::graph_service::{GraphEdge, GraphService};
use super::histogram::Histogram;
use super::inferred;
use super::measured::Measurement;
use super::service::{Identity, Service, ServiceId};
use super::statistics::Statistics;
use super::trace_graph::{GraphShape, TraceGraph};
use super::window::Window;
use crate::timestamp::Timestamp;
use crate::trace::Node;
use crate::trace_id::{EntityId, TraceId};

/// X-Ray draws so many nodes (fact sheet 1.12); those that come later are left out.
const MOST_NODES: usize = 10_000;

/// So many names tell enough of one node; hostile senders would write more.
const MOST_NAMES: usize = 20;

/// Nodes and edges of the traces that were added.
#[derive(Debug, Default)]
pub struct ServiceGraph {
    window: Option<Window>,
    nodes: Vec<GraphNode>,
    by_identity: HashMap<Identity<'static>, usize>,
    edges: Vec<Edge>,
    by_ends: HashMap<(usize, usize, bool), usize>,
    /// Of the shapes that have a number.
    met: HashMap<i64, Met>,
    receipts: Vec<Received>,
    /// The node that a message was sent from, and its sending.
    senders: HashMap<Message, (usize, Measurement)>,
}

/// Who sent a message.
pub(super) type Message = (TraceId, EntityId);

/// Where the services and calls of a shape are in the graph.
#[derive(Debug, Clone)]
struct Met {
    nodes: Vec<Option<usize>>,
    edges: Vec<Option<usize>>,
}

impl Met {
    fn none(shape: &GraphShape<'_>) -> Self {
        Self { nodes: vec![None; shape.services.len()], edges: vec![None; shape.calls.len()] }
    }
}

/// The first and last activity.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(super) struct Activity(Option<(Timestamp, Timestamp)>);

impl Activity {
    fn extend(&mut self, start: Timestamp, end: Timestamp) {
        let (first, last) = self.0.unwrap_or((start, end));
        self.0 = Some((first.min(start), last.max(end)));
    }

    fn merge(&mut self, other: Self) {
        if let Some((start, end)) = other.0 {
            self.extend(start, end);
        }
    }

    pub(super) fn start(self) -> f64 {
        self.0.map_or(0.0, |(first, _)| first.seconds().floor())
    }

    pub(super) fn end(self) -> f64 {
        self.0.map_or(0.0, |(_, last)| last.seconds().ceil())
    }
}

#[derive(Debug)]
pub(super) struct GraphNode {
    pub(super) identity: Identity<'static>,
    pub(super) names: Vec<String>,
    pub(super) is_client: bool,
    pub(super) is_active: bool,
    pub(super) is_root: bool,
    pub(super) activity: Activity,
    pub(super) statistics: Statistics,
    pub(super) histogram: Histogram,
}

impl GraphNode {
    fn new(service: &Service<'_>) -> Self {
        Self::of(service.identity().clone().into_owned(), service.is_client())
    }

    fn of(identity: Identity<'static>, is_client: bool) -> Self {
        Self {
            identity,
            names: Vec::new(),
            is_client,
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
        service.names().iter().for_each(|name| self.add_name(name));
    }

    fn add_name(&mut self, name: &str) {
        if self.names.len() < MOST_NAMES && !self.names.iter().any(|known| known == name) {
            self.names.push(name.to_owned());
        }
    }

    fn merge(&mut self, part: &PartNode) {
        self.is_active |= part.is_active;
        self.is_root |= part.is_root;
        part.names.iter().for_each(|name| self.add_name(name));
        let Self { activity, statistics, histogram, .. } = self;
        part.requests.merge_into(activity, statistics, histogram);
    }
}

#[derive(Debug)]
pub(super) struct Edge {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) is_link: bool,
    pub(super) activity: Activity,
    pub(super) statistics: Statistics,
    pub(super) histogram: Histogram,
}

/// A node received something of another trace.
#[derive(Debug, Clone, Copy)]
pub(super) struct Received {
    message: Message,
    receiver: usize,
    measured: Measurement,
}

impl ServiceGraph {
    /// Of what counts within `window`; `None` for all, as a trace graph is.
    pub(crate) fn new(window: Option<Window>) -> Self {
        Self { window, ..Self::default() }
    }

    /// What is over counts when it ended; what is in progress shows, and is not counted.
    fn counts(&self, measured: &Measurement) -> bool {
        self.window.is_none_or(|window| window.contains(measured.moment()))
    }

    pub(crate) fn add(&mut self, trace: &CompiledTrace<'_>) {
        self.add_graph(&TraceGraph::of(trace));
    }

    pub(crate) fn add_graph(&mut self, trace: &TraceGraph<'_>) {
        let known = trace.number.and_then(|number| self.met.remove(&number));
        let mut met = known.unwrap_or_else(|| Met::none(&trace.shape));
        self.add_calls(trace, &mut met);
        self.add_segments(trace, &mut met);
        if !trace.senders.is_empty() {
            self.add_senders(trace, &met);
        }
        if let Some(number) = trace.number {
            self.met.insert(number, met);
        }
    }

    /// Before the segments: the entry comes after its client, as X-Ray numbers them.
    fn add_calls(&mut self, trace: &TraceGraph<'_>, met: &mut Met) {
        for (call, measured) in trace.segments.iter().filter_map(|segment| segment.call) {
            if !self.counts(&measured) {
                continue;
            }
            let (caller, callee) = trace.shape.calls[call];
            let from = self.node(&trace.shape, caller, met);
            let to = self.node(&trace.shape, callee, met);
            if let (Some(from), Some(to)) = (from, to) {
                self.nodes[from].activity.extend(measured.start, measured.moment());
                let edge = *met.edges[call].get_or_insert_with(|| self.edge(from, to, false));
                let Edge { activity, statistics, histogram, .. } = &mut self.edges[edge];
                observe(measured, activity, statistics, histogram);
            }
        }
    }

    fn add_segments(&mut self, trace: &TraceGraph<'_>, met: &mut Met) {
        let mut receipts = trace.receipts.iter().peekable();
        for (at, segment) in trace.segments.iter().enumerate() {
            let node = self.counts(&segment.measured).then(|| self.node(&trace.shape, segment.service, met));
            if let Some(node) = node.flatten() {
                let GraphNode { activity, statistics, histogram, .. } = &mut self.nodes[node];
                observe(segment.measured, activity, statistics, histogram);
            }
            while let Some(receipt) = receipts.next_if(|receipt| receipt.segment == at) {
                if let Some(receiver) = node.flatten() {
                    let message = (receipt.trace, receipt.id);
                    self.receipts.push(Received { message, receiver, measured: segment.measured });
                }
            }
        }
    }

    /// Those whose services are in the graph: a link shows its sender, and is no request.
    fn add_senders(&mut self, trace: &TraceGraph<'_>, met: &Met) {
        for sender in &trace.senders {
            if let Some(node) = met.nodes[sender.service].filter(|_| self.counts(&sender.measured)) {
                self.senders.insert((trace.id, sender.id), (node, sender.measured));
            }
        }
    }

    /// The traces that something was received of and that no sender of was added: it may be that a store does not know
    /// their senders without their documents.
    pub(crate) fn unknown_senders(&self) -> BTreeSet<TraceId> {
        let unknown = self.receipts.iter().filter(|received| !self.senders.contains_key(&received.message));
        unknown.map(|received| received.message.0).collect()
    }

    /// Adds those who sent what others received. All else of the trace must have been added.
    pub(crate) fn add_senders_of(&mut self, trace: &CompiledTrace<'_>) {
        let received = self.receipts.iter().map(|received| received.message);
        let ids: BTreeSet<EntityId> =
            received.filter(|(of, _)| *of == trace.id()).map(|(_, id)| id).collect();
        let graph = TraceGraph::sending(trace, &|id| ids.contains(&id));
        let mut met = Met::none(&graph.shape);
        for sender in graph.senders.iter().filter(|sender| ids.contains(&sender.id)) {
            if self.counts(&sender.measured) {
                self.node(&graph.shape, sender.service, &mut met);
            }
        }
        self.add_senders(&graph, &met);
    }

    /// The node of a trace's service; `met` remembers those that were met.
    fn node(&mut self, shape: &GraphShape<'_>, service: usize, met: &mut Met) -> Option<usize> {
        if let Some(node) = met.nodes[service] {
            return Some(node);
        }
        let service_of_shape = &shape.services[service];
        let node = match self.by_identity.get(service_of_shape.identity()) {
            Some(&node) => node,
            None if self.nodes.len() >= MOST_NODES => return None,
            None => {
                let node = GraphNode::new(service_of_shape);
                self.by_identity.insert(node.identity.clone(), self.nodes.len());
                self.nodes.push(node);
                self.nodes.len() - 1
            }
        };
        self.nodes[node].meet(service_of_shape);
        met.nodes[service] = Some(node);
        Some(node)
    }

    fn edge(&mut self, from: usize, to: usize, is_link: bool) -> usize {
        *self.by_ends.entry((from, to, is_link)).or_insert_with(|| {
            let (activity, statistics, histogram) = Default::default();
            self.edges.push(Edge { from, to, is_link, activity, statistics, histogram });
            self.edges.len() - 1
        })
    }

    /// Draws the links whose both ends were added; what was sent elsewhere is left.
    fn draw_links(&mut self) {
        for received in std::mem::take(&mut self.receipts) {
            let Received { message, receiver, measured } = received;
            let Some(&(sender, sent)) = self.senders.get(&message) else {
                self.receipts.push(received);
                continue;
            };
            self.nodes[sender].activity.extend(sent.start, sent.moment());
            let edge = self.edge(sender, receiver, true);
            let Edge { activity, statistics, histogram, .. } = &mut self.edges[edge];
            activity.extend(measured.start, measured.moment());
            if let Some(micros) = measured.micros() {
                statistics.add(measured.outcome, micros);
            }
            histogram.add(measured.start.micros_since(sent.start).max(0));
        }
    }

    /// What was added, for other graphs; `moments` are the first and the last at which any of it counts. `None` where it has as
    /// many nodes as are drawn: some may be left out.
    pub(crate) fn into_part(mut self, moments: Option<(Timestamp, Timestamp)>) -> Option<GraphPart> {
        if self.nodes.len() >= MOST_NODES {
            return None;
        }
        self.draw_links();
        let node = |node: GraphNode| PartNode {
            requests: Requests::of(node.activity, node.statistics, &node.histogram),
            identity: node.identity,
            names: node.names,
            is_client: node.is_client,
            is_active: node.is_active,
            is_root: node.is_root,
        };
        let edge = |edge: Edge| PartEdge {
            from: edge.from,
            to: edge.to,
            is_link: edge.is_link,
            requests: Requests::of(edge.activity, edge.statistics, &edge.histogram),
        };
        Some(GraphPart {
            nodes: self.nodes.into_iter().map(node).collect(),
            edges: self.edges.into_iter().map(edge).collect(),
            receipts: self.receipts,
            senders: self.senders.into_iter().collect(),
            moments,
        })
    }

    /// Adds all of a part, as if its traces were added now; returns false, and adds nothing, where there is no room for all of
    /// its nodes.
    pub(crate) fn add_part(&mut self, part: &GraphPart) -> bool {
        let is_new = |node: &&PartNode| !self.by_identity.contains_key(&node.identity);
        if self.nodes.len() + part.nodes.iter().filter(is_new).count() > MOST_NODES {
            return false;
        }
        let places: Vec<usize> = part.nodes.iter().map(|node| self.add_node(node)).collect();
        for PartEdge { from, to, is_link, requests } in &part.edges {
            let edge = self.edge(places[*from], places[*to], *is_link);
            let Edge { activity, statistics, histogram, .. } = &mut self.edges[edge];
            requests.merge_into(activity, statistics, histogram);
        }
        let receipts = part.receipts.iter();
        self.receipts
            .extend(receipts.map(|received| Received { receiver: places[received.receiver], ..*received }));
        let senders = part.senders.iter();
        self.senders.extend(senders.map(|&(message, (node, sent))| (message, (places[node], sent))));
        true
    }

    fn add_node(&mut self, part: &PartNode) -> usize {
        let node = self.by_identity.get(&part.identity).copied().unwrap_or_else(|| {
            self.by_identity.insert(part.identity.clone(), self.nodes.len());
            self.nodes.push(GraphNode::of(part.identity.clone(), part.is_client));
            self.nodes.len() - 1
        });
        self.nodes[node].merge(part);
        node
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

impl Requests {
    fn of(activity: Activity, statistics: Statistics, histogram: &Histogram) -> Self {
        Self { activity, statistics, histogram: histogram.pack() }
    }

    fn merge_into(&self, activity: &mut Activity, statistics: &mut Statistics, histogram: &mut Histogram) {
        activity.merge(self.activity);
        statistics.merge(&self.statistics);
        histogram.merge(&self.histogram);
    }
}

fn observe(
    measured: Measurement,
    activity: &mut Activity,
    statistics: &mut Statistics,
    histogram: &mut Histogram,
) {
    activity.extend(measured.start, measured.moment());
    if let Some(micros) = measured.micros() {
        statistics.add(measured.outcome, micros);
        histogram.add(micros);
    }
}

/// The node that a link starts from: what a message was sent to (a queue) stands between sender and receiver; else who
/// recorded the entity. How X-Ray marks the producer's side is not established, see the fact sheet's 12, 7.
pub(super) fn sender_of<'t>(trace: &CompiledTrace<'t>, node: Node<'t>) -> Option<ServiceId> {
    let queue = inferred::is_call(node).then(|| trace.inferred_at(node)).flatten();
    let segment = queue.map_or_else(|| trace.segment_of(node), |at| &trace.segments()[at]);
    segment.service()
}
