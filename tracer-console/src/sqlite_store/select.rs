//! A search as SQL: by time and by what the filter says, newest first, a page at a time.

use std::cell::Cell;

use rusqlite::Connection;
use rusqlite::types::Value;

use super::condition::{Condition, Given, among_shapes, in_shapes};
use super::error::SqliteError;
use super::minutes::{self, MINUTE};
use super::names;
use super::place::of_minute;
use super::row::{blob_of, id_of};
use super::said::{Looked, Said, Tables};
use super::stretches::{Part, Stretch};
use super::text_chunks::{self, Table, Wanted};
use crate::search::{Found, Position, Search, TimeRangeType};
use crate::timestamp::Timestamp;

// What is large is small in tests, so that these go all ways.

/// A page is held in memory.
const MOST_IN_A_PAGE: usize = 1_000_000;
/// Who wants more than so many traces wants all of them.
const LARGEST_PAGE: usize = 1_000;
/// So many traces are listed in a few milliseconds; of more, looking for each trace finds a page sooner.
const FEW: usize = if cfg!(test) { 12 } else { 100_000 };
/// Where so many of the rows in a range satisfy a condition, looking at one after the other soon fills a page.
const SOON_FULL: usize = if cfg!(test) { 4 } else { 500 };
/// So many rows of a key are read in a millisecond.
const SOON_READ: i64 = if cfg!(test) { 3 } else { 20_000 };
/// Where shapes have fewer traces, their minutes are listed.
const RARE: i64 = if cfg!(test) { 5 } else { 20_000 };
/// Of so many conditions of a filter it is asked which traces satisfy them.
const MOST_ASKED: usize = 16;
/// So many shapes are named one by one.
const MOST_NAMED: usize = if cfg!(test) { 3 } else { 1_000 };

/// A page of the traces that a search may mean.
pub(super) fn search(connection: &Connection, search: &Search) -> Result<Found, SqliteError> {
    // One picture of all tables, whatever is written meanwhile.
    let transaction = connection.unchecked_transaction()?;
    let limit = search.limit.min(MOST_IN_A_PAGE);
    let plan = Plan::of(&transaction, search, limit)?;
    let mut found = match &plan.listed {
        Some(listed) => among(&transaction, &plan, listed, limit + 1)?,
        None => plan.positions(&transaction, None, limit + 1)?,
    };
    let is_last = found.len() <= limit;
    found.truncate(limit);
    let next = if is_last { None } else { found.last().copied() };
    let traces = found.into_iter().map(|position| position.id).collect();
    let scanned = scanned(&transaction, search)?.try_into().unwrap_or_default();
    Ok(Found { traces, is_exact: plan.is_exact(), scanned, next })
}

/// How many traces are looked at, those that can be left out included.
fn scanned(connection: &Connection, search: &Search) -> Result<i64, SqliteError> {
    let (from, to) = (search.range.from.micros(), search.range.to.micros());
    let count = |text: &str, values: &[i64]| {
        let values = rusqlite::params_from_iter(values);
        connection.prepare_cached(text)?.query_row(values, |row| row.get(0))
    };
    Ok(match search.range.by {
        TimeRangeType::TraceId => minutes::count(connection, from, to)?,
        TimeRangeType::Event => {
            let minute = from.div_euclid(MINUTE);
            let before = "SELECT coalesce(sum(traces), 0) FROM minutes WHERE minute < ?1 AND latest >= ?2";
            let just_before = minute.saturating_mul(MINUTE);
            let earlier: i64 = count(before, &[minute, from])?;
            minutes::count(connection, from, to)? + minutes::count(connection, just_before, from)? + earlier
        }
        TimeRangeType::Service => count(
            "SELECT coalesce(sum(traces), 0) FROM minutes WHERE last_end >= ?1 AND first_end < ?2",
            &[from, to],
        )?,
    })
}

/// What is read of each trace that is found.
#[derive(Clone, Copy)]
pub(super) struct Columns {
    names: &'static str,
    /// Those that began together come by their ids; reading these takes longer than walking through an index does.
    order: &'static str,
}

impl Columns {
    const IDS: Self = Self { names: "id, start", order: "start DESC, id DESC" };
    pub(super) const OUTCOMES: Self =
        Self { names: "start, response_time, duration, shape", order: "start DESC" };
    pub(super) const GRAPHS: Self = Self { names: "id, start, shape, graph", order: "start DESC, id DESC" };
}

/// How a search is carried out.
pub(super) struct Plan<'s> {
    pub(super) search: &'s Search,
    /// What must be so of a trace, but for its time.
    said: Option<Condition>,
    /// The numbers of traces that it must be one of.
    listed: Option<Vec<i64>>,
    is_exact: bool,
    /// Which minutes the traces may have begun in; `None` where all are walked through.
    minutes: Option<Condition>,
    is_nothing: bool,
}

