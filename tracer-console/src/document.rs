//! One document as it arrived: a segment or independent subsegment with everything nested in it.

use std::collections::HashSet;

use serde_json::{Map, Value};

use crate::entity::{Entity, EntityKind};
use crate::lenient_json;
use crate::refusal::{Refusal, RefusalCode};
use crate::timestamp::Timestamp;
use crate::trace_id::{EntityId, InvalidId, TraceId};

/// A document that was read: its trace, its entities (the outermost first), and its own text.
///
/// ```
/// let text = r#"{"name":"web","id":"e2f05d4745dfa4e5","trace_id":"1-6b02d94c-be5262b78fb491a007b77f7d",
///     "start_time":1795348812.34,"end_time":1795348812.44,
///     "subsegments":[{"name":"dynamodb","id":"8e7fb6825d14ff63","start_time":1795348812.37,"end_time":1795348812.39}]}"#;
/// let document = tracer_console::Document::parse(text)?;
/// let names: Vec<_> = document.entities().iter().map(|entity| entity.name()).collect();
/// assert_eq!(names, ["web", "dynamodb"]);
/// # Ok::<(), tracer_console::Refusal>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Document {
    trace_id: TraceId,
    entities: Vec<Entity>,
    text: Box<str>,
}

impl Document {
    /// All processors work together on documents whose texts have no more bytes: what takes long there keeps all others waiting.
    pub(crate) const MOST_TOGETHER: usize = 512 << 10;

    /// Reads a document, tolerantly where real tracers need it.
    ///
    /// ```
    /// # use tracer_console::{Document, RefusalCode};
    /// assert_eq!(Document::parse("{}").unwrap_err().code, RefusalCode::MissingTraceId);
    /// ```
    ///
    /// # Errors
    /// A [`Refusal`] named as X-Ray names it when the document cannot be placed in a trace.
    pub fn parse(text: &str) -> Result<Self, Refusal> {
        Self::read(text).map_err(|refusal| refusal.of(text.as_bytes()))
    }

    fn read(text: &str) -> Result<Self, Refusal> {
        let lenient = lenient_json::read(text)?;
        let Value::Object(mut members) = lenient.value else {
            return Err(Refusal::new(RefusalCode::InvalidSegment, "the document is no JSON object"));
        };
        let trace_id = trace_id(&members)?;
        let nested = take_nested(&mut members);
        let outermost = Outermost::check(&members)?.into_entity(members, lenient.repaired);
        let (id, start) = (outermost.id, outermost.start);
        let mut tree =
            Nesting { seen: HashSet::from([id]), entities: vec![outermost], repaired: lenient.repaired };
        tree.flatten(id, start, nested);
        Ok(Self { trace_id, entities: tree.entities, text: text.into() })
    }

    /// The trace it belongs to.
    ///
    /// ```
    /// # let document = tracer_console::Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2}"#)?;
    /// assert_eq!(document.trace_id().to_string(), "1-6b02e002-9311b20839c1ed87c6cec943");
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    /// Its entities, each before its children.
    ///
    /// ```
    /// # let document = tracer_console::Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2,"origin":"AWS::EC2::Instance","subsegments":[{"name":"call","id":"8e7fb6825d14ff63","start_time":1.2,"end_time":1.4}]}"#)?;
    /// assert_eq!(document.entities().len(), 2);
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn entities(&self) -> &[Entity] {
        &self.entities
    }

    /// The document exactly as it arrived.
    ///
    /// ```
    /// # let document = tracer_console::Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2}"#)?;
    /// assert!(document.text().contains("job"));
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn text(&self) -> &str {
        &self.text
    }

    pub(crate) fn into_entities(self) -> Vec<Entity> {
        self.entities
    }

    /// Its trace, its entities and its text.
    pub(crate) fn into_parts(self) -> (TraceId, Vec<Entity>, Box<str>) {
        (self.trace_id, self.entities, self.text)
    }
}

fn trace_id(members: &Map<String, Value>) -> Result<TraceId, Refusal> {
    let missing = || Refusal::new(RefusalCode::MissingTraceId, "no trace_id");
    let invalid = |why: String| Refusal::new(RefusalCode::InvalidTraceId, format!("trace_id: {why}"));
    let value = members.get("trace_id").ok_or_else(missing)?;
    let text = value.as_str().ok_or_else(|| invalid("not a string".into()))?;
    text.parse().map_err(|error: InvalidId| invalid(error.to_string()))
}

