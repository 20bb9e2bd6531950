//! A trace as it is known so far: a forest of segments and subsegments.

mod forest;
mod node;

use std::sync::Arc;

use self::forest::Forest;
pub use self::node::Node;
use crate::entity::{Entity, EntityKind, Exception};
use crate::link::LinkedFrom;
use crate::timestamp::Timestamp;
use crate::trace_id::TraceId;

/// A compiled trace: every entity under its parent, children in the order in which they started.
///
/// ```
/// # use tracer_console::{Document, MemoryStore, TraceStore};
/// # let store = MemoryStore::default();
/// # let document = Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2,"origin":"AWS::EC2::Instance","subsegments":[{"name":"call","id":"8e7fb6825d14ff63","start_time":1.2,"end_time":1.4}]}"#)?;
/// # let id = document.trace_id();
/// # store.record(document)?;
/// let trace = store.trace(id).unwrap();
/// assert_eq!(trace.find("call").unwrap().parent().unwrap().name(), "job");
/// # Ok::<(), tracer_console::Refusal>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Trace {
    id: TraceId,
    /// Each before its children.
    nodes: Vec<Slot>,
    roots: Vec<usize>,
    linked_from: Vec<LinkedFrom>,
}

#[derive(Debug, Clone, PartialEq)]
struct Slot {
    entity: Arc<Entity>,
    parent: Option<usize>,
    children: Vec<usize>,
    depth: usize,
}

impl Trace {
    /// Puts the entities of one trace under their parents.
    pub(crate) fn compile(id: TraceId, mut entities: Vec<Arc<Entity>>, linked_from: Vec<LinkedFrom>) -> Self {
        entities.sort_by_key(|entity| (entity.start, entity.id));
        Self { linked_from, ..Forest::new(&entities).grow(id) }
    }

    /// The trace's id.
    ///
    /// ```
    /// # use tracer_console::{Document, MemoryStore, TraceStore};
    /// # let store = MemoryStore::default();
    /// # let document = Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2}"#)?;
    /// # let id = document.trace_id();
    /// # store.record(document)?;
    /// let trace = store.trace(id).unwrap();
    /// assert_eq!(trace.id(), id);
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn id(&self) -> TraceId {
        self.id
    }

    /// The segments of other traces that link to this one, such as those of who received its messages: the first 100
    /// that arrived, as X-Ray keeps them.
    ///
    /// ```
    /// # use tracer_console::{Document, MemoryStore, TraceStore};
    /// # let store = MemoryStore::default();
    /// # let document = Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2}"#)?;
    /// # let id = document.trace_id();
    /// # store.record(document)?;
    /// let trace = store.trace(id).unwrap();
    /// assert!(trace.linked_from().is_empty());
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn linked_from(&self) -> &[LinkedFrom] {
        &self.linked_from
    }

