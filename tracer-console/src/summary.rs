//! What is told of a trace in a line: its summary.

use serde_json::Value;

use crate::compiled::CompiledTrace;
use crate::store::TraceStore;
use crate::trace_id::TraceId;

impl dyn TraceStore + '_ {
    /// The summary of a trace as X-Ray's `GetTraceSummaries` answers it; `None` when nothing of it is there.
    ///
    /// ```
    /// use tracer_console::{Document, MemoryStore, TraceStore};
    ///
    /// let store: &dyn TraceStore = &MemoryStore::default();
    /// let document = Document::parse(r#"{"name":"job","id":"cbafb490a105b1f4","start_time":1,"end_time":2,
    ///     "trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","fault":true}"#)?;
    /// let id = document.trace_id();
    /// store.record(document)?;
    /// let summary = store.summary(id).unwrap();
    /// assert_eq!((&summary["HasFault"], &summary["ResponseTime"]), (&true.into(), &1.0.into()));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    #[must_use]
    pub fn summary(&self, id: TraceId) -> Option<Value> {
        let trace = self.trace(id)?;
        let compiled = CompiledTrace::of(&trace);
        serde_json::to_value(compiled.summary(self.size(id).documents, None)).ok()
    }
}
