//! What a program records, as both the model and the trace tell it.

use std::collections::BTreeMap;
use std::fmt;

use serde_json::Value;
use tracer_runtime::testing::RecordedSubsegment;

/// The path of a step in its program: unique there, and fit for an annotation's key.
#[derive(Debug, Clone)]
pub(crate) struct At(String);

impl At {
    pub(crate) fn start() -> Self {
        Self("at".to_owned())
    }

    pub(crate) fn below(&self, part: usize) -> Self {
        Self(format!("{}_{part}", self.0))
    }

    pub(crate) fn as_str(&self) -> &str {
        &self.0
    }
}

/// A subsegment: its annotations, among them where in the program it was opened, its mark, and what is below it.
#[derive(PartialEq, Eq, Default)]
pub(crate) struct Node {
    pub(crate) annotations: BTreeMap<String, Value>,
    pub(crate) is_fault: bool,
    pub(crate) is_in_progress: bool,
    pub(crate) children: Vec<Node>,
}

impl Node {
    /// The subsegment that was opened at `at`.
    pub(crate) fn at(at: &At) -> Self {
        let mut node = Self::default();
        node.annotate("At", at.as_str());
        node
    }

    pub(crate) fn annotate(&mut self, key: &str, value: impl Into<Value>) {
        self.annotations.insert(key.to_owned(), value.into());
    }

    /// What was recorded. Siblings that start in the same microsecond have no order, so all are ordered by place.
    pub(crate) fn forest(recorded: &[RecordedSubsegment]) -> Vec<Self> {
        sorted(recorded.iter().map(Self::recorded).collect())
    }

    fn recorded(subsegment: &RecordedSubsegment) -> Self {
        let annotations = subsegment.json()["annotations"].as_object().into_iter().flatten();
        Self {
            annotations: annotations.map(|(key, value)| (key.clone(), value.clone())).collect(),
            is_fault: subsegment.is_fault(),
            is_in_progress: subsegment.is_in_progress(),
            children: Self::forest(subsegment.subsegments()),
        }
    }

    fn place(&self) -> &str {
        self.annotations.get("At").and_then(Value::as_str).unwrap_or_default()
    }
}

pub(crate) fn sorted(mut nodes: Vec<Node>) -> Vec<Node> {
    nodes.sort_by(|a, b| a.place().cmp(b.place()));
    for node in &mut nodes {
        node.children = sorted(std::mem::take(&mut node.children));
    }
    nodes
}

/// As a tree, so that a failure can be read.
impl fmt::Debug for Node {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = if self.is_fault { " [fault]" } else { "" };
        let progress = if self.is_in_progress { " [in progress]" } else { "" };
        write!(f, "{mark}{progress} {:?} ", self.annotations)?;
        f.debug_list().entries(&self.children).finish()
    }
}
