//! Service graphs of some minutes each, kept in memory: where nothing changed since, nothing need be added up again.

use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use lru::LruCache;
use rusqlite::Connection;

use super::compression::Unpacker;
use super::error::SqliteError;
use super::fold::walk_graphs;
use super::known_shapes::KnownShapes;
use super::minutes::MINUTE;
use super::reader::Reader;
use super::select::Plan;
use crate::compiled::{GraphPart, ServiceGraph, TraceGraph, Window};
use crate::search::{Search, TimeRange, TimeRangeType};
use crate::timestamp::Timestamp;

/// So many minutes have a graph of their own: few to add up at the ends of a window, and few graphs in a day.
const MINUTES: i64 = if cfg!(test) { 2 } else { 20 };
const LENGTH: i64 = MINUTES * MINUTE;

/// Of those that were used last.
const MOST_BYTES: usize = if cfg!(test) { 20_000 } else { 32 << 20 };

/// The graphs that are kept.
#[derive(Default)]
pub(super) struct GraphCells(Mutex<Kept>);

struct Kept {
    cells: LruCache<i64, Arc<Cell>>,
    bytes: usize,
}

impl Default for Kept {
    fn default() -> Self {
        Self { cells: LruCache::unbounded(), bytes: 0 }
    }
}

/// The minutes of a stretch of time, and how each was when it was looked at: a number that is another one after each change.
type Minutes = Vec<(i64, i64)>;

/// The graph of the traces that began in a stretch of time.
struct Cell {
    minutes: Minutes,
    traces: u64,
    /// `None` where it has more nodes than are drawn.
    part: Option<GraphPart>,
}

impl Cell {
    /// Of the traces that began in a range.
    fn of(walk: &mut Walk<'_>, range: TimeRange, minutes: Minutes) -> Result<Self, SqliteError> {
        let (mut graph, mut traces, mut moments) = (ServiceGraph::new(None), 0, None);
        walk.each(range, &mut |trace| {
            graph.add_graph(trace);
            traces += 1;
            for moment in trace.moments() {
                let (first, last): (Timestamp, Timestamp) = moments.unwrap_or((moment, moment));
                moments = Some((first.min(moment), last.max(moment)));
            }
        })?;
        Ok(Self { minutes, traces, part: graph.into_part(moments) })
    }

    /// Adds it to the graph of a window; `false` where its traces must be added one by one.
    fn add_to(&self, graph: &mut ServiceGraph, window: Window) -> bool {
        let part = self.part.as_ref().filter(|part| part.is_within(window));
        part.is_some_and(|part| graph.add_part(part))
    }

    fn weight(&self) -> usize {
        let part = self.part.as_ref().map_or(0, GraphPart::weight);
        size_of::<Self>() + part + self.minutes.len() * size_of::<(i64, i64)>()
    }
}

impl Kept {
    fn put(&mut self, at: i64, cell: Arc<Cell>) {
        self.bytes += cell.weight();
        let replaced = self.cells.put(at, cell);
        self.bytes -= replaced.map_or(0, |cell| cell.weight());
        while self.bytes > MOST_BYTES
            && let Some((_, cell)) = self.cells.pop_lru()
        {
            self.bytes -= cell.weight();
        }
    }
}

/// Walks through the traces of a file, as they were when it began.
struct Walk<'a> {
    transaction: &'a Connection,
    unpacker: &'a mut Unpacker,
    shapes: &'a mut KnownShapes,
    /// Of all traces.
    search: &'a Search,
}

impl Walk<'_> {
    fn each(&mut self, range: TimeRange, each: &mut dyn FnMut(&TraceGraph<'_>)) -> Result<(), SqliteError> {
        let search = self.search.clone().within(range);
        let plan = Plan::of(self.transaction, &search, usize::MAX)?;
        walk_graphs(self.transaction, self.unpacker, self.shapes, &plan, each)
    }

    /// Adds each to a graph; returns how many there are.
    fn add(&mut self, range: TimeRange, graph: &mut ServiceGraph) -> Result<u64, SqliteError> {
        let mut count = 0;
        self.each(range, &mut |trace| {
            graph.add_graph(trace);
            count += 1;
        })?;
        Ok(count)
    }
}

impl GraphCells {
    /// Adds every trace that a search means to a graph, newest first; returns how many there are, and `None`, and adds nothing,
    /// where not all that was active in a range is meant.
    pub(super) fn add(
        &self,
        reader: &mut Reader,
        search: &Search,
        graph: &mut ServiceGraph,
    ) -> Result<Option<u64>, SqliteError> {
        let TimeRange { from, to, by } = search.range;
        let is_of_all = search.is_of_all() && by == TimeRangeType::Event;
        let (first, last) =
            (-(-from.micros().max(-i64::MAX)).div_euclid(LENGTH), to.micros().div_euclid(LENGTH));
        if !is_of_all || search.after.is_some() || search.limit < usize::MAX || first >= last {
            return Ok(None);
        }
        let Reader { connection, unpacker, shapes, .. } = reader;
        let transaction = connection.unchecked_transaction()?;
        let mut walk = Walk { transaction: &transaction, unpacker, shapes, search };
        let time = |cell: i64| Timestamp::from_micros(cell.saturating_mul(LENGTH));
        let began = |from, to| TimeRange { from, to, by: TimeRangeType::TraceId };
        let mut count = walk.add(began(time(last), to), graph)?;
        for (at, minutes) in minutes_by_cell(&transaction, first, last)? {
            let range = began(time(at), time(at + 1));
            let cell = match self.kept(at, &minutes) {
                Some(cell) => cell,
                None => self.keep(at, Cell::of(&mut walk, range, minutes)?),
            };
            count += match cell.add_to(graph, Window { start: from, end: to }) {
                true => cell.traces,
                false => walk.add(range, graph)?,
            };
        }
        // With those that began before and went on.
        let earliest = TimeRange { from, to: time(first), by };
        Ok(Some(count + walk.add(earliest, graph)?))
    }

    /// The graph of a stretch of time, if it is kept and nothing changed in its minutes since.
    fn kept(&self, at: i64, minutes: &Minutes) -> Option<Arc<Cell>> {
        self.lock().cells.get(&at).filter(|cell| cell.minutes == *minutes).map(Arc::clone)
    }

    fn keep(&self, at: i64, cell: Cell) -> Arc<Cell> {
        let cell = Arc::new(cell);
        self.lock().put(at, Arc::clone(&cell));
        cell
    }

    fn lock(&self) -> MutexGuard<'_, Kept> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The stretches in which traces began, newest first, each with its minutes.
fn minutes_by_cell(
    connection: &Connection,
    first: i64,
    last: i64,
) -> Result<Vec<(i64, Minutes)>, SqliteError> {
    let select =
        "SELECT minute, changed FROM minutes WHERE minute >= ?1 AND minute < ?2 ORDER BY minute DESC";
    let mut select = connection.prepare_cached(select)?;
    let range = [first.saturating_mul(MINUTES), last.saturating_mul(MINUTES)];
    let mut rows = select.query(range)?;
    let mut cells: Vec<(i64, Minutes)> = Vec::new();
    while let Some(row) = rows.next()? {
        let minute: (i64, i64) = (row.get(0)?, row.get(1)?);
        let at = minute.0.div_euclid(MINUTES);
        match cells.last_mut() {
            Some((cell, minutes)) if *cell == at => minutes.push(minute),
            _ => cells.push((at, vec![minute])),
        }
    }
    Ok(cells)
}

#[cfg(test)]
#[path = "graph_cells_tests.rs"]
mod tests;
