//! Calls: one request from a service to another, as the caller saw it.

use super::measured::Measured;
use super::service::ServiceId;
use crate::entity::EntityKind;
use crate::trace::Node;

/// A request on an edge of the service graph.
#[derive(Debug, Clone)]
pub(crate) struct Call<'t> {
    pub(super) caller: ServiceId,
    pub(super) callee: ServiceId,
    pub(super) subsegment: Option<Node<'t>>,
    pub(super) callee_segment: usize,
    pub(super) measured: Measured<'t>,
}

impl<'t> Call<'t> {
    pub(crate) fn caller(&self) -> ServiceId {
        self.caller
    }

    pub(crate) fn callee(&self) -> ServiceId {
        self.callee
    }

    /// The caller's subsegment; `None` where the caller records none: a client, and Lambda before its function.
    pub(crate) fn subsegment(&self) -> Option<Node<'t>> {
        self.subsegment
    }

    /// The callee's segment, by its position in `CompiledTrace::segments`.
    pub(crate) fn callee_segment(&self) -> usize {
        self.callee_segment
    }

    /// What the caller saw; where it recorded nothing, what the callee did.
    pub(crate) fn measured(&self) -> &Measured<'t> {
        &self.measured
    }
}

/// The parent of a segment if it is a caller's record of the call.
pub(super) fn callers_record(parent: Node<'_>) -> Option<Node<'_>> {
    (parent.kind() == EntityKind::Subsegment).then_some(parent)
}
