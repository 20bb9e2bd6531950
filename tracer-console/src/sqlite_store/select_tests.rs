use proptest::prelude::*;
use serde_json::json;

use super::*;
use crate::compiled::CompiledTrace;
use crate::document::Document;
use crate::filter::tests::generate;
use crate::filter::{FilterExpression, Prefilter};
use crate::memory_store::MemoryStore;
use crate::search::TimeRange;
use crate::sqlite_store::SqliteStore;
use crate::sqlite_store::place::{Place, of_indexed};
use crate::sqlite_store::schema::open_reader;
use crate::store::TraceStore;
use crate::trace_id::TraceId;
use crate::trace_outcome::TraceOutcome;

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

/// A trace that filters can tell from others, which begins in one of a few minutes and may go on for some.
fn varied() -> impl Strategy<Value = serde_json::Value> {
    let select = |texts: &'static [&'static str]| prop::sample::select(texts);
    let times = (
        0..400_u32,
        prop_oneof![1 => Just(0.000_25), 3 => (0..70_u32).prop_map(f64::from), 1 => (0..400_u32).prop_map(f64::from)],
        any::<bool>(),
    );
    let texts =
        (select(&["web", "orders", "worker"]), select(&["alice", "bob", ""]), select(&["/a", "/b", "/ab"]));
    let values =
        (select(&["acme", "beta"]), 0..6_u8, any::<bool>(), prop::sample::select(&[200, 404, 502][..]));
    (times, texts, values).prop_map(|((start, took, is_over), (name, user, url), (tenant, total, cold, status))| {
        let mut document = json!({
            "name": name, "id": "00000000000000a1", "start_time": start, "user": user, "origin": "AWS::Lambda",
            "http": {"request": {"method": "GET", "url": url}, "response": {"status": status}},
            "annotations": {"tenant": tenant, "total": total, "ColdStart": cold},
            "subsegments": [{"name": "items", "id": "00000000000000b2", "namespace": "remote", "start_time": start,
                "end_time": f64::from(start) + took, "fault": total == 0}],
        });
        if user.is_empty() {
            document["user"].take();
        }
        match is_over {
            true => document["end_time"] = json!(f64::from(start) + took),
            false => document["in_progress"] = json!(true),
        }
        document
    })
}

