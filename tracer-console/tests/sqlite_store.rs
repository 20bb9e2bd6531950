//! The store in a file: as the one in memory, durable, and bounded.

use std::io::{BufRead as _, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::Arc;
use std::time::Duration;

use proptest::prelude::*;
use serde_json::{Value, json};
use tracer_console::{
    Document, MemoryStore, Retention, Revision, Search, SqliteStore, Timestamp, TraceId, TraceStore,
};

fn trace_id(number: usize) -> TraceId {
    format!("1-6b02e002-{number:024x}").parse().unwrap()
}

fn entity_id(number: usize) -> String {
    format!("{number:016x}")
}

fn document(trace: usize, more: &Value) -> Document {
    let mut document = json!({
        "name": "job", "id": entity_id(1), "trace_id": trace_id(trace).to_string(),
        "start_time": 1_700_000_000 + trace, "end_time": 1_700_000_001 + trace,
    });
    document.as_object_mut().unwrap().extend(more.as_object().unwrap().clone());
    Document::parse(&document.to_string()).unwrap()
}

fn all() -> Search {
    Search::between(Timestamp::from_micros(0), Timestamp::from_micros(i64::MAX))
}

#[test]
fn what_was_recorded_is_there_after_the_file_is_opened_again() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("traces.db");
    let links = json!([{"trace_id": trace_id(1).to_string(), "id": entity_id(1), "attributes": {}}]);
    {
        let store = SqliteStore::open(&path).unwrap();
        store.record(document(1, &json!({"annotations": {"OrderId": "ORD-1"}}))).unwrap();
        store.record(document(2, &json!({"links": links}))).unwrap();
        store.put_setting("group", "slow", Some("responsetime > 1")).unwrap();
    }
    let store = SqliteStore::open(&path).unwrap();
    let trace = store.trace(trace_id(1)).unwrap();
    assert_eq!(trace.find("job").unwrap().annotation("OrderId"), Some(&json!("ORD-1")));
    assert_eq!(trace.linked_from()[0].trace_id(), trace_id(2));
    assert_eq!(store.search(&all()).unwrap().traces, [trace_id(2), trace_id(1)], "newest first");
    assert_eq!(store.settings("group").unwrap(), [("slow".to_owned(), "responsetime > 1".to_owned())]);
    assert_eq!(store.changed_since(Revision::default()).len(), 2);
    store.put_setting("group", "slow", None).unwrap();
    assert!(store.settings("group").unwrap().is_empty());
}

#[test]
fn whoever_waits_for_a_change_sees_it_in_the_file() {
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(&directory.path().join("traces.db")).unwrap());
    let seen = store.revision();
    let writer = Arc::clone(&store);
    let writing = std::thread::spawn(move || writer.record(document(1, &json!({}))).unwrap());
    let now = store.wait_for_change(seen, Duration::from_secs(10));
    assert!(now > seen);
    assert_eq!(store.changed_since(seen), [(trace_id(1), now)]);
    assert!(store.trace(trace_id(1)).is_some());
    writing.join().unwrap();
}

#[test]
fn many_clients_at_once_lose_nothing_and_are_answered_each_for_its_own() {
    let directory = tempfile::tempdir().unwrap();
    let store = Arc::new(SqliteStore::open(&directory.path().join("traces.db")).unwrap());
    let clients: Vec<_> = (0..8)
        .map(|client| {
            let store = Arc::clone(&store);
            std::thread::spawn(move || {
                for batch in 0..20 {
                    let documents = (0..10).map(|at| {
                        let id = entity_id(client * 1_000 + batch * 10 + at + 1);
                        document(batch, &json!({"id": id, "annotations": {"Client": client}}))
                    });
                    let outcomes = store.record_all(documents.collect());
                    assert_eq!(outcomes, vec![Ok(()); 10]);
                }
            })
        })
        .collect();
    clients.into_iter().for_each(|client| client.join().unwrap());
    for batch in 0..20 {
        assert_eq!(store.trace(trace_id(batch)).unwrap().len(), 80);
        assert_eq!(store.documents(trace_id(batch)).len(), 80);
    }
}

#[test]
fn pages_follow_each_other_without_a_gap_also_where_traces_began_together() {
    let directory = tempfile::tempdir().unwrap();
    let memory = MemoryStore::default();
    let file = SqliteStore::open(&directory.path().join("traces.db")).unwrap();
    for number in 0..50 {
        let same_start = json!({"start_time": 1_700_000_000 + number / 7});
        file.record(document(number, &same_start)).unwrap();
        memory.record(document(number, &same_start)).unwrap();
    }
    let stores: [&dyn TraceStore; 2] = [&memory, &file];
    let [of_memory, of_file] = stores.map(|store| {
        let mut search = all().limit(8);
        let mut found = Vec::new();
        loop {
            let page = store.search(&search).unwrap();
            found.extend(page.traces);
            match page.next {
                Some(next) => search = search.after(next),
                None => return found,
            }
        }
    });
    assert_eq!(of_memory.len(), 50);
    assert_eq!(of_memory, of_file);
}

