//! Traces as X-Ray has them: their documents, and what is drawn of them.

use serde_json::{Value, json};
use tracer_console::{Document, MemoryStore, Revision, TraceStore as _, taken_apart};

use super::endpoint::{CallError, Endpoint};
use super::screen::Screen;

/// X-Ray gives so many at once.
const AT_ONCE: usize = 5;

/// A trace that X-Ray has.
#[derive(Debug, Clone)]
pub(crate) struct Stored {
    pub(crate) id: String,
    /// Of each segment.
    pub(crate) documents: Vec<String>,
}

/// Those of the ids that X-Ray has, in the order in which they were asked for.
pub(crate) fn traces(endpoint: &Endpoint, ids: &[String]) -> Result<Vec<Stored>, CallError> {
    let mut found = Vec::new();
    for ids in ids.chunks(AT_ONCE) {
        let mut request = json!({ "TraceIds": ids });
        loop {
            let answer = endpoint.call("/Traces", &request)?;
            found.extend(answer["Traces"].as_array().into_iter().flatten().filter_map(read));
            match &answer["NextToken"] {
                Value::String(token) => request["NextToken"] = json!(token),
                _ => break,
            }
        }
    }
    found.sort_by_key(|trace: &Stored| ids.iter().position(|id| *id == trace.id));
    Ok(found)
}

/// X-Ray answers without a segment where it has none.
fn read(trace: &Value) -> Option<Stored> {
    let segments = trace["Segments"].as_array()?.iter();
    let documents: Vec<_> =
        segments.filter_map(|segment| segment["Document"].as_str().map(str::to_owned)).collect();
    (!documents.is_empty())
        .then(|| Stored { id: trace["Id"].as_str().unwrap_or_default().to_owned(), documents })
}

impl Stored {
    /// Draws it; what it has that is no document is said. Returns whether that was nothing.
    pub(crate) fn draw(&self, screen: Screen) -> bool {
        let store = MemoryStore::default();
        let mut is_whole = true;
        for document in self.documents.iter().flat_map(|document| taken_apart(document)) {
            if let Err(refusal) = Document::parse(&document).and_then(|document| store.record(document)) {
                Screen::refuse("", &refusal);
                is_whole = false;
            }
        }
        for (id, _) in store.changed_since(Revision::default()) {
            if let Some(trace) = store.trace(id) {
                screen.draw(&trace);
            }
        }
        is_whole
    }
}