fn with_id(mut document: serde_json::Value, trace: usize) -> Document {
    document["trace_id"] = json!(format!("1-6b02e002-{trace:024x}"));
    Document::parse(&document.to_string()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn c3_pages_of_any_filter_lose_nothing_and_have_nothing_else_where_they_are_exact(
        documents in prop::collection::vec(varied(), 1..40),
        expressions in prop::collection::vec(generate::expression(), 8),
        (from, length) in (0..400_u32, 1..400_u32),
        limit in 1..9_usize,
    ) {
        let directory = tempfile::tempdir().unwrap();
        let file = SqliteStore::open(&directory.path().join("traces.db")).unwrap();
        // One transaction each now and then: numbers are not always in the order of starts.
        let documents = documents.into_iter().enumerate().map(|(trace, document)| with_id(document, trace));
        prop_assert!(file.record_all(documents.collect()).iter().all(Result::is_ok));
        let common = ["tenant = \"acme\"", "total > 2", "total = 3", "tenant CONTAINS \"e\"", "ColdStart", "none"];
        let common = common.map(|test| format!("annotation.{test}"));
        let texts = ["annotation.tenant != \"acme\"", "annotation.tenant ENDSWITH \"a\" OR user CONTAINS \"li\"",
            "annotation.tenant BEGINSWITH \"ac\"", "!(user BEGINSWITH \"b\")", "user != \"bob\"", "annotation.total != 3"];
        let more = ["http.url CONTAINS \"b\"", "http.url = \"/a\" OR user = \"bob\"", "!user AND responsetime > 20", ""];
        let open = ["!(responsetime > 5)", "responsetime < 20 OR !duration", "duration != 3", "edge(\"web\", \"web\") OR responsetime = 0",
            "edge(id(type: \"client\"), \"web\")"];
        let random = expressions.iter().map(ToString::to_string);
        for expression in common.into_iter().chain(texts.map(str::to_owned)).chain(more.map(str::to_owned)).chain(open.map(str::to_owned)).chain(random) {
            for by in RANGES {
                let search = search_for(by, (from, from + length), &expression);
                let is_meant = |id: &TraceId| {
                    let trace = file.trace(*id).unwrap();
                    search.moment(&trace, &CompiledTrace::of(&trace)).is_some()
                };
                let every = search_for(by, (from, from + length), "");
                let meant: Vec<_> = pages(&file, &every, 1_000).into_iter().filter(is_meant).collect();
                let found = pages(&file, &search, limit);
                let kept: Vec<_> = found.iter().copied().filter(is_meant).collect();
                prop_assert_eq!(&kept, &meant, "{:?}: {}", by, expression);
                let is_exact = file.search(&search.clone().limit(limit)).unwrap().is_exact;
                prop_assert!(!is_exact || found == meant, "{:?}: {} is said to be exact", by, expression);
                let of = |id: &TraceId| TraceOutcome::of(&CompiledTrace::of(&file.trace(*id).unwrap()));
                let mut expected: Vec<_> = meant.iter().map(of).collect();
                file.outcomes(&search, &mut |outcome| {
                    let place = expected.iter().position(|expected| expected == outcome);
                    expected.swap_remove(place.unwrap_or_else(|| panic!("{by:?}: {expression}: {outcome:?}")));
                }).unwrap();
                prop_assert_eq!(expected, [], "{:?}: {}", by, expression);
            }
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
        let plan =
            explained(&connection, &search_for(TimeRangeType::TraceId, (0, 9), expression), Columns::IDS)
                .unwrap();
        assert!(plan.iter().any(|line| line.contains(index)), "{expression}: {plan:#?}");
        let scans = |line: &String| line.starts_with("SCAN") && !line.contains("rarray");
        assert!(!plan.iter().any(scans), "{expression}: {plan:#?}");
    }
    let outcomes = explained(&connection, &search_for(TimeRangeType::TraceId, (0, 9), ""), Columns::OUTCOMES);
    assert_eq!(
        outcomes.unwrap(),
        ["SEARCH traces USING COVERING INDEX traces_by_start (start>? AND start<?)"]
    );
    let plan = explained(&connection, &search_for(TimeRangeType::Event, (0, 9), ""), Columns::IDS).unwrap();
    assert!(plan.iter().any(|line| line.contains("long_traces_by_start")), "{plan:#?}");
}

/// All that begins together, and all that is below or above, stands together in the index.
#[test]
fn beginnings_and_other_numbers_are_parts_of_the_index() {
    let directory = tempfile::tempdir().unwrap();
    let connection = SqliteStore::open(&directory.path().join("traces.db"))
        .and_then(|_| open_reader(&directory.path().join("traces.db")))
        .unwrap();
    let (below, above) = ("(key=? AND value<?)", "(key=? AND value>? AND value<?)");
    let cases = [
        ("annotation.tenant BEGINSWITH \"ac\"", "annotations", vec![above]),
        ("user BEGINSWITH \"a\"", "texts", vec![above]),
        ("annotation.total != 3", "annotations", vec![below, above]),
    ];
    for (expression, table, parts) in cases {
        let search = search_for(TimeRangeType::TraceId, (0, 9), expression);
        let Prefilter::Where(indexed) = search.prefilter() else { panic!("{expression}") };
        let Some(Place::Table { rows, .. }) = of_indexed(indexed) else { panic!("{expression}") };
        let explain = format!("EXPLAIN QUERY PLAN SELECT trace FROM {}", rows.text);
        let mut explain = connection.prepare(&explain).unwrap();
        let lines = explain.query_map(rusqlite::params_from_iter(&rows.values), |row| row.get(3)).unwrap();
        let lines: Vec<String> = lines.collect::<Result<_, _>>().unwrap();
        let found: Vec<_> = lines
            .iter()
            .filter_map(|line| line.strip_prefix(&format!("SEARCH {table} USING PRIMARY KEY ")))
            .collect();
        assert_eq!(found, parts, "{expression}: {lines:#?}");
    }
}
