//! An invocation from its arrival until its environment is at rest.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use tokio::sync::OwnedSemaphorePermit;

use super::api_gateway::Stage;
use super::api_request::gateway_request_id;
use super::environment::Environment;
use super::function_builder::Identity;
use super::invocation::{Event, Invocation, new_request_id};
use super::result::InvocationResult;
use super::segments::{Attempt, Record};
use super::tracing::TraceContext;
use crate::link::Link;
use crate::timestamp::Timestamp;
use crate::trace_id::EntityId;

/// Everything that is decided when an invocation arrives.
pub(super) struct Call {
    pub(super) context: TraceContext,
    pub(super) request_id: String,
    pub(super) timeout: Duration,
    pub(super) event: Event,
    pub(super) payload: Bytes,
    pub(super) client_context: Option<String>,
    links: Vec<Link>,
    pub(super) stage: Option<Stage>,
    pub(super) received: Timestamp,
    pub(super) service_segment: EntityId,
}

impl Call {
    pub(super) fn new(invocation: Invocation, default_timeout: Duration) -> Self {
        let Invocation { event, tracing, timeout, request_id, client_context, links } = invocation;
        let context = TraceContext::of(&tracing);
        let (payload, stage) = match &event {
            Event::Payload(payload) => (payload.clone(), None),
            Event::Api(request) => {
                let id = gateway_request_id();
                let root = context.root.map(|root| format!("Root={root}"));
                let payload = request.event(&id, root.as_deref()).to_string().into_bytes();
                (payload, request.api.is_rest.then(|| Stage::new(id)))
            }
        };
        Self {
            context,
            request_id: request_id.unwrap_or_else(new_request_id),
            timeout: timeout.unwrap_or(default_timeout),
            event,
            payload: payload.into(),
            client_context: client_context.map(|context| context.to_string()),
            links,
            stage,
            received: Timestamp::now(),
            service_segment: EntityId::generate(),
        }
    }

    pub(super) fn record<'a>(&'a self, function: &'a Identity) -> Option<Record<'a>> {
        let trace = self.context.recorded()?;
        let caller = self.stage.as_ref().map(|stage| stage.lambda_subsegment).or(self.context.parent);
        Some(Record {
            function,
            trace,
            caller,
            service_segment: self.service_segment,
            request_id: &self.request_id,
            received: self.received,
            links: &self.links,
        })
    }
}

/// An invocation that has been answered while its environment is not yet at rest.
pub(super) struct Running {
    pub(super) attempt: Attempt,
    pub(super) result: InvocationResult,
    pub(super) environment: Option<(Arc<Environment>, OwnedSemaphorePermit)>,
    pub(super) timeout: Duration,
}

impl Running {
    /// Waits until the runtime has let go of the invocation.
    pub(super) async fn rest(mut self) -> Attempt {
        if let Some((environment, _slot)) = &self.environment {
            // Extensions and layers may work until the deadline, and have a moment at least.
            let used = self.attempt.answered.micros_since(self.attempt.delivered).unsigned_abs();
            let left = self.timeout.saturating_sub(Duration::from_micros(used));
            environment.rest(left.saturating_add(Duration::from_millis(500))).await;
        }
        self.attempt.rested = Timestamp::now();
        self.attempt
    }
}