#[test]
fn what_arrived_first_is_forgotten_with_all_that_the_tables_know_of_it() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("traces.db");
    let retention = Retention { bytes: 400 << 10, ..Retention::default() };
    let store = SqliteStore::open_with(&path, retention).unwrap();
    for hundred in 0..30 {
        let documents = (0..100).map(|number| {
            let random: String = (0..400).map(|_| fastrand::alphanumeric()).collect();
            document(hundred * 100 + number, &json!({"annotations": {"Random": random}}))
        });
        store.record_all(documents.collect());
    }
    assert!(store.trace(trace_id(0)).is_none() && store.trace(trace_id(2_999)).is_some());
    drop(store);
    let connection = rusqlite::Connection::open(&path).unwrap();
    let count = |table: &str| -> i64 {
        connection.query_row(&format!("SELECT count(*) FROM {table}"), [], |row| row.get(0)).unwrap()
    };
    assert_eq!(count("annotations"), count("traces"));
    assert_eq!(count("documents"), count("traces"));
    assert!(count("traces") < 2_000, "{}", count("traces"));
}

#[test]
fn a_trace_that_nothing_came_to_for_long_is_forgotten() {
    let directory = tempfile::tempdir().unwrap();
    let retention = Retention { age: Duration::ZERO, ..Retention::default() };
    let store = SqliteStore::open_with(&directory.path().join("traces.db"), retention).unwrap();
    store.record(document(1, &json!({}))).unwrap();
    store.record(document(2, &json!({}))).unwrap();
    assert!(store.trace(trace_id(1)).is_none());
}

/// The process that is killed: it says each trace that was acknowledged.
#[test]
fn child_that_records_until_it_is_killed() {
    let Some(path) = std::env::var_os("RECORD_INTO") else { return };
    let store = SqliteStore::open(Path::new(&path)).unwrap();
    for number in 0.. {
        store.record(document(number, &json!({}))).unwrap();
        println!("acknowledged {number}");
    }
}

#[test]
fn c2_a_kill_loses_nothing_that_was_acknowledged() {
    let directory = tempfile::tempdir().unwrap();
    for round in 0..5 {
        let path = directory.path().join(format!("traces-{round}.db"));
        let mut child = Command::new(std::env::current_exe().unwrap())
            .args(["--exact", "child_that_records_until_it_is_killed", "--nocapture"])
            .env("RECORD_INTO", &path)
            .stdout(Stdio::piped())
            .spawn()
            .unwrap();
        let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
        let number_of = |line: String| line.strip_prefix("acknowledged ").and_then(|text| text.parse().ok());
        let enough = fastrand::usize(1..60);
        let mut last: usize =
            lines.by_ref().map_while(Result::ok).filter_map(number_of).nth(enough).expect("it records");
        child.kill().unwrap();
        child.wait().unwrap();
        last = lines.map_while(Result::ok).filter_map(number_of).last().unwrap_or(last);
        let store = SqliteStore::open(&path).unwrap();
        for number in 0..=last {
            assert!(store.trace(trace_id(number)).is_some(), "{number} of {last} was acknowledged");
        }
    }
}

/// Documents of a few traces: late, twice, in progress and then complete, parents after their children.
fn arrivals() -> impl Strategy<Value = Vec<Value>> {
    let document = (0..3_usize, 1..6_usize, 0..6_usize, any::<bool>(), 0..4_u32).prop_map(
        |(trace, id, parent, in_progress, value)| {
            let mut document = json!({
                "name": format!("n{id}"), "id": entity_id(id), "trace_id": trace_id(trace).to_string(),
                "start_time": 1_700_000_000 + id, "annotations": {"Value": value},
            });
            if parent > 0 && parent != id {
                document["parent_id"] = json!(entity_id(parent));
                document["type"] = json!("subsegment");
            }
            match in_progress {
                true => document["in_progress"] = json!(true),
                false => document["end_time"] = json!(1_700_000_100 + id),
            }
            document
        },
    );
    prop::collection::vec(document, 1..40)
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn whatever_arrives_in_whatever_batches_is_kept_as_in_memory(
        documents in arrivals(),
        batch in 1..7_usize,
        reopen in any::<bool>(),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let path = directory.path().join("traces.db");
        let memory = MemoryStore::default();
        let mut file = SqliteStore::open(&path).unwrap();
        for documents in documents.chunks(batch) {
            let parsed = || documents.iter().map(|text| Document::parse(&text.to_string()).unwrap());
            file.record_all(parsed().collect());
            parsed().for_each(|document| memory.record(document).unwrap());
            if reopen {
                drop(file);
                file = SqliteStore::open(&path).unwrap();
            }
        }
        for number in 0..3 {
            let id = trace_id(number);
            prop_assert_eq!(memory.trace(id), file.trace(id));
            prop_assert_eq!(memory.documents(id), file.documents(id));
        }
        prop_assert_eq!(memory.search(&all()).unwrap().traces, file.search(&all()).unwrap().traces);
    }
}
