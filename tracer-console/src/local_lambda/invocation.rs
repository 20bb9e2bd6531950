//! One invocation as the caller asks for it.

use std::time::Duration;

use serde_json::Value;

use super::api_request::ApiRequest;
use super::tracing::Tracing;
use crate::link::Link;

/// What the function is given.
///
/// ```
/// # use tracer_console::{Event, Invocation};
/// let invocation = Invocation::new(Event::Payload(b"{}".to_vec()));
/// ```
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Event {
    /// These bytes, which should be JSON.
    Payload(Vec<u8>),
    /// The event that API Gateway makes of a request.
    Api(Box<ApiRequest>),
}

/// One invocation: the event and everything that the caller may decide.
///
/// ```
/// use tracer_console::{Invocation, Tracing};
/// use std::time::Duration;
///
/// let invocation = Invocation::json(serde_json::json!({"order_id": "ORD-1"}))
///     .tracing(Tracing::NotSampled)
///     .timeout(Duration::from_secs(1));
/// ```
#[derive(Debug, Clone)]
#[must_use]
pub struct Invocation {
    pub(super) event: Event,
    pub(super) tracing: Tracing,
    pub(super) timeout: Option<Duration>,
    pub(super) request_id: Option<String>,
    pub(super) client_context: Option<Value>,
    pub(super) links: Vec<Link>,
}

impl Invocation {
    /// As many links as Lambda puts on a segment.
    const MOST_LINKS: usize = 20;

    /// An invocation with an event.
    ///
    /// ```
    /// # use tracer_console::{Event, Invocation};
    /// let invocation = Invocation::new(Event::Payload(b"{}".to_vec()));
    /// ```
    pub fn new(event: Event) -> Self {
        Self {
            event,
            tracing: Tracing::default(),
            timeout: None,
            request_id: None,
            client_context: None,
            links: Vec::new(),
        }
    }

    /// An invocation with a JSON payload.
    ///
    /// ```
    /// let invocation = tracer_console::Invocation::json(serde_json::json!({"order_id": "ORD-1"}));
    /// ```
    #[allow(clippy::needless_pass_by_value, reason = "takes what json! makes")]
    pub fn json(payload: Value) -> Self {
        Self::payload(payload.to_string())
    }

    /// An invocation with these bytes as payload, JSON or not.
    ///
    /// ```
    /// let invocation = tracer_console::Invocation::payload("{}");
    /// ```
    pub fn payload(payload: impl Into<Vec<u8>>) -> Self {
        Self::new(Event::Payload(payload.into()))
    }

    /// Which trace header it has; [`Tracing::Sampled`] unless said otherwise.
    ///
    /// ```
    /// # use tracer_console::{Invocation, Tracing};
    /// let invocation = Invocation::payload("{}").tracing(Tracing::PassThrough);
    /// ```
    pub fn tracing(mut self, tracing: Tracing) -> Self {
        self.tracing = tracing;
        self
    }

    /// How long the function may take, instead of the function's own timeout.
    ///
    /// ```
    /// let invocation = tracer_console::Invocation::payload("{}").timeout(std::time::Duration::from_secs(1));
    /// ```
    pub fn timeout(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    /// The request id, instead of a random one.
    ///
    /// ```
    /// let invocation = tracer_console::Invocation::payload("{}").request_id("request-1");
    /// ```
    pub fn request_id(mut self, id: impl Into<String>) -> Self {
        self.request_id = Some(id.into());
        self
    }

    /// The client context, as mobile clients send it.
    ///
    /// ```
    /// let context = serde_json::json!({"custom": {"tenant": "t1"}});
    /// let invocation = tracer_console::Invocation::payload("{}").client_context(context);
    /// ```
    pub fn client_context(mut self, context: Value) -> Self {
        self.client_context = Some(context);
        self
    }

    /// A link from Lambda's segment to another trace, as Lambda has to the sender of a message. The first 20 are kept.
    ///
    /// ```
    /// # use tracer_console::{EntityId, Invocation, Link, TraceId};
    /// let sender = Link::new(TraceId::generate(), EntityId::generate());
    /// let invocation = Invocation::payload("{}").link(sender);
    /// ```
    pub fn link(mut self, link: Link) -> Self {
        if self.links.len() < Self::MOST_LINKS {
            self.links.push(link);
        }
        self
    }
}

impl From<ApiRequest> for Invocation {
    fn from(request: ApiRequest) -> Self {
        Self::new(Event::Api(Box::new(request)))
    }
}

impl From<Value> for Invocation {
    fn from(payload: Value) -> Self {
        Self::json(payload)
    }
}

/// A random id of the form that AWS uses for requests: a version 4 UUID.
pub(super) fn new_request_id() -> String {
    let bits = fastrand::u128(..) & !(0xf << 76) & !(0xc << 60) | (0x4 << 76) | (0x8 << 60);
    let hex = format!("{bits:032x}");
    format!("{}-{}-{}-{}-{}", &hex[..8], &hex[8..12], &hex[12..16], &hex[16..20], &hex[20..])
}
