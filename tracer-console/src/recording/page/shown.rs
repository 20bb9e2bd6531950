//! Untrusted text as the page shows it: bounded, and with what is invisible or turns the reading direction as an escape.

use serde_json::Value;

use crate::waterfall::text::printable;

/// Characters of a name; X-Ray cuts at as many.
const LONGEST_NAME: usize = 200;
/// Characters of a value; all of it is in the document.
const LONGEST_VALUE: usize = 4_000;

pub(super) fn name(text: &str) -> String {
    match text.char_indices().nth(LONGEST_NAME) {
        Some((end, _)) => format!("{}…", printable(&text[..end])),
        None => printable(text),
    }
}

/// A text as it is, anything else as JSON; on as many lines as it has.
pub(super) fn value(value: &Value) -> String {
    match value {
        Value::String(text) => lines(text),
        Value::Array(_) | Value::Object(_) => lines(&format!("{value:#}")),
        other => other.to_string(),
    }
}

/// A text with its line breaks.
pub(super) fn lines(text: &str) -> String {
    let end = text.char_indices().nth(LONGEST_VALUE).map_or(text.len(), |(end, _)| end);
    let mut shown = text[..end].split('\n').map(printable).collect::<Vec<_>>().join("\n");
    if end < text.len() {
        shown.push_str(&format!("… and {} bytes more, in the document", text.len() - end));
    }
    shown
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn text_is_bounded_and_turns_no_reading_direction() {
        assert_eq!(name("a\u{202e}b\nc"), "a\\u{202e}b\\nc");
        assert_eq!(name(&"é".repeat(1_000_000)).chars().count(), 201);
        assert_eq!(lines("a\n\u{202e}\tb"), "a\n\\u{202e}\\tb");
        let long = value(&json!("x".repeat(4_100)));
        assert!(long.ends_with("x… and 100 bytes more, in the document"), "{long}");
        assert_eq!(value(&json!({"a": [1]})), "{\n  \"a\": [\n    1\n  ]\n}");
    }
}
