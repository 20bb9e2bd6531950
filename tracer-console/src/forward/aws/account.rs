//! The account as a far end: `PutTraceSegments` by the AWS SDK, and what its errors mean.

use std::io;
use std::sync::Arc;
use std::time::Duration;

use aws_sdk_xray::error::{ProvideErrorMetadata as _, SdkError};
use aws_sdk_xray::operation::put_trace_segments::PutTraceSegmentsError;
use aws_smithy_runtime_api::http::Response;

use super::tally::Tally;
use crate::aws::{AwsAccount, in_a_line};
use crate::forward::far::{Failure, FailureKind, Far, Reply};
use crate::forward::queue::Queued;
use crate::forward::xray::{self, Call, Unprocessed};

/// The far end.
pub(in crate::forward) struct Account {
    pub(super) account: Arc<AwsAccount>,
    pub(super) tally: Tally,
    /// What the daemon says of where it runs.
    pub(super) resource_arn: Option<String>,
    /// Whether the EC2 instance is asked for its name.
    pub(super) asks_ec2: bool,
}

impl Account {
    pub(in crate::forward) fn new(
        account: Arc<AwsAccount>,
        resource_arn: Option<String>,
        asks_ec2: bool,
    ) -> Self {
        Self { account, tally: Tally::default(), resource_arn, asks_ec2 }
    }
}

impl Far for Account {
    fn send(&self, documents: &[Queued]) -> Reply {
        let call = Call::of(documents);
        let texts: Vec<_> = call.texts().map(str::to_owned).collect();
        if texts.is_empty() {
            return call.said(&[]);
        }
        let put = self.account.client().put_trace_segments().set_trace_segment_documents(Some(texts));
        match self.account.block_on(put.send()) {
            Ok(output) => {
                let unprocessed = output.unprocessed_trace_segments().iter().map(|segment| Unprocessed {
                    id: segment.id().map(str::to_owned),
                    error_code: segment.error_code().map(str::to_owned),
                    message: segment.message().map(str::to_owned),
                });
                call.said(&unprocessed.collect::<Vec<_>>())
            }
            Err(error) => {
                let reply = reply(&error, self.account.endpoint());
                if let Reply::Failed(Failure { kind: FailureKind::Status(400..=403), .. }) = reply {
                    // They may be what is wrong, and have been renewed.
                    self.account.forget_credentials();
                }
                self.tally.count(&reply);
                reply
            }
        }
    }
}

fn reply(error: &SdkError<PutTraceSegmentsError, Response>, endpoint: &str) -> Reply {
    let Some(response) = error.raw_response() else {
        let why = format!("no answer from {endpoint}: {}", in_a_line(error));
        return Reply::Failed(Failure::new(kind(error), why));
    };
    let (code, message) = match error.as_service_error() {
        Some(error) => (error.code().unwrap_or_default(), error.message().unwrap_or_default()),
        None => ("", ""),
    };
    if response.status().is_success() {
        // It cannot be read: it may have been taken, and is sent again.
        return Reply::Failed(Failure::new(FailureKind::Other, in_a_line(error)));
    }
    let mut reply = xray::failed(response.status().as_u16(), code, message);
    if let Reply::Failed(failure) = &mut reply {
        let after = response.headers().get("retry-after").and_then(|seconds| seconds.parse().ok());
        failure.after = after.map(Duration::from_secs);
    }
    reply
}

fn kind(error: &SdkError<PutTraceSegmentsError, Response>) -> FailureKind {
    let is_timeout = match error {
        SdkError::TimeoutError(_) => true,
        SdkError::DispatchFailure(failure) => failure.is_timeout(),
        _ => false,
    };
    if is_timeout {
        return FailureKind::Timeout;
    }
    let causes = std::iter::successors(std::error::Error::source(error), |error| error.source());
    for cause in causes {
        let refused = |error: &&io::Error| error.kind() == io::ErrorKind::ConnectionRefused;
        if cause.downcast_ref::<io::Error>().filter(refused).is_some() {
            return FailureKind::ConnectionRefused;
        }
        if cause.to_string().contains("dns error") {
            return FailureKind::UnknownHost;
        }
    }
    FailureKind::Other
}
