//! The service graph of one trace: what it adds to the graph and to the statistics of many (fact sheet 7.9).

use std::sync::Arc;

use super::CompiledTrace;
use super::inferred;
use super::measured::{Measured, Measurement};
use super::segment::{Segment, Source};
use super::service::{Service, ServiceId};
use super::service_graph::sender_of;
use crate::link::Link;
use crate::timestamp::Timestamp;
use crate::trace_id::{EntityId, TraceId};

/// The services of a trace and who calls whom: traces that look alike have the same, whatever came first in them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct GraphShape<'t> {
    /// In the order of their identities.
    pub(crate) services: Vec<Service<'t>>,
    /// Caller and callee by their positions, each pair once and in order.
    pub(crate) calls: Vec<(usize, usize)>,
}

/// A segment of a service that is known: a request to that service.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct GraphSegment {
    /// The position of its service.
    pub(crate) service: usize,
    pub(crate) measured: Measurement,
    /// The call that it answers, if no segment before it does: the call's position, and what its caller saw.
    pub(crate) call: Option<(usize, Measurement)>,
}

/// A segment or subsegment that a link in another trace may name, because a message was sent in it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Sender {
    pub(crate) id: EntityId,
    /// The position of the service that the link starts from.
    pub(crate) service: usize,
    pub(crate) measured: Measurement,
}

/// A link of a segment: it received something of another trace.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Receipt {
    /// The position of the segment in [`TraceGraph::segments`].
    pub(crate) segment: usize,
    pub(crate) trace: TraceId,
    pub(crate) id: EntityId,
}

/// What a trace adds to service graphs and time series.
#[derive(Debug, Clone, PartialEq)]
pub struct TraceGraph<'t> {
    pub(crate) id: TraceId,
    pub(crate) shape: Arc<GraphShape<'t>>,
    /// By which number a store knows the shape.
    pub(crate) number: Option<i64>,
    /// In the order in which X-Ray numbers their services.
    pub(crate) segments: Vec<GraphSegment>,
    /// Those that messages are most likely sent in, and those that are known to be linked to.
    pub(crate) senders: Vec<Sender>,
    pub(crate) receipts: Vec<Receipt>,
}

impl Default for TraceGraph<'_> {
    fn default() -> Self {
        let (shape, segments, senders, receipts) = Default::default();
        Self { id: TraceId::from_bytes([0; 16]), shape, number: None, segments, senders, receipts }
    }
}

impl<'t> TraceGraph<'t> {
    pub(crate) fn of(trace: &CompiledTrace<'t>) -> Self {
        let linked: Vec<EntityId> = trace.trace().linked_from().iter().map(crate::LinkedFrom::id).collect();
        Self::sending(trace, &|id| linked.contains(&id))
    }

    /// With these senders among others.
    pub(super) fn sending(trace: &CompiledTrace<'t>, is_linked: &dyn Fn(EntityId) -> bool) -> Self {
        let places = places(trace.services());
        let mut graph = Self {
            id: trace.id(),
            shape: Arc::new(GraphShape::of(trace, &places)),
            number: None,
            segments: Vec::with_capacity(trace.segments().len()),
            senders: Vec::new(),
            receipts: Vec::new(),
        };
        graph.put_segments(trace, &places);
        graph.put_senders(trace, &places, is_linked);
        graph
    }

    /// When what it adds counts.
    pub(crate) fn moments(&self) -> impl Iterator<Item = Timestamp> {
        let requests = self.segments.iter().map(|segment| segment.measured);
        let calls = self.segments.iter().filter_map(|segment| segment.call.map(|(_, seen)| seen));
        let sent = self.senders.iter().map(|sender| sender.measured);
        requests.chain(calls).chain(sent).map(|measured| measured.moment())
    }

    fn put_segments(&mut self, trace: &CompiledTrace<'t>, places: &[usize]) {
        // Calls come in the order of the segments that answer them.
        let mut calls = trace.calls().iter().peekable();
        for (at, segment) in trace.segments().iter().enumerate() {
            let call = calls.next_if(|call| call.callee_segment() == at).map(|call| {
                let pair = (places[call.caller().0], places[call.callee().0]);
                let position = self.shape.calls.binary_search(&pair).unwrap_or_else(|after| after);
                (position, call.measured().measurement())
            });
            let Some(service) = segment.service() else { continue };
            self.put_receipts(segment);
            let measured = segment.measured().measurement();
            self.segments.push(GraphSegment { service: places[service.0], measured, call });
        }
    }

    /// Of the segment that is put next.
    fn put_receipts(&mut self, segment: &Segment<'_>) {
        let Source::Reported(node) = segment.source() else { return };
        let at = self.segments.len();
        let links = node.entity().links();
        let receipt = |link: Link| Receipt { segment: at, trace: link.trace_id(), id: link.id() };
        self.receipts.extend(links.map(receipt));
    }

    fn put_senders(
        &mut self,
        trace: &CompiledTrace<'t>,
        places: &[usize],
        is_linked: &dyn Fn(EntityId) -> bool,
    ) {
        for node in trace.trace().nodes() {
            let is_sender = is_linked(node.id()) || trace.is_message(node);
            if let Some(service) = sender_of(trace, node).filter(|_| is_sender) {
                let measured = Measured::of(node.entity()).measurement();
                self.senders.push(Sender { id: node.id(), service: places[service.0], measured });
            }
        }
    }
}

impl<'t> GraphShape<'t> {
    fn of(trace: &CompiledTrace<'t>, places: &[usize]) -> Self {
        let mut services: Vec<(usize, &Service<'t>)> = places.iter().copied().zip(trace.services()).collect();
        services.sort_unstable_by_key(|(place, _)| *place);
        let pair = |(caller, callee): (ServiceId, ServiceId)| (places[caller.0], places[callee.0]);
        let mut calls: Vec<_> =
            trace.calls().iter().map(|call| pair((call.caller(), call.callee()))).collect();
        calls.sort_unstable();
        calls.dedup();
        Self { services: services.into_iter().map(|(_, service)| service.clone()).collect(), calls }
    }
}

/// The positions of a trace's services in its [`GraphShape`].
pub(crate) fn places(services: &[Service<'_>]) -> Vec<usize> {
    let mut order: Vec<usize> = (0..services.len()).collect();
    order.sort_unstable_by_key(|&at| services[at].identity());
    let mut places = vec![0; order.len()];
    for (place, at) in order.into_iter().enumerate() {
        places[at] = place;
    }
    places
}

impl CompiledTrace<'_> {
    /// Whether a message was sent to what stands between its sender and its receiver: a queue, a topic, a bus, a stream.
    fn is_message(&self, node: crate::Node<'_>) -> bool {
        let is_passed_on = |kind: &str| inferred::CARRIERS.iter().any(|carrier| kind.starts_with(carrier));
        let inferred = self.parts.inferred_at[node.index()].map(|at| &self.parts.segments[at]);
        let service = inferred.and_then(|segment| self.service_of(segment));
        service.and_then(Service::kind).is_some_and(is_passed_on)
    }
}
