use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;

use crate::document::Document;
use crate::filter::FilterExpression;
use crate::search::Search;
use crate::sqlite_store::{Retention, SqliteStore};
use crate::store::TraceStore as _;
use crate::timestamp::Timestamp;
use crate::trace_id::TraceId;

fn document(trace: u32, id: u32, key: &str) -> Document {
    let document = json!({
        "name": "job", "id": format!("{id:016x}"), "trace_id": format!("1-6b02e002-{trace:024x}"), "start_time": 1_700_000_000,
        "end_time": 1_700_000_001, "annotations": {key: format!("{id}")},
    });
    Document::parse(&document.to_string()).unwrap()
}

fn file() -> (TempDir, PathBuf) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("traces.db");
    (directory, path)
}

fn execute(path: &Path, statements: &str) {
    Connection::open(path).unwrap().execute_batch(statements).unwrap();
}

fn found(store: &SqliteStore, filter: &str) -> Vec<TraceId> {
    let search = Search::between(Timestamp::from_micros(0), Timestamp::now());
    let filter = FilterExpression::parse(filter).unwrap();
    store.search(&search.matching(&filter).unwrap()).unwrap().traces
}

#[test]
fn what_could_not_be_written_is_no_change() {
    let (_directory, path) = file();
    let store = SqliteStore::open(&path).unwrap();
    store.record(document(1, 1, "A")).unwrap();
    let seen = store.changed_since(Default::default())[0].1;
    execute(&path, "CREATE TRIGGER full BEFORE INSERT ON documents BEGIN SELECT RAISE(ABORT, 'full'); END");
    assert!(store.record(document(2, 2, "A")).is_err());
    assert_eq!(store.wait_for_change(seen, Duration::ZERO), seen);
    execute(&path, "DROP TRIGGER full");
    store.record(document(2, 2, "A")).unwrap();
    let changed = store.changed_since(seen);
    assert_eq!(changed, [(document(2, 2, "A").trace_id(), store.revision())]);
}

#[test]
fn names_are_those_of_the_file_after_it_was_brought_up_to_date_with_rows_that_were_late() {
    let (_directory, path) = file();
    let store = SqliteStore::open(&path).unwrap();
    for (trace, id, key) in [(1, 1, "A"), (2, 2, "Z"), (2, 3, "C")] {
        store.record(document(trace, id, key)).unwrap();
    }
    drop(store);
    // As a kill leaves it, of an older program.
    execute(
        &path,
        "INSERT INTO late_traces (trace) VALUES (2); UPDATE traces SET documents = 1 WHERE trace = 2; \
         UPDATE derivation SET version = 0;",
    );
    let store = SqliteStore::open(&path).unwrap();
    store.record(document(4, 4, "C")).unwrap();
    assert_eq!(found(&store, "annotation.C = \"4\""), [document(4, 4, "C").trace_id()]);
    assert_eq!(found(&store, "annotation.C = \"3\""), [document(2, 3, "C").trace_id()]);
    assert!(found(&store, "annotation.Z = \"4\"").is_empty());
}

#[test]
fn a_few_documents_for_many_traces_are_written_whatever_must_be_closed_meanwhile() {
    const TRACES: u32 = 60;
    let (_directory, path) = file();
    let store = SqliteStore::open(&path).unwrap();
    let record = |ids: std::ops::Range<u32>| {
        let documents =
            ids.flat_map(|id| (0..TRACES).map(move |trace| document(trace, 1 + id, "Id"))).collect();
        assert!(store.record_all(documents).iter().all(Result::is_ok));
    };
    record(0..1);
    record(1..3);
    record(3..9);
    record(9..10);
    record(10..11);
    for id in 1..=11 {
        assert_eq!(found(&store, &format!("annotation.Id = \"{id}\"")).len(), TRACES as usize, "{id}");
    }
    for trace in 0..TRACES {
        let id = document(trace, 1, "Id").trace_id();
        assert_eq!((store.size(id).documents, store.trace(id).unwrap().len()), (11, 11));
    }
    let count = "SELECT sum(traces) FROM minutes UNION ALL SELECT sum(traces) FROM shapes";
    let connection = Connection::open(&path).unwrap();
    let counts: Vec<u32> = connection
        .prepare(count)
        .unwrap()
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    assert_eq!(counts, [TRACES, TRACES]);
}

#[test]
fn a_large_trace_that_grows_is_not_the_one_that_changed_first() {
    let (_directory, path) = file();
    let retention = Retention { bytes: 1 << 20, ..Retention::default() };
    let store = SqliteStore::open_with(&path, retention).unwrap();
    let seed = std::hash::RandomState::new();
    let filling = |trace: u32| {
        let hash = |part: u32| format!("{:016x}", std::hash::BuildHasher::hash_one(&seed, (trace, part)));
        document(trace, 1, &(0..60).map(hash).collect::<String>())
    };
    let large = document(1, 1, "Id").trace_id();
    (1..=8).for_each(|id| store.record(document(1, id, "Id")).unwrap());
    for round in 1..=40 {
        let mut documents: Vec<_> = (0..100).map(|trace| filling(1000 * round + trace)).collect();
        documents.push(document(1, 8, "Id"));
        assert!(store.record_all(documents).iter().all(Result::is_ok));
    }
    assert!(store.trace(filling(1000).trace_id()).is_none(), "something is forgotten");
    assert_eq!(store.documents(large).len(), 48);
}
