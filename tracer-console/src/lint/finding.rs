//! What X-Ray would not take as it stands: where, what becomes of it, and what to do.

use std::fmt;

use serde::{Serialize, Serializer};

use crate::refusal::RefusalCode;

/// What becomes of what a [`Finding`] is about, the worst last.
///
/// ```
/// use tracer_console::LintLevel;
///
/// assert!(LintLevel::Refused > LintLevel::Dropped);
/// assert_eq!(LintLevel::Dropped.to_string(), "dropped");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
#[non_exhaustive]
pub enum LintLevel {
    /// Nothing is lost, and it may not be what was meant.
    Advice,
    /// It is taken for something else than was written; nothing is lost.
    Changed,
    /// It is lost, in part or whole; the rest of the document is taken.
    Dropped,
    /// The whole document is refused.
    Refused,
}

impl fmt::Display for LintLevel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(match self {
            Self::Advice => "advice",
            Self::Changed => "changed",
            Self::Dropped => "dropped",
            Self::Refused => "refused",
        })
    }
}

/// Something in a document that X-Ray would refuse, drop or take for something else.
///
/// ```
/// let document = r#"{"name":"web","id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943",
///     "start_time":1795348812.34,"end_time":1795348812.44,"annotations":{"order-id":7}}"#;
/// let finding = &tracer_console::lint(document)[0];
/// assert_eq!((finding.line, finding.path.as_str()), (1, "/annotations/order-id"));
/// assert!(finding.remedy.contains("order_id"), "{finding}");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[non_exhaustive]
pub struct Finding {
    /// The line on which the document begins, from 1.
    pub line: usize,
    /// The number of the document, from 1.
    pub document: usize,
    /// Where in the document: a JSON pointer (RFC 6901), empty for the whole. Untrusted text.
    pub path: String,
    /// What becomes of it.
    pub level: LintLevel,
    /// The name of the reason for which the document is refused, as X-Ray says it in `UnprocessedTraceSegments`.
    #[serde(skip_serializing_if = "Option::is_none", serialize_with = "code_name")]
    pub code: Option<RefusalCode>,
    /// What is wrong. Untrusted text.
    pub message: String,
    /// What to do. Untrusted text.
    pub remedy: String,
}

fn code_name<S: Serializer>(code: &Option<RefusalCode>, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_str(&code.map(|code| code.to_string()).unwrap_or_default())
}

/// One line: place, level, what is wrong and what to do.
impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { line, path, level, message, remedy, .. } = self;
        let comma = if path.is_empty() { "" } else { ", " };
        let code = self.code.map_or_else(String::new, |code| format!(" ({code})"));
        write!(f, "line {line}{comma}{path}: {level}{code}: {message}; {remedy}")
    }
}
