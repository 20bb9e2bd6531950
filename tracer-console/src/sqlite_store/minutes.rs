//! What is known of all traces that began in a minute: how many there are, and which times and shapes they have. Minutes in
//! which nothing can be found need not be walked through.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _, params};

use super::error::SqliteError;
use super::names::Names;
use super::row::{NO_TIME, Row};
use super::urls::{self, Urls};

pub(super) const MINUTE: i64 = 60_000_000;

/// What changes in a transaction.
#[derive(Debug, Default)]
pub(super) struct Minutes {
    minutes: BTreeMap<i64, Minute>,
    /// How many traces more there are of a shape, by the minute.
    shapes: HashMap<Arc<[u8]>, BTreeMap<i64, i64>>,
}

/// How many traces more there are, and what those that come have at least and at most.
#[derive(Debug, Default)]
struct Minute {
    traces: i64,
    /// The first and the last number of a trace.
    numbers: Option<(i64, i64)>,
    latest: Option<i64>,
    ends: Option<(i64, i64)>,
    response_times: Option<(i64, i64)>,
    durations: Option<(i64, i64)>,
    /// Hashes of URLs.
    urls: Vec<u32>,
}

fn extend(range: &mut Option<(i64, i64)>, (from, to): (i64, i64)) {
    let (least, most) = range.unwrap_or((from, to));
    *range = Some((least.min(from), most.max(to)));
}

impl Minutes {
    /// The trace with a number is there, or is otherwise than it was.
    pub(super) fn add(&mut self, trace: i64, row: &Row) {
        let minute = self.count(row, 1);
        extend(&mut minute.numbers, (trace, trace));
        minute.latest = minute.latest.max(Some(row.latest));
        if let Some(ends) = row.ends {
            extend(&mut minute.ends, ends);
        }
        for (times, time) in
            [(&mut minute.response_times, row.response_time), (&mut minute.durations, row.duration)]
        {
            if time != NO_TIME {
                extend(times, (time, time));
            }
        }
        minute.urls.extend(row.url.as_deref().map(urls::hash));
    }

    /// A trace is forgotten, or is not any more as it was. What its minute has at most stays as it is: it is too much at worst.
    pub(super) fn remove(&mut self, row: &Row) {
        self.count(row, -1);
    }

    fn count(&mut self, row: &Row, difference: i64) -> &mut Minute {
        let at = row.start.div_euclid(MINUTE);
        let of_shape = match self.shapes.get_mut(&row.shape) {
            Some(known) => known,
            None => self.shapes.entry(Arc::clone(&row.shape)).or_default(),
        };
        *of_shape.entry(at).or_default() += difference;
        let minute = self.minutes.entry(at).or_default();
        minute.traces += difference;
        minute
    }

    pub(super) fn write(self, connection: &Connection, names: &mut Names) -> Result<(), SqliteError> {
        for (at, minute) in self.minutes {
            minute.write(connection, at)?;
        }
        write_shapes(self.shapes, connection, names)
    }
}

impl Minute {
    fn write(self, connection: &Connection, at: i64) -> Result<(), SqliteError> {
        let add = "INSERT INTO minutes (minute, traces, first_trace, last_trace, latest, first_end, last_end, \
                   shortest_response, longest_response, shortest, longest, changed) \
                   VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, random()) \
                   ON CONFLICT (minute) DO UPDATE SET traces = traces + excluded.traces, changed = excluded.changed, \
                   first_trace = min(first_trace, coalesce(excluded.first_trace, first_trace)), \
                   last_trace = max(last_trace, coalesce(excluded.last_trace, last_trace)), \
                   latest = max(latest, coalesce(excluded.latest, latest)), \
                   first_end = min(coalesce(first_end, excluded.first_end), coalesce(excluded.first_end, first_end)), \
                   last_end = max(coalesce(last_end, excluded.last_end), coalesce(excluded.last_end, last_end)), \
                   shortest_response = min(coalesce(shortest_response, excluded.shortest_response), coalesce(excluded.shortest_response, shortest_response)), \
                   longest_response = max(coalesce(longest_response, excluded.longest_response), coalesce(excluded.longest_response, longest_response)), \
                   shortest = min(coalesce(shortest, excluded.shortest), coalesce(excluded.shortest, shortest)), \
                   longest = max(coalesce(longest, excluded.longest), coalesce(excluded.longest, longest)) \
                   RETURNING traces";
        let ((first_trace, last_trace), (first_end, last_end)) = (self.numbers.unzip(), self.ends.unzip());
        let (shortest_response, longest_response) = self.response_times.unzip();
        let (shortest, longest) = self.durations.unzip();
        let values = params![
            at,
            self.traces,
            first_trace,
            last_trace,
            self.latest,
            first_end,
            last_end,
            shortest_response,
            longest_response,
            shortest,
            longest
        ];
        let left: i64 = connection.prepare_cached(add)?.query_row(values, |row| row.get(0))?;
        if left <= 0 {
            for table in ["minutes", "minute_urls"] {
                let forget = format!("DELETE FROM {table} WHERE minute = ?1");
                connection.prepare_cached(&forget)?.execute([at])?;
            }
        } else if !self.urls.is_empty() {
            let mut find = connection.prepare_cached("SELECT urls FROM minute_urls WHERE minute = ?1")?;
            let known: Option<Vec<u8>> = find.query_row([at], |row| row.get(0)).optional()?;
            let before = Urls::of(known.unwrap_or_default());
            let mut urls = before.clone();
            urls.extend(self.urls.into_iter());
            if urls != before {
                let put = "INSERT OR REPLACE INTO minute_urls (minute, urls) VALUES (?1, ?2)";
                connection.prepare_cached(put)?.execute(params![at, urls.bytes()])?;
            }
        }
        Ok(())
    }
}

