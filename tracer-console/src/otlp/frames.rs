//! The frames of an exception as the text of a stack trace, and read back from it.

use serde_json::{Value, json};

/// The frames as text, as most languages write them, below what was thrown.
pub(crate) fn write(head: &str, stack: &[Value]) -> String {
    let mut text = head.to_owned();
    for frame in stack {
        let member = |key: &str| frame.get(key).and_then(Value::as_str).unwrap_or_default();
        let line = frame.get("line").and_then(Value::as_u64).unwrap_or_default();
        text.push_str(&format!("\n\tat {} ({}:{line})", member("label"), member("path")));
    }
    text
}

/// What begins such a text: the type and the message, as far as there are some.
pub(crate) fn head(type_name: &str, message: &str) -> String {
    match (type_name, message) {
        ("", message) => message.to_owned(),
        (type_name, "") => type_name.to_owned(),
        (type_name, message) => format!("{type_name}: {message}"),
    }
}

/// The frames below `head`; `None` where there is something else.
pub(crate) fn read(head: &str, text: &str) -> Option<Value> {
    let rest = text.strip_prefix(head)?;
    let frame = |line: &str| {
        let (label, place) = line.strip_prefix("\tat ")?.strip_suffix(')')?.split_once(" (")?;
        let (path, line) = place.rsplit_once(':')?;
        Some(json!({"label": label, "path": path, "line": line.parse::<u64>().ok()?}))
    };
    rest.split('\n').skip(1).map(frame).collect()
}
