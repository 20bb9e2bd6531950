//! Calls that fail or take their time on purpose.

use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use crate::call::Service;

/// What is to go wrong, and for which calls.
///
/// ```
/// use local_aws::{Fault, Service};
/// use std::time::Duration;
///
/// let throttled = Fault::fail(Service::DynamoDb, "PutItem", 400).code("ThrottlingException").times(1);
/// let slow = Fault::delay(Service::DynamoDb, "GetItem", Duration::from_secs(2)).key("ORD-SLOW");
/// ```
#[derive(Debug, Clone)]
#[must_use = "a fault does nothing until it is injected"]
pub struct Fault {
    service: Service,
    operation: String,
    key: String,
    effect: Effect,
    left: Option<usize>,
}

/// What a fault does to a call.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Effect {
    /// It is answered with this status and error code, and nothing else happens.
    Fail { status: u16, code: String },
    /// It is answered as usual, so much later.
    Delay(Duration),
}

impl Fault {
    /// The operation is answered with an error, without its effect. AWS SDKs try again after a 5xx, up to three times in all.
    ///
    /// ```
    /// # use local_aws::{Fault, Service};
    /// let fault = Fault::fail(Service::S3, "PutObject", 503);
    /// ```
    pub fn fail(service: Service, operation: impl Into<String>, status: u16) -> Self {
        let code = code(service, status).to_owned();
        Self::new(service, operation.into(), Effect::Fail { status, code })
    }

    /// The operation is answered as usual, but so much later.
    ///
    /// ```
    /// # use local_aws::{Fault, Service};
    /// let fault = Fault::delay(Service::DynamoDb, "GetItem", std::time::Duration::from_secs(2));
    /// ```
    pub fn delay(service: Service, operation: impl Into<String>, delay: Duration) -> Self {
        Self::new(service, operation.into(), Effect::Delay(delay))
    }

    fn new(service: Service, operation: String, effect: Effect) -> Self {
        Self { service, operation, key: String::new(), effect, left: None }
    }

    /// Only calls that have this text in their `bucket/key` (S3) or in their JSON (DynamoDB, SQS).
    ///
    /// ```
    /// # use local_aws::{Fault, Service};
    /// let fault = Fault::fail(Service::S3, "PutObject", 503).key("ORD-NO-RECEIPT");
    /// ```
    pub fn key(mut self, text: impl Into<String>) -> Self {
        self.key = text.into();
        self
    }

    /// The error code, instead of the one that the service has for the status. Without effect on a delay.
    ///
    /// ```
    /// # use local_aws::{Fault, Service};
    /// let fault = Fault::fail(Service::DynamoDb, "PutItem", 400).code("ProvisionedThroughputExceededException");
    /// ```
    pub fn code(mut self, with: impl Into<String>) -> Self {
        if let Effect::Fail { code, .. } = &mut self.effect {
            *code = with.into();
        }
        self
    }

    /// So many calls, and then no more; without it, every call.
    ///
    /// ```
    /// # use local_aws::{Fault, Service};
    /// let fault = Fault::fail(Service::Sqs, "SendMessage", 500).times(1);
    /// ```
    pub fn times(mut self, calls: usize) -> Self {
        self.left = Some(calls);
        self
    }

    fn is_for(&self, service: Service, operation: &str, text: &str) -> bool {
        self.service == service
            && self.operation == operation
            && text.contains(&self.key)
            && self.left != Some(0)
    }
}

/// The code that a service most often has for a status.
fn code(service: Service, status: u16) -> &'static str {
    match (service, status) {
        (Service::S3, 503) => "SlowDown",
        (Service::S3, 500..) => "InternalError",
        (Service::S3, 404) => "NoSuchKey",
        (Service::S3, 403) => "AccessDenied",
        (Service::S3, _) => "InvalidRequest",
        (Service::DynamoDb | Service::Sqs, 503) => "ServiceUnavailable",
        (Service::DynamoDb, 500..) => "InternalServerError",
        (Service::Sqs, 500..) => "InternalFailure",
        (Service::DynamoDb | Service::Sqs, 429) => "ThrottlingException",
        (Service::DynamoDb | Service::Sqs, 403) => "AccessDeniedException",
        (Service::DynamoDb | Service::Sqs, 404) => "ResourceNotFoundException",
        (Service::DynamoDb, _) => "ValidationException",
        (Service::Sqs, _) => "InvalidParameterValue",
    }
}

/// The faults in force.
#[derive(Debug, Default)]
pub(crate) struct Faults(Mutex<Vec<Fault>>);

impl Faults {
    pub(crate) fn add(&self, fault: Fault) {
        self.lock().push(fault);
    }

    pub(crate) fn clear(&self) {
        self.lock().clear();
    }

    /// What is to happen to a call; the first fault that is for it counts, and is used up by one.
    pub(crate) fn of(&self, service: Service, operation: &str, text: &str) -> Option<Effect> {
        let mut faults = self.lock();
        let fault = faults.iter_mut().find(|fault| fault.is_for(service, operation, text))?;
        if let Some(left) = &mut fault.left {
            *left -= 1;
        }
        Some(fault.effect.clone())
    }

    fn lock(&self) -> MutexGuard<'_, Vec<Fault>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
