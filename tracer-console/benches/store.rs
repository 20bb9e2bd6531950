//! How fast the store in a file takes documents and finds traces: `cargo bench -p tracer-console`.
//!
//! `TRACES` says of how many traces, 200,000 unless it does. Compare two runs on a quiet machine, not two machines.

use std::ops::Range;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tracer_console::{
    Document, FilterExpression, Retention, Search, SqliteStore, Timestamp, TraceStore as _,
};

/// Midnight of a day that the traces are spread over, in epoch seconds.
const BEGIN: i64 = 1_795_348_800;

fn main() {
    let traces = std::env::var("TRACES").ok().and_then(|traces| traces.parse().ok()).unwrap_or(200_000);
    intake_and_filters(traces);
    log_beside_readers();
    growing_traces();
}

/// Keeps all: what is forgotten would be measured too.
fn open(path: &Path) -> SqliteStore {
    SqliteStore::open_with(path, Retention { bytes: 64 << 30, ..Retention::default() }).unwrap()
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |file| file.len() >> 20)
}

/// A request of a service to a database and to another service, with three annotations.
fn document(number: u64, of: u64) -> Document {
    let random = number.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 20;
    let start = BEGIN as f64 + 86_400.0 * number as f64 / of as f64;
    let end = start + (random % 400) as f64 / 1000.0;
    let status = if random.is_multiple_of(50) { 503 } else { 200 };
    let service = ["web", "orders", "payments", "stock"][(random % 4) as usize];
    let text = format!(
        r#"{{"name":"{service}","id":"{number:016x}","trace_id":"1-{BEGIN:08x}-{number:024x}","start_time":{start},"end_time":{end},"origin":"AWS::EC2::Instance","http":{{"request":{{"method":"GET","url":"https://shop.example/api/orders/{}"}},"response":{{"status":{status}}}}},"annotations":{{"tenant":"t-{}","cart_size":{},"OrderId":"ORD-{number}"}},"subsegments":[{{"name":"DynamoDB","id":"1{number:015x}","namespace":"aws","start_time":{start},"end_time":{end},"aws":{{"operation":"GetItem","table_name":"orders"}}}},{{"name":"pay.example.com","id":"2{number:015x}","namespace":"remote","start_time":{start},"end_time":{end},"http":{{"request":{{"method":"POST","url":"https://pay.example.com/v1"}},"response":{{"status":{status}}}}}}}]}}"#,
        random % 100_000,
        random % 500,
        random % 40,
    );
    Document::parse(&text).unwrap()
}

/// Records documents in batches, and says how long the store took.
fn fill(store: &SqliteStore, numbers: Range<u64>, of: u64, batch: u64) -> Duration {
    let mut spent = Duration::ZERO;
    for at in numbers.clone().step_by(usize::try_from(batch).unwrap()) {
        let documents: Vec<_> =
            (at..numbers.end.min(at + batch)).map(|number| document(number, of)).collect();
        let begin = Instant::now();
        assert!(store.record_all(documents).iter().all(Result::is_ok));
        spent += begin.elapsed();
    }
    spent
}

fn intake_and_filters(traces: u64) {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("traces.db");
    let store = open(&path);
    let (few, many) = (traces / 20, traces / 4);
    for (batch, numbers) in [(50, 0..few), (1_000, few..few + many), (5_000, few + many..traces)] {
        let count = numbers.end - numbers.start;
        let spent = fill(&store, numbers, traces, batch);
        println!("intake in batches of {batch}: {:.0} documents/s", count as f64 / spent.as_secs_f64());
    }
    println!("{traces} traces take {} MiB\n", size(&path));
    for (hours, from) in [(24, 0), (6, 18), (1, 2)] {
        println!("{hours} h from {from} o'clock: the best of five, and the first");
        FILTERS.iter().for_each(|(filter, limit)| find(&store, filter, *limit, (hours, from)));
    }
}

