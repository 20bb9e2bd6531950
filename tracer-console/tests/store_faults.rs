//! The store in a file while somebody reads beside the writer, where the disk is full, and where the file is damaged.

#[cfg(unix)]
#[path = "store_faults/full.rs"]
mod full;

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde_json::{Value, json};
use tracer_console::{
    Document, RefusalCode, Retention, Revision, Search, SqliteError, SqliteStore, Timestamp, TraceId,
    TraceStore,
};

fn trace_id(number: usize) -> TraceId {
    format!("1-6b02e002-{number:024x}").parse().unwrap()
}

fn document(trace: usize, entity: usize, more: &Value) -> Document {
    let mut document = json!({
        "name": "job", "id": format!("{:016x}", entity + 1), "trace_id": trace_id(trace).to_string(),
        "start_time": 1_700_000_000 + trace, "end_time": 1_700_000_001 + trace,
    });
    document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Document::parse(&document.to_string()).unwrap()
}

/// What compression makes no smaller.
fn random(length: usize) -> Value {
    let random: String = (0..length).map(|_| fastrand::alphanumeric()).collect();
    json!({"metadata": {"default": {"random": random}}})
}

fn all() -> Search {
    Search::between(Timestamp::from_micros(0), Timestamp::from_micros(i64::MAX))
}

/// Calls `read` on two threads until `write` has returned.
fn read_while(
    store: &Arc<SqliteStore>,
    read: fn(&SqliteStore, &AtomicBool),
    write: impl FnOnce(&SqliteStore),
) {
    let is_over = Arc::new(AtomicBool::new(false));
    let readers: Vec<_> = (0..2)
        .map(|_| {
            let (store, is_over) = (Arc::clone(store), Arc::clone(&is_over));
            std::thread::spawn(move || read(&store, &is_over))
        })
        .collect();
    write(store);
    is_over.store(true, Ordering::Release);
    readers.into_iter().for_each(|reader| reader.join().unwrap());
}

#[test]
fn readers_beside_the_writer_see_what_was_recorded_together_together_and_nothing_goes_back() {
    const TOGETHER: usize = 10;
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(&directory.path().join("traces.db")).unwrap());
    let read = |store: &SqliteStore, is_over: &AtomicBool| {
        let mut seen = [0; 3];
        while !is_over.load(Ordering::Acquire) {
            for (id, _) in store.changed_since(Revision::default()) {
                assert!(store.trace(id).is_some());
            }
            for (number, seen) in seen.iter_mut().enumerate() {
                let length = store.trace(trace_id(number)).map_or(0, |trace| trace.len());
                assert_eq!(length % TOGETHER, 0, "a part of what was recorded together");
                assert!(length >= *seen && store.documents(trace_id(number)).len() >= length);
                *seen = length;
            }
        }
    };
    read_while(&store, read, |store| {
        for batch in 0..120 {
            let documents = (0..TOGETHER).map(|at| document(batch % 3, batch * TOGETHER + at, &json!({})));
            assert!(store.record_all(documents.collect()).iter().all(Result::is_ok));
        }
    });
    assert_eq!(store.trace(trace_id(2)).unwrap().len(), 400);
}

#[test]
fn a_trace_is_forgotten_as_a_whole_while_somebody_reads_it() {
    const OF_A_TRACE: usize = 5;
    let directory = tempfile::tempdir().unwrap();
    let retention = Retention { bytes: 300 << 10, ..Retention::default() };
    let store = SqliteStore::open_with(&directory.path().join("traces.db"), retention).unwrap();
    let store = Arc::new(store);
    let read = |store: &SqliteStore, is_over: &AtomicBool| {
        while !is_over.load(Ordering::Acquire) {
            for id in store.search(&all()).unwrap().traces {
                // Gone, or all of it.
                assert!(store.trace(id).is_none_or(|trace| trace.len() == OF_A_TRACE));
                assert!([0, OF_A_TRACE].contains(&store.documents(id).len()));
            }
        }
    };
    read_while(&store, read, |store| {
        for batch in 0..80 {
            let traces = (0..10).map(|at| batch * 10 + at);
            let documents =
                traces.flat_map(|trace| (0..OF_A_TRACE).map(move |at| document(trace, at, &random(300))));
            assert!(store.record_all(documents.collect()).iter().all(Result::is_ok));
        }
    });
    let kept = store.search(&all()).unwrap().traces;
    assert_eq!(kept.first(), Some(&trace_id(799)));
    assert!(kept.len() < 600 && store.trace(trace_id(0)).is_none(), "{} are kept", kept.len());
}

#[test]
fn a_file_that_somebody_writes_is_not_written_by_another() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("traces.db");
    let store = SqliteStore::open(&path).unwrap();
    let error = SqliteStore::open(&path).unwrap_err();
    assert!(matches!(error, SqliteError::InUse { .. }), "{error}");
    store.record(document(1, 0, &json!({}))).unwrap();
    drop(store);
    assert!(SqliteStore::open(&path).unwrap().trace(trace_id(1)).is_some());
}

/// A database with a few thousand traces, closed.
fn filled(path: &Path) {
    let store = SqliteStore::open(path).unwrap();
    let documents = (0..2_000).map(|number| document(number, 0, &random(200)));
    assert!(store.record_all(documents.collect()).iter().all(Result::is_ok));
}

fn overwrite(path: &Path, from: usize, bytes: &[u8]) {
    let mut content = std::fs::read(path).unwrap();
    content[from..from + bytes.len()].copy_from_slice(bytes);
    std::fs::write(path, content).unwrap();
}

