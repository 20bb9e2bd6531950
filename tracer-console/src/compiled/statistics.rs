//! Statistics of requests: each is counted once.

use serde::Serialize;

use super::outcome::Outcome;

/// `SummaryStatistics` of a node or edge.
#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct Statistics {
    ok_count: u64,
    error_statistics: Errors,
    fault_statistics: Faults,
    total_count: u64,
    #[serde(serialize_with = "seconds")]
    total_response_time: i64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Errors {
    throttle_count: u64,
    other_count: u64,
    total_count: u64,
}

#[derive(Debug, Clone, Copy, Default, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Faults {
    other_count: u64,
    total_count: u64,
}

#[allow(clippy::trivially_copy_pass_by_ref, reason = "serde asks for a reference")]
#[allow(clippy::cast_precision_loss, reason = "microseconds of centuries fit into 53 bits")]
fn seconds<S: serde::Serializer>(micros: &i64, serializer: S) -> Result<S::Ok, S::Error> {
    serializer.serialize_f64(*micros as f64 / 1e6)
}

impl Statistics {
    /// Counts a request that is over: as a fault before an error, and as an error before ok (fact sheet 7.9).
    pub(super) fn add(&mut self, outcome: Outcome, micros: i64) {
        if outcome.fault {
            self.fault_statistics.other_count += 1;
            self.fault_statistics.total_count += 1;
        } else if outcome.error {
            let errors = &mut self.error_statistics;
            *(if outcome.throttle { &mut errors.throttle_count } else { &mut errors.other_count }) += 1;
            errors.total_count += 1;
        } else {
            self.ok_count += 1;
        }
        self.total_count += 1;
        self.total_response_time = self.total_response_time.saturating_add(micros);
    }

    /// As if all that the other counts had been added here.
    pub(super) fn merge(&mut self, other: &Self) {
        let Self { ok_count, error_statistics, fault_statistics, total_count, total_response_time } = other;
        self.ok_count += ok_count;
        self.error_statistics.throttle_count += error_statistics.throttle_count;
        self.error_statistics.other_count += error_statistics.other_count;
        self.error_statistics.total_count += error_statistics.total_count;
        self.fault_statistics.other_count += fault_statistics.other_count;
        self.fault_statistics.total_count += fault_statistics.total_count;
        self.total_count += total_count;
        self.total_response_time = self.total_response_time.saturating_add(*total_response_time);
    }
}
