use std::collections::BTreeMap;
use std::path::Path;

use serde_json::json;

use super::*;
use crate::document::Document;
use crate::sqlite_store::SqliteStore;
use crate::sqlite_store::reader::Readers;
use crate::store::TraceStore as _;

/// A request that began so many seconds after the epoch.
fn document(trace: u64, start: i64, took: i64) -> Document {
    let document = json!({
        "name": "web", "id": format!("{took:016x}"), "trace_id": format!("1-6b02e002-{trace:024x}"),
        "start_time": start, "end_time": start + took,
    });
    Document::parse(&document.to_string()).unwrap()
}

/// Reads a file as its store does.
struct Reading {
    readers: Readers,
    cells: GraphCells,
}

impl Reading {
    fn of(path: &Path) -> Self {
        Self { readers: Readers::new(path.to_owned(), Arc::default()), cells: GraphCells::default() }
    }

    /// How many traces were active between some cells, the last not included.
    fn count(&self, first: i64, last: i64) -> Option<u64> {
        let [from, to] = [first, last].map(|cell| Timestamp::from_micros(cell * LENGTH));
        let search = Search::between(from, to).within(TimeRange { from, to, by: TimeRangeType::Event });
        let mut graph = ServiceGraph::new(Some(Window { start: from, end: to }));
        self.readers.read(|reader| self.cells.add(reader, &search, &mut graph)).unwrap()
    }

    fn kept(&self) -> BTreeMap<i64, Arc<Cell>> {
        self.cells.lock().cells.iter().map(|(at, cell)| (*at, Arc::clone(cell))).collect()
    }
}

/// The second in which a cell begins.
fn second(cell: i64) -> i64 {
    cell * LENGTH / 1_000_000
}

#[test]
fn minutes_are_added_up_once_until_something_comes_to_them() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("traces.db");
    let store = SqliteStore::open(&path).unwrap();
    let put = |trace, start, took| {
        store.record(document(trace, start, took)).unwrap();
        // Who asks has rows written.
        assert!(store.size(document(trace, start, took).trace_id()).documents > 0);
    };
    (1..5_i64).for_each(|cell| put(cell.unsigned_abs(), second(cell), 1));
    let reading = Reading::of(&path);
    assert_eq!(reading.count(1, 5), Some(4));
    let first = reading.kept();
    assert_eq!(first.keys().collect::<Vec<_>>(), [&1, &2, &3, &4]);
    assert_eq!(reading.count(2, 9), Some(3));
    let is_same = |one: &Arc<Cell>, other: &Arc<Cell>| Arc::ptr_eq(one, other);
    assert!(first.values().zip(reading.kept().values()).all(|(one, other)| is_same(one, other)));
    put(3, second(3) + 1, 2);
    assert_eq!(reading.count(1, 5), Some(4));
    let second = reading.kept();
    let same: Vec<_> = first.iter().map(|(at, cell)| is_same(cell, &second[at])).collect();
    assert_eq!(same, [true, true, false, true]);
}

#[test]
fn what_ends_beyond_a_window_is_added_one_by_one() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("traces.db");
    let store = SqliteStore::open(&path).unwrap();
    let traces = [document(1, second(1), 1), document(2, second(1), second(1)), document(3, second(2), 1)];
    assert_eq!(store.record_all(traces.to_vec()), [Ok(()), Ok(()), Ok(())]);
    assert_eq!(store.size(traces[0].trace_id()).documents, 1);
    let reading = Reading::of(&path);
    assert_eq!(reading.count(1, 2), Some(2));
    let is_within = |last| {
        let [start, end] = [1, last].map(|cell| Timestamp::from_micros(cell * LENGTH));
        reading.kept()[&1].part.as_ref().unwrap().is_within(Window { start, end })
    };
    assert_eq!((is_within(2), is_within(3)), (false, true));
}

#[test]
fn those_that_were_not_asked_for_longest_give_way() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("traces.db");
    let store = SqliteStore::open(&path).unwrap();
    let documents: Vec<_> = (0..100).map(|cell| document(cell, second(cell.cast_signed()), 1)).collect();
    let last = documents[99].trace_id();
    assert!(store.record_all(documents).iter().all(Result::is_ok));
    assert_eq!(store.size(last).documents, 1);
    let reading = Reading::of(&path);
    for _ in 0..2 {
        assert_eq!(reading.count(0, 100), Some(100));
        let kept = reading.kept();
        assert!(kept.len() > 2 && kept.len() < 100 && kept.contains_key(&0), "{} are kept", kept.len());
        let bytes = reading.cells.lock().bytes;
        assert_eq!(bytes, kept.values().map(|cell| cell.weight()).sum::<usize>());
        assert!(bytes <= MOST_BYTES);
    }
}
