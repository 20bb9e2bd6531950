//! Searches as clients make them: filter expressions with values that differ each time, until a page of a hundred is full.

use std::time::Duration;

use anyhow::{Result, ensure};
use serde_json::json;

use crate::api::{Api, Search};
use crate::bench::Bench;
use crate::console_process::Console;
use crate::document::{ITEMS, SERVICES, USERS, mixed};
use crate::figures::{Figure, Unit};
use crate::latencies::Latencies;
use crate::million::Filled;

/// Summaries that a page has.
const PAGE: usize = 100;

/// Searches of one kind.
struct Kind {
    name: &'static str,
    hours: u64,
    /// The n-th of them.
    filter: fn(&Filled, u64) -> String,
}

fn service(at: u64) -> &'static str {
    SERVICES[(mixed(at) % SERVICES.len() as u64) as usize]
}

/// A tenant that has traces, however few there are.
fn tenant(filled: &Filled, at: u64) -> String {
    format!("\"t-{:04}\"", filled.series.tenant(mixed(at) % filled.traces))
}

fn item(at: u64) -> u64 {
    mixed(at) % ITEMS
}

/// What hardly two traces share, so that a store may well keep no index of it.
const RARE: [Kind; 2] = [
    Kind { name: "user = …", hours: 24, filter: |_, at| format!("user = \"u-{:05}\"", mixed(at) % USERS) },
    Kind {
        name: "http.url = …",
        hours: 24,
        filter: |_, at| {
            format!(
                "http.url = \"https://{}.shop.example/api/v2/items/{:06}?expand=lines\"",
                service(at),
                item(at)
            )
        },
    },
];

const INDEXED: [Kind; 13] = [
    Kind { name: "no filter", hours: 24, filter: |_, _| String::new() },
    Kind {
        name: "annotation.tenant = …",
        hours: 24,
        filter: |filled, at| format!("annotation.tenant = {}", tenant(filled, at)),
    },
    Kind {
        name: "annotation.order_id = …",
        hours: 24,
        filter: |filled, at| format!("annotation.order_id = \"ORD-{:010}\"", mixed(at) % filled.traces),
    },
    Kind {
        name: "annotation.tenant = … AND responsetime > …",
        hours: 24,
        filter: |filled, at| {
            format!("annotation.tenant = {} AND responsetime > 0.{}", tenant(filled, at), 1 + at % 3)
        },
    },
    Kind {
        name: "annotation.tenant = … OR annotation.tenant = …",
        hours: 24,
        filter: |filled, at| {
            let (one, other) = (tenant(filled, at), tenant(filled, at + 1_000));
            format!("annotation.tenant = {one} OR annotation.tenant = {other}")
        },
    },
    Kind {
        name: "annotation.cart_size > … AND fault",
        hours: 24,
        filter: |_, at| format!("annotation.cart_size > {} AND fault", 970 + at % 29),
    },
    Kind { name: "service(…)", hours: 24, filter: |_, at| format!("service(\"{}\")", service(at)) },
    Kind {
        name: "service(…) { fault }",
        hours: 24,
        filter: |_, at| format!("service(\"{}\") {{ fault }}", service(at)),
    },
    Kind {
        name: "service(…) AND annotation.tenant = …",
        hours: 24,
        filter: |filled, at| {
            format!("service(\"{}\") AND annotation.tenant = {}", service(at), tenant(filled, at))
        },
    },
    Kind {
        name: "edge(…, …)",
        hours: 24,
        filter: |_, at| format!("edge(\"{0}\", \"{0}.provider.example\")", service(at)),
    },
    Kind {
        name: "fault, error, throttle",
        hours: 6,
        filter: |_, at| ["fault", "error", "throttle"][(at % 3) as usize].to_owned(),
    },
    Kind {
        name: "http.status = …",
        hours: 24,
        filter: |_, at| format!("http.status = {}", [503, 404, 429, 418][(at % 4) as usize]),
    },
    Kind {
        name: "responsetime > …",
        hours: 24,
        filter: |_, at| format!("responsetime > {}.{}", 1 + at % 5, at % 10),
    },
];

