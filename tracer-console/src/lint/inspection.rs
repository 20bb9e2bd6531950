//! One document under inspection: where one is in it, and what was found so far.

use std::fmt::{Display, Write as _};

use serde_json::Value;

use super::finding::{Finding, LintLevel};
use crate::refusal::RefusalCode;
use crate::timestamp::Timestamp;

/// Collects findings at the place that is looked at.
#[derive(Debug)]
pub(super) struct Inspection {
    line: usize,
    document: usize,
    path: String,
    pub(super) now: Timestamp,
    pub(super) findings: Vec<Finding>,
}

impl Inspection {
    pub(super) fn new(line: usize, document: usize, now: Timestamp) -> Self {
        Self { line, document, path: String::new(), now, findings: Vec::new() }
    }

    /// Looks at a member or an element.
    pub(super) fn at<T>(&mut self, step: impl Display, look: impl FnOnce(&mut Self) -> T) -> T {
        let length = self.path.len();
        let step = step.to_string();
        let _ = write!(self.path, "/{}", step.replace('~', "~0").replace('/', "~1"));
        let seen = look(self);
        self.path.truncate(length);
        seen
    }

    /// Looks at a member where it is there: `null` says nothing, and nothing of it can be lost.
    pub(super) fn member<'v>(
        &mut self,
        of: &'v serde_json::Map<String, Value>,
        key: &str,
        look: impl FnOnce(&mut Self, &'v Value),
    ) {
        if let Some(value) = of.get(key).filter(|value| !value.is_null()) {
            self.at(key, |inspection| look(inspection, value));
        }
    }

    pub(super) fn refused(
        &mut self,
        code: RefusalCode,
        message: impl Into<String>,
        remedy: impl Into<String>,
    ) {
        self.find(LintLevel::Refused, Some(code), message.into(), remedy.into());
    }

    pub(super) fn dropped(&mut self, message: impl Into<String>, remedy: impl Into<String>) {
        self.find(LintLevel::Dropped, None, message.into(), remedy.into());
    }

    pub(super) fn changed(&mut self, message: impl Into<String>, remedy: impl Into<String>) {
        self.find(LintLevel::Changed, None, message.into(), remedy.into());
    }

    pub(super) fn advice(&mut self, message: impl Into<String>, remedy: impl Into<String>) {
        self.find(LintLevel::Advice, None, message.into(), remedy.into());
    }

    fn find(&mut self, level: LintLevel, code: Option<RefusalCode>, message: String, remedy: String) {
        let Self { line, document, path, .. } = self;
        let path = path.clone();
        self.findings.push(Finding { line: *line, document: *document, path, level, code, message, remedy });
    }

    /// Whether the document is refused for this reason as far as is known.
    pub(super) fn is_refused_as(&self, code: RefusalCode) -> bool {
        self.findings.iter().any(|finding| finding.code == Some(code))
    }
}

/// What a value is, for people.
pub(super) fn noun(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "a boolean",
        Value::Number(_) => "a number",
        Value::String(_) => "a string",
        Value::Array(_) => "an array",
        Value::Object(_) => "an object",
    }
}

/// A text as it stands in a message: its beginning.
pub(super) fn begun(text: &str) -> String {
    const MOST: usize = 60;
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}
