//! More of it than there is room for.

use std::path::Path;

use serde_json::{Map, json};
use tracer_console::{Document, Retention, SqliteStore, TraceStore};

fn bytes(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |file| file.len())
}

/// A trace with as many keys of its own as are indexed, each with a value of its own.
fn document(trace: u64) -> Document {
    let annotations: Map<_, _> =
        (0..50).map(|at| (format!("key_{trace}_{at}"), json!(fastrand::u64(..)))).collect();
    let random: String = (0..2_000).map(|_| fastrand::alphanumeric()).collect();
    let document = json!({
        "trace_id": format!("1-6b02d940-{trace:024x}"), "id": format!("{:016x}", trace + 1), "name": format!("service-{trace}"),
        "start_time": 1_700_000_000, "end_time": 1_700_000_001, "annotations": annotations, "metadata": {"default": {"random": random}},
    });
    Document::parse(&document.to_string()).unwrap()
}

#[test]
fn a_flood_of_traces_and_of_names_does_not_outgrow_the_size_that_was_asked_for() {
    const MOST: u64 = 1 << 20;
    const TRACES: u64 = 1_500;
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("traces.db");
    let store = SqliteStore::open_with(&path, Retention { bytes: MOST, ..Retention::default() }).unwrap();
    let log = directory.path().join("traces.db-wal");
    for batch in 0..TRACES / 50 {
        let documents = (0..50).map(|at| document(batch * 50 + at));
        assert!(store.record_all(documents.collect()).iter().all(Result::is_ok));
        // A transaction may go beyond for as long as it takes to forget as much; the log begins anew at 64 MiB.
        assert!(bytes(&path) < 2 * MOST, "{} bytes", bytes(&path));
        assert!(bytes(&log) < 80 << 20, "{} bytes of log", bytes(&log));
    }
    let newest = format!("1-6b02d940-{:024x}", TRACES - 1);
    assert!(store.trace(newest.parse().unwrap()).is_some(), "what came last is there");
    drop(store);
    let database = rusqlite::Connection::open(&path).unwrap();
    let count = |table: &str| -> u64 {
        database.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get::<_, i64>(0)).unwrap()
            as u64
    };
    assert!(count("traces") < TRACES / 2);
    // 50 keys and a service of each trace that is left, and not of those that were.
    assert!(
        count("names") <= 52 * count("traces") + 10,
        "{} names of {} traces",
        count("names"),
        count("traces")
    );
}