const CONTAINS: [Kind; 5] = [
    Kind {
        name: "http.url CONTAINS …, few or none",
        hours: 6,
        filter: |_, at| format!("http.url CONTAINS \"/items/{:06}\"", item(at)),
    },
    Kind {
        name: "http.url CONTAINS …, many",
        hours: 6,
        filter: |_, at| format!("http.url CONTAINS \"{}.shop\"", service(at)),
    },
    Kind {
        name: "annotation.order_id CONTAINS …, some",
        hours: 6,
        filter: |_, at| format!("annotation.order_id CONTAINS \"{:04}\"", item(at) % 10_000),
    },
    Kind {
        name: "annotation.order_id CONTAINS …, none",
        hours: 6,
        filter: |_, at| format!("annotation.order_id CONTAINS \"none-{at}\""),
    },
    Kind {
        name: "user CONTAINS …",
        hours: 6,
        filter: |_, at| format!("user CONTAINS \"{:05}\"", mixed(at) % USERS),
    },
];

pub(crate) fn measure(bench: &Bench, filled: &Filled, console: &Console) -> Result<Vec<Figure>> {
    let api = console.api();
    let mut figures = kinds(bench, filled, &api, "indexed", &INDEXED, Some(20.0))?;
    figures.extend(kinds(bench, filled, &api, "CONTAINS in 6 h", &CONTAINS, Some(100.0))?);
    figures.extend(kinds(bench, filled, &api, "user and http.url, 24 h", &RARE, None)?);
    figures.push(trace(bench, filled, &api)?);
    figures.extend(pages(bench, filled, &api)?);
    Ok(figures)
}

/// All of these together, and each.
fn kinds(
    bench: &Bench,
    filled: &Filled,
    api: &Api,
    all: &str,
    kinds: &[Kind],
    target: Option<f64>,
) -> Result<Vec<Figure>> {
    let (mut together, mut figures) = (Latencies::default(), Vec::new());
    for kind in kinds {
        let (latencies, found) = ask(bench, filled, api, kind)?;
        together.extend(&latencies);
        let beside = format!("{}; {found}", latencies.words());
        let name = format!("  {}, {} h", kind.name, kind.hours);
        let figure = Figure::new(name, latencies.percentile(95), Unit::Milliseconds);
        figures.push(figure.aimed_at(target).beside(beside));
    }
    let p95 = together.percentile(95);
    let figure = Figure::new(format!("{all}, p95 of all kinds"), p95, Unit::Milliseconds);
    figures.insert(0, figure.aimed_at(target).beside(together.words()));
    Ok(figures)
}

/// How long each took until a page was full or nothing more came; and what was found, in words.
fn ask(bench: &Bench, filled: &Filled, api: &Api, kind: &Kind) -> Result<(Latencies, String)> {
    let (mut latencies, mut found, mut pages) = (Latencies::default(), 0, 0);
    for at in 0..bench.scale.questions {
        let between = if kind.hours == 24 { filled.day() } else { filled.hours(kind.hours, at) };
        let filter = Some((kind.filter)(filled, at)).filter(|filter| !filter.is_empty());
        let answer = Search { between, filter }.run(api, PAGE)?;
        latencies.add(answer.took.iter().sum());
        found += answer.ids.len();
        pages = pages.max(answer.took.len());
    }
    let calls = if pages > 1 { format!(" in up to {pages} calls") } else { String::new() };
    let found = found as f64 / bench.scale.questions as f64;
    Ok((latencies, format!("{found:.1} found on average{calls}")))
}

/// Opens traces here and there.
fn trace(bench: &Bench, filled: &Filled, api: &Api) -> Result<Figure> {
    let mut latencies = Latencies::default();
    for at in 0..bench.scale.questions * 4 {
        let id = filled.series.trace_id(mixed(at) % filled.traces);
        let (answer, took) = api.call("/Traces", &json!({ "TraceIds": [id] }))?;
        ensure!(answer["Traces"][0]["Id"] == *id, "{id} is not there: {answer}");
        latencies.add(took);
    }
    let p95 = latencies.percentile(95);
    Ok(Figure::new("opening a trace, p95", p95, Unit::Milliseconds).beside(latencies.words()))
}

/// Reads on and on in a list of everything.
fn pages(bench: &Bench, filled: &Filled, api: &Api) -> Result<Vec<Figure>> {
    let enough = bench.scale.pages * PAGE;
    let found = Search { between: filled.day(), filter: None }.run(api, enough)?;
    let mut latencies = Latencies::default();
    found.took.iter().for_each(|took| latencies.add(*took));
    let last = found.took.last().map_or(f64::NAN, Duration::as_secs_f64) * 1_000.0;
    let beside = format!("{}; the last of them {last:.2}", latencies.words());
    let name = format!("page after page, {} of them, p95", found.took.len());
    Ok(vec![Figure::new(name, latencies.percentile(95), Unit::Milliseconds).beside(beside)])
}
