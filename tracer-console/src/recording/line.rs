//! A document as one line: lines are what every tool can split, sort, search and send on.

use std::borrow::Cow;

use serde_json::json;

/// The document itself; one that holds a line break stands in an object, as the text of its member `document`.
///
/// A document of a trace has a `trace_id`, which the object has not: whoever reads the line can tell them apart.
pub(super) fn of(document: &str) -> Cow<'_, str> {
    if document.contains(['\n', '\r']) {
        Cow::Owned(json!({ "document": document }).to_string())
    } else {
        Cow::Borrowed(document)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_document_is_its_own_line_unless_it_holds_a_line_break() {
        assert_eq!(of(" {\"a\": 1}\t"), " {\"a\": 1}\t");
        assert_eq!(of("{\n}"), r#"{"document":"{\n}"}"#);
        assert_eq!(of("{}\r"), r#"{"document":"{}\r"}"#);
    }
}
