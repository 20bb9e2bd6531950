//! What X-Ray makes of a trace's documents: segments, services and calls, and all that is told of them.
//!
//! Everything here is computed from a [`Trace`] alone, and is the same whatever the order in which documents arrived.
//! What is not established about X-Ray stands in one named place each: a constant or function that names the section of
//! the fact sheet.

mod annotations;
mod assembly;
mod call;
mod clipped;
#[cfg(test)]
pub(crate) mod fixtures;
mod graph_part;
mod graph_service;
mod histogram;
mod inferred;
mod lambda_function;
mod measured;
mod outcome;
mod root_cause;
mod segment;
mod segment_document;
mod service;
mod service_graph;
mod statistics;
mod summary;
#[cfg(test)]
mod tests;
mod time_series;
mod trace_graph;
mod window;

use std::cmp::Reverse;
use std::sync::OnceLock;

pub(crate) use annotations::{AnnotationEntry, AnnotationValue, Annotations};
pub(crate) use call::Call;
pub(crate) use graph_part::GraphPart;
pub(crate) use graph_service::GraphService;
pub(crate) use measured::{Measured, Measurement};
pub(crate) use outcome::Outcome;
pub(crate) use root_cause::{RootCause, RootCauseEntity, RootCauseException, RootCauseService, RootCauses};
pub(crate) use segment::Segment;
pub(crate) use segment_document::{SegmentAnswer, TraceAnswer};
pub(crate) use service::{Identity, Service, ServiceId};
pub(crate) use service_graph::ServiceGraph;
pub(crate) use time_series::{TimeSeries, TimeSeriesEntry};
pub(crate) use trace_graph::{GraphSegment, GraphShape, Receipt, Sender, TraceGraph, places};
pub(crate) use window::Window;

use self::assembly::{Parts, assemble};
use self::measured::rounded_seconds;
use crate::timestamp::Timestamp;
use crate::trace::{Node, Trace};
use crate::trace_id::TraceId;

/// A trace as X-Ray answers with it.
#[derive(Debug)]
pub(crate) struct CompiledTrace<'t> {
    trace: &'t Trace,
    parts: Parts<'t>,
    root: Option<usize>,
    times: Times,
    annotations: OnceLock<Annotations<'t>>,
    root_causes: OnceLock<RootCauses<'t>>,
}

impl<'t> CompiledTrace<'t> {
    pub(crate) fn of(trace: &'t Trace) -> Self {
        let parts = assemble(trace);
        let root = entry_point(&parts.segments);
        let times = Times::of(trace, &parts.segments, root.map(|root| &parts.segments[root]));
        let (annotations, root_causes) = (OnceLock::new(), OnceLock::new());
        Self { trace, parts, root, times, annotations, root_causes }
    }

    pub(crate) fn id(&self) -> TraceId {
        self.trace.id()
    }

