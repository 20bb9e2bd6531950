//! Figures, for whoever changes tables, indexes or the writer: `cargo test --release -p tracer-console --lib figures -- --ignored
//! --nocapture`. `TRACES` says of how many traces.

use std::path::Path;
use std::time::{Duration, Instant};

use rusqlite::Connection;

use super::schema::open_reader;
use super::select::explained;
use super::{Retention, SqliteStore};
use crate::document::Document;
use crate::filter::FilterExpression;
use crate::search::{Search, TimeRange, TimeRangeType};
use crate::store::TraceStore as _;
use crate::timestamp::Timestamp;

const BEGIN: i64 = 1_795_348_800;

fn traces() -> u64 {
    std::env::var("TRACES").ok().and_then(|traces| traces.parse().ok()).unwrap_or(200_000)
}

/// A request of a service to a database and to another service; spread over a day.
fn document(number: u64, of: u64) -> Document {
    let random = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    #[allow(clippy::cast_precision_loss, reason = "figures")]
    let start = BEGIN as f64 + 86_400.0 * number as f64 / of as f64;
    #[allow(clippy::cast_precision_loss, reason = "figures")]
    let end = start + (random % 400) as f64 / 1000.0;
    let status = if random.is_multiple_of(50) { 503 } else { 200 };
    let service = ["web", "orders", "payments", "stock"][(random % 4) as usize];
    let text = format!(
        r#"{{"name":"{service}","id":"{number:016x}","trace_id":"1-{:08x}-{number:024x}","start_time":{start},"end_time":{end},"origin":"AWS::EC2::Instance","http":{{"request":{{"method":"GET","url":"https://shop.example/api/orders/{}"}},"response":{{"status":{status}}}}},"annotations":{{"tenant":"t-{}","cart_size":{},"OrderId":"ORD-{number}"}},"subsegments":[{{"name":"DynamoDB","id":"1{number:015x}","namespace":"aws","start_time":{start},"end_time":{end},"aws":{{"operation":"GetItem","table_name":"orders"}}}},{{"name":"pay.example.com","id":"2{number:015x}","namespace":"remote","start_time":{start},"end_time":{end},"http":{{"request":{{"method":"POST","url":"https://pay.example.com/v1"}},"response":{{"status":{status}}}}}}}]}}"#,
        BEGIN,
        random % 100_000,
        random % 500,
        random % 40,
    );
    Document::parse(&text).unwrap()
}

fn fill(store: &SqliteStore, numbers: std::ops::Range<u64>, of: u64, batch: u64) -> Duration {
    let mut spent = Duration::ZERO;
    let mut at = numbers.start;
    while at < numbers.end {
        let documents: Vec<_> =
            (at..numbers.end.min(at + batch)).map(|number| document(number, of)).collect();
        at += batch;
        let begin = Instant::now();
        assert!(store.record_all(documents).iter().all(Result::is_ok));
        spent += begin.elapsed();
    }
    spent
}

#[test]
#[ignore = "it takes minutes"]
fn figures_of_intake_and_filters() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("traces.db");
    let of = traces();
    let store = SqliteStore::open_with(&path, Retention { bytes: 64 << 30, ..Retention::default() }).unwrap();
    for (batch, share) in [(50, 20), (1_000, 4), (5_000, 2)] {
        let from = if batch == 50 {
            0
        } else if batch == 1_000 {
            of / 20
        } else {
            of / 20 + of / 4
        };
        let numbers = from..if batch == 5_000 { of } else { from + of / share };
        let count = numbers.end - numbers.start;
        let spent = fill(&store, numbers, of, batch);
        println!("intake in batches of {batch}: {:.0} documents/s", count as f64 / spent.as_secs_f64());
    }
    let size = |name: &str| std::fs::metadata(directory.path().join(name)).map_or(0, |file| file.len() >> 20);
    println!("{of} traces: file {} MiB, log {} MiB", size("traces.db"), size("traces.db-wal"));
    filters(&store, &path);
}

