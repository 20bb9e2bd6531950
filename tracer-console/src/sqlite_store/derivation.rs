//! Derives again what an older program derived from the documents: in pieces, so that it takes little memory and goes on where it
//! was interrupted.

use std::path::Path;

use rusqlite::{Connection, Transaction};

use super::compression::Unpacker;
use super::error::SqliteError;
use super::minutes::Minutes;
use super::names::Names;
use super::reader::load_entities;
use super::row::{Row, Size, id_of};
use super::row_changes::RowChanges;
use crate::trace::Trace;
use crate::trace_id::TraceId;

/// Of all that is derived from documents: it changes whenever a row, a shape, a packed graph or a chunk of texts becomes another one for the same
/// documents.
const VERSION: i64 = 4;
/// So many traces are derived in a transaction.
const AT_ONCE: i64 = 1_000;

/// Derives everything again where the file is of another version.
pub(super) fn bring_up_to_date(connection: &mut Connection, path: &Path) -> Result<(), SqliteError> {
    let state = "SELECT version, next FROM derivation";
    let (version, mut next): (i64, Option<i64>) =
        connection.query_row(state, [], |row| Ok((row.get(0)?, row.get(1)?)))?;
    if version != VERSION {
        next = Some(0);
        begin(connection)?;
    }
    if next.is_none() {
        return Ok(());
    }
    let left = "SELECT count(*) FROM traces WHERE trace >= ?1";
    let left: i64 = connection.query_row(left, [next], |row| row.get(0))?;
    if left > AT_ONCE {
        eprintln!("tracer-console: {} is brought up to date: {left} traces", path.display());
    }
    let (mut names, mut unpacker) = (Names::default(), Unpacker::default());
    while let Some(from) = next {
        let transaction = connection.transaction()?;
        next = derive(&transaction, &mut unpacker, &mut names, from)?;
        transaction.execute("UPDATE derivation SET next = ?1", [next])?;
        transaction.commit()?;
    }
    Ok(())
}

/// Whether all of the file is of this version.
pub(super) fn is_up_to_date(connection: &Connection) -> rusqlite::Result<bool> {
    let state = "SELECT version = ?1 AND next IS NULL FROM derivation";
    connection.query_row(state, [VERSION], |row| row.get(0))
}

/// Forgets all that was derived, but for the rows of traces, which are written again each.
fn begin(connection: &mut Connection) -> Result<(), SqliteError> {
    let transaction = connection.transaction()?;
    let tables = [
        "annotations",
        "texts",
        "links",
        "names",
        "shapes",
        "services",
        "calls",
        "keys",
        "minutes",
        "minute_shapes",
        "minute_urls",
        "late_traces",
        "text_chunks",
    ];
    for table in tables {
        transaction.execute(&format!("DELETE FROM {table}"), [])?;
    }
    transaction.execute("UPDATE derivation SET version = ?1, next = 0", [VERSION])?;
    Ok(transaction.commit()?)
}

/// Derives some traces, from one on; returns the one that comes next.
fn derive(
    transaction: &Transaction<'_>,
    unpacker: &mut Unpacker,
    names: &mut Names,
    from: i64,
) -> Result<Option<i64>, SqliteError> {
    let mut select = transaction
        .prepare_cached("SELECT trace, id FROM traces WHERE trace >= ?1 ORDER BY trace LIMIT ?2")?;
    let traces = select.query_map([from, AT_ONCE], |row| Ok((row.get(0)?, id_of(row.get(1)?))))?;
    let traces: Vec<(i64, TraceId)> = traces.collect::<Result<_, _>>()?;
    let mut rows = Vec::with_capacity(traces.len());
    for (trace, id) in &traces {
        let loaded = load_entities(transaction, unpacker, *id)?;
        let size = loaded.as_ref().map(|loaded| Size { documents: loaded.documents, bytes: loaded.bytes });
        let entities = loaded.map(|loaded| loaded.entities.to_vec()).unwrap_or_default();
        let row = Row::of(&Trace::compile(*id, entities, Vec::new()));
        row.rewrite(transaction, names, *trace, size.unwrap_or_default())?;
        rows.push((*trace, row));
    }
    let (nothing, mut changes, mut minutes) = (Row::default(), RowChanges::default(), Minutes::default());
    for (trace, row) in &rows {
        minutes.add(*trace, row);
        changes.add(*trace, &nothing, row);
    }
    minutes.write(transaction, names)?;
    changes.write(transaction, names)?;
    Ok(traces.last().map(|(trace, _)| trace + 1))
}

#[cfg(test)]
#[path = "derivation_tests.rs"]
mod tests;
