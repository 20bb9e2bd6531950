//! Which traces are meant: those of a range of time that a filter expression finds.

use std::num::NonZeroUsize;
use std::time::{Duration, SystemTime};

use tracer_console::{FilterExpression, Timestamp};

use super::Failure;

/// Which traces are meant.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Chosen {
    /// A filter expression, such as 'annotation.OrderId = "ORD-12345"'
    #[arg(long, default_value = "")]
    pub(crate) filter: String,
    /// How far back, such as 15m, 6h or 7d
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = some_time)]
    pub(crate) last: Duration,
    /// Only what began then or later, UTC: '2026-11-22 09:00:00', 2026-11-22T09:00:00Z or 2026-11-22
    #[arg(long, value_name = "TIME", value_parser = time, conflicts_with = "last")]
    pub(crate) from: Option<Timestamp>,
    /// Only what began before; with it, `--last` is counted from there [default: now]
    #[arg(long, value_name = "TIME", value_parser = time)]
    pub(crate) to: Option<Timestamp>,
}

impl Chosen {
    /// The traces of the last time that a filter finds.
    pub(crate) fn last(last: Duration, filter: &str) -> Self {
        Self { filter: filter.to_owned(), last, from: None, to: None }
    }

    /// What is wrong with the filter is shown here with its place; X-Ray says it in one line.
    pub(crate) fn check(&self) -> Result<(), Failure> {
        check(&self.filter)?;
        let (from, to) = self.range();
        if from >= to {
            return Err("--from is not earlier than --to, which is now where it is not given; nothing began before 1970".into());
        }
        Ok(())
    }

    /// From when on, and before when.
    pub(crate) fn range(&self) -> (Timestamp, Timestamp) {
        // Clocks differ a little.
        let to = self.to.unwrap_or_else(|| Timestamp::now() + Duration::from_secs(1));
        let last = i64::try_from(self.last.as_micros()).unwrap_or(i64::MAX);
        // Nothing began before the epoch.
        let from =
            self.from.unwrap_or_else(|| Timestamp::from_micros(to.micros().saturating_sub(last).max(0)));
        (from, to)
    }
}

/// Whether a filter is one; what is wrong is said with its place.
pub(crate) fn check(filter: &str) -> Result<(), Failure> {
    if filter.trim().is_empty() {
        return Ok(());
    }
    FilterExpression::parse(filter).map(drop).map_err(|error| format!("{error:#}").into())
}

pub(crate) fn some_time(text: &str) -> Result<Duration, String> {
    let duration = humantime::parse_duration(text).map_err(|error| error.to_string())?;
    if duration.is_zero() { Err("no time at all, for example 15m or 7d".to_owned()) } else { Ok(duration) }
}

pub(crate) fn some(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "give a whole number from 1 on".to_owned())
}

fn time(text: &str) -> Result<Timestamp, String> {
    let day = |text: &str| humantime::parse_rfc3339_weak(&format!("{text} 00:00:00"));
    let time = humantime::parse_rfc3339_weak(text).or_else(|_| day(text));
    let time: SystemTime = time.map_err(|_| "a time is like '2026-11-22 09:00:00', in UTC".to_owned())?;
    Ok(Timestamp::from(time))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_are_read_as_people_write_them() {
        let noon = Timestamp::from_micros(1_795_348_800_000_000);
        for text in ["2026-11-22T12:00:00Z", "2026-11-22 12:00:00", "2026-11-22 12:00:00.000"] {
            assert_eq!(time(text), Ok(noon), "{text}");
        }
        assert_eq!(time("2026-11-22").unwrap() + Duration::from_secs(12 * 3600), noon);
        for wrong in ["", "noon", "12:00:00", "2026-22-11", "1795348800"] {
            assert!(time(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn a_long_time_ago_nothing_began() {
        let (from, to) = Chosen::last(Duration::MAX, "").range();
        assert_eq!((from, to > Timestamp::from_micros(0)), (Timestamp::from_micros(0), true));
    }
}
