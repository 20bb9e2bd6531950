//! What was measured of a segment or of a call: times, flags and HTTP.

use super::clipped;
use super::outcome::Outcome;
use crate::entity::Entity;
use crate::timestamp::Timestamp;

/// The times and flags of a request.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Measurement {
    pub(crate) start: Timestamp,
    /// `None` while it is in progress.
    pub(crate) end: Option<Timestamp>,
    pub(crate) outcome: Outcome,
}

impl Measurement {
    /// From start to end; `None` while it is in progress.
    pub(crate) fn micros(&self) -> Option<i64> {
        self.end.map(|end| end.micros_since(self.start).max(0))
    }

    /// The moment at which it counts: when it ended, which is when X-Ray knows how long it took.
    pub(crate) fn moment(&self) -> Timestamp {
        self.end.unwrap_or(self.start)
    }
}

/// The times, flags and HTTP members of a segment, or of a call as its caller saw it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Measured<'t> {
    entity: Option<&'t Entity>,
    measurement: Measurement,
}

impl<'t> Measured<'t> {
    pub(super) fn of(entity: &'t Entity) -> Self {
        let (start, end) = (entity.start(), entity.end());
        Self { entity: Some(entity), measurement: Measurement { start, end, outcome: Outcome::of(entity) } }
    }

    /// Of a segment that nobody wrote down.
    pub(super) fn synthesised(start: Timestamp, end: Option<Timestamp>, outcome: Outcome) -> Self {
        Self { entity: None, measurement: Measurement { start, end, outcome } }
    }

    /// The entity that says it; `None` where the segment is synthesised.
    pub(crate) fn entity(&self) -> Option<&'t Entity> {
        self.entity
    }

    pub(crate) fn measurement(&self) -> Measurement {
        self.measurement
    }

    pub(crate) fn start(&self) -> Timestamp {
        self.measurement.start
    }

    /// `None` while it is in progress.
    pub(crate) fn end(&self) -> Option<Timestamp> {
        self.measurement.end
    }

    pub(crate) fn is_in_progress(&self) -> bool {
        self.end().is_none()
    }

    pub(crate) fn outcome(&self) -> Outcome {
        self.measurement.outcome
    }

    /// No flag, and no status from 400, whatever the flags say (fact sheet 6.1).
    pub(crate) fn is_ok(&self) -> bool {
        self.outcome().is_ok() && self.http_status().is_none_or(|status| status < 400)
    }

    pub(super) fn micros(&self) -> Option<i64> {
        self.measurement.micros()
    }

    /// From start to end in seconds, rounded to milliseconds; `None` while it is in progress.
    pub(crate) fn response_time(&self) -> Option<f64> {
        self.micros().map(rounded_seconds)
    }

    pub(crate) fn http_status(&self) -> Option<u64> {
        self.entity?.http_status()
    }

    /// A member of `http.request`, by its name in documents.
    pub(crate) fn http_request(&self, key: &str) -> Option<&'t str> {
        self.entity?.http_request(key).map(clipped::text)
    }
}

/// Seconds as X-Ray prints durations: rounded to milliseconds.
#[allow(clippy::cast_precision_loss, reason = "milliseconds of a duration fit into 53 bits")]
pub(super) fn rounded_seconds(micros: i64) -> f64 {
    milliseconds(micros) as f64 / 1e3
}

pub(super) fn milliseconds(micros: i64) -> i64 {
    micros.saturating_add(500).div_euclid(1000)
}
