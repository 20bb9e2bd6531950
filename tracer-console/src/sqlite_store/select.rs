//! A search as SQL: by time and by what the filter says, newest first, a page at a time.

use std::cell::Cell;

use rusqlite::Connection;
use rusqlite::types::Value;

use super::condition::Condition;
use super::error::SqliteError;
use super::minutes;
use super::row::{blob_of, id_of};
use crate::search::{Found, Position, Search, TimeRangeType};
use crate::timestamp::Timestamp;

/// A page is held in memory.
const MOST_IN_A_PAGE: usize = 1_000_000;
/// So many rows are listed in a few milliseconds; where there are more, looking for each trace finds a page sooner.
const FEW: i64 = 20_000;
/// Of so many conditions of a filter it is asked whether they have few rows.
const MOST_ASKED: usize = 16;

/// A page of the traces that a search may mean.
pub(super) fn search(connection: &Connection, search: &Search) -> Result<Found, SqliteError> {
    let scanned = scanned(connection, search)?;
    let condition = condition(connection, search)?;
    let limit = search.limit.min(MOST_IN_A_PAGE);
    let mut found = Vec::new();
    for part in Part::of(search.range.by) {
        if found.len() <= limit {
            found.extend(part.page(connection, search, condition.as_ref(), limit + 1 - found.len())?);
        }
    }
    let is_last = found.len() <= limit;
    found.truncate(limit);
    let next = if is_last { None } else { found.last().copied() };
    let traces = found.into_iter().map(|position| position.id).collect();
    Ok(Found { traces, scanned: scanned.try_into().unwrap_or_default(), next })
}

fn condition(connection: &Connection, search: &Search) -> Result<Option<Condition>, SqliteError> {
    let asked = Cell::new(0);
    Condition::of(&search.prefilter, &|rows| {
        asked.set(asked.get() + 1);
        if asked.get() > MOST_ASKED {
            return Ok(true);
        }
        let count = format!("SELECT count(*) FROM (SELECT 1 FROM {} LIMIT {FEW})", rows.text);
        let values = rusqlite::params_from_iter(&rows.values);
        let count: i64 = connection.prepare_cached(&count)?.query_row(values, |row| row.get(0))?;
        Ok(count < FEW)
    })
}

/// How many traces are in the range.
fn scanned(connection: &Connection, search: &Search) -> Result<i64, SqliteError> {
    let (from, to) = (search.range.from.micros(), search.range.to.micros());
    let count = |text| connection.prepare_cached(text)?.query_row([from, to], |row| row.get(0));
    Ok(match search.range.by {
        TimeRangeType::TraceId => minutes::count(connection, from, to)?,
        TimeRangeType::Event => {
            let before = "SELECT count(*) FROM traces WHERE latest >= ?1 AND +start < min(?1, ?2)";
            minutes::count(connection, from, to)? + count(before)?
        }
        TimeRangeType::Service => {
            count("SELECT count(*) FROM traces WHERE latest >= ?1 AND last_end >= ?1 AND first_end < ?2")?
        }
    })
}

/// A part of the traces in a range of time, such that an index finds it newest first.
enum Part {
    /// Those that began in it.
    Began,
    /// Those that began before it and went on: they are older than all that began in it.
    WentOn,
    /// Those of which something ended in it.
    Ended,
}

impl Part {
    /// The parts of a range, the newer ones first.
    fn of(by: TimeRangeType) -> Vec<Self> {
        match by {
            TimeRangeType::TraceId => vec![Self::Began],
            TimeRangeType::Event => vec![Self::Began, Self::WentOn],
            TimeRangeType::Service => vec![Self::Ended],
        }
    }

    /// The column by which the page is sorted, and the condition with the two ends of the range.
    fn text(&self) -> (&'static str, &'static str) {
        match self {
            Self::Began => ("start", "start >= ?1 AND start < ?2"),
            // The sign keeps SQLite from walking all of the past.
            Self::WentOn => ("+start", "latest >= ?1 AND +start < min(?1, ?2)"),
            Self::Ended => ("start", "last_end >= ?1 AND first_end < ?2"),
        }
    }

    fn select(&self, search: &Search, condition: Option<&Condition>, limit: usize) -> (String, Vec<Value>) {
        let (start, in_range) = self.text();
        let mut values = vec![Value::from(search.range.from.micros()), Value::from(search.range.to.micros())];
        let mut text = format!("SELECT id, start FROM traces WHERE {in_range}");
        if let Some(condition) = condition {
            text.push_str(&format!(" AND {}", condition.text));
            values.extend(condition.values.iter().cloned());
        }
        if let Some(after) = search.after {
            text.push_str(&format!(" AND ({start}, id) < (?, ?)"));
            values.extend([Value::from(after.start.micros()), Value::from(blob_of(after.id).to_vec())]);
        }
        text.push_str(&format!(" ORDER BY {start} DESC, id DESC LIMIT {limit}"));
        (text, values)
    }

    fn page(
        &self,
        connection: &Connection,
        search: &Search,
        condition: Option<&Condition>,
        limit: usize,
    ) -> Result<Vec<Position>, SqliteError> {
        let (text, values) = self.select(search, condition, limit);
        let mut select = connection.prepare_cached(&text)?;
        let position = |row: &rusqlite::Row<'_>| {
            Ok(Position { id: id_of(row.get(0)?), start: Timestamp::from_micros(row.get(1)?) })
        };
        Ok(select.query_map(rusqlite::params_from_iter(values), position)?.collect::<Result<_, _>>()?)
    }
}

/// How a search is carried out, in SQLite's words.
#[cfg(test)]
pub(super) fn explained(connection: &Connection, search: &Search) -> Result<Vec<String>, SqliteError> {
    let condition = condition(connection, search)?;
    let mut lines = Vec::new();
    for part in Part::of(search.range.by) {
        let (text, values) = part.select(search, condition.as_ref(), search.limit.min(MOST_IN_A_PAGE));
        let mut select = connection.prepare(&format!("EXPLAIN QUERY PLAN {text}"))?;
        let rows = select.query_map(rusqlite::params_from_iter(values), |row| row.get(3))?;
        lines.extend(rows.collect::<Result<Vec<String>, _>>()?);
    }
    Ok(lines)
}

#[cfg(test)]
#[path = "select_tests.rs"]
mod tests;
