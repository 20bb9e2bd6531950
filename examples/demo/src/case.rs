//! One case of the demo: what is sent, and what must come of it.

use std::collections::BTreeSet;
use std::time::Duration;

use thiserror::Error;
use tracer_console::{ApiRequest, Invocation, InvocationResult, Trace};

use crate::questions::{Known, SLOW, SLOW_SERVICE, THE_ORDER};
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
    /// The filter expressions that find the trace of the request.
    found_by: BTreeSet<&'static str>,
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
        Self {
            name,
            request,
            timeout: None,
            status,
            seen: Vec::new(),
            fulfilled: None,
            found_by: BTreeSet::new(),
        }
    }

    pub(crate) fn found_by(mut self, expressions: &[&'static str]) -> Self {
        self.found_by.extend(expressions);
        self
    }

    /// The trace of the request, to be found again: also by how long it took, which is not the same in each run.
    pub(crate) fn known(&self, trace: &Trace) -> Known {
        let took = trace.roots().next().and_then(|root| root.duration_micros()).unwrap_or_default();
        let slow = [(SLOW, 2_000_000), (SLOW_SERVICE, 1_000_000)];
        let slow = slow.into_iter().filter(|(_, least)| took > *least).map(|(expression, _)| expression);
        Known { id: trace.id(), found_by: self.found_by.iter().copied().chain(slow).collect() }
    }

    /// The trace of the function that took the order from the queue: it has the order's id, too.
    pub(crate) fn known_fulfillment(&self, trace: &Trace) -> Known {
        let found_by = self.found_by.intersection(&BTreeSet::from([THE_ORDER])).copied().collect();
        Known { id: trace.id(), found_by }
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
