use std::path::{Path, PathBuf};
use std::time::Duration;

use rusqlite::Connection;
use serde_json::json;
use tempfile::TempDir;

use super::super::late_traces::tests::{all, derived, killed};
use crate::document::Document;
use crate::sqlite_store::SqliteStore;
use crate::store::{TraceSize, TraceStore as _};

fn document(trace: u32, id: u32) -> Document {
    let document = json!({
        "name": "job", "id": format!("{id:016x}"), "trace_id": format!("1-6b02e002-{trace:024x}"),
        "start_time": 1_700_000_000 + id, "end_time": 1_700_000_100 + id, "annotations": {"Number": id}, "user": "u",
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

fn record(store: &SqliteStore, documents: Vec<Document>) {
    assert!(store.record_all(documents).iter().all(Result::is_ok));
}

#[test]
fn rows_that_a_kill_left_unwritten_are_written_when_the_file_is_opened_again() {
    let (directory, path) = file();
    let copy = directory.path().join("copy.db");
    let store = SqliteStore::open(&path).unwrap();
    record(&store, vec![document(1, 1), document(2, 2)]);
    store.search(&all()).unwrap();
    let mut id = 10;
    // Where the machine is slow, they may have been written for the pause.
    let left = (0..20).any(|_| {
        // Of three traces one has grown, two at once and one document later.
        record(
            &store,
            vec![document(id, id), document(id + 1, id), document(id + 2, id), document(id + 1, id + 1)],
        );
        record(&store, vec![document(id + 2, id + 2), document(1, id)]);
        id += 10;
        killed(&path, &copy);
        let rows = "SELECT count(DISTINCT document >> 20) - (SELECT count(*) FROM traces) FROM documents";
        Connection::open(&copy).unwrap().query_row(rows, [], |row| row.get::<_, i64>(0)).unwrap() >= 3
    });
    assert!(left);
    drop(SqliteStore::open(&copy).unwrap());
    store.search(&all()).unwrap();
    assert_eq!(derived(&copy), derived(&path));
    // New traces get other numbers than those.
    let store = SqliteStore::open(&copy).unwrap();
    record(&store, vec![document(1_000, 1)]);
    assert_eq!(store.documents(document(1_000, 1).trace_id()).len(), 1);
}

#[test]
fn what_was_recorded_is_there_though_its_rows_cannot_be_written() {
    let (_directory, path) = file();
    let store = SqliteStore::open(&path).unwrap();
    record(&store, vec![document(9, 1)]);
    let old = store.search(&all()).unwrap().traces;
    assert_eq!(old, [document(9, 1).trace_id()]);
    execute(&path, "CREATE TRIGGER full BEFORE INSERT ON annotations BEGIN SELECT RAISE(ABORT, 'full'); END");
    record(&store, vec![document(1, 1), document(2, 2)]);
    record(&store, vec![document(2, 3)]);
    let id = document(2, 2).trace_id();
    let bytes = (document(2, 2).text().len() + document(2, 3).text().len()) as u64;
    for _ in 0..2 {
        assert_eq!(store.search(&all()).unwrap().traces, old, "what has a row is found");
        let mut listed = 0;
        store.outcomes(&all(), &mut |_| listed += 1).unwrap();
        let mut drawn = 0;
        store.graphs(&all(), &mut |_| drawn += 1).unwrap();
        assert_eq!((listed, drawn), (1, 1));
        let mut read = Vec::new();
        store.traces(&[old[0], id], &mut |trace, _| read.push(trace.id())).unwrap();
        assert_eq!(read, [old[0], id]);
        assert_eq!(store.trace(id).unwrap().len(), 2);
        assert_eq!(store.documents(id).len(), 2);
        assert_eq!(store.size(id), TraceSize { documents: 2, bytes });
    }
    let seen = store.revision();
    execute(&path, "DROP TRIGGER full");
    assert_eq!(store.search(&all()).unwrap().traces.len(), 3);
    assert_eq!(store.changed_since(seen).len(), 2);
}

#[test]
fn a_late_row_that_cannot_be_written_is_an_error_as_it_says_what_is_not_so() {
    let (_directory, path) = file();
    let store = SqliteStore::open(&path).unwrap();
    record(&store, (1..=20).map(|id| document(1, id)).collect());
    assert_eq!(store.search(&all()).unwrap().traces.len(), 1);
    execute(&path, "CREATE TRIGGER full BEFORE INSERT ON annotations BEGIN SELECT RAISE(ABORT, 'full'); END");
    record(&store, vec![document(1, 21)]);
    for _ in 0..2 {
        assert!(store.search(&all()).unwrap_err().to_string().contains("full"));
    }
    execute(&path, "DROP TRIGGER full");
    assert_eq!(store.search(&all()).unwrap().traces.len(), 1);
}

#[test]
fn damaged_documents_that_came_last_are_not_waited_for_once_the_file_was_opened_to_write() {
    let (_directory, path) = file();
    let store = SqliteStore::open(&path).unwrap();
    record(&store, vec![document(1, 1)]);
    drop(store);
    execute(
        &path,
        "INSERT INTO documents (document, dictionary, text) SELECT (max(trace) + 1) << 20, 0, x'00' FROM traces",
    );
    drop(SqliteStore::open(&path).unwrap());
    let connection = Connection::open(&path).unwrap();
    assert_eq!(super::last_document(&connection).unwrap() >> 20, 1);
    assert_eq!(SqliteStore::open_read_only(&path).unwrap().search(&all()).unwrap().traces.len(), 1);
}

#[test]
fn so_many_whose_rows_cannot_be_written_are_refused_that_memory_holds_the_others() {
    let (_directory, path) = file();
    let store = SqliteStore::open(&path).unwrap();
    execute(&path, "CREATE TRIGGER full BEFORE INSERT ON annotations BEGIN SELECT RAISE(ABORT, 'full'); END");
    let taken = (1..=200).filter(|trace| store.record(document(*trace, 1)).is_ok()).count();
    assert_eq!(taken, super::MOST - 1);
    execute(&path, "DROP TRIGGER full");
    record(&store, vec![document(1_000, 1)]);
    assert_eq!(store.search(&all()).unwrap().traces.len(), taken + 1);
}

#[test]
fn who_waits_for_a_change_is_woken_though_nobody_asks_for_the_rows() {
    let (_directory, path) = file();
    let store = SqliteStore::open(&path).unwrap();
    let seen = store.revision();
    record(&store, vec![document(1, 1)]);
    assert!(store.wait_for_change(seen, Duration::from_secs(60)) > seen);
}

#[test]
fn another_program_that_begins_to_read_finds_all_that_was_recorded() {
    let (_directory, path) = file();
    let store = SqliteStore::open(&path).unwrap();
    for trace in 1..=20 {
        record(&store, vec![document(trace, 1)]);
        let reader = SqliteStore::open_read_only(&path).unwrap();
        assert_eq!(reader.search(&all()).unwrap().traces.len(), trace as usize);
    }
}