fn entity_id(members: &Map<String, Value>, key: &str) -> Result<Option<EntityId>, Refusal> {
    let invalid = |why: String| Refusal::new(RefusalCode::InvalidId, format!("{key}: {why}"));
    match members.get(key) {
        None | Some(Value::Null) => Ok(None),
        Some(Value::String(text)) if text.is_empty() && key == "parent_id" => Ok(None),
        Some(Value::String(text)) => {
            text.parse().map(Some).map_err(|error: InvalidId| invalid(error.to_string()))
        }
        Some(_) => Err(invalid("not a string".into())),
    }
}

/// What must be right in the outermost entity of a document.
struct Outermost {
    id: EntityId,
    parent: Option<EntityId>,
    start: Timestamp,
    end: Option<Timestamp>,
    kind: EntityKind,
}

impl Outermost {
    fn check(members: &Map<String, Value>) -> Result<Self, Refusal> {
        let id = entity_id(members, "id")?.ok_or_else(|| Refusal::new(RefusalCode::MissingId, "no id"))?;
        let parent = entity_id(members, "parent_id")?;
        let start = members.get("start_time").and_then(Timestamp::read).ok_or_else(|| {
            Refusal::new(RefusalCode::MissingStartTime, "no start_time in epoch seconds as a JSON number")
        })?;
        let end = end_time(members);
        if end.is_none() && !says_in_progress(members) {
            let message = "no end_time in epoch seconds, and not \"in_progress\": true";
            return Err(Refusal::new(RefusalCode::MissingEndTime, message));
        }
        let kind = match members.get("type").and_then(Value::as_str) {
            Some("subsegment") => EntityKind::Subsegment,
            _ if members.get("inferred") == Some(&Value::Bool(true)) => EntityKind::Inferred,
            _ => EntityKind::Segment,
        };
        if kind == EntityKind::Subsegment && parent.is_none() {
            let message = "a subsegment sent on its own needs the parent_id of what it belongs to";
            return Err(Refusal::new(RefusalCode::MissingParentId, message));
        }
        Ok(Self { id, parent, start, end, kind })
    }

    fn into_entity(self, members: Map<String, Value>, repaired: bool) -> Entity {
        let Self { id, parent, start, end, kind } = self;
        Entity { id, kind, parent, start, end, repaired, members }
    }
}

fn says_in_progress(members: &Map<String, Value>) -> bool {
    members.get("in_progress") == Some(&Value::Bool(true))
}

fn end_time(members: &Map<String, Value>) -> Option<Timestamp> {
    if says_in_progress(members) { None } else { members.get("end_time").and_then(Timestamp::read) }
}

/// Takes the nested subsegments out, so that an entity holds only its own members.
fn take_nested(members: &mut Map<String, Value>) -> Vec<Map<String, Value>> {
    let Some(Value::Array(nested)) = members.remove("subsegments") else {
        return Vec::new();
    };
    let objects = nested.into_iter().filter_map(|value| match value {
        Value::Object(members) => Some(members),
        _ => None,
    });
    objects.collect()
}

/// Flattens a tree of subsegments; the nesting says who is whose parent, whatever `parent_id` says.
struct Nesting {
    seen: HashSet<EntityId>,
    entities: Vec<Entity>,
    repaired: bool,
}

impl Nesting {
    /// Recursion is bounded by `lenient_json::MAX_DEPTH`.
    fn flatten(&mut self, parent: EntityId, parent_start: Timestamp, nested: Vec<Map<String, Value>>) {
        for (position, mut members) in nested.into_iter().enumerate() {
            let grandchildren = take_nested(&mut members);
            let id = self.unique_id(&members, parent, position);
            // One that does not say when it began, began with its parent as far as anybody knows.
            let start = members.get("start_time").and_then(Timestamp::read).unwrap_or(parent_start);
            let end = end_time(&members);
            let (kind, repaired) = (EntityKind::Subsegment, self.repaired);
            self.entities.push(Entity { id, kind, parent: Some(parent), start, end, repaired, members });
            self.flatten(id, start, grandchildren);
        }
    }

    fn unique_id(&mut self, members: &Map<String, Value>, parent: EntityId, position: usize) -> EntityId {
        let own = entity_id(members, "id").ok().flatten().filter(|id| !self.seen.contains(id));
        let id = own.unwrap_or_else(|| EntityId::derived(parent, position));
        self.seen.insert(id);
        id
    }
}

#[cfg(test)]
#[path = "document_tests.rs"]
mod tests;
