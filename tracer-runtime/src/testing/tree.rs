//! What was recorded, as a tree to assert on.

use std::fmt;

use super::recorded_subsegment::{RecordedSubsegment, find, only};

/// Everything that one capture recorded.
///
/// It prints as a readable tree, and so does each failure to find something in it.
///
/// ```
/// use tracer_runtime::{subsegment, testing};
///
/// let trace = testing::capture(|| subsegment("parse", || subsegment("lines", || ())));
/// assert!(trace.to_string().starts_with("parse"));
/// assert_eq!(trace.subsegment("parse").subsegments()[0].name(), "lines");
/// ```
#[derive(Clone)]
pub struct RecordedTrace {
    roots: Vec<RecordedSubsegment>,
    documents: Vec<String>,
}

impl RecordedTrace {
    /// Nests the documents by their parents; what hangs on no other document hangs on the trace.
    pub(super) fn of(documents: &[String]) -> Self {
        let parsed = documents.iter().filter_map(|document| serde_json::from_str(document).ok());
        let mut loose: Vec<RecordedSubsegment> = Vec::new();
        for subsegment in parsed.map(RecordedSubsegment::of) {
            // A complete document replaces the one in progress.
            loose.retain(|other| other.id() != subsegment.id());
            loose.push(subsegment);
        }
        let mut at = 0;
        while at < loose.len() {
            let parent = loose[at].text("parent_id").to_owned();
            let child = loose.remove(at);
            match loose.iter_mut().find_map(|root| root.find_id(&parent)) {
                Some(parent) => {
                    parent.children.push(child);
                    parent.sort();
                }
                None => {
                    loose.insert(at, child);
                    at += 1;
                }
            }
        }
        loose.sort_by(|a, b| a.start().total_cmp(&b.start()));
        Self { roots: loose, documents: documents.to_vec() }
    }

    /// The outermost subsegments, in the order of their start.
    ///
    /// ```
    /// assert!(tracer_runtime::testing::capture(|| ()).subsegments().is_empty());
    /// ```
    #[must_use]
    pub fn subsegments(&self) -> &[RecordedSubsegment] {
        &self.roots
    }

    /// The documents as they were sent, in their order.
    ///
    /// ```
    /// assert!(tracer_runtime::testing::capture(|| ()).documents().is_empty());
    /// ```
    #[must_use]
    pub fn documents(&self) -> &[String] {
        &self.documents
    }

    /// The one subsegment of this name at any depth: the whole name, or the last part of `## module::name`.
    ///
    /// # Panics
    /// Where there is none or more than one; the message shows the tree.
    ///
    /// ```
    /// # use tracer_runtime::{subsegment, testing};
    /// let trace = testing::capture(|| subsegment("outer", || subsegment("inner", || ())));
    /// assert_eq!(trace.subsegment("inner").name(), "inner");
    /// ```
    #[must_use]
    #[track_caller]
    pub fn subsegment(&self, name: &str) -> &RecordedSubsegment {
        only(&self.roots, name, self)
    }

    /// All subsegments of this name at any depth.
    ///
    /// ```
    /// # use tracer_runtime::testing;
    /// assert!(testing::capture(|| ()).find("parse").is_empty());
    /// ```
    #[must_use]
    pub fn find(&self, name: &str) -> Vec<&RecordedSubsegment> {
        find(&self.roots, name)
    }
}

impl fmt::Display for RecordedTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.roots.iter().try_for_each(|root| root.write(f, 0))
    }
}

impl fmt::Debug for RecordedTrace {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "RecordedTrace:\n{self}")
    }
}