    pub(crate) fn trace(&self) -> &'t Trace {
        self.trace
    }

    /// Every node of the service graph that the trace has, the clients too.
    pub(crate) fn services(&self) -> &[Service<'t>] {
        &self.parts.services
    }

    pub(crate) fn service(&self, id: ServiceId) -> &Service<'t> {
        &self.parts.services[id.0]
    }

    /// The segments that arrived, those that are inferred or synthesised, and the orphans.
    pub(crate) fn segments(&self) -> &[Segment<'t>] {
        &self.parts.segments
    }

    /// The node that a segment belongs to; `None` for an orphan.
    pub(crate) fn service_of(&self, segment: &Segment<'t>) -> Option<&Service<'t>> {
        segment.service().map(|id| self.service(id))
    }

    /// The segment that an entity is part of.
    pub(crate) fn segment_of(&self, node: Node<'t>) -> &Segment<'t> {
        &self.parts.segments[self.parts.segment_of[node.index()]]
    }

    /// The segment that is inferred from a subsegment, by its position.
    fn inferred_at(&self, call: Node<'t>) -> Option<usize> {
        self.parts.inferred_at[call.index()]
    }

    pub(crate) fn calls(&self) -> &[Call<'t>] {
        &self.parts.calls
    }

    /// The entry point; `None` only for a trace without anything.
    pub(crate) fn root(&self) -> Option<&Segment<'t>> {
        self.root.map(|root| &self.parts.segments[root])
    }

    fn outcome(&self) -> Outcome {
        self.root().map(|root| root.measured().outcome()).unwrap_or_default()
    }

    /// When the earliest segment began.
    pub(crate) fn start(&self) -> Timestamp {
        self.times.start
    }

    /// Seconds from [`CompiledTrace::start`] to the latest end of a completed segment, rounded to milliseconds; `None` where none
    /// is completed.
    pub(crate) fn duration(&self) -> Option<f64> {
        self.times.duration.map(rounded_seconds)
    }

    /// Seconds that the entry point took, rounded to milliseconds; `None` while it is in progress.
    pub(crate) fn response_time(&self) -> Option<f64> {
        self.times.response.map(rounded_seconds)
    }

    /// [`CompiledTrace::response_time`] in microseconds.
    pub(crate) fn response_micros(&self) -> Option<i64> {
        self.times.response
    }

    /// [`CompiledTrace::duration`] in microseconds.
    pub(crate) fn duration_micros(&self) -> Option<i64> {
        self.times.duration
    }

    /// [`CompiledTrace::response_time`] and [`CompiledTrace::duration`] as far as they are known yet.
    fn known_times(&self) -> (f64, f64) {
        let (response, duration) = self.times.known;
        (rounded_seconds(response), rounded_seconds(duration))
    }

    /// Whether the entry point has no flag and no status from 400.
    pub(crate) fn is_ok(&self) -> bool {
        self.root().is_none_or(|root| root.measured().is_ok())
    }

    /// Of the entry point.
    pub(crate) fn has_fault(&self) -> bool {
        self.outcome().fault
    }

    /// Of the entry point.
    pub(crate) fn has_error(&self) -> bool {
        self.outcome().error
    }

    /// Of any segment or subsegment.
    pub(crate) fn has_throttle(&self) -> bool {
        self.trace.nodes().any(|node| Outcome::of(node.entity()).throttle)
    }

    /// Whether something is in progress, without its parent, or announced and not there.
    pub(crate) fn is_partial(&self) -> bool {
        self.parts.awaits_callee
            || self.parts.segments.iter().any(Segment::is_orphan)
            || self.trace.nodes().any(|node| node.is_in_progress())
    }

    pub(crate) fn has_inferred(&self) -> bool {
        self.parts.segments.iter().any(Segment::is_inferred)
    }

    /// Of the entry point.
    pub(crate) fn http_status(&self) -> Option<u64> {
        self.root()?.measured().http_status()
    }

    /// A member of the entry point's `http.request`, by its name in documents.
    pub(crate) fn http_request(&self, key: &str) -> Option<&'t str> {
        self.root()?.measured().http_request(key)
    }

    /// The annotations that are indexed.
    pub(crate) fn annotations(&self) -> &Annotations<'t> {
        self.annotations.get_or_init(|| Annotations::of(self))
    }

    pub(crate) fn root_causes(&self) -> &RootCauses<'t> {
        self.root_causes.get_or_init(|| RootCauses::of(self))
    }
}

/// The root that requests enter by: of several the one that named no caller, then the earliest.
fn entry_point(segments: &[Segment<'_>]) -> Option<usize> {
    let roots = segments.iter().enumerate().filter(|(_, segment)| segment.is_root());
    let rank = |segment: &Segment<'_>| {
        let start = segment.measured().start();
        (segment.is_orphan(), Reverse(segment.has_no_caller()), start, segment.id())
    };
    roots.min_by_key(|(_, segment)| rank(segment)).map(|(at, _)| at)
}

/// When it began and how long it took, in microseconds.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Times {
    start: Timestamp,
    /// Of what is completed.
    duration: Option<i64>,
    response: Option<i64>,
    /// Response and duration up to the last that is known.
    known: (i64, i64),
}

impl Times {
    /// X-Ray's own words are about what is completed (fact sheet 7.5), so are filters and figures. Scripts read both times of
    /// every summary, so that a summary says what is known where the root is not completed.
    fn of(trace: &Trace, segments: &[Segment<'_>], root: Option<&Segment<'_>>) -> Self {
        let start = segments.iter().map(|segment| segment.measured().start()).min();
        let start = start.unwrap_or(Timestamp::from_micros(0));
        let until = |end: Timestamp, start: Timestamp| end.micros_since(start).max(0);
        let last_known = || trace.end().unwrap_or(start);
        let root_start = root.map_or(start, |root| root.measured().start());
        let root_end = root.and_then(|root| root.measured().end()).unwrap_or_else(last_known);
        let end = segments.iter().filter_map(|segment| segment.measured().end()).max();
        let known_end = end.unwrap_or(root_end).max(root_end);
        Self {
            start,
            duration: end.map(|end| until(end, start)),
            response: root.and_then(|root| root.measured().micros()),
            known: (until(root_end, root_start), until(known_end, start)),
        }
    }
}
