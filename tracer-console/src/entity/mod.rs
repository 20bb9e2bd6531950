//! One segment or subsegment, with every member that its document had.

mod cut_mark;
mod entity_kind;
mod exception;

use serde_json::{Map, Value};

use self::cut_mark::{CUT_MARK, ends_with_cut_mark};
pub use self::entity_kind::EntityKind;
pub use self::exception::Exception;
use crate::link::Link;
use crate::timestamp::Timestamp;
use crate::trace_id::EntityId;

/// A segment or subsegment without its children; the typed members have accessors, the rest is in [`Entity::member`].
///
/// ```
/// # let document = tracer_console::Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2}"#)?;
/// let entity = &document.entities()[0];
/// assert_eq!((entity.name(), entity.is_fault()), ("job", false));
/// # Ok::<(), tracer_console::Refusal>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
pub struct Entity {
    pub(crate) id: EntityId,
    pub(crate) kind: EntityKind,
    /// The parent: by nesting where it was nested, else what `parent_id` says.
    pub(crate) parent: Option<EntityId>,
    pub(crate) start: Timestamp,
    pub(crate) end: Option<Timestamp>,
    pub(crate) repaired: bool,
    pub(crate) members: Map<String, Value>,
}

impl Entity {
    /// The id, unique within the trace.
    ///
    /// ```
    /// # let document = tracer_console::Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2}"#)?;
    /// let entity = &document.entities()[0];
    /// assert_eq!(entity.id().to_string(), "cbafb490a105b1f4");
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn id(&self) -> EntityId {
        self.id
    }

    /// Segment, subsegment or inferred.
    ///
    /// ```
    /// # let document = tracer_console::Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2}"#)?;
    /// let entity = &document.entities()[0];
    /// assert_eq!(entity.kind(), tracer_console::EntityKind::Segment);
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn kind(&self) -> EntityKind {
        self.kind
    }

    /// The id of the parent, whether or not the parent arrived.
    ///
    /// ```
    /// # let document = tracer_console::Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2}"#)?;
    /// let entity = &document.entities()[0];
    /// assert_eq!(entity.parent_id(), None);
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn parent_id(&self) -> Option<EntityId> {
        self.parent
    }

    /// The name; empty when the document had none. Untrusted text.
    ///
    /// ```
    /// # let document = tracer_console::Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2}"#)?;
    /// let entity = &document.entities()[0];
    /// assert_eq!(entity.name(), "job");
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn name(&self) -> &str {
        self.text("name").unwrap_or_default()
    }

    /// When the work began.
    ///
    /// ```
    /// # let document = tracer_console::Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2}"#)?;
    /// let entity = &document.entities()[0];
    /// assert_eq!(entity.start().micros(), 1_000_000);
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn start(&self) -> Timestamp {
        self.start
    }

    /// When the work ended; `None` while in progress.
    ///
    /// ```
    /// # let document = tracer_console::Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2}"#)?;
    /// let entity = &document.entities()[0];
    /// assert_eq!(entity.end().map(|end| end.micros()), Some(2_000_000));
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn end(&self) -> Option<Timestamp> {
        self.end
    }

    /// Microseconds from start to end (0 when the end lies before); `None` while in progress.
    ///
    /// ```
    /// # let document = tracer_console::Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2}"#)?;
    /// let entity = &document.entities()[0];
    /// assert_eq!(entity.duration_micros(), Some(1_000_000));
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn duration_micros(&self) -> Option<i64> {
        self.end.map(|end| end.micros_since(self.start).max(0))
    }

    /// Whether the document said that the work has not ended.
    ///
    /// ```
    /// # let document = tracer_console::Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"in_progress":true}"#)?;
    /// let entity = &document.entities()[0];
    /// assert!(entity.is_in_progress());
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn is_in_progress(&self) -> bool {
        self.end.is_none()
    }

    /// The resource type, such as `AWS::Lambda::Function`; only segments have one.
    ///
    /// ```
    /// # let document = tracer_console::Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2,"origin":"AWS::Lambda"}"#)?;
    /// let entity = &document.entities()[0];
    /// assert_eq!(entity.origin(), Some("AWS::Lambda"));
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn origin(&self) -> Option<&str> {
        self.text("origin")
    }