fn write_shapes(
    shapes: HashMap<Arc<[u8]>, BTreeMap<i64, i64>>,
    connection: &Connection,
    names: &mut Names,
) -> Result<(), SqliteError> {
    let mut numbered = BTreeMap::new();
    for (bytes, minutes) in shapes {
        numbered.insert(names.shapes.number(connection, &bytes)?, minutes);
    }
    let add = "INSERT INTO minute_shapes (shape, minute, traces) VALUES (?1, ?2, ?3) \
               ON CONFLICT (shape, minute) DO UPDATE SET traces = traces + excluded.traces";
    let mut add = connection.prepare_cached(add)?;
    let forget = "DELETE FROM minute_shapes WHERE shape = ?1 AND minute = ?2 AND traces <= 0";
    let mut forget = connection.prepare_cached(forget)?;
    let count = "UPDATE shapes SET traces = traces + ?2 WHERE shape = ?1 RETURNING traces";
    let mut count = connection.prepare_cached(count)?;
    for (shape, minutes) in numbered {
        for (minute, difference) in minutes.iter().filter(|(_, difference)| **difference != 0) {
            add.execute([shape, *minute, *difference])?;
            if *difference < 0 {
                forget.execute([shape, *minute])?;
            }
        }
        let left: i64 = count.query_row([shape, minutes.values().sum()], |row| row.get(0))?;
        if left <= 0 {
            names.shapes.forget(connection, shape)?;
        }
    }
    Ok(())
}

/// How many traces began in a range, its end not included.
pub(super) fn count(connection: &Connection, from: i64, to: i64) -> Result<i64, SqliteError> {
    let between = |from: i64, to: i64| {
        let count = "SELECT count(*) FROM traces WHERE start >= ?1 AND start < ?2";
        connection.prepare_cached(count)?.query_row([from, to], |row| row.get::<_, i64>(0))
    };
    // The minutes that lie in the range, and what is left of it before and behind them.
    let (first, last) = (-(-from.max(-i64::MAX)).div_euclid(MINUTE), to.div_euclid(MINUTE));
    if first >= last {
        return Ok(between(from, to)?);
    }
    let whole = "SELECT coalesce(sum(traces), 0) FROM minutes WHERE minute >= ?1 AND minute < ?2";
    let whole: i64 = connection.prepare_cached(whole)?.query_row([first, last], |row| row.get(0))?;
    Ok(between(from, first.saturating_mul(MINUTE))? + whole + between(last * MINUTE, to)?)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sqlite_store::row::Size;
    use crate::sqlite_store::schema::open_writer;
    use crate::trace_id::TraceId;

    #[test]
    fn minutes_and_single_traces_count_the_same() {
        let directory = tempfile::tempdir().unwrap();
        let connection = open_writer(&directory.path().join("traces.db")).unwrap();
        let starts = [-1, 0, 1, MINUTE - 1, MINUTE, 3 * MINUTE, 7 * MINUTE + 5, i64::MAX, i64::MIN];
        let rows = starts.map(|start| Row { start, ..Row::default() });
        let (mut minutes, mut names) = (Minutes::default(), Names::default());
        for (number, row) in (1..).zip(&rows) {
            minutes.add(number, row);
            let size = Size { documents: 1, bytes: 1 };
            row.write(&connection, &mut names, (number, TraceId::generate()), size, number).unwrap();
        }
        minutes.write(&connection, &mut names).unwrap();
        let times = [i64::MIN, -MINUTE, -1, 0, 1, MINUTE, MINUTE + 1, 8 * MINUTE, i64::MAX];
        for from in times {
            for to in times {
                let expected = starts.iter().filter(|start| from <= **start && **start < to).count();
                assert_eq!(count(&connection, from, to).unwrap(), expected as i64, "{from} to {to}");
            }
        }
        let mut minutes = Minutes::default();
        rows.iter().for_each(|row| minutes.remove(row));
        minutes.write(&connection, &mut names).unwrap();
        for table in ["minutes", "minute_urls", "minute_shapes", "shapes", "services", "calls", "keys"] {
            let count = format!("SELECT count(*) FROM {table}");
            let left: i64 = connection.query_row(&count, [], |row| row.get(0)).unwrap();
            assert_eq!(left, 0, "{table}");
        }
    }
}
