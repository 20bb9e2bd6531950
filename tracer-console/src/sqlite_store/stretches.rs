//! Stretches of time that a search walks through, newest first: minutes in which nothing can be found are left out.

use rusqlite::Connection;
use rusqlite::types::Value;

use super::condition::{Condition, Given};
use super::error::SqliteError;
use super::minutes::MINUTE;
use crate::search::{Search, TimeRangeType};

/// A part of the traces in a range of time, such that an index finds it newest first.
pub(super) enum Part {
    /// Those that began in it.
    Began,
    /// Those that began in the minute before it and went on.
    WentOn,
    /// Those that began longer before it and went on.
    WentOnLong,
    /// Those of which something ended in it.
    Ended,
}

/// From when on, and before when, a trace began; in epoch microseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Stretch {
    pub(super) from: i64,
    pub(super) to: i64,
}

/// A stretch has at most so many minutes: a page may be full before the next ones are looked for.
const LONGEST: i64 = 60;

impl Part {
    /// The parts of a range, the newer ones first.
    pub(super) fn of(by: TimeRangeType) -> Vec<Self> {
        match by {
            TimeRangeType::TraceId => vec![Self::Began],
            TimeRangeType::Event => vec![Self::Began, Self::WentOn, Self::WentOnLong],
            TimeRangeType::Service => vec![Self::Ended],
        }
    }

    /// All of the time in which its traces may have begun.
    pub(super) fn whole(&self, search: &Search) -> Stretch {
        let (from, to) = (search.range.from.micros(), search.range.to.micros());
        let whole = match self {
            Self::Began => Stretch { from, to },
            Self::WentOn => Stretch { from: from.saturating_sub(MINUTE), to: from.min(to) },
            Self::WentOnLong => Stretch { from: i64::MIN, to: from.saturating_sub(MINUTE).min(to) },
            Self::Ended => Stretch { from: i64::MIN, to: i64::MAX },
        };
        // What comes after a position did not begin later.
        let last = search.after.map_or(i64::MAX, |after| after.start.micros().saturating_add(1));
        Stretch { to: whole.to.min(last), ..whole }
    }

    /// What must be so of a trace, but that it began in a stretch.
    pub(super) fn condition(&self, search: &Search) -> Option<Condition> {
        let [from, to] = [search.range.from, search.range.to].map(|time| Value::Integer(time.micros()));
        match self {
            Self::Began => None,
            Self::WentOn => Some(Condition::new("start + latest >= ?", [from])),
            // As the index of long traces says it.
            Self::WentOnLong => Some(Condition::new("latest > 60000000 AND start + latest >= ?", [from])),
            Self::Ended => {
                Some(Condition::new("start + last_end >= ? AND start + first_end < ?", [from, to]))
            }
        }
    }

    /// What must be so of a minute for its traces to be in the range.
    fn condition_of_minutes(&self, search: &Search) -> Option<Condition> {
        let [from, to] = [search.range.from, search.range.to].map(|time| Value::Integer(time.micros()));
        match self {
            Self::Began => None,
            Self::WentOn | Self::WentOnLong => Some(Condition::new("latest >= ?", [from])),
            Self::Ended => Some(Condition::new("last_end >= ? AND first_end < ?", [from, to])),
        }
    }

    /// The first and the last number of the traces that may be in it; `None` where there is none.
    pub(super) fn numbers(
        &self,
        connection: &Connection,
        search: &Search,
    ) -> Result<Option<(i64, i64)>, SqliteError> {
        let whole = self.whole(search);
        let condition = self.condition_of_minutes(search).unwrap_or_else(|| Condition::new("TRUE", []));
        let text = format!(
            "SELECT min(first_trace), max(last_trace) FROM minutes WHERE minute >= ?1 AND minute <= ?2 AND {}",
            condition.text
        );
        let mut select = connection.prepare_cached(&text)?;
        let values = whole.minutes().into_iter().chain(condition.values);
        let numbers =
            select.query_row(rusqlite::params_from_iter(values), |row| Ok((row.get(0)?, row.get(1)?)))?;
        let (first, last): (Option<i64>, Option<i64>) = numbers;
        Ok(first.zip(last))
    }

    /// Calls `each` with the stretches in which traces may have begun, newest first, until it says that it is enough.
    /// `minutes` says which minutes can hold any; without it all of the time of a part may be one stretch.
    pub(super) fn stretches(
        &self,
        connection: &Connection,
        search: &Search,
        minutes: Option<&Condition>,
        each: &mut dyn FnMut(Stretch) -> Result<bool, SqliteError>,
    ) -> Result<(), SqliteError> {
        let whole = self.whole(search);
        if whole.from >= whole.to {
            return Ok(());
        }
        let of_part = self.condition_of_minutes(search);
        let conditions: Vec<Condition> = of_part.into_iter().chain(minutes.cloned()).collect();
        if conditions.is_empty() {
            return each(whole).map(drop);
        }
        let Condition { text, values } = Condition::joined(conditions, " AND ");
        let text = format!(
            "SELECT minute FROM minutes WHERE minute >= ?1 AND minute <= ?2 AND {text} ORDER BY minute DESC"
        );
        let mut select = connection.prepare_cached(&text)?;
        let values = whole.minutes().into_iter().chain(values);
        let mut rows = select.query(rusqlite::params_from_iter(values))?;
        // From the first minute of the stretch to its last.
        let mut open: Option<(i64, i64)> = None;
        while let Some(row) = rows.next()? {
            let minute: i64 = row.get(0)?;
            open = match open {
                Some((first, last)) if first == minute + 1 && last - minute < LONGEST => Some((minute, last)),
                Some(full) if !each(whole.within(full))? => return Ok(()),
                _ => Some((minute, minute)),
            };
        }
        open.map_or(Ok(()), |last| each(whole.within(last)).map(drop))
    }
}

impl Stretch {
    /// Its first and its last minute.
    fn minutes(self) -> [Given; 2] {
        let last = self.to.saturating_sub(1).div_euclid(MINUTE);
        [self.from.div_euclid(MINUTE), last].map(|minute| Given::Value(Value::Integer(minute)))
    }

    /// The part of it that is in these minutes.
    fn within(self, (first, last): (i64, i64)) -> Self {
        Self {
            from: self.from.max(first.saturating_mul(MINUTE)),
            to: self.to.min(last.saturating_add(1).saturating_mul(MINUTE)),
        }
    }
}
