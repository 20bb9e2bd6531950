//! One entity of a trace, seen from its place.

use std::ops::Deref;

use super::{Slot, Trace};
use crate::entity::{Entity, EntityKind};

/// An entity at its place in a [`Trace`]; it derefs to the [`Entity`].
///
/// ```
/// # use tracer_console::{Document, MemoryStore, TraceStore};
/// # let store = MemoryStore::default();
/// # let document = Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2,"origin":"AWS::EC2::Instance","subsegments":[{"name":"call","id":"8e7fb6825d14ff63","start_time":1.2,"end_time":1.4}]}"#)?;
/// # let id = document.trace_id();
/// # store.record(document)?;
/// let trace = store.trace(id).unwrap();
/// let call = trace.find("call").unwrap();
/// assert_eq!((call.depth(), call.duration_micros()), (1, Some(200_000)));
/// # Ok::<(), tracer_console::Refusal>(())
/// ```
#[derive(Debug, Clone, Copy)]
pub struct Node<'a> {
    pub(super) trace: &'a Trace,
    pub(super) index: usize,
}

impl<'a> Node<'a> {
    fn slot(self) -> &'a Slot {
        &self.trace.nodes[self.index]
    }

    /// Its position in [`Trace::nodes`].
    pub(crate) fn index(self) -> usize {
        self.index
    }

    /// The segment or subsegment itself.
    ///
    /// ```
    /// # use tracer_console::{Document, MemoryStore, TraceStore};
    /// # let store = MemoryStore::default();
    /// # let document = Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2}"#)?;
    /// # let id = document.trace_id();
    /// # store.record(document)?;
    /// let trace = store.trace(id).unwrap();
    /// assert_eq!(trace.roots().next().unwrap().entity().name(), "job");
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn entity(self) -> &'a Entity {
        &self.slot().entity
    }

    /// The parent, if it has arrived.
    ///
    /// ```
    /// # use tracer_console::{Document, MemoryStore, TraceStore};
    /// # let store = MemoryStore::default();
    /// # let document = Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2}"#)?;
    /// # let id = document.trace_id();
    /// # store.record(document)?;
    /// let trace = store.trace(id).unwrap();
    /// assert!(trace.find("job").unwrap().parent().is_none());
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn parent(self) -> Option<Self> {
        self.slot().parent.map(|index| Self { trace: self.trace, index })
    }

    /// The children in the order in which they started.
    ///
    /// ```
    /// # use tracer_console::{Document, MemoryStore, TraceStore};
    /// # let store = MemoryStore::default();
    /// # let document = Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2,"origin":"AWS::EC2::Instance","subsegments":[{"name":"call","id":"8e7fb6825d14ff63","start_time":1.2,"end_time":1.4}]}"#)?;
    /// # let id = document.trace_id();
    /// # store.record(document)?;
    /// let trace = store.trace(id).unwrap();
    /// assert_eq!(trace.find("job").unwrap().children().count(), 1);
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    pub fn children(self) -> impl DoubleEndedIterator<Item = Self> {
        self.slot().children.iter().map(move |&index| Self { trace: self.trace, index })
    }

    /// The first child named `name`.
    ///
    /// ```
    /// # use tracer_console::{Document, MemoryStore, TraceStore};
    /// # let store = MemoryStore::default();
    /// # let document = Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2,"origin":"AWS::EC2::Instance","subsegments":[{"name":"call","id":"8e7fb6825d14ff63","start_time":1.2,"end_time":1.4}]}"#)?;
    /// # let id = document.trace_id();
    /// # store.record(document)?;
    /// let trace = store.trace(id).unwrap();
    /// assert!(trace.find("job").unwrap().child("call").is_some());
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn child(self, name: &str) -> Option<Self> {
        self.children().find(|child| child.name() == name)
    }

    /// How many parents it has above it.
    ///
    /// ```
    /// # use tracer_console::{Document, MemoryStore, TraceStore};
    /// # let store = MemoryStore::default();
    /// # let document = Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2,"origin":"AWS::EC2::Instance","subsegments":[{"name":"call","id":"8e7fb6825d14ff63","start_time":1.2,"end_time":1.4}]}"#)?;
    /// # let id = document.trace_id();
    /// # store.record(document)?;
    /// let trace = store.trace(id).unwrap();
    /// assert_eq!(trace.find("call").unwrap().depth(), 1);
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn depth(self) -> usize {
        self.slot().depth
    }

    /// Whether it is a subsegment whose parent has not arrived.
    ///
    /// ```
    /// # use tracer_console::{Document, MemoryStore, TraceStore};
    /// # let store = MemoryStore::default();
    /// # let document = Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2}"#)?;
    /// # let id = document.trace_id();
    /// # store.record(document)?;
    /// let trace = store.trace(id).unwrap();
    /// assert!(!trace.find("job").unwrap().is_orphan());
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn is_orphan(self) -> bool {
        self.slot().parent.is_none() && self.kind() == EntityKind::Subsegment
    }

    /// Whether Lambda is known to send another segment that belongs here.
    pub(super) fn expects_lambda(self) -> bool {
        let has_child = |origin| self.children().any(|child| child.origin() == Some(origin));
        let is_gateways_call = || {
            self.name() == "Lambda"
                && self.parent().is_some_and(|parent| parent.origin() == Some("AWS::ApiGateway::Stage"))
        };
        match self.origin() {
            // 202 is an asynchronous invocation: its attempts hold the functions' segments.
            Some("AWS::Lambda") => self.http_status() == Some(200) && !has_child("AWS::Lambda::Function"),
            Some("AWS::Lambda::Function") => self.parent_id().is_some() && self.parent().is_none(),
            _ => is_gateways_call() && !has_child("AWS::Lambda"),
        }
    }

    /// Whether the segment that it belongs to has ended.
    pub(super) fn is_under_ended_segment(self) -> bool {
        std::iter::successors(self.parent(), |node| node.parent())
            .find(|node| node.kind() != EntityKind::Subsegment)
            .is_some_and(|segment| !segment.is_in_progress())
    }
}

impl Deref for Node<'_> {
    type Target = Entity;

    fn deref(&self) -> &Entity {
        &self.trace.nodes[self.index].entity
    }
}