impl<'s> Plan<'s> {
    /// For so many traces of those that are sought.
    pub(super) fn of(connection: &Connection, search: &'s Search, limit: usize) -> Result<Self, SqliteError> {
        let tables = Asked { connection, count: Cell::default(), search, is_page: limit <= LARGEST_PAGE };
        let Said { of_shape, of_trace, listed, is_exact } = Said::of(search.prefilter(), &tables)?;
        let mut plan = Self { search, said: None, listed, is_exact, minutes: None, is_nothing: false };
        let mut said: Vec<_> = of_trace.into_iter().collect();
        let mut minutes: Vec<_> = of_minute(search.prefilter()).into_iter().collect();
        if let Some(condition) = of_shape {
            match Shapes::of(connection, condition)? {
                Shapes::All => {}
                Shapes::Many(condition) => said.push(among_shapes(condition)),
                Shapes::These { shapes, .. } if shapes.is_empty() => plan.is_nothing = true,
                Shapes::These { shapes, traces } => {
                    let these = in_shapes(&shapes);
                    let known = format!("FROM minute_shapes AS of WHERE {}", these.text);
                    minutes.push(if traces < RARE {
                        Condition::new(format!("minute IN (SELECT minute {known})"), [])
                    } else {
                        // One after the other, as far as a page needs them.
                        Condition::new(
                            format!("EXISTS (SELECT 1 {known} AND of.minute = minutes.minute)"),
                            [],
                        )
                    });
                    said.push(these);
                }
            }
        }
        plan.said = (!said.is_empty()).then(|| Condition::joined(said, " AND "));
        plan.minutes = (!minutes.is_empty()).then(|| Condition::joined(minutes, " AND "));
        Ok(plan)
    }

    /// Whether only traces are found that are meant.
    pub(super) fn is_exact(&self) -> bool {
        self.is_exact && self.search.is_prefilter_exact() && self.search.range.by != TimeRangeType::Service
    }

    /// Calls `each` with at most so many traces, newest first.
    pub(super) fn walk(
        &self,
        connection: &Connection,
        columns: Columns,
        limit: usize,
        each: &mut dyn FnMut(&rusqlite::Row<'_>) -> Result<(), SqliteError>,
    ) -> Result<(), SqliteError> {
        self.walk_among(connection, self.listed.as_deref(), columns, limit, each)
    }

    /// As [`Plan::walk`], of the traces with these numbers only.
    fn walk_among(
        &self,
        connection: &Connection,
        listed: Option<&[i64]>,
        columns: Columns,
        limit: usize,
        each: &mut dyn FnMut(&rusqlite::Row<'_>) -> Result<(), SqliteError>,
    ) -> Result<(), SqliteError> {
        let mut left = i64::try_from(limit).unwrap_or(i64::MAX);
        if self.is_nothing {
            return Ok(());
        }
        // A list is looked up once, not again in each stretch of time.
        let minutes = self.minutes.as_ref().filter(|_| listed.is_none());
        for part in Part::of(self.search.range.by) {
            let (text, values) = self.select(&part, listed, columns);
            let mut walk = |stretch: Stretch| {
                let mut select = connection.prepare_cached(&text)?;
                let times =
                    [stretch.from, stretch.to, left].map(|number| Given::Value(Value::Integer(number)));
                let mut rows = select.query(rusqlite::params_from_iter(times.iter().chain(&values)))?;
                while let Some(row) = rows.next()? {
                    each(row)?;
                    left -= 1;
                }
                Ok(left > 0)
            };
            if listed.is_some() {
                if !walk(part.whole(self.search))? {
                    break;
                }
            } else {
                part.stretches(connection, self.search, minutes, &mut walk)?;
            }
        }
        Ok(())
    }

    /// The positions of at most so many traces, newest first.
    fn positions(
        &self,
        connection: &Connection,
        listed: Option<&[i64]>,
        limit: usize,
    ) -> Result<Vec<Position>, SqliteError> {
        let mut found = Vec::new();
        self.walk_among(connection, listed, Columns::IDS, limit, &mut |row| {
            found.push(Position { id: id_of(row.get(0)?), start: Timestamp::from_micros(row.get(1)?) });
            Ok(())
        })?;
        Ok(found)
    }

    /// The traces of a part that began in a stretch of time: `?1` to `?2`, at most `?3`.
    fn select(&self, part: &Part, listed: Option<&[i64]>, columns: Columns) -> (String, Vec<Given>) {
        let mut values = Vec::new();
        // Question marks count on from the last number.
        let mut text =
            format!("SELECT {} FROM traces WHERE start >= ?1 AND start < ?2 AND ?3 > 0", columns.names);
        let mut and = |condition: &Condition| {
            text.push_str(" AND ");
            text.push_str(&condition.text);
            values.extend(condition.values.iter().cloned());
        };
        let listed = listed.map(Condition::listed);
        part.condition(self.search).iter().chain(&listed).chain(&self.said).for_each(&mut and);
        if let Some(after) = self.search.after {
            let after = [Value::Integer(after.start.micros()), Value::Blob(blob_of(after.id).to_vec())];
            and(&Condition::new("(start, id) < (?, ?)", after));
        }
        text.push_str(&format!(" ORDER BY {} LIMIT ?3", columns.order));
        (text, values)
    }
}

/// So many of a list are looked up at a time.
const LOOKED_UP: usize = if cfg!(test) { 3 } else { 2_000 };

/// The positions of at most so many traces of a list, newest first: the higher its number, the later a trace mostly began.
fn among(
    connection: &Connection,
    plan: &Plan<'_>,
    listed: &[i64],
    limit: usize,
) -> Result<Vec<Position>, SqliteError> {
    let listed = in_range(connection, plan.search, listed)?;
    let mut found: Vec<Position> = Vec::new();
    let mut left = listed.len();
    while left > 0 {
        let chunk = &listed[left.saturating_sub(LOOKED_UP)..left];
        left -= chunk.len();
        found.extend(plan.positions(connection, Some(chunk), limit)?);
        found.sort_unstable_by(|one, other| other.cmp(one));
        found.truncate(limit);
        let Some(&highest) = listed[..left].last() else { break };
        let is_full = found.len() == limit;
        if is_full && last_start(connection, highest)?.is_none_or(|start| start < found[limit - 1].start) {
            break;
        }
    }
    Ok(found)
}

/// Those numbers of a list that a trace in the range may have.
fn in_range<'l>(
    connection: &Connection,
    search: &Search,
    listed: &'l [i64],
) -> Result<&'l [i64], SqliteError> {
    let Some((first, last)) = numbers(connection, search)? else { return Ok(&[]) };
    let after = listed.partition_point(|number| *number <= last);
    let before = listed[..after].partition_point(|number| *number < first);
    Ok(&listed[before..after])
}

