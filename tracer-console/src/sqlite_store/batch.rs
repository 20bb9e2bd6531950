//! The documents of one transaction: each is written and merged into its trace, then each trace that has a row is written once,
//! and at times those that have none.

use std::collections::{HashMap, HashSet};

use rusqlite::{Transaction, params};

use super::compression::{Training, Unpacker};
use super::error::SqliteError;
use super::late_traces;
use super::minutes::Minutes;
use super::names::Names;
use super::open_traces::{MOST_WEIGHT, OpenTrace, OpenTraces};
use super::prepared::Prepared;
use super::progress::Progress;
use super::reader::{MOST_DOCUMENTS, documents_of, load_entities, load_unwritten};
use super::row::{Row, Size};
use super::row_changes::RowChanges;
use super::unwritten_rows::{Unwritten, UnwrittenRows};
use crate::memory_store::{Held, MemoryLimits};
use crate::refusal::{Refusal, RefusalCode};
use crate::trace_id::TraceId;

pub(super) struct Batch<'a> {
    pub(super) transaction: &'a Transaction<'a>,
    pub(super) unpacker: &'a mut Unpacker,
    pub(super) names: &'a mut Names,
    /// The number of the trace that comes next.
    pub(super) next: &'a mut i64,
    pub(super) open: &'a mut OpenTraces,
    pub(super) unwritten: &'a mut UnwrittenRows,
    pub(super) limits: MemoryLimits,
    pub(super) progress: &'a Progress,
    /// Of a database that has no dictionary yet.
    pub(super) training: Option<&'a mut Training>,
}

/// Which rows are to be as the documents are when a transaction is committed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Rows {
    /// Those that there are, but for late ones.
    #[default]
    Few,
    /// And those that there are not yet.
    Unwritten,
    /// And the late ones.
    All,
}

/// What has come to which traces.
#[derive(Default)]
struct Arrivals {
    /// New traces that are one document, by their numbers and the places of the documents: most traces of most batches. Their
    /// rows are derived already.
    single: HashMap<TraceId, (i64, usize)>,
    /// Traces that grew, which are among the open ones.
    grown: HashSet<TraceId>,
    /// What those take of memory that were read from the file, estimated.
    read: usize,
}

/// A trace that is written.
struct Change<'r> {
    trace: i64,
    id: TraceId,
    size: Size,
    before: Option<&'r Row>,
    after: &'r Row,
}

