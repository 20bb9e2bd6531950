//! How the account failed, as the X-Ray daemon counts it.

use std::sync::{Mutex, PoisonError};

use aws_sdk_xray::types::BackendConnectionErrors;

use crate::forward::far::{FailureKind, Reply};

/// Counts since it was last taken.
#[derive(Debug, Default)]
pub(super) struct Tally(Mutex<Counts>);

#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
struct Counts {
    timeouts: i32,
    refused: i32,
    of_client: i32,
    of_server: i32,
    unknown_hosts: i32,
    others: i32,
}

impl Tally {
    /// Counts what is not an answer to each document.
    pub(super) fn count(&self, reply: &Reply) {
        let kind = match reply {
            Reply::Said(_) => return,
            Reply::Failed(failure) => failure.kind,
            Reply::Refused { .. } => FailureKind::Status(400),
        };
        let mut counts = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let count = match kind {
            FailureKind::Timeout => &mut counts.timeouts,
            FailureKind::ConnectionRefused => &mut counts.refused,
            FailureKind::UnknownHost => &mut counts.unknown_hosts,
            FailureKind::Status(400..=499) => &mut counts.of_client,
            FailureKind::Status(500..=599) => &mut counts.of_server,
            FailureKind::Status(_) | FailureKind::Other => &mut counts.others,
        };
        *count = count.saturating_add(1);
    }

    /// The counts, which begin anew.
    pub(super) fn take(&self) -> BackendConnectionErrors {
        let counts = std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner));
        BackendConnectionErrors::builder()
            .timeout_count(counts.timeouts)
            .connection_refused_count(counts.refused)
            .http_code4_xx_count(counts.of_client)
            .http_code5_xx_count(counts.of_server)
            .unknown_host_count(counts.unknown_hosts)
            .other_count(counts.others)
            .build()
    }
}
