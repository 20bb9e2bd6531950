//! How fast the store in a file takes documents and finds traces, and how fast X-Ray's API answers over it:
//! `cargo bench -p tracer-console`.
//!
//! `TRACES` says of how many traces, 200,000 unless it does; a million is what the figures in brackets are promised of.
//! `QUESTIONS` says how many of each kind are asked, 100 unless it does; `DATABASE` names a file that is kept, and used again if
//! it is there. Compare two runs on a quiet machine, not two machines: what was spent of the processor says more than what it took.

use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tracer_console::{
    Console, ConsoleOptions, Document, EmbeddedApi, FilterExpression, MemoryLimits, MemoryStore, Retention,
    Search, SqliteStore, Timestamp, TraceStore,
};

/// Midnight of a day that the traces are spread over, in epoch seconds.
const BEGIN: i64 = 1_795_348_800;
const DAY: i64 = 86_400;

fn number(name: &str, otherwise: u64) -> u64 {
    std::env::var(name).ok().and_then(|number| number.parse().ok()).unwrap_or(otherwise)
}

fn main() {
    let directory = tempfile::tempdir().unwrap();
    let kept = std::env::var_os("DATABASE").map(PathBuf::from);
    let path = kept.unwrap_or_else(|| directory.path().join("traces.db"));
    let traces = number("TRACES", 200_000);
    if !path.exists() {
        intake(&path, traces);
    }
    let store = Arc::new(open(&path));
    let bench = Bench { store, traces, questions: number("QUESTIONS", 100) };
    bench.filters();
    bench.api();
    bench.percentiles();
    drop(bench);
    pages_in_memory();
    log_beside_readers();
    growing_traces();
}

/// Keeps all: what is forgotten would be measured too.
fn open(path: &Path) -> SqliteStore {
    SqliteStore::open_with(path, Retention { bytes: 64 << 30, ..Retention::default() }).unwrap()
}

fn size(path: &Path) -> u64 {
    std::fs::metadata(path).map_or(0, |file| file.len())
}

const SERVICES: [&str; 20] = [
    "web", "orders", "payments", "stock", "mailer", "search", "prices", "users", "carts", "taxes", "returns",
    "invoices", "reviews", "images", "routes", "parcels", "coupons", "banners", "reports", "exports",
];

