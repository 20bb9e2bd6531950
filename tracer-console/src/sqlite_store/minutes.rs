//! How many traces began in each minute: counting a day of them one by one takes longer than finding the newest.

use std::collections::BTreeMap;

use rusqlite::Connection;

use super::error::SqliteError;

const MINUTE: i64 = 60_000_000;

/// What changes in a transaction.
#[derive(Debug, Default)]
pub(super) struct Minutes(BTreeMap<i64, i64>);

impl Minutes {
    /// A trace began at `start`, in epoch microseconds.
    pub(super) fn add(&mut self, start: i64) {
        *self.0.entry(start.div_euclid(MINUTE)).or_default() += 1;
    }

    /// A trace that began at `start` is forgotten, or began at another time.
    pub(super) fn remove(&mut self, start: i64) {
        *self.0.entry(start.div_euclid(MINUTE)).or_default() -= 1;
    }

    pub(super) fn write(self, connection: &Connection) -> Result<(), SqliteError> {
        let add = "INSERT INTO minutes (minute, traces) VALUES (?1, ?2) \
                   ON CONFLICT (minute) DO UPDATE SET traces = traces + excluded.traces";
        let mut add = connection.prepare_cached(add)?;
        let mut forget =
            connection.prepare_cached("DELETE FROM minutes WHERE minute = ?1 AND traces <= 0")?;
        for (minute, difference) in self.0.into_iter().filter(|(_, difference)| *difference != 0) {
            add.execute([minute, difference])?;
            forget.execute([minute])?;
        }
        Ok(())
    }
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
    use crate::sqlite_store::schema::open_writer;

    #[test]
    fn minutes_and_single_traces_count_the_same() {
        let directory = tempfile::tempdir().unwrap();
        let connection = open_writer(&directory.path().join("traces.db")).unwrap();
        let starts = [-1, 0, 1, MINUTE - 1, MINUTE, 3 * MINUTE, 7 * MINUTE + 5, i64::MAX, i64::MIN];
        let mut minutes = Minutes::default();
        for (number, start) in starts.into_iter().enumerate() {
            minutes.add(start);
            let insert = "INSERT INTO traces (id, start, latest, arrived, duration, response_time, flags, documents, \
                          any_marks, bytes, revision) VALUES (?1, ?2, 0, 0, 0, 0, 0, 0, 0, 0, 0)";
            connection.execute(insert, (number.to_string().into_bytes(), start)).unwrap();
        }
        minutes.write(&connection).unwrap();
        let times = [i64::MIN, -MINUTE, -1, 0, 1, MINUTE, MINUTE + 1, 8 * MINUTE, i64::MAX];
        for from in times {
            for to in times {
                let expected = starts.iter().filter(|start| from <= **start && **start < to).count();
                assert_eq!(count(&connection, from, to).unwrap(), expected as i64, "{from} to {to}");
            }
        }
        let mut minutes = Minutes::default();
        starts.into_iter().for_each(|start| minutes.remove(start));
        minutes.write(&connection).unwrap();
        let left: i64 = connection.query_row("SELECT count(*) FROM minutes", [], |row| row.get(0)).unwrap();
        assert_eq!(left, 0);
    }
}
