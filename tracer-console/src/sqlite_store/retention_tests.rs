use rusqlite::Connection;
use serde_json::{Value, json};

use crate::document::Document;
use crate::sqlite_store::{Retention, SqliteStore};
use crate::store::{Revision, TraceStore as _};

fn document(trace: usize, more: &Value) -> Document {
    let mut document = json!({
        "name": "job", "id": "00000000000000a1", "trace_id": format!("1-6b02e002-{trace:024x}"),
        "start_time": 1_700_000_000 + trace, "end_time": 1_700_000_001 + trace,
    });
    document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Document::parse(&document.to_string()).unwrap()
}

fn random(length: usize) -> String {
    (0..length).map(|_| fastrand::alphanumeric()).collect()
}

#[test]
fn large_batches_of_large_documents_do_not_outrun_what_is_forgotten() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("traces.db");
    let retention = Retention { bytes: 4 << 20, ..Retention::default() };
    let store = SqliteStore::open_with(&path, retention).unwrap();
    // Many small ones first, so that a number of traces says little of their size.
    let small = (0..2_000).map(|trace| document(trace, &json!({})));
    assert!(store.record_all(small.collect()).iter().all(Result::is_ok));
    for batch in 1..=6 {
        let large = (0..1_000).map(|at| {
            document(batch * 10_000 + at, &json!({"metadata": {"default": {"random": random(4_000)}}}))
        });
        assert!(store.record_all(large.collect()).iter().all(Result::is_ok));
    }
    let used = Retention::used(&Connection::open(&path).unwrap()).unwrap();
    assert!(used <= 2 * retention.bytes, "{} MiB are in use", used >> 20);
}

#[test]
fn a_file_that_is_more_once_it_was_brought_up_to_date_is_not_forgotten_at_once() {
    const TRACES: usize = 3_000;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("traces.db");
    let store = SqliteStore::open(&path).unwrap();
    let with_texts = |trace| {
        document(trace, &json!({"annotations": {"A": random(100), "B": random(100), "C": random(100)}}))
    };
    assert!(store.record_all((0..TRACES).map(with_texts).collect()).iter().all(Result::is_ok));
    drop(store);
    // As an older program left it, which had no such tables.
    let old = Connection::open(&path).unwrap();
    let older = "DELETE FROM text_chunks; DELETE FROM annotations; UPDATE derivation SET version = 2";
    old.execute_batch(older).unwrap();
    let bytes = Retention::used(&old).unwrap();
    drop(old);
    let retention = Retention { bytes, ..Retention::default() };
    let store = SqliteStore::open_with(&path, retention).unwrap();
    store.record(document(TRACES, &json!({}))).unwrap();
    let seen = store.changed_since(Revision::default());
    assert!((TRACES / 2..TRACES).contains(&seen.len()), "{} are left", seen.len());
}

#[test]
fn names_that_nothing_uses_any_more_are_forgotten() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("traces.db");
    let retention = Retention { bytes: 4 << 20, ..Retention::default() };
    let store = SqliteStore::open_with(&path, retention).unwrap();
    for batch in 0..30 {
        let made_up = (0..100).map(|at| {
            let annotations = json!({random(500): 1, random(500): true, "OrderId": "ORD-1"});
            document(batch * 100 + at, &json!({"name": random(2_000), "annotations": annotations}))
        });
        assert!(store.record_all(made_up.collect()).iter().all(Result::is_ok));
    }
    let connection = Connection::open(&path).unwrap();
    let used = Retention::used(&connection).unwrap();
    assert!(used <= retention.bytes + (1 << 20), "{used} bytes are in use");
    let count = |table: &str| {
        let count = format!("SELECT count(*) FROM {table}");
        connection.query_row(&count, [], |row| row.get::<_, i64>(0)).unwrap()
    };
    assert!(count("names") <= 3 * count("traces") + 10, "{} of {}", count("names"), count("traces"));
    let shared = "SELECT count(*) FROM names WHERE text = 'OrderId'";
    assert_eq!(connection.query_row(shared, [], |row| row.get::<_, i64>(0)).unwrap(), 1);
}

#[test]
fn a_key_that_changes_from_zero_to_zero_is_still_found() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("traces.db");
    let store = SqliteStore::open(&path).unwrap();
    let nested = |value: f64| json!([{"name": "sub", "id": "00000000000000b2", "start_time": 1, "end_time": 2, "annotations": {"n": value}}]);
    let open = json!({"in_progress": true, "annotations": {"n": 0.0}, "subsegments": nested(-0.0)});
    store.record(document(1, &open)).unwrap();
    // Who asks has the row written.
    let seen = store.revision();
    store.record(document(1, &json!({"annotations": {"n": 0.0}, "subsegments": nested(7.0)}))).unwrap();
    assert!(store.revision() > seen);
    let rows: i64 = Connection::open(&path)
        .unwrap()
        .query_row("SELECT count(*) FROM annotations WHERE value = 0", [], |row| row.get(0))
        .unwrap();
    assert_eq!(rows, 1);
}

#[test]
fn who_asks_after_an_answer_finds_the_revision_that_it_made() {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&directory.path().join("traces.db")).unwrap();
    for trace in 0..200 {
        let seen = store.revision();
        store.record(document(trace, &json!({}))).unwrap();
        assert!(store.revision() > seen);
    }
}
