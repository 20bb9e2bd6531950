//! Links from a segment to other traces: a batch of messages has one trace, and a link to the trace of each sender.

use std::collections::HashMap;

use serde_json::{Map, Value, json};

use crate::entity::Entity;
use crate::trace_id::{EntityId, TraceId};

/// A link of a segment: what it names belongs to another trace.
///
/// ```
/// use tracer_console::{EntityId, Link, TraceId};
///
/// let link = Link::new(TraceId::generate(), EntityId::generate());
/// assert_eq!(link.attribute("ReferenceType"), None);
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Link {
    trace_id: TraceId,
    id: EntityId,
    attributes: Map<String, Value>,
}

impl Link {
    /// A link to a segment or subsegment of another trace, without attributes.
    ///
    /// ```
    /// # use tracer_console::{EntityId, Link, TraceId};
    /// let link = Link::new(TraceId::generate(), EntityId::generate());
    /// ```
    #[must_use]
    pub fn new(trace_id: TraceId, id: EntityId) -> Self {
        Self { trace_id, id, attributes: Map::new() }
    }

    /// Reads an element of `links`; `None` when it names nothing.
    pub(crate) fn read(value: &Value) -> Option<Self> {
        let text = |key: &str| value.get(key)?.as_str();
        let (trace_id, id) = (text("trace_id")?.parse().ok()?, text("id")?.parse().ok()?);
        let attributes = value.get("attributes").and_then(Value::as_object).cloned().unwrap_or_default();
        Some(Self { trace_id, id, attributes })
    }

    /// An element of `links`.
    pub(crate) fn to_json(&self) -> Value {
        json!({"trace_id": self.trace_id.to_string(), "id": self.id.to_string(), "attributes": self.attributes})
    }

    /// The other trace.
    ///
    /// ```
    /// # use tracer_console::{EntityId, Link, TraceId};
    /// let sender = TraceId::generate();
    /// assert_eq!(Link::new(sender, EntityId::generate()).trace_id(), sender);
    /// ```
    #[must_use]
    pub fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    /// The segment or subsegment in the other trace.
    ///
    /// ```
    /// # use tracer_console::{EntityId, Link, TraceId};
    /// let call = EntityId::generate();
    /// assert_eq!(Link::new(TraceId::generate(), call).id(), call);
    /// ```
    #[must_use]
    pub fn id(&self) -> EntityId {
        self.id
    }

    /// An attribute of the link. Untrusted.
    ///
    /// ```
    /// # let document = tracer_console::Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2,"links":[{"trace_id":"1-6b02d94c-be5262b78fb491a007b77f7d","id":"8e7fb6825d14ff63","attributes":{"ReferenceType":"parent"}}]}"#)?;
    /// let entity = &document.entities()[0];
    /// let link = entity.links().next().unwrap();
    /// assert_eq!(link.attribute("ReferenceType"), Some(&"parent".into()));
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn attribute(&self, key: &str) -> Option<&Value> {
        self.attributes.get(key)
    }
}

/// A segment of another trace that links to this trace.
///
/// ```
/// # use tracer_console::{Document, MemoryStore, TraceStore};
/// # let store = MemoryStore::default();
/// # let sender = Document::parse(r#"{"id":"8e7fb6825d14ff63","trace_id":"1-6b02d94c-be5262b78fb491a007b77f7d","start_time":1,"name":"orders","end_time":2}"#)?;
/// # let receiver = Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":3,"name":"fulfillment","end_time":4,"links":[{"trace_id":"1-6b02d94c-be5262b78fb491a007b77f7d","id":"8e7fb6825d14ff63","attributes":{}}]}"#)?;
/// # let (sent, received) = (sender.trace_id(), receiver.trace_id());
/// # store.record(sender)?;
/// # store.record(receiver)?;
/// let trace = store.trace(sent).unwrap();
/// let linked = &trace.linked_from()[0];
/// assert_eq!((linked.name(), linked.trace_id()), ("fulfillment", received));
/// # Ok::<(), tracer_console::Refusal>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LinkedFrom {
    trace_id: TraceId,
    segment: EntityId,
    name: String,
    id: EntityId,
}

impl LinkedFrom {
    /// No trace shows more.
    pub(crate) const MOST: usize = MOST;

    pub(crate) fn new(trace_id: TraceId, segment: EntityId, name: String, id: EntityId) -> Self {
        Self { trace_id, segment, name, id }
    }

    /// The trace that the link is in.
    ///
    /// ```
    /// # use tracer_console::{MemoryStore, TraceId, TraceStore};
    /// # let store = MemoryStore::default();
    /// for linked in store.trace(TraceId::generate()).iter().flat_map(|trace| trace.linked_from()) {
    ///     println!("received in {}", linked.trace_id());
    /// }
    /// ```
    #[must_use]
    pub fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    /// The name of the segment that the link is on. Untrusted text.
    ///
    /// ```
    /// # use tracer_console::{MemoryStore, TraceId, TraceStore};
    /// # let store = MemoryStore::default();
    /// for linked in store.trace(TraceId::generate()).iter().flat_map(|trace| trace.linked_from()) {
    ///     println!("received by {:?}", linked.name());
    /// }
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// The segment or subsegment here that is linked to; it may not have arrived.
    ///
    /// ```
    /// # use tracer_console::{MemoryStore, TraceId, TraceStore};
    /// # let store = MemoryStore::default();
    /// for linked in store.trace(TraceId::generate()).iter().flat_map(|trace| trace.linked_from()) {
    ///     println!("sent by {}", linked.id());
    /// }
    /// ```
    #[must_use]
    pub fn id(&self) -> EntityId {
        self.id
    }
}

/// All links of a store, by the trace that they name.
#[derive(Debug, Default)]
pub(crate) struct LinkIndex(HashMap<TraceId, Vec<LinkedFrom>>);

/// As many links as X-Ray keeps of one trace.
const MOST: usize = 100;

impl LinkIndex {
    /// Adds the links of an entity, each once however often the entity arrives.
    pub(crate) fn add(&mut self, trace_id: TraceId, entity: &Entity) {
        for link in entity.links() {
            let (segment, name, id) = (entity.id(), entity.name().to_owned(), link.id());
            let linked = self.0.entry(link.trace_id()).or_default();
            let is_this =
                |known: &LinkedFrom| known.trace_id == trace_id && known.segment == segment && known.id == id;
            if linked.len() < MOST && !linked.iter().any(is_this) {
                linked.push(LinkedFrom { trace_id, segment, name, id });
            }
        }
    }

    /// Forgets the links of an entity whose trace is forgotten.
    pub(crate) fn forget(&mut self, trace_id: TraceId, entity: &Entity) {
        for link in entity.links() {
            if let Some(linked) = self.0.get_mut(&link.trace_id()) {
                linked.retain(|known| known.trace_id != trace_id);
                if linked.is_empty() {
                    self.0.remove(&link.trace_id());
                }
            }
        }
    }

    /// What links to a trace, the earliest to arrive first.
    pub(crate) fn to(&self, trace_id: TraceId) -> Vec<LinkedFrom> {
        self.0.get(&trace_id).cloned().unwrap_or_default()
    }
}
