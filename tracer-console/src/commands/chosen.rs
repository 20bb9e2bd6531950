//! Which traces are meant: those of a range of time that a filter expression finds.

use std::num::NonZeroUsize;
use std::time::Duration;

use tracer_console::{FilterExpression, Timestamp};

use super::Failure;
use super::misuse::Misuse;
use super::time::{point, some_time};

/// Which traces are meant.
#[derive(Debug, Clone, clap::Args)]
pub(crate) struct Chosen {
    /// A filter expression, such as 'annotation.OrderId = "ORD-12345"'
    #[arg(long, default_value = "", hide_default_value = true)]
    pub(crate) filter: String,
    /// How far back, such as 15m, 6h or 7d
    #[arg(long, value_name = "DURATION", default_value = "1h", value_parser = some_time)]
    pub(crate) last: Duration,
    /// Only what began then or later: '2026-11-22 09:00', 2026-11-22T09:00:00+01:00, 2026-11-22 or seconds since 1970; in UTC
    /// where no zone is named
    #[arg(long, value_name = "TIME", value_parser = point, conflicts_with = "last")]
    pub(crate) from: Option<Timestamp>,
    /// Only what began before; without --from, as long before as --last says [default: now, and what clocks that are fast say]
    #[arg(long, value_name = "TIME", value_parser = point)]
    pub(crate) to: Option<Timestamp>,
}

/// Without an end, what began so much later than now is meant, too: by the clock of another machine, which X-Ray tolerates.
pub(crate) const AHEAD: Duration = Duration::from_secs(600);

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
            return Err(Misuse::of(
                "--from is not earlier than --to, which is in 10 minutes where it is not given; nothing began before 1970",
            ));
        }
        Ok(())
    }

    /// From when on, and before when.
    pub(crate) fn range(&self) -> (Timestamp, Timestamp) {
        let now = Timestamp::now();
        let last = i64::try_from(self.last.as_micros()).unwrap_or(i64::MAX);
        let end = self.to.unwrap_or(now);
        // Nothing began before the epoch.
        let from =
            self.from.unwrap_or_else(|| Timestamp::from_micros(end.micros().saturating_sub(last).max(0)));
        (from, self.to.unwrap_or_else(|| now + AHEAD))
    }
}

/// Whether a filter is one; what is wrong is said with its place.
pub(crate) fn check(filter: &str) -> Result<(), Failure> {
    if filter.trim().is_empty() {
        return Ok(());
    }
    FilterExpression::parse(filter).map(drop).map_err(|error| Misuse::of(format!("{error:#}")))
}

pub(crate) fn some(text: &str) -> Result<NonZeroUsize, String> {
    text.parse().map_err(|_| "give a whole number from 1 on".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_time_that_ends_has_the_length_of_the_last_and_one_that_does_not_goes_on_for_clocks_that_are_fast() {
        let hour = Duration::from_secs(3_600);
        let noon = Timestamp::from_micros(1_795_348_800_000_000);
        let ended = Chosen { to: Some(noon), ..Chosen::last(hour, "") };
        assert_eq!(ended.range(), (Timestamp::from_micros(noon.micros() - 3_600_000_000), noon));
        let before = Timestamp::now();
        let (from, to) = Chosen::last(hour, "").range();
        assert!(to >= before + AHEAD && from + hour + AHEAD == to);
    }

    #[test]
    fn a_long_time_ago_nothing_began() {
        let (from, to) = Chosen::last(Duration::MAX, "").range();
        assert_eq!((from, to > Timestamp::from_micros(0)), (Timestamp::from_micros(0), true));
    }
}