    /// `aws` for calls of AWS, `remote` for other downstream calls; `None` (also for `local`) is work in the process.
    ///
    /// ```
    /// # let document = tracer_console::Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2,"namespace":"remote"}"#)?;
    /// let entity = &document.entities()[0];
    /// assert_eq!(entity.namespace(), Some("remote"));
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn namespace(&self) -> Option<&str> {
        self.text("namespace").filter(|namespace| *namespace != "local")
    }

    /// Whether the server's side failed (5xx, a panic, an unhandled error).
    ///
    /// ```
    /// # let document = tracer_console::Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2,"fault":true}"#)?;
    /// let entity = &document.entities()[0];
    /// assert!(entity.is_fault());
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn is_fault(&self) -> bool {
        self.flag("fault")
    }

    /// Whether the client's side was wrong (4xx).
    ///
    /// ```
    /// # let document = tracer_console::Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2,"error":true}"#)?;
    /// let entity = &document.entities()[0];
    /// assert!(entity.is_error());
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn is_error(&self) -> bool {
        self.flag("error")
    }

    /// Whether the call was throttled (429).
    ///
    /// ```
    /// # let document = tracer_console::Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2,"throttle":true}"#)?;
    /// let entity = &document.entities()[0];
    /// assert!(entity.is_throttle());
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn is_throttle(&self) -> bool {
        self.flag("throttle")
    }

    /// Whether the work was dropped before its end: our tracer's annotation `Cancelled`.
    ///
    /// ```
    /// # let document = tracer_console::Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2,"annotations":{"Cancelled":true}}"#)?;
    /// let entity = &document.entities()[0];
    /// assert!(entity.is_cancelled());
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn is_cancelled(&self) -> bool {
        self.annotation("Cancelled") == Some(&Value::Bool(true))
    }

    /// Whether the document was no correct JSON and was mended: a bare `NaN` or `Infinity` is `null` here.
    ///
    /// ```
    /// # let document = tracer_console::Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2,"metadata":{"default":NaN}}"#)?;
    /// let entity = &document.entities()[0];
    /// assert!(entity.is_repaired());
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn is_repaired(&self) -> bool {
        self.repaired
    }

    /// Whether the tracer had to cut a value or leave something out for size.
    ///
    /// ```
    /// # let document = tracer_console::Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2,"metadata":{"default":"very lo[cut by tracer]"}}"#)?;
    /// let entity = &document.entities()[0];
    /// assert!(entity.is_cut());
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn is_cut(&self) -> bool {
        let dropped =
            self.metadata().any(|(namespace, value)| namespace == "tracer" && value.get("dropped").is_some());
        dropped
            || self.annotations().any(|(_, value)| ends_with_cut_mark(value))
            || self.metadata().any(|(_, value)| ends_with_cut_mark(value))
            || self.exceptions().any(|exception| exception.message().ends_with(CUT_MARK))
    }

    /// The annotation named `key`.
    ///
    /// ```
    /// # let document = tracer_console::Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2,"annotations":{"OrderId":7}}"#)?;
    /// let entity = &document.entities()[0];
    /// assert_eq!(entity.annotation("OrderId"), Some(&7.into()));
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn annotation(&self, key: &str) -> Option<&Value> {
        self.object("annotations")?.get(key)
    }

    /// The annotations, sorted by key. Untrusted text.
    ///
    /// ```
    /// # let document = tracer_console::Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2,"annotations":{"OrderId":7}}"#)?;
    /// let entity = &document.entities()[0];
    /// assert_eq!(entity.annotations().next(), Some(("OrderId", &7.into())));
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    pub fn annotations(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.entries("annotations")
    }

    /// The metadata, sorted by namespace. Untrusted text.
    ///
    /// ```
    /// # let document = tracer_console::Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2,"metadata":{"orders":{"total":7}}}"#)?;
    /// let entity = &document.entities()[0];
    /// assert_eq!(entity.metadata().next().map(|(namespace, _)| namespace), Some("orders"));
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    pub fn metadata(&self) -> impl Iterator<Item = (&str, &Value)> {
        self.entries("metadata")
    }

