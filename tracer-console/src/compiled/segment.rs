//! Segments: what services recorded of requests, and what can be inferred of services that record nothing.

use std::borrow::Cow;

use serde_json::Value;

use super::lambda_function::{self, LambdaFunction};
use super::measured::Measured;
use super::service::ServiceId;
use super::{clipped, inferred};
use crate::entity::{Entity, EntityKind};
use crate::trace::Node;
use crate::trace_id::EntityId;

/// Where a segment comes from.
#[derive(Debug, Clone)]
pub(super) enum Source<'t> {
    /// A document.
    Reported(Node<'t>),
    /// The subsegment of a call whose callee sent nothing.
    Inferred(Node<'t>),
    /// Subsegments of a Lambda function, whose own segment AWS would have sent.
    Synthesised(Vec<Node<'t>>),
    /// A subsegment whose parent has not arrived.
    Orphan(Node<'t>),
}

/// A segment of a compiled trace.
#[derive(Debug, Clone)]
pub(crate) struct Segment<'t> {
    id: EntityId,
    name: Cow<'t, str>,
    source: Source<'t>,
    service: Option<ServiceId>,
    parent: Option<Node<'t>>,
    measured: Measured<'t>,
}

impl<'t> Segment<'t> {
    pub(super) fn reported(node: Node<'t>, service: ServiceId) -> Self {
        Self { service: Some(service), parent: node.parent(), ..Self::of(node, Source::Reported(node)) }
    }

    pub(super) fn inferred(call: Node<'t>, service: ServiceId) -> Self {
        let id = inferred::id(call.entity());
        Self { id, service: Some(service), parent: Some(call), ..Self::of(call, Source::Inferred(call)) }
    }

    pub(super) fn orphan(node: Node<'t>) -> Self {
        Self::of(node, Source::Orphan(node))
    }

    pub(super) fn synthesised(function: LambdaFunction<'t>, service: ServiceId) -> Self {
        Self {
            id: function.id,
            name: function.names[0].clone(),
            measured: function.measured(),
            source: Source::Synthesised(function.orphans),
            service: Some(service),
            parent: None,
        }
    }

    fn of(node: Node<'t>, source: Source<'t>) -> Self {
        let entity = node.entity();
        let (id, name) = (entity.id(), clipped::text(entity.name()).into());
        Self { id, name, source, service: None, parent: None, measured: Measured::of(entity) }
    }

    pub(crate) fn id(&self) -> EntityId {
        self.id
    }

    /// Its own name: an inferred segment has its subsegment's, where the node may have the resource's.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn shared_name(&self) -> Cow<'t, str> {
        self.name.clone()
    }

    /// The node that it belongs to; `None` for an orphan, whose service has not said its name.
    pub(crate) fn service(&self) -> Option<ServiceId> {
        self.service
    }

    pub(super) fn source(&self) -> &Source<'t> {
        &self.source
    }

    /// The segment or subsegment that called it.
    pub(crate) fn parent(&self) -> Option<Node<'t>> {
        self.parent
    }

    /// Whether the request entered the trace here: it has no parent, or one that never arrived.
    pub(crate) fn is_root(&self) -> bool {
        self.parent.is_none()
    }

    /// Whether the caller named nobody: of several roots such a one is the entry point first.
    pub(super) fn has_no_caller(&self) -> bool {
        matches!(self.source, Source::Reported(node) if node.parent_id().is_none())
    }

    pub(crate) fn is_orphan(&self) -> bool {
        matches!(self.source, Source::Orphan(_))
    }

    /// Whether it was made up here, or by who sent it.
    pub(crate) fn is_inferred(&self) -> bool {
        match &self.source {
            Source::Reported(node) => node.kind() == EntityKind::Inferred,
            Source::Inferred(_) | Source::Synthesised(_) => true,
            Source::Orphan(_) => false,
        }
    }

    /// In progress, or without its parent.
    pub(crate) fn is_partial(&self) -> bool {
        self.measured.is_in_progress() || self.is_orphan()
    }

    pub(crate) fn measured(&self) -> &Measured<'t> {
        &self.measured
    }

    /// Its document, if it is one.
    fn reported_entity(&self) -> Option<&'t Entity> {
        match self.source {
            Source::Reported(node) => Some(node.entity()),
            _ => None,
        }
    }

    fn text(&self, key: &str) -> Option<&'t str> {
        self.reported_entity()?.member(key)?.as_str().map(clipped::text)
    }

    /// Only segments have users.
    pub(crate) fn user(&self) -> Option<&'t str> {
        self.text("user")
    }

    pub(crate) fn resource_arn(&self) -> Option<&'t str> {
        self.text("resource_arn")
    }

    /// X-Ray's origin of it.
    pub(crate) fn origin(&self) -> Option<Cow<'t, str>> {
        match self.source {
            Source::Reported(node) => node.entity().origin().map(Cow::Borrowed),
            Source::Inferred(call) => inferred::origin(call.entity()),
            Source::Synthesised(_) => Some(Cow::Borrowed(lambda_function::ORIGIN)),
            Source::Orphan(_) => None,
        }
    }

    pub(crate) fn instance_id(&self) -> Option<&'t str> {
        self.reported_entity()?.aws("ec2")?.get("instance_id")?.as_str().map(clipped::text)
    }

    pub(crate) fn availability_zone(&self) -> Option<&'t str> {
        let entity = self.reported_entity()?;
        let zone = |key: &str| entity.aws(key)?.get("availability_zone").and_then(Value::as_str);
        zone("ec2").or_else(|| zone("ecs")).map(clipped::text)
    }

    /// The subsegments directly below it and the segments that it called without a subsegment, the earliest first.
    pub(super) fn children(&self) -> Vec<Node<'t>> {
        match &self.source {
            Source::Reported(node) | Source::Orphan(node) => node.children().collect(),
            Source::Inferred(_) => Vec::new(),
            Source::Synthesised(orphans) => orphans.clone(),
        }
    }
}
