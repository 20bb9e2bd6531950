//! Puts a compiled trace together: each entity into its segment, each segment to its service, each call between two.

use std::collections::{HashMap, HashSet};

use super::call::{Call, callers_record};
use super::inferred;
use super::lambda_function::{self, LambdaFunction};
use super::measured::Measured;
use super::segment::Segment;
use super::service::{Identity, Service, Services};
use crate::entity::EntityKind;
use crate::trace::{Node, Trace};
use crate::trace_id::EntityId;

/// The parts of a compiled trace.
#[derive(Debug)]
pub(super) struct Parts<'t> {
    pub(super) services: Vec<Service<'t>>,
    pub(super) segments: Vec<Segment<'t>>,
    pub(super) calls: Vec<Call<'t>>,
    /// The segment of each entity, by the entity's position.
    pub(super) segment_of: Vec<usize>,
    /// The segment that is inferred from each entity, by the entity's position.
    pub(super) inferred_at: Vec<Option<usize>>,
    /// Whether a callee said that it would send a segment, and has not.
    pub(super) awaits_callee: bool,
}

pub(super) fn assemble(trace: &Trace) -> Parts<'_> {
    let mut assembly = Assembly::expecting(lambda_function::missing(trace));
    for node in trace.nodes() {
        assembly.place(node);
    }
    assembly.finish()
}

#[derive(Debug, Default)]
struct Assembly<'t> {
    services: Services<'t>,
    segments: Vec<Segment<'t>>,
    segment_of: Vec<usize>,
    inferred_at: Vec<Option<usize>>,
    awaits_callee: bool,
    /// Functions whose segment is synthesised at their first subsegment.
    functions: HashMap<EntityId, LambdaFunction<'t>>,
    synthesised: HashMap<EntityId, usize>,
}

impl<'t> Assembly<'t> {
    fn expecting(functions: Vec<LambdaFunction<'t>>) -> Self {
        let functions = functions.into_iter().map(|function| (function.id, function)).collect();
        Self { functions, ..Self::default() }
    }

    /// Entities come each before its children.
    fn place(&mut self, node: Node<'t>) {
        let segment = match (node.kind(), node.parent()) {
            (EntityKind::Subsegment, None) => self.orphan(node),
            (EntityKind::Subsegment, Some(parent)) => self.segment_of[parent.index()],
            // Somebody sent what we infer ourselves.
            (EntityKind::Inferred, Some(parent)) if inferred::is_call(parent) => {
                self.segment_of[parent.index()]
            }
            (EntityKind::Segment | EntityKind::Inferred, _) => self.reported(node),
        };
        self.segment_of.push(segment);
        let inferred = self.infer(node);
        self.inferred_at.push(inferred);
    }

    fn push(&mut self, segment: Segment<'t>) -> usize {
        self.segments.push(segment);
        self.segments.len() - 1
    }

    fn reported(&mut self, node: Node<'t>) -> usize {
        let identity = Identity::of_reporter(node.entity());
        let service = match node.kind() {
            EntityKind::Inferred => self.services.passive(identity),
            _ => self.services.active(identity),
        };
        self.push(Segment::reported(node, service))
    }

    fn orphan(&mut self, node: Node<'t>) -> usize {
        let parent = node.parent_id();
        if let Some(&segment) = parent.and_then(|parent| self.synthesised.get(&parent)) {
            return segment;
        }
        let Some(function) = parent.and_then(|parent| self.functions.remove(&parent)) else {
            return self.push(Segment::orphan(node));
        };
        let id = function.id;
        let service = self.services.active(function.identity());
        self.services.add_names(service, &function.names);
        let segment = self.push(Segment::synthesised(function, service));
        self.synthesised.insert(id, segment);
        segment
    }

    /// One for each call whose callee sent no segment.
    fn infer(&mut self, node: Node<'t>) -> Option<usize> {
        let is_answered = |call: Node<'t>| call.children().any(|child| child.kind() == EntityKind::Segment);
        if !inferred::is_call(node) || is_answered(node) {
            return None;
        }
        if inferred::is_traced(node.entity()) {
            self.awaits_callee = true;
            return None;
        }
        let service = self.services.passive(inferred::identity(node.entity()));
        Some(self.push(Segment::inferred(node, service)))
    }

    fn finish(mut self) -> Parts<'t> {
        let calls = self.calls();
        Parts {
            services: self.services.into_vec(),
            segments: self.segments,
            calls,
            segment_of: self.segment_of,
            inferred_at: self.inferred_at,
            awaits_callee: self.awaits_callee,
        }
    }

    fn calls(&mut self) -> Vec<Call<'t>> {
        let mut calls = Vec::new();
        // A subsegment is one call to a service, however many segments the service sends for it.
        let mut seen = HashSet::new();
        for (at, segment) in self.segments.iter().enumerate() {
            let Some(callee) = segment.service() else { continue };
            let subsegment = segment.parent().and_then(callers_record);
            let caller = match segment.parent() {
                None => self.services.enter(callee),
                Some(parent) => match self.segments[self.segment_of[parent.index()]].service() {
                    Some(caller) => caller,
                    None => continue,
                },
            };
            if subsegment.is_some_and(|node| !seen.insert((node.index(), callee))) {
                continue;
            }
            let measured = subsegment.map_or(*segment.measured(), |node| Measured::of(node.entity()));
            calls.push(Call { caller, callee, subsegment, callee_segment: at, measured });
        }
        calls
    }
}
