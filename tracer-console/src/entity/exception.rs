//! An exception of a cause.

use serde_json::{Map, Value};

/// An exception of a `cause`.
///
/// ```
/// # let document = tracer_console::Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2,"cause":{"exceptions":[{"id":"e0","type":"Late","message":"too late"}]}}"#)?;
/// let entity = &document.entities()[0];
/// let exception = entity.exceptions().next().unwrap();
/// assert_eq!((exception.type_name(), exception.message()), ("Late", "too late"));
/// # Ok::<(), tracer_console::Refusal>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Exception<'a> {
    pub(super) value: &'a Map<String, Value>,
}

impl<'a> Exception<'a> {
    fn text(self, key: &str) -> &'a str {
        self.value.get(key).and_then(Value::as_str).unwrap_or_default()
    }

    /// The exception's own id; empty when it has none.
    ///
    /// ```
    /// # let document = tracer_console::Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2,"cause":{"exceptions":[{"id":"e0","type":"Late","message":"too late"}]}}"#)?;
    /// let entity = &document.entities()[0];
    /// let exception = entity.exceptions().next().unwrap();
    /// assert_eq!(exception.id(), "e0");
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn id(self) -> &'a str {
        self.text("id")
    }

    /// The type's name; empty when it has none. Untrusted text.
    ///
    /// ```
    /// # let document = tracer_console::Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2,"cause":{"exceptions":[{"id":"e0","type":"Late","message":"too late"}]}}"#)?;
    /// let entity = &document.entities()[0];
    /// let exception = entity.exceptions().next().unwrap();
    /// assert_eq!(exception.type_name(), "Late");
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn type_name(self) -> &'a str {
        self.text("type")
    }

    /// The message; empty when it has none. Untrusted text.
    ///
    /// ```
    /// # let document = tracer_console::Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2,"cause":{"exceptions":[{"id":"e0","type":"Late","message":"too late"}]}}"#)?;
    /// let entity = &document.entities()[0];
    /// let exception = entity.exceptions().next().unwrap();
    /// assert_eq!(exception.message(), "too late");
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn message(self) -> &'a str {
        self.text("message")
    }
}