/// Any number of the others that follow from it.
fn random(number: u64) -> u64 {
    let number = number.wrapping_add(0x9e37_79b9_7f4a_7c15);
    let number = (number ^ (number >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    let number = (number ^ (number >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    number ^ (number >> 31)
}

fn tenant(number: u64) -> u64 {
    random(number + 7) % 5_000
}

/// About 1,600 bytes: a request of one of twenty services to a database and to another service, with three annotations, each
/// of 5,000 tenants; two of a hundred end in a fault, one of a hundred takes longer than the others.
fn document(number: u64, of: u64) -> Document {
    let random_number = random(number);
    let start = BEGIN as f64 + DAY as f64 * number as f64 / of as f64;
    let longest = if random_number.is_multiple_of(100) { 5_000 } else { 400 };
    let took = (5 + (random_number >> 20) % longest) as f64 / 1e3;
    let [end, a, b, c, d] = [1.0, 0.08, 0.31, 0.37, 0.94].map(|share| start + took * share);
    let status = if (random_number >> 8).is_multiple_of(50) { 503 } else { 200 };
    let service = SERVICES[(random_number >> 40) as usize % SERVICES.len()];
    let (tenant, cart, item) =
        (tenant(number), 100 + random(number + 1) % 900, random(number + 2) % 1_000_000);
    let (one, other) = (random(number + 3) >> 32, random(number + 4));
    let text = format!(
        r#"{{"name":"{service}","id":"{number:016x}","trace_id":"1-{:08x}-{one:08x}{other:016x}","start_time":{start:.6},"end_time":{end:.6},"origin":"AWS::ECS::Container","user":"u-{}","http":{{"request":{{"method":"POST","url":"https://{service}.shop.example/api/v2/items/{item:06}?expand=lines","user_agent":"Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0","client_ip":"10.2.37.41"}},"response":{{"status":{status},"content_length":1482}}}},"annotations":{{"tenant":"t-{tenant:04}","order_id":"ORD-{number:010}","cart_size":{cart}}},"aws":{{"account_id":"123456789012","ecs":{{"container":"{service}-7d4f9c6b5-x2lqp"}},"xray":{{"sdk":"X-Ray for Python","sdk_version":"2.15.0"}}}},"service":{{"version":"1.42.0","runtime":"CPython"}},"metadata":{{"default":{{"note":"settings were read from the cache and merged with defaults, and nothing else is worth a word here"}}}},"subsegments":[{{"name":"DynamoDB","id":"{:016x}","namespace":"aws","start_time":{a:.6},"end_time":{b:.6},"aws":{{"operation":"GetItem","table_name":"{service}","region":"eu-central-1","request_id":"{:016x}","retries":0}},"http":{{"response":{{"status":200}}}}}},{{"name":"{service}.provider.example","id":"{:016x}","namespace":"remote","start_time":{c:.6},"end_time":{d:.6},"http":{{"request":{{"method":"POST","url":"https://{service}.provider.example/v1/charges"}},"response":{{"status":{status}}}}}}}]}}"#,
        start as i64,
        random(number + 5) % 50_000,
        random(number + 8),
        random(number + 9),
        random(number + 10),
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

fn intake(path: &Path, traces: u64) {
    let store = open(path);
    let (few, many) = (traces / 20, traces / 4);
    for (batch, numbers) in [(50, 0..few), (1_000, few..few + many), (5_000, few + many..traces)] {
        let count = numbers.end - numbers.start;
        let spent = fill(&store, numbers, traces, batch);
        println!("intake in batches of {batch}: {:.0} documents/s", count as f64 / spent.as_secs_f64());
    }
    drop(store);
    let (file, document) = (size(path), document(7, traces).text().len());
    let each = file as f64 / traces as f64;
    println!("{traces} traces take {} MiB: {each:.0} bytes a segment of {document} [600]\n", file >> 20);
}

/// How long answers took.
struct Latencies {
    all: Vec<Duration>,
    spent: Option<Duration>,
}

/// What the program spent of the processor, as far as it is known, in hundredths of a second.
fn spent() -> Option<Duration> {
    let stat = std::fs::read_to_string("/proc/self/stat").ok()?;
    let ticks = stat.rsplit_once(')')?.1.split(' ').skip(12).take(2).map(str::parse::<u64>);
    Some(Duration::from_millis(10 * ticks.sum::<Result<u64, _>>().ok()?))
}

impl Latencies {
    fn new() -> Self {
        Self { all: Vec::new(), spent: spent() }
    }

    fn print(mut self, name: &str, promised: &str, found: usize) {
        let spent = self.spent.and_then(|before| Some(spent()?.checked_sub(before)?.as_secs_f64() * 1e3));
        let each = spent.map_or_else(String::new, |spent| format!("{:.2}", spent / self.all.len() as f64));
        self.all.sort_unstable();
        let at = |percent: usize| self.all[(self.all.len() - 1) * percent / 100].as_secs_f64() * 1e3;
        let [p50, p95, worst] = [50, 95, 100].map(at);
        println!("{p50:>8.2} {p95:>8.2} {worst:>8.2} {each:>8} {promised:>6} {found:>8} found   {name}");
    }
}

/// A kind of filter expression: the n-th of them.
type Filter = (&'static str, fn(u64, u64) -> String);

fn service(at: u64) -> &'static str {
    SERVICES[random(at) as usize % SERVICES.len()]
}

/// What is decided by indexes.
const INDEXED: [Filter; 21] = [
    ("no filter", |_, _| String::new()),
    ("annotation.tenant =", |at, of| format!("annotation.tenant = \"t-{:04}\"", tenant(random(at) % of))),
    ("annotation.tenant = AND responsetime >", |at, of| {
        format!(
            "annotation.tenant = \"t-{:04}\" AND responsetime > 0.{}",
            tenant(random(at) % of),
            1 + at % 3
        )
    }),
    ("annotation.tenant = OR annotation.tenant =", |at, of| {
        let [one, other] = [at, at + 1_000].map(|at| tenant(random(at) % of));
        format!("annotation.tenant = \"t-{one:04}\" OR annotation.tenant = \"t-{other:04}\"")
    }),
    ("annotation.order_id =", |at, of| format!("annotation.order_id = \"ORD-{:010}\"", random(at) % of)),
    ("annotation.cart_size >", |at, _| format!("annotation.cart_size > {}", 100 + at * 9 % 900)),
    ("annotation.cart_size > AND fault", |at, _| {
        format!("annotation.cart_size > {} AND fault", 970 + at % 29)
    }),
    ("!annotation.order_id", |_, _| "!annotation.order_id".to_owned()),
    ("service()", |at, _| format!("service(\"{}\")", service(at))),
    ("service(){ fault }", |at, _| format!("service(\"{}\") {{ fault }}", service(at))),
    ("service() AND annotation.tenant =", |at, of| {
        format!("service(\"{}\") AND annotation.tenant = \"t-{:04}\"", service(at), tenant(random(at) % of))
    }),
    ("service(id(type))", |_, _| "service(id(type: \"AWS::DynamoDB::Table\"))".to_owned()),
    ("edge()", |at, _| format!("edge(\"{0}\", \"{0}.provider.example\")", service(at))),
    ("edge(){ fault }", |at, _| format!("edge(\"{0}\", \"{0}.provider.example\") {{ fault }}", service(at))),
    ("fault", |_, _| "fault".to_owned()),
    ("ok !partial", |_, _| "ok !partial".to_owned()),
    ("http.status =", |at, _| format!("http.status = {}", [503, 404, 200][at as usize % 3])),
    ("responsetime >", |at, _| format!("responsetime > {}.{}", at % 6, at % 10)),
    ("responsetime > AND service(){ fault }", |at, _| {
        format!("responsetime > {}.{} AND service(\"{}\") {{ fault }}", at % 5, at % 10, service(at))
    }),
    ("user =", |at, _| format!("user = \"u-{}\"", random(at) % 50_000)),
    ("http.url =", |at, _| {
        let item = random(at) % 1_000_000;
        format!("http.url = \"https://{}.shop.example/api/v2/items/{item:06}?expand=lines\"", service(at))
    }),
];

/// What is compared one by one.
const CONTAINS: [Filter; 5] = [
    ("http.url CONTAINS, few or none", |at, _| {
        format!("http.url CONTAINS \"/items/{:06}\"", random(at) % 1_000_000)
    }),
    ("http.url CONTAINS, many", |at, _| format!("http.url CONTAINS \"{}.shop\"", service(at))),
    ("annotation.order_id CONTAINS, some", |at, _| {
        format!("annotation.order_id CONTAINS \"{:04}\"", random(at) % 10_000)
    }),
    ("annotation.order_id CONTAINS, none", |at, _| format!("annotation.order_id CONTAINS \"none-{at}\"")),
    ("user CONTAINS", |at, _| format!("user CONTAINS \"-{}\"", random(at) % 50_000)),
];

struct Bench {
    store: Arc<SqliteStore>,
    traces: u64,
    questions: u64,
}

impl Bench {
    /// A stretch of so many hours, another one for each `at`; in epoch seconds.
    fn hours(&self, hours: i64, at: u64) -> (i64, i64) {
        let free = (DAY - hours * 3_600 + 1).cast_unsigned();
        let from = BEGIN + (random(at + 77) % free).cast_signed();
        (from, from + hours * 3_600)
    }

    /// What a store finds by itself, a page of a hundred at most.
    fn filters(&self) {
        println!(
            "the store alone, in milliseconds: p50, p95 and worst of {}, and the processor's time for each",
            self.questions
        );
        for (filters, hours) in [(&INDEXED[..], [24, 6]), (&CONTAINS[..], [6, 1])] {
            for hours in hours {
                println!("in {hours} h");
                filters.iter().for_each(|(name, filter)| self.find(name, *filter, hours));
            }
        }
    }

    fn find(&self, name: &str, filter: fn(u64, u64) -> String, hours: i64) {
        let (mut latencies, mut found) = (Latencies::new(), 0);
        for at in 0..self.questions {
            let (from, to) = self.hours(hours, at);
            let [from, to] = [from, to].map(|second| Timestamp::from_micros(second * 1_000_000));
            let filter = FilterExpression::parse(&filter(at, self.traces)).unwrap();
            let search = Search::between(from, to).limit(100).matching(&filter).unwrap();
            let begin = Instant::now();
            found += self.store.search(&search).unwrap().traces.len();
            latencies.all.push(begin.elapsed());
        }
        latencies.print(name, "", found / self.questions as usize);
    }

    /// What X-Ray's API answers over HTTP.
    fn api(&self) {
        let store = Arc::clone(&self.store) as Arc<dyn TraceStore>;
        let console = Console::start(ConsoleOptions { store, ..ConsoleOptions::any_port() }).unwrap();
        let address = console.tcp_addr();
        let call = |path: &str, asked: &Value| {
            let begin = Instant::now();
            let mut answer = ureq::post(format!("http://{address}{path}")).send(asked.to_string()).unwrap();
            let answer = answer.body_mut().with_config().limit(1 << 30).read_to_vec().unwrap();
            (begin.elapsed(), serde_json::from_slice::<Value>(&answer).unwrap())
        };
        println!("\nX-Ray's API over HTTP, likewise; promised are [p95] over a million traces");
        for (filters, hours, name, promised) in
            [(&INDEXED[..], 24, "indexed filters", "[20]"), (&CONTAINS[..], 6, "CONTAINS in 6 h", "[100]")]
        {
            let (mut all, mut found) = (Latencies::new(), 0);
            for at in 0..self.questions {
                for (_, filter) in filters {
                    let (from, to) = self.hours(hours, at);
                    let filter = filter(at, self.traces);
                    let (took, answer) = call(
                        "/TraceSummaries",
                        &json!({"StartTime": from, "EndTime": to, "FilterExpression": filter}),
                    );
                    all.all.push(took);
                    found += answer["TraceSummaries"].as_array().unwrap().len();
                }
            }
            let asked = self.questions as usize * filters.len();
            all.print(name, promised, found / asked);
        }
        self.pages(&call);
        for (path, list) in
            [("/ServiceGraph", "Services"), ("/TimeSeriesServiceStatistics", "TimeSeriesServiceStatistics")]
        {
            for (hours, promised) in [(1, "[100]"), (6, "[50]")] {
                let (mut all, mut found) = (Latencies::new(), 0);
                for at in 0..self.questions / 4 + 1 {
                    let (from, to) = self.hours(hours, at);
                    let (took, answer) = call(path, &json!({"StartTime": from, "EndTime": to}));
                    all.all.push(took);
                    found = answer[list].as_array().unwrap().len();
                }
                all.print(
                    &format!("{path} of {hours} h"),
                    if list == "Services" { promised } else { "" },
                    found,
                );
            }
        }
        let (mut all, mut found) = (Latencies::new(), 0);
        for _ in 0..5 {
            let (took, answer) =
                call("/tracer/ServiceGraph", &json!({"StartTime": BEGIN, "EndTime": BEGIN + DAY}));
            all.all.push(took);
            found = answer["Services"].as_array().unwrap().len();
        }
        all.print("/tracer/ServiceGraph of a day", "[100]", found);
    }

    /// Page after page of everything.
    fn pages(&self, call: &dyn Fn(&str, &Value) -> (Duration, Value)) {
        let (mut latencies, mut found) = (Latencies::new(), 0);
        let mut asked = json!({"StartTime": BEGIN, "EndTime": BEGIN + DAY});
        for _ in 0..self.questions {
            let (took, answer) = call("/TraceSummaries", &asked);
            latencies.all.push(took);
            found += answer["TraceSummaries"].as_array().unwrap().len();
            asked["NextToken"] = answer["NextToken"].clone();
        }
        latencies.print("page after page", "[20]", found);
    }

    /// Exact percentiles of the response times of all.
    fn percentiles(&self) {
        let mut latencies = Latencies::new();
        let [from, to] = [BEGIN, BEGIN + DAY].map(|second| Timestamp::from_micros(second * 1_000_000));
        let mut times = Vec::new();
        for _ in 0..5 {
            let begin = Instant::now();
            times.clear();
            let search = Search::between(from, to);
            self.store.outcomes(&search, &mut |outcome| times.extend(outcome.response_time)).unwrap();
            for percent in [50, 90, 99] {
                let at = times.len() * percent / 100;
                times.select_nth_unstable_by(at, f64::total_cmp);
            }
            latencies.all.push(begin.elapsed());
        }
        latencies.print("percentiles of all response times", "[150]", times.len());
    }
}

/// Page after page of what is kept in memory.
fn pages_in_memory() {
    const TRACES: u64 = 100_000;
    let store = Arc::new(MemoryStore::new(MemoryLimits { bytes: usize::MAX, ..MemoryLimits::default() }));
    for number in 0..TRACES {
        let text = format!(
            r#"{{"name":"job","id":"{:016x}","trace_id":"1-6b02e002-{:024x}","start_time":{},"end_time":{},"fault":{}}}"#,
            number + 1,
            random(number),
            BEGIN as f64 + number as f64 * 0.5,
            BEGIN as f64 + number as f64 * 0.5 + 0.25,
            random(number).is_multiple_of(50),
        );
        store.record(Document::parse(&text).unwrap()).unwrap();
    }
    let api = EmbeddedApi::over(store);
    let mut asked = json!({"StartTime": BEGIN, "EndTime": BEGIN + DAY, "FilterExpression": "ok"});
    let mut call = || {
        let begin = Instant::now();
        let answer = api.call("/TraceSummaries", asked.to_string().as_bytes()).unwrap();
        asked["NextToken"] = answer["NextToken"].clone();
        (begin.elapsed(), answer["TraceSummaries"].as_array().unwrap().len())
    };
    println!("\nin memory, {TRACES} traces: the first page {:.2?}", call().0);
    let (mut latencies, mut found) = (Latencies::new(), 0);
    for _ in 0..100 {
        let (took, page) = call();
        latencies.all.push(took);
        found += page;
    }
    latencies.print("page after page of ok", "[20]", found);
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
        let log = size(&path.with_extension("db-wal")) >> 20;
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
