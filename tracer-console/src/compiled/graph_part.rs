//! What some traces add to service graphs, kept for those of other windows.

use std::mem::size_of;

use super::histogram::PackedHistogram;
use super::measured::Measurement;
use super::service::Identity;
use super::service_graph::{Activity, Message, Received};
use super::statistics::Statistics;
use super::window::Window;
use crate::timestamp::Timestamp;

/// The graph of some traces, all of which counts.
#[derive(Debug)]
pub(crate) struct GraphPart {
    /// In the order in which they were met.
    pub(super) nodes: Vec<PartNode>,
    pub(super) edges: Vec<PartEdge>,
    /// Of what was sent in no trace of these.
    pub(super) receipts: Vec<Received>,
    pub(super) senders: Vec<(Message, (usize, Measurement))>,
    /// The first and the last moment at which anything counts.
    pub(super) moments: Option<(Timestamp, Timestamp)>,
}

#[derive(Debug)]
pub(super) struct PartNode {
    pub(super) identity: Identity<'static>,
    pub(super) names: Vec<String>,
    pub(super) is_client: bool,
    pub(super) is_active: bool,
    pub(super) is_root: bool,
    pub(super) requests: Requests,
}

#[derive(Debug)]
pub(super) struct PartEdge {
    pub(super) from: usize,
    pub(super) to: usize,
    pub(super) is_link: bool,
    pub(super) requests: Requests,
}

/// What is counted at a node or an edge.
#[derive(Debug)]
pub(super) struct Requests {
    pub(super) activity: Activity,
    pub(super) statistics: Statistics,
    pub(super) histogram: PackedHistogram,
}

impl GraphPart {
    /// Whether all of it counts within a window.
    pub(crate) fn is_within(&self, window: Window) -> bool {
        self.moments.is_none_or(|(first, last)| window.contains(first) && window.contains(last))
    }

    /// About the bytes of memory that it takes.
    pub(crate) fn weight(&self) -> usize {
        let text = |text: &str| text.len() + size_of::<String>();
        let node = |node: &PartNode| {
            let Identity { name, kind, account } = &node.identity;
            let own = [Some(name), kind.as_ref(), account.as_ref()].into_iter().flatten();
            let texts = own.map(|own| text(own)).chain(node.names.iter().map(|name| text(name)));
            size_of::<PartNode>() + node.requests.histogram.len() + texts.sum::<usize>()
        };
        let edge = |edge: &PartEdge| size_of::<PartEdge>() + edge.requests.histogram.len();
        size_of::<Self>()
            + self.nodes.iter().map(node).sum::<usize>()
            + self.edges.iter().map(edge).sum::<usize>()
            + self.receipts.len() * size_of::<Received>()
            + self.senders.len() * size_of::<(Message, (usize, Measurement))>()
    }
}
