//! Large traces whose rows are late: documents came since they were derived. The table outlives a kill, so that none stays so.

use rusqlite::Connection;

use super::error::SqliteError;
use super::row::id_of;
use crate::timestamp::Timestamp;
use crate::trace_id::TraceId;

/// Something came to it: its row is late, but for when that was.
pub(super) fn add(connection: &Connection, trace: i64, revision: i64) -> Result<(), SqliteError> {
    connection.prepare_cached("INSERT OR IGNORE INTO late_traces (trace) VALUES (?1)")?.execute([trace])?;
    // What grows must not be forgotten as if it had arrived first.
    let arrived = "UPDATE traces SET revision = ?2, arrived = ?3 - start WHERE trace = ?1";
    let now = Timestamp::now().micros();
    connection.prepare_cached(arrived)?.execute([trace, revision, now])?;
    Ok(())
}

/// Its row is derived, or it is forgotten.
pub(super) fn remove(connection: &Connection, trace: i64) -> Result<(), SqliteError> {
    connection.prepare_cached("DELETE FROM late_traces WHERE trace = ?1")?.execute([trace])?;
    Ok(())
}

/// Whether there is any.
pub(super) fn are_any(connection: &Connection) -> Result<bool, SqliteError> {
    let any = "SELECT EXISTS (SELECT 1 FROM late_traces)";
    Ok(connection.prepare_cached(any)?.query_row([], |row| row.get(0))?)
}

pub(super) fn all(connection: &Connection) -> Result<Vec<TraceId>, SqliteError> {
    let mut select = connection.prepare_cached("SELECT id FROM late_traces JOIN traces USING (trace)")?;
    let ids = select.query_map([], |row| Ok(id_of(row.get(0)?)))?;
    Ok(ids.collect::<Result<_, _>>()?)
}

#[cfg(test)]
#[path = "late_traces_tests.rs"]
pub(super) mod tests;
