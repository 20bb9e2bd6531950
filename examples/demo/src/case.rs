//! One case of the demo: what is sent, and what must come of it.

use std::time::Duration;

use thiserror::Error;
use tracer_console::{ApiRequest, Invocation, InvocationResult, Trace};

use crate::seen::{Difference, Seen, check};

/// One request and what comes of it.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    request: ApiRequest,
    timeout: Option<Duration>,
    /// The status that API Gateway answers with.
    status: u16,
    /// What must be seen in the trace of the request.
    seen: Vec<(&'static str, Seen)>,
    /// What must be seen in the trace of the function that takes the queue; `None` where no order gets there.
    fulfilled: Option<Vec<(&'static str, Seen)>>,
}

/// It is not as the case says.
#[derive(Debug, Error)]
pub(crate) enum CaseError {
    #[error("the answer is {found} and not {expected}")]
    Status { expected: u16, found: u16 },
    #[error(transparent)]
    Trace(#[from] Difference),
}

impl Case {
    pub(crate) fn new(name: &'static str, request: ApiRequest, status: u16) -> Self {
        Self { name, request, timeout: None, status, seen: Vec::new(), fulfilled: None }
    }

    pub(crate) fn within(mut self, timeout: Duration) -> Self {
        self.timeout = Some(timeout);
        self
    }

    pub(crate) fn seen(mut self, name: &'static str, seen: Seen) -> Self {
        self.seen.push((name, seen));
        self
    }

    /// The order is queued, and this is seen where it is taken from the queue.
    pub(crate) fn fulfilled(mut self, name: &'static str, seen: Seen) -> Self {
        self.fulfilled.get_or_insert_default().push((name, seen));
        self
    }

    pub(crate) fn is_queued(&self) -> bool {
        self.fulfilled.is_some()
    }

    pub(crate) fn invocation(&self) -> Invocation {
        let invocation = self.request.clone().invocation();
        match self.timeout {
            Some(timeout) => invocation.timeout(timeout),
            None => invocation,
        }
    }

    pub(crate) fn check(&self, result: &InvocationResult, trace: &Trace) -> Result<(), CaseError> {
        if result.status() != self.status {
            return Err(CaseError::Status { expected: self.status, found: result.status() });
        }
        Ok(check(trace, &self.seen)?)
    }

    pub(crate) fn check_fulfillment(&self, trace: &Trace) -> Result<(), CaseError> {
        Ok(check(trace, self.fulfilled.as_deref().unwrap_or_default())?)
    }
}
