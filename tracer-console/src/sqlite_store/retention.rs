//! What is forgotten, so that the file does not grow for ever: what arrived first.

use std::time::Duration;

use rusqlite::{Connection, Transaction};

use super::compression::Unpacker;
use super::error::SqliteError;
use super::names::Names;
use super::reader::load_entities;
use super::row::{Row, id_of};
use super::row_changes::RowChanges;
use crate::timestamp::Timestamp;
use crate::trace::Trace;
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
        #[allow(clippy::cast_precision_loss, reason = "one decimal is shown")]
        let gibibytes = self.bytes as f64 / f64::from(1 << 30);
        write!(f, "{} days, {gibibytes:.1} GiB", (days * 10.0).round() / 10.0)
    }
}

/// As many as a transaction forgets beside what it writes: a few milliseconds.
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

    fn is_over(&self, transaction: &Transaction<'_>) -> Result<bool, SqliteError> {
        let number = |pragma| transaction.query_row(pragma, [], |row| row.get::<_, i64>(0));
        let used = number("PRAGMA page_count")? - number("PRAGMA freelist_count")?;
        let bytes = used.saturating_mul(number("PRAGMA page_size")?);
        Ok(u64::try_from(bytes).unwrap_or_default() > self.bytes)
    }
}

/// Forgets the traces that arrived first, as far as the retention says and a transaction should; returns which.
pub(super) fn forget(
    transaction: &Transaction<'_>,
    unpacker: &mut Unpacker,
    names: &mut Names,
    retention: &Retention,
) -> Result<Vec<TraceId>, SqliteError> {
    let oldest = oldest(transaction, retention)?;
    let mut changes = RowChanges::default();
    for (trace, id) in &oldest {
        // The index tables are not ordered by trace: what it has there is derived again.
        if let Some(loaded) = load_entities(transaction, unpacker, *id)? {
            let row = Row::of(&Trace::compile(*id, loaded.entities.to_vec(), Vec::new()));
            changes.add(*trace, &row, &Row::default());
        }
        for table in ["documents", "traces"] {
            let delete = format!("DELETE FROM {table} WHERE trace = ?1");
            transaction.prepare_cached(&delete)?.execute([trace])?;
        }
    }
    changes.write(transaction, names)?;
    Ok(oldest.into_iter().map(|(_, id)| id).collect())
}

fn oldest(transaction: &Transaction<'_>, retention: &Retention) -> Result<Vec<(i64, TraceId)>, SqliteError> {
    let age = i64::try_from(retention.age.as_micros()).unwrap_or(i64::MAX);
    let (before, most) = if retention.is_over(transaction)? {
        // A part of what there is, so that a small file does not lose all of it at once.
        let count: i64 = transaction.query_row("SELECT count(*) FROM traces", [], |row| row.get(0))?;
        (i64::MAX, (count / 10).clamp(1, MOST_AT_ONCE))
    } else {
        (Timestamp::now().micros().saturating_sub(age), MOST_AT_ONCE)
    };
    let select = "SELECT trace, id FROM traces WHERE arrived < ?1 ORDER BY arrived LIMIT ?2";
    let mut select = transaction.prepare_cached(select)?;
    let rows = select.query_map((before, most), |row| Ok((row.get(0)?, id_of(row.get(1)?))))?;
    Ok(rows.collect::<Result<_, _>>()?)
}
