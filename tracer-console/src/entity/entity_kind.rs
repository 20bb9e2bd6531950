//! Segment, subsegment, or made up.

/// What an entity says it is.
///
/// ```
/// # let document = tracer_console::Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2}"#)?;
/// let entity = &document.entities()[0];
/// assert_eq!(entity.kind(), tracer_console::EntityKind::Segment);
/// # Ok::<(), tracer_console::Refusal>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum EntityKind {
    /// One service's own record of serving one request.
    Segment,
    /// A piece of work inside a segment, or the caller's view of one downstream call.
    Subsegment,
    /// A segment that was made up from a subsegment for a service that sent none.
    Inferred,
}