/// The first and the last number that a trace in the range may have; `None` where there is none.
fn numbers(connection: &Connection, search: &Search) -> Result<Option<(i64, i64)>, SqliteError> {
    let mut range = None;
    for part in Part::of(search.range.by) {
        if let Some((first, last)) = part.numbers(connection, search)? {
            let (least, most) = range.unwrap_or((first, last));
            range = Some((first.min(least), last.max(most)));
        }
    }
    Ok(range)
}

/// A time after which no trace began that has this number or a lower one.
fn last_start(connection: &Connection, number: i64) -> Result<Option<Timestamp>, SqliteError> {
    let last = "SELECT max(minute) FROM minutes WHERE first_trace <= ?1";
    let last: Option<i64> = connection.prepare_cached(last)?.query_row([number], |row| row.get(0))?;
    Ok(last.map(|minute| Timestamp::from_micros(minute.saturating_add(1).saturating_mul(MINUTE))))
}

/// The shapes that satisfy a condition.
enum Shapes {
    All,
    These {
        shapes: Vec<i64>,
        /// How many there are of all of them.
        traces: i64,
    },
    /// More than can be named.
    Many(Condition),
}

impl Shapes {
    fn of(connection: &Connection, condition: Condition) -> Result<Self, SqliteError> {
        let these = named(connection, &condition)?;
        if these.len() > MOST_NAMED {
            return Ok(Self::Many(condition));
        }
        let all = format!("SELECT count(*) FROM (SELECT 1 FROM shapes LIMIT {})", MOST_NAMED + 1);
        let all: i64 = connection.prepare_cached(&all)?.query_row([], |row| row.get(0))?;
        if all > 0 && usize::try_from(all) == Ok(these.len()) {
            return Ok(Self::All);
        }
        let traces = these.iter().map(|(_, traces)| traces).sum();
        Ok(Self::These { shapes: these.into_iter().map(|(shape, _)| shape).collect(), traces })
    }
}

