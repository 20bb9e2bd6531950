//! A search as SQL: by time and by what the filter says, newest first, a page at a time.

use rusqlite::Connection;
use rusqlite::types::Value;

use super::condition::Condition;
use super::error::SqliteError;
use super::row::{blob_of, id_of};
use crate::search::{Found, Position, Search, TimeRangeType};
use crate::timestamp::Timestamp;

/// A page of the traces that a search may mean.
pub(super) fn search(connection: &Connection, search: &Search) -> Result<Found, SqliteError> {
    let range = &search.range;
    let (from, to) = (range.from.micros(), range.to.micros());
    let in_range = match range.by {
        TimeRangeType::TraceId => "start >= ? AND start < ?",
        TimeRangeType::Event => "latest >= ? AND start < ?",
        TimeRangeType::Service => "last_end >= ? AND first_end < ?",
    };
    let count = format!("SELECT count(*) FROM traces WHERE {in_range}");
    let scanned: i64 = connection.prepare_cached(&count)?.query_row((from, to), |row| row.get(0))?;
    let mut values = vec![Value::from(from), Value::from(to)];
    let mut page = format!("SELECT id, start FROM traces WHERE {in_range}");
    if let Some(condition) = Condition::of(&search.prefilter) {
        page.push_str(&format!(" AND {}", condition.text));
        values.extend(condition.values);
    }
    if let Some(after) = search.after {
        page.push_str(" AND (start, id) < (?, ?)");
        values.extend([Value::from(after.start.micros()), Value::from(blob_of(after.id).to_vec())]);
    }
    let limit = search.limit.min(MOST_IN_A_PAGE);
    page.push_str(&format!(" ORDER BY start DESC, id DESC LIMIT {}", limit + 1));
    let mut select = connection.prepare_cached(&page)?;
    let position = |row: &rusqlite::Row<'_>| {
        Ok(Position { id: id_of(row.get(0)?), start: Timestamp::from_micros(row.get(1)?) })
    };
    let mut found: Vec<Position> =
        select.query_map(rusqlite::params_from_iter(values), position)?.collect::<Result<_, _>>()?;
    let is_last = found.len() <= limit;
    found.truncate(limit);
    let next = if is_last { None } else { found.last().copied() };
    let traces = found.into_iter().map(|position| position.id).collect();
    Ok(Found { traces, scanned: scanned.try_into().unwrap_or_default(), next })
}

/// A page is held in memory.
const MOST_IN_A_PAGE: usize = 1_000_000;
