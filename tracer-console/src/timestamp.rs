//! Points in time as X-Ray's documents write them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use serde_json::Value;

/// A point in time: microseconds since the epoch.
///
/// ```
/// let start = tracer_console::Timestamp::from_micros(1_795_348_454_158_672);
/// assert_eq!(start.seconds(), 1_795_348_454.158_672);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Timestamp(i64);

impl Timestamp {
    /// The time now, by the system's clock.
    ///
    /// ```
    /// # use tracer_console::Timestamp;
    /// assert!(Timestamp::now() > Timestamp::from_micros(0));
    /// ```
    #[must_use]
    pub fn now() -> Self {
        Self::from(SystemTime::now())
    }

    /// A time from microseconds since the epoch.
    ///
    /// ```
    /// # use tracer_console::Timestamp;
    /// assert_eq!(Timestamp::from_micros(1_500_000).seconds(), 1.5);
    /// ```
    #[must_use]
    pub const fn from_micros(micros: i64) -> Self {
        Self(micros)
    }

    /// Microseconds since the epoch.
    ///
    /// ```
    /// # use tracer_console::Timestamp;
    /// assert_eq!(Timestamp::from_micros(7).micros(), 7);
    /// ```
    #[must_use]
    pub const fn micros(self) -> i64 {
        self.0
    }

    /// Seconds since the epoch, as documents write them.
    ///
    /// ```
    /// # use tracer_console::Timestamp;
    /// assert_eq!(Timestamp::from_micros(2_500_000).seconds(), 2.5);
    /// ```
    #[must_use]
    #[allow(clippy::cast_precision_loss, reason = "microseconds of this century fit into 53 bits")]
    pub fn seconds(self) -> f64 {
        self.0 as f64 / 1e6
    }

    /// Microseconds from `earlier` to this time; negative when it lies after.
    ///
    /// ```
    /// # use tracer_console::Timestamp;
    /// assert_eq!(Timestamp::from_micros(7).micros_since(Timestamp::from_micros(9)), -2);
    /// ```
    #[must_use]
    pub const fn micros_since(self, earlier: Self) -> i64 {
        self.0.saturating_sub(earlier.0)
    }

    /// Reads a time of a document: seconds, or milli-, micro- or nanoseconds when the number is too large for seconds.
    pub(crate) fn read(value: &Value) -> Option<Self> {
        let number = match value {
            Value::Number(number) => number.as_f64()?,
            Value::String(text) => text.parse().ok()?,
            _ => return None,
        };
        // 1e20 nanoseconds are the year 5138, too; clients cannot say years of more than four digits.
        if !(0.0..1e20).contains(&number) {
            return None;
        }
        // Today is 1.8e9 seconds; 1e11 seconds would be the year 5138.
        let micros = match number {
            n if n < 1e11 => n * 1e6,
            n if n < 1e14 => n * 1e3,
            n if n < 1e17 => n,
            n => n / 1e3,
        };
        #[allow(clippy::cast_possible_truncation, reason = "bounded above")]
        Some(Self(micros.round() as i64))
    }
}

impl From<SystemTime> for Timestamp {
    fn from(time: SystemTime) -> Self {
        let since = time.duration_since(UNIX_EPOCH).unwrap_or_default();
        Self(i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
    }
}

impl std::ops::Add<Duration> for Timestamp {
    type Output = Self;

    fn add(self, duration: Duration) -> Self {
        Self(self.0.saturating_add(i64::try_from(duration.as_micros()).unwrap_or(i64::MAX)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    #[test]
    fn one_time_is_read_from_every_unit() {
        let expected = Some(Timestamp(1_795_348_454_158_000));
        let units = [
            json!(1_795_348_454.158),
            json!(1_795_348_454_158_u64),
            json!(1_795_348_454_158_000_u64),
            json!("1795348454.158"),
        ];
        for value in units {
            assert_eq!(Timestamp::read(&value), expected, "{value}");
        }
    }

    #[test]
    fn what_is_no_time_is_none() {
        for value in
            [json!(null), json!(-1), json!("yesterday"), json!({}), json!("NaN"), json!(1e20), json!(1e300)]
        {
            assert_eq!(Timestamp::read(&value), None, "{value}");
        }
    }
}