fn filters(store: &SqliteStore, path: &Path) {
    let connection = open_reader(path).unwrap();
    let cases = [
        ("", 100),
        ("annotation.tenant = \"t-42\" AND responsetime > 0.2", 100),
        ("annotation.cart_size > 38 AND fault", usize::MAX),
        ("service(\"payments\") { fault }", usize::MAX),
        ("service(\"payments\") { fault }", 100),
        ("service(\"payments\")", 100),
        ("service(\"orders\") AND annotation.tenant = \"t-42\"", 100),
        ("fault", 100),
        ("annotation.OrderId = \"ORD-77\"", 100),
        ("annotation.OrderId CONTAINS \"ORD-777\"", 100),
        ("!annotation.OrderId", 100),
        ("annotation.none", 100),
        ("user = \"nobody\"", 100),
        ("http.url CONTAINS \"/orders/777\"", 100),
        ("http.url ENDSWITH \"/none\"", 100),
        ("responsetime > 0.398", 100),
        ("responsetime > 5", 100),
        ("http.status = 404", 100),
        ("edge(\"payments\", \"orders\") { fault }", 100),
        ("edge(\"payments\", \"pay.example.com\")", 100),
        ("annotation.tenant = \"t-42\" OR annotation.tenant = \"t-43\"", 100),
    ];
    for by in [TimeRangeType::TraceId, TimeRangeType::Event, TimeRangeType::Service] {
        for (hours, from) in [(24, 0), (6, 18), (1, 2)] {
            println!("-- by {by:?}, {hours} h from {from} h");
            for (expression, limit) in cases {
                if by != TimeRangeType::TraceId && !expression.is_empty() && expression != "fault" {
                    continue;
                }
                let begin = (BEGIN + 3600 * from) * 1_000_000;
                let range = TimeRange {
                    from: Timestamp::from_micros(begin),
                    to: Timestamp::from_micros(begin + hours * 3_600_000_000 + 10_000_000),
                    by,
                };
                let filter = FilterExpression::parse(expression).unwrap().with_groups(&[]).unwrap();
                let search = Search { range, prefilter: filter.prefilter(), after: None, limit };
                let mut times: Vec<Duration> = Vec::new();
                let mut found = 0;
                for _ in 0..5 {
                    let begin = Instant::now();
                    found = store.search(&search).unwrap().traces.len();
                    times.push(begin.elapsed());
                }
                let first = times[0];
                let best = times.iter().min().unwrap();
                println!("{best:>12.2?} (first {first:>10.2?}) {found:>7} of {limit:>20} {expression}");
                if std::env::var_os("PLANS").is_some() {
                    plan(&connection, &search);
                }
            }
        }
    }
}

fn plan(connection: &Connection, search: &Search) {
    for line in explained(connection, search).unwrap() {
        println!("                  {line}");
    }
}

fn numbered(trace: u64, entity: u64, parent: u64, count: u64) -> Document {
    let nested: Vec<_> = (1..count)
        .map(|at| {
            format!(
                r#"{{"name":"step","id":"{:016x}","start_time":{BEGIN},"end_time":{}}}"#,
                entity + at,
                BEGIN + 1
            )
        })
        .collect();
    let text = format!(
        r#"{{"name":"step","id":"{entity:016x}","parent_id":"{parent:016x}","type":"subsegment","trace_id":"1-6b02e002-{trace:024x}","start_time":{BEGIN},"end_time":{},"fault":true,"subsegments":[{}]}}"#,
        BEGIN + 1,
        nested.join(",")
    );
    Document::parse(&text).unwrap()
}

#[test]
#[ignore = "it takes minutes"]
fn figures_of_large_traces() {
    let directory = tempfile::tempdir().unwrap();
    let store = SqliteStore::open(&directory.path().join("traces.db")).unwrap();
    let timed = |what: &str, work: &dyn Fn()| {
        let begin = Instant::now();
        work();
        println!("{:>12.2?} {what}", begin.elapsed());
    };
    for documents in [125, 250, 500, 1_000] {
        timed(&format!("a trace grows to {documents} documents of 100 subsegments, 10 at a time"), &|| {
            for batch in 0..documents / 10 {
                let documents =
                    (0..10).map(|at| numbered(documents, (batch * 10 + at) * 100 + 1, 7_000_000, 100));
                assert!(store.record_all(documents.collect()).iter().all(Result::is_ok));
            }
        });
    }
    timed("a chain of 100,000 documents, 1,000 at a time", &|| {
        for batch in 0..100 {
            let documents =
                (0..1_000).map(|at| numbered(1, batch * 1_000 + at + 2, batch * 1_000 + at + 1, 1));
            assert!(store.record_all(documents.collect()).iter().all(Result::is_ok));
        }
    });
    let id = "1-6b02e002-000000000000000000000001".parse().unwrap();
    let trace = store.trace(id).unwrap();
    timed("it is read", &|| drop(store.trace(id).unwrap()));
    timed("it is compiled", &|| drop(crate::compiled::CompiledTrace::of(&trace)));
    let compiled = crate::compiled::CompiledTrace::of(&trace);
    timed("its root causes", &|| _ = compiled.root_causes());
    timed("its summary", &|| drop(serde_json::to_string(&compiled.summary(1, None)).unwrap()));
    timed("its documents", &|| drop(compiled.to_answer(false)));
}

#[test]
#[ignore = "it takes minutes"]
fn figures_of_the_log_beside_readers() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("traces.db");
    let store = SqliteStore::open_with(&path, Retention { bytes: 64 << 30, ..Retention::default() }).unwrap();
    fill(&store, 0..20_000, 200_000, 1_000);
    let over = std::sync::atomic::AtomicBool::new(false);
    let everything = Search::between(Timestamp::from_micros(0), Timestamp::from_micros(i64::MAX));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !over.load(std::sync::atomic::Ordering::Relaxed) {
                    store.search(&everything).unwrap();
                }
            });
        }
        let spent = fill(&store, 20_000..120_000, 200_000, 100);
        println!("beside 4 readers: {:.0} documents/s", 100_000.0 / spent.as_secs_f64());
        let log = std::fs::metadata(directory.path().join("traces.db-wal")).map_or(0, |log| log.len() >> 20);
        println!("the log takes {log} MiB");
        over.store(true, std::sync::atomic::Ordering::Relaxed);
    });
}