    /// The exceptions of the cause.
    ///
    /// ```
    /// # let document = tracer_console::Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2,"cause":{"exceptions":[{"id":"e0","type":"Late","message":"too late"}]}}"#)?;
    /// let entity = &document.entities()[0];
    /// assert_eq!(entity.exceptions().count(), 1);
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    pub fn exceptions(&self) -> impl Iterator<Item = Exception<'_>> {
        let cause = self.object("cause").and_then(|cause| cause.get("exceptions")).and_then(Value::as_array);
        cause.into_iter().flatten().filter_map(Value::as_object).map(|value| Exception { value })
    }

    /// The id of an exception recorded elsewhere in the trace, when the cause is such a reference.
    ///
    /// ```
    /// # let document = tracer_console::Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2,"cause":"5d7e4a2f1b3c6d80"}"#)?;
    /// let entity = &document.entities()[0];
    /// assert_eq!(entity.cause_reference(), Some("5d7e4a2f1b3c6d80"));
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn cause_reference(&self) -> Option<&str> {
        match self.members.get("cause")? {
            Value::String(id) => Some(id),
            // Node's form: an object with an id and no exceptions.
            Value::Object(cause) if self.exceptions().next().is_none() => cause.get("id")?.as_str(),
            _ => None,
        }
    }

    /// The links to other traces; what names no trace is left out.
    ///
    /// ```
    /// # let document = tracer_console::Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2,"links":[{"trace_id":"1-6b02d94c-be5262b78fb491a007b77f7d","id":"8e7fb6825d14ff63","attributes":{}}]}"#)?;
    /// let entity = &document.entities()[0];
    /// assert_eq!(entity.links().next().unwrap().id().to_string(), "8e7fb6825d14ff63");
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    pub fn links(&self) -> impl Iterator<Item = Link> {
        let links = self.members.get("links").and_then(Value::as_array);
        links.into_iter().flatten().filter_map(Link::read)
    }

    /// The status of the http response; some SDKs send it as a string.
    ///
    /// ```
    /// # let document = tracer_console::Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2,"http":{"response":{"status":"404"}}}"#)?;
    /// let entity = &document.entities()[0];
    /// assert_eq!(entity.http_status(), Some(404));
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn http_status(&self) -> Option<u64> {
        let status = self.object("http")?.get("response")?.get("status")?;
        status.as_u64().or_else(|| status.as_str()?.parse().ok())
    }

    /// A member of `http.request`, such as `method` or `url`. Untrusted text.
    ///
    /// ```
    /// # let document = tracer_console::Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2,"http":{"request":{"method":"GET"}}}"#)?;
    /// let entity = &document.entities()[0];
    /// assert_eq!(entity.http_request("method"), Some("GET"));
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn http_request(&self, key: &str) -> Option<&str> {
        self.object("http")?.get("request")?.get(key)?.as_str()
    }

    /// A member of `aws`, such as `operation` or `table_name`.
    ///
    /// ```
    /// # let document = tracer_console::Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2,"aws":{"operation":"Scan"}}"#)?;
    /// let entity = &document.entities()[0];
    /// assert_eq!(entity.aws("operation"), Some(&"Scan".into()));
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn aws(&self, key: &str) -> Option<&Value> {
        self.object("aws")?.get(key)
    }

    /// Any member of the document by its name, known to X-Ray or not.
    ///
    /// ```
    /// # let document = tracer_console::Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2,"user":"me"}"#)?;
    /// let entity = &document.entities()[0];
    /// assert_eq!(entity.member("user"), Some(&"me".into()));
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    #[must_use]
    pub fn member(&self, key: &str) -> Option<&Value> {
        self.members.get(key)
    }

    fn text(&self, key: &str) -> Option<&str> {
        self.members.get(key)?.as_str()
    }

    fn flag(&self, key: &str) -> bool {
        self.members.get(key) == Some(&Value::Bool(true))
    }

    fn object(&self, key: &str) -> Option<&Map<String, Value>> {
        self.members.get(key)?.as_object()
    }

    fn entries(&self, key: &str) -> impl Iterator<Item = (&str, &Value)> {
        self.object(key).into_iter().flatten().map(|(key, value)| (key.as_str(), value))
    }
}
