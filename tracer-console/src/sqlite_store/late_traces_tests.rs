use std::path::Path;

use proptest::prelude::*;
use rusqlite::Connection;
use serde_json::{Value, json};

use crate::document::Document;
use crate::search::Search;
use crate::sqlite_store::SqliteStore;
use crate::store::{Revision, TraceStore};
use crate::timestamp::Timestamp;

/// What is derived of traces, with the texts and shapes themselves in place of their numbers.
const DERIVED: [&str; 6] = [
    "SELECT hex(id), names.text, hex(value) FROM annotations JOIN names ON name = key JOIN traces USING (trace)",
    "SELECT hex(id), names.text, value FROM texts JOIN names ON name = key JOIN traces USING (trace)",
    "SELECT hex(target), hex(traces.id), segment, links.id, links.name FROM links JOIN traces USING (trace)",
    "SELECT hex(id), start, response_time, duration, latest, first_end, last_end, url, hex(graph), documents, traces.bytes, \
     hex(shapes.bytes) FROM traces JOIN shapes USING (shape)",
    "SELECT minute, traces FROM minutes",
    "SELECT hex(bytes), minute, minute_shapes.traces FROM minute_shapes JOIN shapes USING (shape)",
];

pub(in crate::sqlite_store) fn derived(path: &Path) -> Vec<Vec<String>> {
    let connection = Connection::open(path).unwrap();
    let rows = |select: &&str| {
        let mut select = connection.prepare(select).unwrap();
        let columns = select.column_count();
        let text = |row: &rusqlite::Row<'_>| {
            (0..columns)
                .map(|at| row.get_ref(at).map(|value| format!("{value:?}")))
                .collect::<Result<Vec<_>, _>>()
        };
        let rows = select.query_map([], text).unwrap();
        let mut rows: Vec<_> = rows.map(|row| row.unwrap().join(" ")).collect();
        rows.sort();
        rows
    };
    DERIVED.iter().map(rows).collect()
}

/// Documents of two traces that become large: some replace what was in progress, and then what was set there is not any more.
fn arrivals() -> impl Strategy<Value = Vec<Value>> {
    let document = (0..2_u32, 1..9_u32, any::<bool>(), 0..3_u32, 0..40_u32).prop_map(
        |(trace, id, in_progress, value, start)| {
            let mut document = json!({
                "name": format!("n{}", id % 3), "id": format!("{id:016x}"), "start_time": 1_700_000_000 + start,
                "trace_id": format!("1-6b02e002-{trace:024x}"), "annotations": {"Value": value},
                "user": format!("u{value}"),
                "links": [{"trace_id": format!("1-6b02e002-{value:024x}"), "id": "00000000000000aa", "attributes": {}}],
            });
            match in_progress {
                true => document["in_progress"] = json!(true),
                false => document["end_time"] = json!(1_700_000_100 + start),
            }
            document
        },
    );
    prop::collection::vec(document, 1..60)
}

fn parsed(documents: &[Value]) -> Vec<Document> {
    documents.iter().map(|text| Document::parse(&text.to_string()).unwrap()).collect()
}

pub(in crate::sqlite_store) fn all() -> Search {
    Search::between(Timestamp::from_micros(0), Timestamp::from_micros(i64::MAX))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 40, ..ProptestConfig::default() })]

    #[test]
    fn rows_that_were_late_become_what_they_are_where_none_is(
        documents in arrivals(),
        batch in 1..4_usize,
        questions in prop::collection::vec(0..12_u32, 60),
    ) {
        let directory = tempfile::tempdir().unwrap();
        let (one, other) = (directory.path().join("one.db"), directory.path().join("other.db"));
        let mut store = SqliteStore::open(&one).unwrap();
        let mut seen = Revision::default();
        for (documents, question) in documents.chunks(batch).zip(questions) {
            prop_assert!(store.record_all(parsed(documents)).iter().all(Result::is_ok));
            // Rows that nobody asks for may not be there yet.
            if question > 5 {
                prop_assert!(store.revision() > seen, "who waits is woken");
                seen = store.revision();
            }
            match question {
                0 => prop_assert!(!store.search(&all()).unwrap().traces.is_empty()),
                1 => prop_assert!(store.changed_since(Revision::default()).last().unwrap().1 >= seen),
                2 => {
                    drop(store);
                    store = SqliteStore::open(&one).unwrap();
                }
                _ => {}
            }
        }
        store.search(&all()).unwrap();
        let whole = SqliteStore::open(&other).unwrap();
        whole.record_all(parsed(&documents));
        whole.search(&all()).unwrap();
        prop_assert_eq!(derived(&one), derived(&other));
    }
}

/// Tables as they are when the process is killed now: the file and its log.
pub(in crate::sqlite_store) fn killed(path: &Path, copy: &Path) {
    std::fs::copy(path, copy).unwrap();
    std::fs::copy(path.with_extension("db-wal"), copy.with_extension("db-wal")).unwrap();
}

#[test]
fn rows_that_a_kill_left_late_are_derived_when_the_file_is_opened_again() {
    let directory = tempfile::tempdir().unwrap();
    let (path, copy) = (directory.path().join("traces.db"), directory.path().join("copy.db"));
    let store = SqliteStore::open(&path).unwrap();
    let document = |id: u32| {
        json!({
            "name": "web", "id": format!("{id:016x}"), "trace_id": "1-6b02e002-000000000000000000000001",
            "start_time": 1_700_000_000 + id, "end_time": 1_700_000_100 + id, "annotations": {"Number": id},
        })
    };
    let mut count = 20;
    store.record_all(parsed(&(1..count).map(document).collect::<Vec<_>>()));
    // Only a row that is there can be late.
    store.search(&all()).unwrap();
    store.record_all(parsed(&[document(count)]));
    // Where the machine is slow, it may have been derived for the quiet.
    let left_late = (0..20).any(|_| {
        count += 1;
        store.record_all(parsed(&[document(count)]));
        killed(&path, &copy);
        let late = "SELECT count(*) FROM late_traces";
        Connection::open(&copy).unwrap().query_row(late, [], |row| row.get::<_, i64>(0)).unwrap() == 1
    });
    assert!(left_late);
    drop(SqliteStore::open(&copy).unwrap());
    store.search(&all()).unwrap();
    assert_eq!(derived(&copy), derived(&path));
    let late =
        Connection::open(&copy).unwrap().query_row("SELECT count(*) FROM late_traces", [], |row| row.get(0));
    assert_eq!(late, Ok(0));
}