impl Batch<'_> {
    /// Writes documents; what became of each, where an inner error is a limit of the store.
    pub(super) fn write(
        mut self,
        documents: &mut [Prepared],
        rows: Rows,
    ) -> Result<Vec<Result<(), Refusal>>, SqliteError> {
        let mut arrivals = Arrivals::default();
        let mut outcome = Vec::with_capacity(documents.len());
        for at in 0..documents.len() {
            outcome.push(self.take(documents, at, &mut arrivals)?);
            if arrivals.read > MOST_WEIGHT {
                self.make_room(documents, &mut arrivals, rows)?;
            }
        }
        if rows == Rows::All {
            self.take_late(documents, &mut arrivals)?;
        } else {
            self.leave_late(&mut arrivals)?;
        }
        self.write_traces(documents, arrivals)?;
        if rows != Rows::Few || self.unwritten.are_many() {
            self.write_unwritten()?;
        }
        Ok(outcome)
    }

    fn take(
        &mut self,
        documents: &mut [Prepared],
        at: usize,
        arrivals: &mut Arrivals,
    ) -> Result<Result<(), Refusal>, SqliteError> {
        let id = documents[at].id;
        if self.open.get(id).is_none() {
            if let Some((trace, first)) = arrivals.single.remove(&id) {
                self.open.open(id, OpenTrace::new(trace, &mut documents[first]));
                arrivals.grown.insert(id);
            } else {
                self.read(id, arrivals)?;
            }
        }
        let document = &mut documents[at];
        let Some(trace) = self.open.get_mut(id) else { return self.take_first(document, at, arrivals) };
        let of_document = (id, &*document.text, document.count);
        if let Err(refusal) = self.limits.check(of_document, trace.held()) {
            return Ok(Err(refusal));
        }
        let (number, count) = (trace.trace, trace.documents);
        if count >= MOST_DOCUMENTS {
            let message = format!("trace {id} has {count} documents, and no trace has more");
            return Ok(Err(Refusal::new(RefusalCode::LimitExceeded, message).of(document.text.as_bytes())));
        }
        trace.take(document);
        arrivals.grown.insert(id);
        self.insert(document, number, count)?;
        Ok(Ok(()))
    }

    /// Opens a trace that is in the file, if it is.
    fn read(&mut self, id: TraceId, arrivals: &mut Arrivals) -> Result<(), SqliteError> {
        let trace = match self.unwritten.number(id) {
            Some(trace) => {
                Some(OpenTrace::unwritten(load_unwritten(self.transaction, self.unpacker, trace)?))
            }
            None => {
                load_entities(self.transaction, self.unpacker, id)?.map(|loaded| OpenTrace::read(id, loaded))
            }
        };
        if let Some(trace) = trace {
            arrivals.read += self.open.open(id, trace).weight;
        }
        Ok(())
    }

    /// Writes what came so far and closes what is too much: a few documents may ask for any number of large traces.
    fn make_room(
        &mut self,
        documents: &mut [Prepared],
        arrivals: &mut Arrivals,
        rows: Rows,
    ) -> Result<(), SqliteError> {
        if rows != Rows::All {
            self.leave_late(arrivals)?;
        }
        self.write_traces(documents, std::mem::take(arrivals))?;
        self.open.close_least_used();
        Ok(())
    }

    /// The first document of a trace.
    fn take_first(
        &mut self,
        document: &Prepared,
        at: usize,
        arrivals: &mut Arrivals,
    ) -> Result<Result<(), Refusal>, SqliteError> {
        if let Err(refusal) =
            self.limits.check((document.id, &document.text, document.count), Held::default())
        {
            return Ok(Err(refusal));
        }
        let trace = *self.next;
        *self.next += 1;
        self.insert(document, trace, 0)?;
        arrivals.single.insert(document.id, (trace, at));
        Ok(Ok(()))
    }

    fn insert(&mut self, document: &Prepared, trace: i64, number: i64) -> Result<(), SqliteError> {
        let insert = "INSERT INTO documents (document, dictionary, text) VALUES (?1, ?2, ?3)";
        let values = params![documents_of(trace).0 + number, document.dictionary, document.packed];
        self.transaction.prepare_cached(insert)?.execute(values)?;
        self.unwritten.count(document.text.len());
        if let Some(training) = &mut self.training {
            training.sample(&document.text);
        }
        Ok(())
    }

    /// Adds the traces whose rows are not as their documents are.
    fn take_late(&mut self, documents: &mut [Prepared], arrivals: &mut Arrivals) -> Result<(), SqliteError> {
        for id in late_traces::all(self.transaction)? {
            if self.open.get(id).is_none() {
                self.read(id, arrivals)?;
            }
            arrivals.grown.insert(id);
            if arrivals.read > MOST_WEIGHT {
                self.make_room(documents, arrivals, Rows::All)?;
            }
        }
        Ok(())
    }

    /// Leaves out those whose rows need not be derived now.
    fn leave_late(&mut self, arrivals: &mut Arrivals) -> Result<(), SqliteError> {
        let is_late = |id: &TraceId| self.open.get(*id).is_some_and(OpenTrace::may_be_late);
        for id in arrivals.grown.extract_if(is_late) {
            if let Some(trace) = self.open.get(id) {
                // Whoever waits for a change looks, and so asks for the row.
                late_traces::add(self.transaction, trace.trace, self.progress.next_revision())?;
            }
        }
        Ok(())
    }

    /// Writes the rows that there are of traces that grew, and notes those that there are not.
    fn write_traces(&mut self, documents: &mut [Prepared], arrivals: Arrivals) -> Result<(), SqliteError> {
        let Self { transaction, names, open, unwritten, progress, .. } = self;
        let Arrivals { single, mut grown, .. } = arrivals;
        for (id, (trace, at)) in single {
            let Prepared { row, text, .. } = &mut documents[at];
            let size = Size { documents: 1, bytes: text.len() };
            unwritten.put(id, Unwritten { trace, row: Some((std::mem::take(row), size)) });
        }
        for id in grown.extract_if(|id| open.get(*id).is_some_and(|trace| trace.row().is_none())) {
            if let Some(OpenTrace { trace, .. }) = open.get(id) {
                unwritten.put(id, Unwritten { trace: *trace, row: None });
            }
        }
        let derived = |id| Some((id, open.get(id)?.derive(id)));
        let grown: Vec<_> = grown.into_iter().filter_map(derived).collect();
        let grew = grown.iter().filter_map(|(id, row)| {
            let trace = open.get(*id)?;
            let (before, size) = (trace.row(), trace.size());
            Some(Change { trace: trace.trace, id: *id, size, before, after: row })
        });
        write_all(transaction, names, progress, grew.collect())?;
        for (id, row) in grown {
            if let Some(trace) = open.get_mut(id) {
                late_traces::remove(transaction, trace.trace)?;
                trace.is_derived(row);
            }
        }
        Ok(())
    }

    fn write_unwritten(&mut self) -> Result<(), SqliteError> {
        let Self { transaction, unpacker, names, open, unwritten, progress, .. } = self;
        let mut grown = Vec::new();
        for (id, Unwritten { trace, .. }) in unwritten.iter().filter(|(_, unwritten)| unwritten.row.is_none())
        {
            let (row, size) = match open.get(id) {
                Some(trace) => (trace.derive(id), trace.size()),
                None => {
                    let trace = OpenTrace::unwritten(load_unwritten(transaction, unpacker, *trace)?);
                    (trace.derive(id), trace.size())
                }
            };
            grown.push((id, *trace, row, size));
        }
        let single = unwritten.iter().filter_map(|(id, Unwritten { trace, row })| {
            let (row, size) = row.as_ref()?;
            Some(Change { trace: *trace, id, size: *size, before: None, after: row })
        });
        let grew = grown.iter().map(|(id, trace, row, size)| Change {
            trace: *trace,
            id: *id,
            size: *size,
            before: None,
            after: row,
        });
        write_all(transaction, names, progress, single.chain(grew).collect())?;
        for (id, _, row, _) in grown {
            if let Some(trace) = open.get_mut(id) {
                trace.is_derived(row);
            }
        }
        unwritten.write();
        Ok(())
    }
}

fn write_all(
    transaction: &Transaction<'_>,
    names: &mut Names,
    progress: &Progress,
    mut all: Vec<Change<'_>>,
) -> Result<(), SqliteError> {
    // In the order of their numbers, new ones are only ever appended to the table: its pages are full.
    all.sort_unstable_by_key(|change| change.trace);
    let (nothing, mut changes, mut minutes) = (Row::default(), RowChanges::default(), Minutes::default());
    for Change { trace, id, size, before, after } in &all {
        after.write(transaction, names, (*trace, *id), *size, progress.next_revision())?;
        if let Some(before) = before {
            minutes.remove(before);
        }
        minutes.add(*trace, after);
        changes.add(*trace, before.unwrap_or(&nothing), after);
    }
    changes.write(transaction, names)?;
    minutes.write(transaction, names)
}