    /// Those without a parent here: segments without caller, and what waits for a parent that has not arrived.
    ///
    /// ```
    /// # use tracer_console::{Document, MemoryStore, TraceStore};
    /// # let store = MemoryStore::default();
    /// # let document = Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2,"origin":"AWS::EC2::Instance","subsegments":[{"name":"call","id":"8e7fb6825d14ff63","start_time":1.2,"end_time":1.4}]}"#)?;
    /// # let id = document.trace_id();
    /// # store.record(document)?;
    /// let trace = store.trace(id).unwrap();
    /// assert_eq!(trace.roots().count(), 1);
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    pub fn roots(&self) -> impl Iterator<Item = Node<'_>> {
        self.roots.iter().map(|&index| Node { trace: self, index })
    }

    /// Every segment and subsegment, each before its children.
    ///
    /// ```
    /// # use tracer_console::{Document, MemoryStore, TraceStore};
    /// # let store = MemoryStore::default();
    /// # let document = Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2,"origin":"AWS::EC2::Instance","subsegments":[{"name":"call","id":"8e7fb6825d14ff63","start_time":1.2,"end_time":1.4}]}"#)?;
    /// # let id = document.trace_id();
    /// # store.record(document)?;
    /// let trace = store.trace(id).unwrap();
    /// assert_eq!(trace.nodes().count(), 2);
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    pub fn nodes(&self) -> impl Iterator<Item = Node<'_>> {
        (0..self.nodes.len()).map(|index| Node { trace: self, index })
    }

    /// How many segments and subsegments have arrived.
    ///
    /// ```
    /// # use tracer_console::{Document, MemoryStore, TraceStore};
    /// # let store = MemoryStore::default();
    /// # let document = Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2,"origin":"AWS::EC2::Instance","subsegments":[{"name":"call","id":"8e7fb6825d14ff63","start_time":1.2,"end_time":1.4}]}"#)?;
    /// # let id = document.trace_id();
    /// # store.record(document)?;
    /// let trace = store.trace(id).unwrap();
    /// assert_eq!(trace.len(), 2);
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn len(&self) -> usize {
        self.nodes.len()
    }

    /// Whether nothing has arrived.
    ///
    /// ```
    /// # use tracer_console::{Document, MemoryStore, TraceStore};
    /// # let store = MemoryStore::default();
    /// # let document = Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2}"#)?;
    /// # let id = document.trace_id();
    /// # store.record(document)?;
    /// let trace = store.trace(id).unwrap();
    /// assert!(!trace.is_empty());
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.nodes.is_empty()
    }

    /// The first segment or subsegment named `name`.
    ///
    /// ```
    /// # use tracer_console::{Document, MemoryStore, TraceStore};
    /// # let store = MemoryStore::default();
    /// # let document = Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2,"origin":"AWS::EC2::Instance","subsegments":[{"name":"call","id":"8e7fb6825d14ff63","start_time":1.2,"end_time":1.4}]}"#)?;
    /// # let id = document.trace_id();
    /// # store.record(document)?;
    /// let trace = store.trace(id).unwrap();
    /// assert!(trace.find("call").is_some());
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn find(&self, name: &str) -> Option<Node<'_>> {
        self.nodes().find(|node| node.name() == name)
    }

    /// The first segment of the origin, such as `AWS::Lambda::Function`.
    ///
    /// ```
    /// # use tracer_console::{Document, MemoryStore, TraceStore};
    /// # let store = MemoryStore::default();
    /// # let document = Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2,"origin":"AWS::EC2::Instance","subsegments":[{"name":"call","id":"8e7fb6825d14ff63","start_time":1.2,"end_time":1.4}]}"#)?;
    /// # let id = document.trace_id();
    /// # store.record(document)?;
    /// let trace = store.trace(id).unwrap();
    /// assert_eq!(trace.find_origin("AWS::EC2::Instance").unwrap().name(), "job");
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn find_origin(&self, origin: &str) -> Option<Node<'_>> {
        self.nodes().find(|node| node.origin() == Some(origin))
    }

    /// The exception with this id, wherever in the trace it was recorded, and the entity that recorded it.
    ///
    /// ```
    /// # use tracer_console::{Document, MemoryStore, TraceStore};
    /// # let store = MemoryStore::default();
    /// # let document = Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2,"cause":{"exceptions":[{"id":"e0","type":"Late","message":"too late"}]}}"#)?;
    /// # let id = document.trace_id();
    /// # store.record(document)?;
    /// let trace = store.trace(id).unwrap();
    /// let (place, exception) = trace.exception("e0").unwrap();
    /// assert_eq!((place.name(), exception.type_name()), ("job", "Late"));
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn exception(&self, id: &str) -> Option<(Node<'_>, Exception<'_>)> {
        self.nodes.iter().enumerate().find_map(|(index, slot)| {
            let exception = slot.entity.exceptions().find(|exception| exception.id() == id)?;
            Some((Node { trace: self, index }, exception))
        })
    }

    /// When the first entity started; `None` when nothing has arrived.
    ///
    /// ```
    /// # use tracer_console::{Document, MemoryStore, TraceStore};
    /// # let store = MemoryStore::default();
    /// # let document = Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2}"#)?;
    /// # let id = document.trace_id();
    /// # store.record(document)?;
    /// let trace = store.trace(id).unwrap();
    /// assert_eq!(trace.start().unwrap().micros(), 1_000_000);
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn start(&self) -> Option<Timestamp> {
        self.nodes.iter().map(|slot| slot.entity.start).min()
    }

    /// When the last known thing happened; `None` when nothing has arrived.
    ///
    /// ```
    /// # use tracer_console::{Document, MemoryStore, TraceStore};
    /// # let store = MemoryStore::default();
    /// # let document = Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2}"#)?;
    /// # let id = document.trace_id();
    /// # store.record(document)?;
    /// let trace = store.trace(id).unwrap();
    /// assert_eq!(trace.end().unwrap().micros(), 2_000_000);
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn end(&self) -> Option<Timestamp> {
        self.nodes.iter().map(|slot| slot.entity.end.unwrap_or(slot.entity.start)).max()
    }

    /// Whether everything that can be expected is here: a segment, no segment open, nobody waiting for a parent, and
    /// no subsegment open but where its segment has ended (a function that timed out will never close them).
    ///
    /// ```
    /// # use tracer_console::{Document, MemoryStore, TraceStore};
    /// # let store = MemoryStore::default();
    /// # let document = Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2}"#)?;
    /// # let id = document.trace_id();
    /// # store.record(document)?;
    /// let trace = store.trace(id).unwrap();
    /// assert!(trace.is_settled());
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn is_settled(&self) -> bool {
        let segment = |node: Node<'_>| node.kind() == EntityKind::Segment;
        let waits = |node: Node<'_>| {
            node.is_orphan()
                || node.expects_lambda()
                || (node.is_in_progress() && (segment(node) || !node.is_under_ended_segment()))
        };
        self.nodes().any(segment) && !self.nodes().any(waits)
    }
}