/// Filter expressions, and how many traces are wanted.
const FILTERS: [(&str, usize); 17] = [
    ("", 100),
    ("annotation.tenant = \"t-42\" AND responsetime > 0.2", 100),
    ("annotation.cart_size > 38 AND fault", usize::MAX),
    ("service(\"payments\") { fault }", usize::MAX),
    ("service(\"payments\")", 100),
    ("service(\"orders\") AND annotation.tenant = \"t-42\"", 100),
    ("fault", 100),
    ("annotation.OrderId = \"ORD-77\"", 100),
    ("annotation.OrderId CONTAINS \"ORD-777\"", 100),
    ("!annotation.OrderId", 100),
    ("user = \"nobody\"", 100),
    ("http.url CONTAINS \"/orders/777\"", 100),
    ("http.url ENDSWITH \"/none\"", 100),
    ("responsetime > 0.398", 100),
    ("http.status = 404", 100),
    ("edge(\"payments\", \"pay.example.com\")", 100),
    ("annotation.tenant = \"t-42\" OR annotation.tenant = \"t-43\"", 100),
];

fn find(store: &SqliteStore, filter: &str, limit: usize, (hours, from): (i64, i64)) {
    let begin = (BEGIN + 3_600 * from) * 1_000_000;
    let end = Timestamp::from_micros(begin + hours * 3_600_000_000);
    let search = Search::between(Timestamp::from_micros(begin), end).limit(limit);
    let search = search.matching(&FilterExpression::parse(filter).unwrap()).unwrap();
    let run = || {
        let begin = Instant::now();
        let found = store.search(&search).unwrap().traces.len();
        (begin.elapsed(), found)
    };
    let (first, found) = run();
    let best = (0..4).map(|_| run().0).fold(first, Duration::min);
    println!("{best:>12.2?} {first:>12.2?} {found:>7} found   {filter}");
}

/// The file's log grows while somebody reads all the time.
fn log_beside_readers() {
    let directory = tempfile::tempdir().unwrap();
    let path = directory.path().join("traces.db");
    let store = open(&path);
    fill(&store, 0..20_000, 200_000, 1_000);
    let over = AtomicBool::new(false);
    let everything = Search::between(Timestamp::from_micros(0), Timestamp::from_micros(i64::MAX));
    std::thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                while !over.load(Ordering::Relaxed) {
                    store.search(&everything).unwrap();
                }
            });
        }
        let spent = fill(&store, 20_000..120_000, 200_000, 100);
        let log = size(&path.with_extension("db-wal"));
        println!("\nbeside 4 readers: {:.0} documents/s, and a log of {log} MiB", 1e5 / spent.as_secs_f64());
        over.store(true, Ordering::Relaxed);
    });
}

/// A subsegment with others below it, of a trace that grows.
fn grown(trace: u64, entity: u64, count: u64) -> Document {
    let end = BEGIN + 1;
    let nested = (1..count).map(|at| {
        format!(r#"{{"name":"step","id":"{:016x}","start_time":{BEGIN},"end_time":{end}}}"#, entity + at)
    });
    let text = format!(
        r#"{{"name":"step","id":"{entity:016x}","parent_id":"00000000006acfc0","type":"subsegment","trace_id":"1-6b02e002-{trace:024x}","start_time":{BEGIN},"end_time":{end},"subsegments":[{}]}}"#,
        nested.collect::<Vec<_>>().join(",")
    );
    Document::parse(&text).unwrap()
}

fn growing_traces() {
    let directory = tempfile::tempdir().unwrap();
    let store = open(&directory.path().join("traces.db"));
    for documents in [125, 250, 500, 1_000] {
        let begin = Instant::now();
        for ten in 0..documents / 10 {
            let documents = (0..10).map(|at| grown(documents, (ten * 10 + at) * 100 + 1, 100));
            assert!(store.record_all(documents.collect()).iter().all(Result::is_ok));
        }
        let spent = begin.elapsed();
        println!("a trace grows to {documents} documents of 100 subsegments, 10 at a time: {spent:.2?}");
    }
}