/// Shapes and how many traces each has, one more than can be named at most.
fn named(connection: &Connection, condition: &Condition) -> Result<Vec<(i64, i64)>, SqliteError> {
    let select =
        format!("SELECT shape, traces FROM shapes WHERE {} LIMIT {}", condition.text, MOST_NAMED + 1);
    let mut select = connection.prepare_cached(&select)?;
    let values = rusqlite::params_from_iter(&condition.values);
    let rows = select.query_map(values, |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(rows.collect::<Result<_, _>>()?)
}

/// Whether a key has more rows than are soon looked at one by one, and more than `others`.
fn has_more(connection: &Connection, table: Table, name: i64, others: i64) -> Result<bool, SqliteError> {
    let row = format!("SELECT EXISTS (SELECT 1 FROM {} WHERE key = ?1 LIMIT 1 OFFSET ?2)", table.name());
    let mut row = connection.prepare_cached(&row)?;
    Ok(row.query_row([name, others.max(SOON_READ)], |row| row.get(0))?)
}

/// Looks into the tables before they are asked.
struct Asked<'c> {
    connection: &'c Connection,
    count: Cell<usize>,
    search: &'c Search,
    /// Whether only a page of what is sought is wanted.
    is_page: bool,
}

impl Tables for Asked<'_> {
    fn traces(&self, rows: &Condition) -> Result<Option<Vec<i64>>, SqliteError> {
        self.count.set(self.count.get() + 1);
        if self.count.get() > MOST_ASKED {
            return Ok(None);
        }
        let select = format!("SELECT trace FROM {} LIMIT {}", rows.text, FEW + 1);
        let mut select = self.connection.prepare_cached(&select)?;
        let traces = select.query_map(rusqlite::params_from_iter(&rows.values), |row| row.get(0))?;
        let mut traces: Vec<i64> = traces.collect::<Result<_, _>>()?;
        if traces.len() > FEW {
            return Ok(None);
        }
        traces.sort_unstable();
        traces.dedup();
        Ok(Some(traces))
    }

    fn texts(&self, wanted: &Wanted<'_>) -> Result<Looked, SqliteError> {
        let range = numbers(self.connection, self.search)?;
        let (Some((first, last)), Some(name)) = (range, names::find(self.connection, wanted.key)?) else {
            return Ok(Looked::These(Vec::new()));
        };
        let in_range = last.saturating_sub(first);
        if self.count.get() >= MOST_ASKED || !has_more(self.connection, wanted.table, name, in_range / 2)? {
            return Ok(Looked::Nowhere);
        }
        self.count.set(self.count.get() + 1);
        // Who wants all of them has no other way that is as short.
        let most = if self.is_page { FEW } else { 10 * FEW };
        let found = text_chunks::find(self.connection, wanted, name, (first, last), most)?;
        Ok(found.map_or(Looked::Many, Looked::These))
    }

    fn rows(&self, condition: &Condition) -> Result<Option<Vec<i64>>, SqliteError> {
        let Some((first, last)) = numbers(self.connection, self.search)? else { return Ok(Some(Vec::new())) };
        let traces = usize::try_from(last - first).unwrap_or(usize::MAX);
        let in_range = usize::try_from(scanned(self.connection, self.search)?).unwrap_or_default();
        // In the order of their numbers rows are read some times faster.
        if !self.is_page || traces > in_range.saturating_mul(3) {
            return Ok(None);
        }
        let select = format!(
            "SELECT trace FROM traces NOT INDEXED WHERE trace >= ?1 AND trace <= ?2 AND {} LIMIT {}",
            condition.text,
            SOON_FULL + 1
        );
        let range = [first, last].map(|number| Given::Value(Value::Integer(number)));
        let mut select = self.connection.prepare_cached(&select)?;
        let values = rusqlite::params_from_iter(range.iter().chain(&condition.values));
        let traces: Vec<i64> = select.query_map(values, |row| row.get(0))?.collect::<Result<_, _>>()?;
        Ok((traces.len() <= SOON_FULL).then_some(traces))
    }

    fn shapes(&self, condition: &Condition) -> Result<Option<Vec<i64>>, SqliteError> {
        let these = named(self.connection, condition)?;
        let can_be_named = these.len() <= MOST_NAMED;
        Ok(can_be_named.then(|| these.into_iter().map(|(shape, _)| shape).collect()))
    }

    fn leaves_many(&self) -> bool {
        self.is_page
    }
}

/// How a search is carried out, in SQLite's words.
#[cfg(test)]
fn explained(connection: &Connection, search: &Search, columns: Columns) -> Result<Vec<String>, SqliteError> {
    let plan = Plan::of(connection, search, search.limit)?;
    let mut lines = Vec::new();
    for part in Part::of(search.range.by) {
        let (text, values) = plan.select(&part, plan.listed.as_deref(), columns);
        let times = [0, 1, 1].map(|number| Given::Value(Value::Integer(number)));
        let values = times.into_iter().chain(values);
        let mut select = connection.prepare(&format!("EXPLAIN QUERY PLAN {text}"))?;
        let rows = select.query_map(rusqlite::params_from_iter(values), |row| row.get(3))?;
        lines.extend(rows.collect::<Result<Vec<String>, _>>()?);
    }
    Ok(lines)
}

#[cfg(test)]
#[path = "select_tests.rs"]
mod tests;
