//! Times of requests and answers: JSON numbers, seconds since the epoch.

use std::fmt;
use std::time::Duration;

use serde::de::{Unexpected, Visitor};
use serde::{Deserialize, Deserializer, Serialize, Serializer};

use super::error::ApiError;
use crate::compiled::Window;
use crate::timestamp::Timestamp;

/// A time that is written as epoch seconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct EpochSeconds(pub(super) Timestamp);

impl EpochSeconds {
    pub(super) const ZERO: Self = Self(Timestamp::from_micros(0));

    /// The time now, whole seconds as X-Ray tells when a setting changed.
    pub(super) fn now() -> Self {
        Self(Timestamp::from_micros(Timestamp::now().micros() / 1_000_000 * 1_000_000))
    }
}

impl Serialize for EpochSeconds {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_f64(self.0.seconds())
    }
}

/// Far enough for every calendar, and small enough to count in microseconds.
const FARTHEST: f64 = 1e12;

impl<'de> Deserialize<'de> for EpochSeconds {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        deserializer.deserialize_f64(Seconds)
    }
}

struct Seconds;

impl Visitor<'_> for Seconds {
    type Value = EpochSeconds;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("seconds since the epoch as a number, such as 1795348800.5")
    }

    fn visit_f64<E: serde::de::Error>(self, seconds: f64) -> Result<EpochSeconds, E> {
        if !(-FARTHEST..=FARTHEST).contains(&seconds) {
            return Err(E::invalid_value(Unexpected::Float(seconds), &self));
        }
        #[allow(clippy::cast_possible_truncation, reason = "bounded above")]
        Ok(EpochSeconds(Timestamp::from_micros((seconds * 1e6).round() as i64)))
    }

    fn visit_u64<E: serde::de::Error>(self, seconds: u64) -> Result<EpochSeconds, E> {
        self.visit_f64(seconds as f64)
    }

    fn visit_i64<E: serde::de::Error>(self, seconds: i64) -> Result<EpochSeconds, E> {
        self.visit_f64(seconds as f64)
    }
}

/// The range that `StartTime` and `EndTime` name, not longer than `longest` hours.
pub(super) fn window(start: EpochSeconds, end: EpochSeconds, longest: u64) -> Result<Window, ApiError> {
    if start >= end {
        return Err(ApiError::invalid("StartTime must be earlier than EndTime"));
    }
    if start.0 + Duration::from_secs(longest * 3600) < end.0 {
        return Err(ApiError::invalid(format!("Time range cannot be longer than {longest} hours")));
    }
    Ok(Window { start: start.0, end: end.0 })
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn read(value: serde_json::Value) -> Option<EpochSeconds> {
        serde_json::from_value(value).ok()
    }

    #[test]
    fn whole_and_fractional_seconds_are_read_and_written() {
        let time = read(json!(1_528_317_567.25)).unwrap();
        assert_eq!(time.0.micros(), 1_528_317_567_250_000);
        assert_eq!(serde_json::to_string(&time).unwrap(), "1528317567.25");
        assert_eq!(serde_json::to_string(&read(json!(1_528_317_567)).unwrap()).unwrap(), "1528317567.0");
        assert_eq!((read(json!("1")), read(json!(null)), read(json!(1e300))), (None, None, None));
    }

    #[test]
    fn what_is_no_time_is_refused_with_how_to_write_one() {
        for wrong in [json!("2026-11-22T00:00:00Z"), json!(1_795_348_800_000_u64), json!(null)] {
            let error = serde_json::from_value::<EpochSeconds>(wrong).unwrap_err().to_string();
            assert!(error.contains("seconds since the epoch as a number, such as 1795348800.5"), "{error}");
        }
    }

    #[test]
    fn a_window_has_a_beginning_and_is_not_too_long() {
        let hours = |hours: i64| EpochSeconds(Timestamp::from_micros(hours * 3_600_000_000));
        assert!(window(hours(1), hours(7), 6).is_ok());
        let message = |start, end| window(hours(start), hours(end), 6).unwrap_err().message;
        assert_eq!(message(1, 8), "Time range cannot be longer than 6 hours");
        assert_eq!(message(1, 1), "StartTime must be earlier than EndTime");
    }
}
