//! What only a segment has: of a consumer outside of Lambda.

use serde_json::Value;

use super::RecordedSubsegment;
use crate::{SegmentId, TraceId};

impl RecordedSubsegment {
    /// Whether it is a segment of its own, as [`messages::continue_trace`](crate::messages::continue_trace) sends it.
    ///
    /// ```
    /// # use tracer_runtime::{subsegment, testing};
    /// let trace = testing::capture(|| subsegment("parse", || ()));
    /// assert!(!trace.subsegment("parse").is_segment());
    /// ```
    #[must_use]
    pub fn is_segment(&self) -> bool {
        self.json()["trace_id"].is_string() && self.json()["type"].is_null()
    }

    /// The calls in other traces that led to it, as [`messages::consume_batch`](crate::messages::consume_batch) records them.
    ///
    /// ```
    /// # use tracer_runtime::{subsegment, testing};
    /// let trace = testing::capture(|| subsegment("parse", || ()));
    /// assert!(trace.subsegment("parse").links().is_empty());
    /// ```
    #[must_use]
    pub fn links(&self) -> Vec<Link> {
        self.json()["links"].as_array().into_iter().flatten().filter_map(Link::of).collect()
    }
}

/// A call in another trace that led to a segment.
///
/// ```
/// use tracer_runtime::{messages, testing};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let header = "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1";
/// let trace = testing::capture_async(messages::consume_batch([header], "worker", async {})).await;
/// let links: Vec<testing::Link> = trace.subsegment("worker").links();
/// assert_eq!(links.len(), 1);
/// # });
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Link {
    trace_id: TraceId,
    id: SegmentId,
}

impl Link {
    fn of(json: &Value) -> Option<Self> {
        let text = |member: &str| json[member].as_str();
        Some(Self { trace_id: text("trace_id")?.parse().ok()?, id: text("id")?.parse().ok()? })
    }

    /// The other trace.
    ///
    /// ```
    /// # use tracer_runtime::{messages, testing};
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let header = "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1";
    /// # let trace = testing::capture_async(messages::consume_batch([header], "worker", async {})).await;
    /// let link = trace.subsegment("worker").links()[0];
    /// assert_eq!(link.trace_id().to_string(), "1-67891233-abcdef012345678912345678");
    /// # });
    /// ```
    #[must_use]
    pub fn trace_id(&self) -> TraceId {
        self.trace_id
    }

    /// The segment or subsegment in it.
    ///
    /// ```
    /// # use tracer_runtime::{messages, testing};
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// # let header = "Root=1-67891233-abcdef012345678912345678;Parent=53995c3f42cd8ad8;Sampled=1";
    /// # let trace = testing::capture_async(messages::consume_batch([header], "worker", async {})).await;
    /// let link = trace.subsegment("worker").links()[0];
    /// assert_eq!(link.id().to_string(), "53995c3f42cd8ad8");
    /// # });
    /// ```
    #[must_use]
    pub fn id(&self) -> SegmentId {
        self.id
    }
}
