//! The documents of a compiled trace, as `BatchGetTraces` answers them (fact sheet 1.11.3, 7.6).

use serde::Serialize;
use serde_json::{Map, Value};

use super::CompiledTrace;
use super::lambda_function;
use super::segment::{Segment, Source};
use crate::entity::{Entity, EntityKind};
use crate::trace::Node;

/// A `Trace` of `BatchGetTraces`, to be written as JSON.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TraceAnswer {
    pub(crate) id: String,
    pub(crate) duration: f64,
    pub(crate) limit_exceeded: bool,
    pub(crate) segments: Vec<SegmentAnswer>,
}

/// A segment whose document is text within the JSON.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct SegmentAnswer {
    pub(crate) id: String,
    pub(crate) document: String,
}

impl CompiledTrace<'_> {
    /// The trace with its segments' documents; inferred ones stand beside the others.
    pub(crate) fn to_answer(&self, limit_exceeded: bool) -> TraceAnswer {
        let answer = |segment| SegmentAnswer {
            id: Segment::id(segment).to_string(),
            document: self.document(segment),
        };
        TraceAnswer {
            id: self.id().to_string(),
            duration: self.known_times().1,
            limit_exceeded,
            segments: self.segments().iter().map(answer).collect(),
        }
    }

    /// The document of a segment with its subsegments nested.
    pub(crate) fn document(&self, segment: &Segment<'_>) -> String {
        let mut writer = Writer::default();
        writer.outermost(segment, &self.id().to_string());
        writer.text
    }
}

/// What a member has to be to stand in the schema.
#[derive(Debug, Clone, Copy)]
enum Shape {
    Text,
    Flag,
    Object,
    List,
    /// An object, or the id of an exception.
    Cause,
    /// Strings, numbers and booleans by key.
    Annotations,
}

impl Shape {
    fn fits(self, value: &Value) -> bool {
        match self {
            Self::Text => value.is_string(),
            Self::Flag => value.is_boolean(),
            Self::Object | Self::Annotations => value.is_object(),
            Self::List => value.is_array(),
            Self::Cause => value.is_object() || value.is_string(),
        }
    }
}

/// The members of segments and subsegments beside ids, times, names and nesting (fact sheet 1.1 to 1.3).
const MEMBERS: [(&str, Shape); 12] = [
    ("http", Shape::Object),
    ("aws", Shape::Object),
    ("sql", Shape::Object),
    ("error", Shape::Flag),
    ("throttle", Shape::Flag),
    ("fault", Shape::Flag),
    ("cause", Shape::Cause),
    ("annotations", Shape::Annotations),
    ("metadata", Shape::Object),
    ("traced", Shape::Flag),
    ("namespace", Shape::Text),
    ("precursor_ids", Shape::List),
];

/// Members that only a segment has.
const MEMBERS_OF_SEGMENTS: [(&str, Shape); 6] = [
    ("origin", Shape::Text),
    ("user", Shape::Text),
    ("resource_arn", Shape::Text),
    ("service", Shape::Object),
    ("links", Shape::List),
    ("inferred", Shape::Flag),
];

/// What an inferred segment copies of its subsegment (fact sheet 1.11.4).
const MEMBERS_COPIED: [&str; 6] = ["http", "aws", "error", "throttle", "fault", "cause"];

/// Writes a document without recursion: a chain of subsegments may be longer than the stack.
#[derive(Debug, Default)]
struct Writer {
    text: String,
}

