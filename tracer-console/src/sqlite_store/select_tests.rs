use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::document::Document;
use crate::filter::FilterExpression;
use crate::memory_store::MemoryStore;
use crate::search::TimeRange;
use crate::sqlite_store::SqliteStore;
use crate::sqlite_store::schema::open_reader;
use crate::store::TraceStore;
use crate::trace_id::TraceId;

const RANGES: [TimeRangeType; 3] = [TimeRangeType::TraceId, TimeRangeType::Event, TimeRangeType::Service];

fn document(trace: u64, start: u32, end: Option<u32>) -> Document {
    let mut document = json!({
        "name": "job", "id": "00000000000000a1", "trace_id": format!("1-6b02e002-{trace:024x}"), "start_time": start,
    });
    match end {
        Some(end) => document["end_time"] = json!(end),
        None => document["in_progress"] = json!(true),
    }
    Document::parse(&document.to_string()).unwrap()
}

fn search_for(by: TimeRangeType, (from, to): (u32, u32), expression: &str) -> Search {
    let time = |seconds: u32| Timestamp::from_micros(i64::from(seconds) * 1_000_000);
    let filter = FilterExpression::parse(expression).unwrap().with_groups(&[]).unwrap();
    let range = TimeRange { from: time(from), to: time(to), by };
    Search::of(range, std::sync::Arc::new(filter))
}

/// All pages, each of `limit` traces.
fn pages(store: &dyn TraceStore, search: &Search, limit: usize) -> Vec<TraceId> {
    let mut search = search.clone().limit(limit);
    let mut found = Vec::new();
    loop {
        let page = store.search(&search).unwrap();
        assert!(page.traces.len() <= limit);
        found.extend(page.traces);
        match page.next {
            Some(next) => search = search.after(next),
            None => return found,
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    /// Also those whose end lies before their start, as clocks that are set make them.
    #[test]
    fn pages_by_each_kind_of_time_lose_and_repeat_nothing(
        times in prop::collection::vec((0..400_u32, prop::option::of(0..400_u32)), 1..40),
        from in 0..400_u32,
        length in 1..400_u32,
        limit in 1..9_usize,
    ) {
        let directory = tempfile::tempdir().unwrap();
        let file = SqliteStore::open(&directory.path().join("traces.db")).unwrap();
        let memory = MemoryStore::default();
        for (trace, (start, end)) in (1..).zip(&times) {
            memory.record(document(trace, *start, *end)).unwrap();
        }
        let documents = (1..).zip(&times).map(|(trace, (start, end))| document(trace, *start, *end));
        prop_assert!(file.record_all(documents.collect()).iter().all(Result::is_ok));
        for by in RANGES {
            let search = search_for(by, (from, from + length), "");
            let (found, meant) = (pages(&file, &search, limit), pages(&memory, &search, limit));
            let mut once = found.clone();
            once.sort_unstable();
            once.dedup();
            prop_assert_eq!(once.len(), found.len(), "{:?}: once each", by);
            prop_assert!(meant.iter().all(|id| found.contains(id)), "{:?}: {:?} in {:?}", by, meant, found);
            let all = file.search(&search).unwrap();
            prop_assert_eq!(&all.traces, &found, "{:?}: in the same order", by);
            prop_assert!(all.scanned as usize >= meant.len());
        }
    }
}

#[test]
fn what_is_indexed_is_searched_by_its_index() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("traces.db");
    let store = SqliteStore::open(&path).unwrap();
    store.record(document(1, 1, Some(2))).unwrap();
    let connection = open_reader(&path).unwrap();
    let cases = [
        ("", "traces_by_start"),
        ("responsetime > 1", "traces_by_start"),
        ("http.status = 404", "traces_by_start"),
        ("fault OR responsetime > 1", "traces_by_start"),
        ("service(\"job\") OR responsetime > 1", "traces_by_start"),
        ("annotation.tenant = \"a\"", "traces USING INTEGER PRIMARY KEY (rowid=?)"),
        ("annotation.total > 5 AND responsetime > 1", "traces USING INTEGER PRIMARY KEY (rowid=?)"),
        ("user = \"a\" AND fault", "traces USING INTEGER PRIMARY KEY (rowid=?)"),
    ];
    for (expression, index) in cases {
        let plan = explained(&connection, &search_for(TimeRangeType::TraceId, (0, 9), expression), Columns::IDS).unwrap();
        assert!(plan.iter().any(|line| line.contains(index)), "{expression}: {plan:#?}");
        let scans = |line: &String| line.starts_with("SCAN") && !line.contains("rarray");
        assert!(!plan.iter().any(scans), "{expression}: {plan:#?}");
    }
    let outcomes = explained(&connection, &search_for(TimeRangeType::TraceId, (0, 9), ""), Columns::OUTCOMES);
    assert_eq!(outcomes.unwrap(), ["SEARCH traces USING COVERING INDEX traces_by_start (start>? AND start<?)"]);
    let plan = explained(&connection, &search_for(TimeRangeType::Event, (0, 9), ""), Columns::IDS).unwrap();
    assert!(plan.iter().any(|line| line.contains("long_traces_by_start")), "{plan:#?}");
}
