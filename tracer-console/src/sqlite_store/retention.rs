//! What is forgotten, so that the file does not grow for ever: what arrived first.

use std::time::Duration;

use rusqlite::{Connection, Transaction};

use super::compression::Unpacker;
use super::error::SqliteError;
use super::late_traces;
use super::minutes::Minutes;
use super::names::Names;
use super::reader::{documents_of, load_entities};
use super::row::{Row, id_of};
use super::row_changes::RowChanges;
use crate::timestamp::Timestamp;
use crate::trace_id::TraceId;

/// How long and how much a database keeps.
///
/// ```
/// use std::time::Duration;
/// use tracer_console::Retention;
///
/// let retention = Retention { age: Duration::from_secs(7 * 86_400), ..Retention::default() };
/// assert_eq!(retention.to_string(), "7 days, 1.0 GiB");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Retention {
    /// A trace is forgotten when nothing of it arrived for so long; 30 days by default, as in X-Ray.
    pub age: Duration,
    /// The traces that arrived first are forgotten above so many bytes of the file; 1 GiB by default.
    pub bytes: u64,
}

impl Default for Retention {
    fn default() -> Self {
        Self { age: Duration::from_secs(30 * 86_400), bytes: 1 << 30 }
    }
}

impl std::fmt::Display for Retention {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let days = self.age.as_secs_f64() / 86_400.0;
        write!(f, "{} days, ", (days * 10.0).round() / 10.0)?;
        #[allow(clippy::cast_precision_loss, reason = "one decimal is shown")]
        match self.bytes as f64 / f64::from(1 << 20) {
            mebibytes if mebibytes < 1024.0 => write!(f, "{mebibytes:.0} MiB"),
            mebibytes => write!(f, "{:.1} GiB", mebibytes / 1024.0),
        }
    }
}

/// As many as are forgotten between two looks at what is in use: a few milliseconds.
const MOST_AT_ONCE: i64 = 500;
/// Pages that are given back to the file system after a transaction.
const PAGES_AT_ONCE: i64 = 2_000;

impl Retention {
    /// Gives space back that forgotten traces took.
    pub(super) fn shrink(&self, connection: &Connection) -> Result<(), SqliteError> {
        let free: i64 = connection.query_row("PRAGMA freelist_count", [], |row| row.get(0))?;
        let total: i64 = connection.query_row("PRAGMA page_count", [], |row| row.get(0))?;
        // Some is soon used again.
        if free > total / 4 && free > PAGES_AT_ONCE {
            let pages = PAGES_AT_ONCE.to_string();
            connection.pragma(None, "incremental_vacuum", pages, |_| Ok(()))?;
        }
        Ok(())
    }

    /// The bytes of the file that are in use.
    pub(super) fn used(connection: &Connection) -> Result<u64, SqliteError> {
        let number = |pragma| connection.query_row(pragma, [], |row| row.get::<_, i64>(0));
        let used = number("PRAGMA page_count")? - number("PRAGMA freelist_count")?;
        let bytes = used.saturating_mul(number("PRAGMA page_size")?);
        Ok(u64::try_from(bytes).unwrap_or_default())
    }
}

/// Forgets the traces that arrived first, as far as the retention says and a transaction should; returns which. `before` is
/// how much was in use when the transaction began: what comes must not outrun what goes.
pub(super) fn forget(
    transaction: &Transaction<'_>,
    unpacker: &mut Unpacker,
    names: &mut Names,
    retention: &Retention,
    before: u64,
) -> Result<Vec<TraceId>, SqliteError> {
    let age = i64::try_from(retention.age.as_micros()).unwrap_or(i64::MAX);
    let too_old = oldest(transaction, Timestamp::now().micros().saturating_sub(age), MOST_AT_ONCE)?;
    let mut forgotten = Vec::new();
    forget_these(too_old, transaction, unpacker, names, &mut forgotten)?;
    let mut used = Retention::used(transaction)?;
    let enough = used.saturating_sub(2 * used.saturating_sub(before));
    while used > retention.bytes {
        let oldest = oldest(transaction, i64::MAX, a_part(transaction)?)?;
        if oldest.is_empty() {
            break;
        }
        forget_these(oldest, transaction, unpacker, names, &mut forgotten)?;
        used = Retention::used(transaction)?;
        if used <= enough {
            break;
        }
    }
    Ok(forgotten)
}

fn forget_these(
    these: Vec<Old>,
    transaction: &Transaction<'_>,
    unpacker: &mut Unpacker,
    names: &mut Names,
    forgotten: &mut Vec<TraceId>,
) -> Result<(), SqliteError> {
    let (nothing, mut rows) = (Row::default(), Vec::new());
    for Old { trace, id } in these {
        // The index tables are not ordered by trace: what it has there is derived again.
        if let Some(loaded) = load_entities(transaction, unpacker, id)? {
            rows.push((trace, loaded.row(id)));
        }
        let delete = "DELETE FROM documents WHERE document BETWEEN ?1 AND ?2";
        transaction.prepare_cached(delete)?.execute(documents_of(trace))?;
        transaction.prepare_cached("DELETE FROM traces WHERE trace = ?1")?.execute([trace])?;
        late_traces::remove(transaction, trace)?;
        forgotten.push(id);
    }
    let (mut changes, mut minutes) = (RowChanges::default(), Minutes::default());
    for (trace, row) in &rows {
        minutes.remove(row);
        changes.add(*trace, row, &nothing);
    }
    minutes.write(transaction, names)?;
    changes.write(transaction, names)
}

/// A part of what there is, so that a small file does not lose all of it at once.
fn a_part(transaction: &Transaction<'_>) -> Result<i64, SqliteError> {
    let count = "SELECT count(*) FROM (SELECT 1 FROM traces LIMIT ?1)";
    let count: i64 = transaction.prepare_cached(count)?.query_row([10 * MOST_AT_ONCE], |row| row.get(0))?;
    Ok((count / 10).max(1))
}

/// A trace to be forgotten.
struct Old {
    trace: i64,
    id: TraceId,
}

fn oldest(transaction: &Transaction<'_>, before: i64, most: i64) -> Result<Vec<Old>, SqliteError> {
    // What changed first arrived first.
    let select = "SELECT trace, id, start + arrived FROM traces ORDER BY revision LIMIT ?1";
    let mut select = transaction.prepare_cached(select)?;
    let rows = select.query_map([most], |row| {
        Ok((Old { trace: row.get(0)?, id: id_of(row.get(1)?) }, row.get::<_, i64>(2)?))
    })?;
    let too_old = rows.take_while(|row| row.as_ref().map_or(true, |(_, arrived)| *arrived < before));
    Ok(too_old.map(|row| row.map(|(old, _)| old)).collect::<Result<_, _>>()?)
}

#[cfg(test)]
#[path = "retention_tests.rs"]
mod tests;