/// What is left to write.
enum Left<'t> {
    Subsegment(Node<'t>),
    Text(&'static str),
}

impl Writer {
    fn outermost(&mut self, segment: &Segment<'_>, trace_id: &str) {
        self.text.push('{');
        self.member("id", &segment.id().to_string());
        self.member("name", segment.name());
        self.member("trace_id", trace_id);
        let measured = segment.measured();
        self.times(measured.start(), measured.end());
        match segment.source() {
            Source::Reported(node) => {
                self.parent(node.entity());
                self.members(node.entity(), &MEMBERS_OF_SEGMENTS);
                self.members(node.entity(), &MEMBERS);
            }
            Source::Orphan(node) => {
                self.parent(node.entity());
                self.member("type", "subsegment");
                self.members(node.entity(), &MEMBERS);
            }
            Source::Inferred(call) => self.inferred(segment, call.entity()),
            Source::Synthesised(_) => self.synthesised(segment),
        }
        self.nest(segment.children().into_iter());
        self.text.push('}');
    }

    fn inferred(&mut self, segment: &Segment<'_>, call: &Entity) {
        self.member("parent_id", &call.id().to_string());
        if let Some(origin) = segment.origin() {
            self.member("origin", &origin);
        }
        self.member("inferred", &true);
        let copied = MEMBERS.into_iter().filter(|(key, _)| MEMBERS_COPIED.contains(key));
        copied.for_each(|member| self.members(call, &[member]));
    }

    fn synthesised(&mut self, segment: &Segment<'_>) {
        self.member("origin", lambda_function::ORIGIN);
        self.member("inferred", &true);
        let outcome = segment.measured().outcome();
        for (key, _) in [("error", outcome.error), ("throttle", outcome.throttle), ("fault", outcome.fault)]
            .into_iter()
            .filter(|(_, is_set)| *is_set)
        {
            self.member(key, &true);
        }
    }

    fn parent(&mut self, entity: &Entity) {
        if let Some(parent) = entity.parent_id() {
            self.member("parent_id", &parent.to_string());
        }
    }

    fn times(&mut self, start: crate::Timestamp, end: Option<crate::Timestamp>) {
        self.member("start_time", &start.seconds());
        match end {
            Some(end) => self.member("end_time", &end.seconds()),
            None => self.member("in_progress", &true),
        }
    }

    /// Writes those members that an entity has and that fit the schema.
    fn members(&mut self, entity: &Entity, members: &[(&str, Shape)]) {
        for &(key, shape) in members {
            let Some(value) = entity.member(key).filter(|value| shape.fits(value)) else { continue };
            match (shape, value) {
                (Shape::Annotations, Value::Object(annotations)) => self.annotations(annotations),
                _ => self.member(key, value),
            }
        }
    }

    fn annotations(&mut self, annotations: &Map<String, Value>) {
        self.key("annotations");
        self.text.push('{');
        for (key, value) in annotations {
            if value.is_string() || value.is_number() || value.is_boolean() {
                self.member(key, value);
            }
        }
        self.text.push('}');
    }

    /// Writes subsegments into each other.
    fn nest<'t>(&mut self, children: impl DoubleEndedIterator<Item = Node<'t>>) {
        let mut left = Vec::new();
        Self::push_nested(&mut left, children);
        while let Some(next) = left.pop() {
            match next {
                Left::Text(text) => self.text.push_str(text),
                Left::Subsegment(node) => {
                    self.subsegment(node.entity());
                    Self::push_nested(&mut left, node.children());
                }
            }
        }
    }

    /// What closes a list lies below its elements.
    fn push_nested<'t>(left: &mut Vec<Left<'t>>, children: impl DoubleEndedIterator<Item = Node<'t>>) {
        let begin = left.len();
        for child in children.rev().filter(|child| child.kind() == EntityKind::Subsegment) {
            let is_last = left.len() == begin;
            left.push(Left::Text(if is_last { "}]" } else { "}," }));
            left.push(Left::Subsegment(child));
        }
        if left.len() > begin {
            left.push(Left::Text(",\"subsegments\":["));
        }
    }

    /// Opens a subsegment; what closes it comes after what is nested in it.
    fn subsegment(&mut self, entity: &Entity) {
        self.text.push('{');
        self.member("id", &entity.id().to_string());
        self.member("name", entity.name());
        self.times(entity.start(), entity.end());
        self.members(entity, &MEMBERS);
    }

    fn member(&mut self, key: &str, value: &(impl Serialize + ?Sized)) {
        self.key(key);
        self.value(value);
    }

    fn key(&mut self, key: &str) {
        if !self.text.ends_with('{') {
            self.text.push(',');
        }
        self.value(key);
        self.text.push(':');
    }

    fn value(&mut self, value: &(impl Serialize + ?Sized)) {
        // What was read from JSON, texts and finite numbers can all be written.
        self.text.push_str(&serde_json::to_string(value).unwrap_or_else(|_| "null".into()));
    }
}
