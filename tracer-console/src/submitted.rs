//! Documents that are on their way into a store.

use std::fmt;

use crate::refusal::Refusal;

/// Documents that a [`TraceStore`](crate::TraceStore) was given: what became of each is known later.
///
/// ```
/// # use tracer_console::{Document, MemoryStore, TraceStore};
/// # let store = MemoryStore::default();
/// # let document = Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2}"#)?;
/// let submitted = store.submit(vec![document]);
/// // Something else, meanwhile.
/// assert_eq!(submitted.wait(), [Ok(())]);
/// # Ok::<(), tracer_console::Refusal>(())
/// ```
#[must_use = "what was refused is only known from it"]
pub struct Submitted(Box<dyn FnOnce() -> Vec<Result<(), Refusal>> + Send>);

impl Submitted {
    /// What `wait` returns is what became of each document, in their order.
    ///
    /// ```
    /// assert_eq!(tracer_console::Submitted::new(|| vec![Ok(())]).wait(), [Ok(())]);
    /// ```
    pub fn new(wait: impl FnOnce() -> Vec<Result<(), Refusal>> + Send + 'static) -> Self {
        Self(Box::new(wait))
    }

    /// What became of each document, once those that were taken are as durable as the store makes them.
    ///
    /// ```
    /// # use tracer_console::{MemoryStore, TraceStore};
    /// assert!(MemoryStore::default().submit(Vec::new()).wait().is_empty());
    /// ```
    #[must_use]
    pub fn wait(self) -> Vec<Result<(), Refusal>> {
        (self.0)()
    }
}

impl fmt::Debug for Submitted {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Submitted").finish_non_exhaustive()
    }
}
