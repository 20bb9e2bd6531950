//! What was called.

use std::collections::VecDeque;
use std::fmt;
use std::sync::{Mutex, MutexGuard, PoisonError};

/// A service that is served here.
///
/// ```
/// assert_eq!(local_aws::Service::DynamoDb.to_string(), "DynamoDB");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Service {
    /// Amazon DynamoDB.
    DynamoDb,
    /// Amazon S3.
    S3,
    /// Amazon SQS.
    Sqs,
}

impl fmt::Display for Service {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::DynamoDb => "DynamoDB",
            Self::S3 => "S3",
            Self::Sqs => "SQS",
        })
    }
}

/// One request as it came over the wire; each try of a client that tries again is a call of its own.
///
/// ```
/// let aws = local_aws::LocalAws::start()?;
/// let operations: Vec<_> = aws.calls().into_iter().map(|call| call.operation).collect();
/// assert!(operations.is_empty());
/// # Ok::<(), local_aws::LocalAwsError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Call {
    /// Whose operation it is.
    pub service: Service,
    /// The operation, such as `PutItem`; empty when the request named none that is known.
    pub operation: String,
    /// The table, `bucket/key` or the queue's URL; empty when there is none.
    pub resource: String,
    /// The HTTP status that it was answered with.
    pub status: u16,
    /// The request id that it was answered with.
    pub request_id: String,
    /// The `X-Amzn-Trace-Id` header that came with it.
    pub trace_header: Option<String>,
}

/// The latest calls.
#[derive(Debug, Default)]
pub(crate) struct Calls(Mutex<VecDeque<Call>>);

impl Calls {
    const KEPT: usize = 10_000;

    pub(crate) fn add(&self, call: Call) {
        let mut calls = self.lock();
        if calls.len() == Self::KEPT {
            calls.pop_front();
        }
        calls.push_back(call);
    }

    pub(crate) fn all(&self) -> Vec<Call> {
        self.lock().iter().cloned().collect()
    }

    fn lock(&self) -> MutexGuard<'_, VecDeque<Call>> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