#[test]
fn a_damaged_file_is_named_when_it_is_opened_with_what_to_do() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("traces.db");
    // The beginning of the file, what its tables are, and no more than a part of it.
    let damages: [fn(&Path); 3] = [
        |path| overwrite(path, 0, &[0xff; 64]),
        |path| overwrite(path, 100, &[0xff; 3_000]),
        |path| std::fs::File::options().write(true).open(path).unwrap().set_len(6_000).unwrap(),
    ];
    for damage in damages {
        let _ = std::fs::remove_file(&path);
        filled(&path);
        damage(&path);
        let error = SqliteStore::open(&path).unwrap_err();
        assert!(matches!(error, SqliteError::Open { .. }), "{error:?}");
        let said = error.to_string();
        assert!(said.contains("traces.db") && said.contains("--db"), "{said}");
    }
}

#[test]
fn a_file_that_is_damaged_in_the_middle_costs_what_stood_there_and_no_more() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("traces.db");
    filled(&path);
    let length = std::fs::metadata(&path).unwrap().len() as usize;
    overwrite(&path, length / 2 / 4096 * 4096, &[0xff; 8 * 4096]);
    let store = SqliteStore::open(&path).unwrap();
    let found = (0..2_000)
        .filter(|number| store.trace(trace_id(*number)).is_some_and(|trace| !trace.is_empty()))
        .count();
    assert!(found > 0, "what is not damaged is still there");
    let _ = store.search(&all());
    // Whatever it cannot write it refuses by name.
    for number in 5_000..5_100 {
        if let Err(refusal) = store.record(document(number, 0, &json!({}))) {
            assert_eq!(refusal.code, RefusalCode::NotStored);
        }
    }
    store.wait_for_change(store.revision(), Duration::ZERO);
}

/// Opens a file, however damaged, asks everything, and records; a panic fails the test.
fn use_however_damaged(path: &Path) -> Result<(), SqliteError> {
    let store = SqliteStore::open(path)?;
    let _ = store.search(&all());
    let _ = store.changed_since(Revision::default());
    let _ = store.settings("group");
    let _ = store.put_setting("group", "slow", Some("fault"));
    for number in (0..2_000).step_by(97) {
        let _ = store.trace(trace_id(number));
        let _ = store.documents(trace_id(number));
        let _ = store.size(trace_id(number));
    }
    for number in 5_000..5_020 {
        match store.record(document(number, 0, &random(500))) {
            // SQLite does not see all damage before it writes beside it.
            Ok(()) => drop(store.documents(trace_id(number))),
            Err(refusal) => assert_eq!(refusal.code, RefusalCode::NotStored, "{refusal}"),
        }
    }
    Ok(())
}

#[test]
fn random_damage_is_refused_with_what_to_do_or_borne_and_is_never_a_panic() {
    let directory = tempfile::tempdir().unwrap();
    let whole = directory.path().join("whole.db");
    filled(&whole);
    let whole = std::fs::read(&whole).unwrap();
    for round in 0..60 {
        let path = directory.path().join(format!("{round}.db"));
        let mut bytes = whole.clone();
        match round % 3 {
            // A few bytes anywhere, a whole page, and no more than the beginning.
            0 => (0..8).for_each(|_| bytes[fastrand::usize(..whole.len())] = fastrand::u8(..)),
            1 => {
                let page = fastrand::usize(..whole.len() / 4096) * 4096;
                fastrand::fill(&mut bytes[page..page + 4096]);
            }
            _ => bytes.truncate(fastrand::usize(..whole.len())),
        }
        std::fs::write(&path, bytes).unwrap();
        if let Err(error) = use_however_damaged(&path) {
            let said = error.to_string();
            assert!(said.contains("--db") || said.contains("move it away"), "{said}");
        }
    }
}

#[test]
fn a_log_of_garbage_beside_the_file_costs_nothing_of_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("traces.db");
    filled(&path);
    for length in [1, 31, 32, 5_000, 100_000] {
        let garbage: Vec<u8> = (0..length).map(|_| fastrand::u8(..)).collect();
        std::fs::write(directory.path().join("traces.db-wal"), &garbage).unwrap();
        let _ = std::fs::write(directory.path().join("traces.db-shm"), &garbage);
        let store = SqliteStore::open(&path).unwrap();
        assert!((0..2_000).all(|number| store.trace(trace_id(number)).is_some()), "{length}");
    }
}

#[test]
fn what_is_wrong_is_said_with_what_to_do_about_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("traces.db");
    std::fs::write(&path, "this is no database, it is a text of mine".repeat(100)).unwrap();
    let said = SqliteStore::open(&path).unwrap_err().to_string();
    assert!(said.contains("traces.db") && said.contains("move it away"), "{said}");
    let said = SqliteStore::open(&directory.path().join("no/such/traces.db")).unwrap_err().to_string();
    assert!(said.contains("no/such/traces.db") && said.contains("--db"), "{said}");
    let absent = directory.path().join("absent.db");
    assert!(SqliteStore::open_read_only(&absent).is_err() && !absent.exists());
}

#[test]
fn a_file_that_is_only_read_is_not_changed_and_takes_nothing() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("traces.db");
    filled(&path);
    let before = std::fs::read(&path).unwrap();
    let store = SqliteStore::open_read_only(&path).unwrap();
    assert_eq!(store.record(document(9_000, 0, &json!({}))).unwrap_err().code, RefusalCode::NotStored);
    assert!(store.put_setting("group", "slow", Some("fault")).is_err());
    assert_eq!(store.search(&all()).unwrap().traces.len(), 2_000);
    drop(store);
    assert_eq!(std::fs::read(&path).unwrap(), before);
}
