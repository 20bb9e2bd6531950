//! What several documents of one trace come to: ids that come twice, and what X-Ray takes of a trace (fact sheet 1.11, 1.12).

use std::collections::{HashMap, HashSet};

use serde_json::{Map, Value};

use super::inspection::Inspection;
use crate::memory_store::MemoryLimits;
use crate::trace_id::{EntityId, TraceId};

/// X-Ray indexes so many annotations of a trace.
const MOST_INDEXED: usize = 50;

/// All traces of a file.
#[derive(Debug, Default)]
pub(super) struct Traces {
    traces: HashMap<TraceId, Seen>,
}

/// What was seen of a trace.
#[derive(Debug, Default)]
struct Seen {
    bytes: usize,
    keys: HashSet<String>,
    /// Of the documents: the number of the latest, and whether it was complete.
    documents: HashMap<EntityId, (usize, bool)>,
    said: Said,
}

/// What is said once of a trace.
#[derive(Debug, Default)]
struct Said {
    keys: bool,
    bytes: bool,
}

/// The trace that a document belongs to, as far as it says so.
#[derive(Debug)]
pub(super) struct TraceSoFar<'t> {
    seen: Option<&'t mut Seen>,
    is_first: bool,
}

impl Traces {
    /// Takes a document in.
    pub(super) fn add(
        &mut self,
        inspection: &mut Inspection,
        members: &Map<String, Value>,
        (number, bytes): (usize, usize),
    ) -> TraceSoFar<'_> {
        let text = |key: &str| members.get(key).and_then(Value::as_str);
        let Some(id) = text("trace_id").and_then(|id| id.parse().ok()) else {
            return TraceSoFar { seen: None, is_first: true };
        };
        let is_first = !self.traces.contains_key(&id);
        let seen = self.traces.entry(id).or_default();
        if let Some(id) = text("id").and_then(|id| id.parse().ok()) {
            let is_complete = members.get("in_progress") != Some(&Value::Bool(true));
            seen.document(inspection, id, (number, is_complete));
        }
        seen.bytes += bytes;
        let (_, most) = MemoryLimits::OF_XRAY;
        if seen.bytes > most && !std::mem::replace(&mut seen.said.bytes, true) {
            let message = format!(
                "with this one the trace has {} bytes, and X-Ray keeps 100 to 500 KB of a trace",
                seen.bytes
            );
            inspection.dropped(message, "begin a trace for each request, and keep large values elsewhere");
        }
        TraceSoFar { seen: Some(seen), is_first }
    }
}

impl Seen {
    fn document(&mut self, inspection: &mut Inspection, id: EntityId, (number, is_complete): (usize, bool)) {
        let before = self.documents.get(&id).copied();
        let remedy = "send an id once in progress at most, and once when it has ended";
        inspection.at("id", |inspection| match (before, is_complete) {
            (Some((before, true)), true) => {
                inspection
                    .dropped(format!("document {before} has the same id: X-Ray keeps the later"), remedy);
            }
            (Some((before, true)), false) => {
                let message =
                    format!("document {before} with this id has ended: one in progress does not replace it");
                inspection.dropped(message, remedy);
            }
            (Some((before, false)), false) => {
                inspection.advice(format!("document {before} with this id is in progress, too"), remedy);
            }
            (Some((_, false)), true) | (None, _) => {}
        });
        if is_complete || before.is_none_or(|(_, was_complete)| !was_complete) {
            self.documents.insert(id, (number, is_complete));
        }
    }
}

impl TraceSoFar<'_> {
    /// Whether no document of the trace came before.
    pub(super) fn is_first(&self) -> bool {
        self.is_first
    }

    /// Counts an annotation.
    pub(super) fn annotation(&mut self, inspection: &mut Inspection, key: &str) {
        let Some(seen) = &mut self.seen else { return };
        if seen.keys.contains(key) {
            return;
        }
        if seen.keys.len() < MOST_INDEXED {
            seen.keys.insert(key.to_owned());
        } else if !std::mem::replace(&mut seen.said.keys, true) {
            let message = format!(
                "X-Ray indexes {MOST_INDEXED} annotations of a trace: filters do not find this one and others"
            );
            inspection.dropped(message, "put what nobody filters by into metadata");
        }
    }
}
