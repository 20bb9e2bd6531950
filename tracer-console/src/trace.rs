//! A trace as it is known so far: a forest of segments and subsegments.

use std::collections::{HashMap, HashSet};
use std::ops::Deref;
use std::sync::Arc;

use crate::entity::{Entity, EntityKind, Exception};
use crate::link::LinkedFrom;
use crate::timestamp::Timestamp;
use crate::trace_id::{EntityId, TraceId};

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
    trace: &'a Trace,
    index: usize,
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
    fn expects_lambda(self) -> bool {
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
    fn is_under_ended_segment(self) -> bool {
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

/// Who is whose child, by position in a list that is sorted by start.
struct Forest<'a> {
    entities: &'a [Arc<Entity>],
    children: HashMap<EntityId, Vec<usize>>,
    arrived: HashSet<EntityId>,
}

impl<'a> Forest<'a> {
    fn new(entities: &'a [Arc<Entity>]) -> Self {
        let mut children = HashMap::<_, Vec<_>>::new();
        for (at, entity) in entities.iter().enumerate() {
            if let Some(parent) = entity.parent {
                children.entry(parent).or_default().push(at);
            }
        }
        Self { entities, children, arrived: entities.iter().map(|entity| entity.id).collect() }
    }

    fn grow(&self, id: TraceId) -> Trace {
        let mut trace = Trace {
            id,
            nodes: Vec::with_capacity(self.entities.len()),
            roots: Vec::new(),
            linked_from: Vec::new(),
        };
        let mut placed = vec![false; self.entities.len()];
        let is_root =
            |at: &usize| self.entities[*at].parent.is_none_or(|parent| !self.arrived.contains(&parent));
        for root in (0..self.entities.len()).filter(is_root) {
            self.place(root, &mut trace, &mut placed);
        }
        // What is left goes round in circles; the earliest of a circle becomes a root.
        for at in 0..self.entities.len() {
            if !placed[at] {
                self.place(at, &mut trace, &mut placed);
            }
        }
        trace
    }

    /// Places an entity and all below it, without recursion: a chain of documents may be longer than the stack.
    fn place(&self, root: usize, trace: &mut Trace, placed: &mut [bool]) {
        let mut waiting = vec![(root, None::<usize>)];
        while let Some((at, parent)) = waiting.pop() {
            if std::mem::replace(&mut placed[at], true) {
                continue;
            }
            let index = trace.nodes.len();
            let depth = parent.map_or(0, |parent| trace.nodes[parent].depth + 1);
            match parent {
                Some(parent) => trace.nodes[parent].children.push(index),
                None => trace.roots.push(index),
            }
            let entity = Arc::clone(&self.entities[at]);
            let children = self.children.get(&entity.id);
            trace.nodes.push(Slot { entity, parent, children: Vec::new(), depth });
            waiting.extend(children.into_iter().flatten().rev().map(|&child| (child, Some(index))));
        }
    }
}
