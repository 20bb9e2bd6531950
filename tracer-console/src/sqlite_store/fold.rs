//! What can be told of many traces without their documents: outcomes from an index, graphs from their packed form.

use std::sync::Arc;

use rusqlite::Connection;

use super::compression::Unpacker;
use super::error::SqliteError;
use super::known_shapes::{KnownShape, KnownShapes};
use super::packed_graph::unpack;
use super::reader::{Reader, load_entities};
use super::row::id_of;
use super::select::{Columns, Plan};
use crate::compiled::{CompiledTrace, TraceGraph};
use crate::search::Search;
use crate::timestamp::Timestamp;
use crate::trace::Trace;
use crate::trace_outcome::{TraceOutcome, seconds};

/// Outcomes of shapes that are at hand: a number of them that a processor's cache holds.
const AT_HAND: usize = 256;

/// Calls `each` with the outcomes of what a search means; returns false, and calls nothing, where documents must be asked.
pub(super) fn outcomes(
    reader: &mut Reader,
    search: &Search,
    each: &mut dyn FnMut(&TraceOutcome),
) -> Result<bool, SqliteError> {
    let Reader { connection, shapes, .. } = reader;
    let transaction = connection.unchecked_transaction()?;
    let plan = Plan::of(&transaction, search, usize::MAX)?;
    if !plan.is_exact() {
        return Ok(false);
    }
    let mut at_hand: [Option<(i64, TraceOutcome)>; AT_HAND] = [None; AT_HAND];
    plan.walk(&transaction, Columns::OUTCOMES, search.limit, &mut |row| {
        let shape: i64 = row.get(3)?;
        let place = &mut at_hand[(shape.cast_unsigned() % AT_HAND as u64) as usize];
        let outcome = match place {
            Some((known, outcome)) if *known == shape => outcome,
            _ => {
                let Some(known) = shapes.get(&transaction, shape)? else { return Ok(()) };
                &mut place.insert((shape, known.outcome)).1
            }
        };
        outcome.start = Timestamp::from_micros(row.get(0)?);
        let time = |micros: i64| (micros >= 0).then(|| seconds(micros));
        outcome.response_time = time(row.get(1)?);
        outcome.duration = time(row.get(2)?);
        each(outcome);
        Ok(())
    })?;
    Ok(true)
}

/// As [`outcomes`], with what each trace adds to service graphs.
pub(super) fn graphs(
    reader: &mut Reader,
    search: &Search,
    each: &mut dyn FnMut(&TraceGraph<'_>),
) -> Result<bool, SqliteError> {
    let Reader { connection, unpacker, shapes, .. } = reader;
    let transaction = connection.unchecked_transaction()?;
    let plan = Plan::of(&transaction, search, usize::MAX)?;
    if !plan.is_exact() {
        return Ok(false);
    }
    walk_graphs(&transaction, unpacker, shapes, &plan, each)?;
    Ok(true)
}

/// Calls `each` with the graphs of what a plan finds, which must be just what is meant.
pub(super) fn walk_graphs(
    transaction: &Connection,
    unpacker: &mut Unpacker,
    shapes: &mut KnownShapes,
    plan: &Plan<'_>,
    each: &mut dyn FnMut(&TraceGraph<'_>),
) -> Result<(), SqliteError> {
    let mut graph = TraceGraph::default();
    plan.walk(transaction, Columns::GRAPHS, plan.search.limit, &mut |row| {
        let (start, shape): (i64, i64) = (row.get(1)?, row.get(2)?);
        graph.id = id_of(row.get(0)?);
        if let Some(KnownShape { graph: known, .. }) = shapes.get(transaction, shape)? {
            (graph.shape, graph.number) = (Arc::clone(known), Some(shape));
            let packed = row.get_ref(3)?.as_blob().unwrap_or_default();
            if unpack(packed, Timestamp::from_micros(start), &mut graph).is_some() {
                each(&graph);
                return Ok(());
            }
        }
        // What is damaged is derived again.
        if let Some(loaded) = load_entities(transaction, unpacker, graph.id)? {
            let trace = Trace::compile(graph.id, loaded.entities.to_vec(), Vec::new());
            each(&TraceGraph::of(&CompiledTrace::of(&trace)));
        }
        Ok(())
    })
}
