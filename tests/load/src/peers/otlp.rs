//! The work for who takes OpenTelemetry's traces: requests of three spans that say what a document says, fifty a call.

use std::time::Instant;

use anyhow::{Context, Result, ensure};

use super::Peer;
use super::running::Running;
use crate::bench::{Bench, costs, live};
use crate::document::{Series, TOGETHER, Template};
use crate::figures::{Figure, Unit};
use crate::process;

const CONNECTIONS: usize = 4;

pub(super) fn measure(bench: &Bench, peer: &dyn Peer, running: &Running) -> Result<Vec<Figure>> {
    let (time, _) = bench.scale.peers;
    let before = (running.cpu()?, process::own_cpu()?);
    let begin = Instant::now();
    let send = |connection: usize| {
        let api = running.api.apart();
        let (series, mut body, mut traces) = (live(100 + connection as u64), Export::new(), 0);
        while begin.elapsed() < time {
            let (status, answer, _) = api.send("/v1/traces", body.with(&series, traces))?;
            ensure!(status == 200, "it answers {status}: {}", String::from_utf8_lossy(&answer));
            traces += TOGETHER;
        }
        Ok(traces)
    };
    let traces: u64 = std::thread::scope(|scope| {
        let threads: Vec<_> =
            (0..CONNECTIONS).map(|connection| scope.spawn(move || send(connection))).collect();
        threads
            .into_iter()
            .map(|thread| thread.join().ok().context("a sender panicked")?)
            .sum::<Result<u64>>()
    })?;
    let took = begin.elapsed();
    let (cpu, own) = (running.cpu()? - before.0, process::own_cpu()? - before.1);
    let name = format!("{}: traces of three spans taken, OTLP/JSON, 50 a call", peer.name());
    let beside = format!("{CONNECTIONS} connections; {}", costs(cpu, own, traces, took));
    let rate = traces as f64 / took.as_secs_f64();
    Ok(vec![Figure::new(name, rate, Unit::PerSecond).beside(beside)])
}

/// The body of an export of fifty traces, to be written over as a call of PutTraceSegments is.
struct Export {
    template: Template,
    /// Places that one trace has.
    each: usize,
}

impl Export {
    fn new() -> Self {
        let spans = vec![spans(); TOGETHER as usize].join(",");
        let resource = r#"{"attributes":[{"key":"service.name","value":{"stringValue":"orders"}},{"key":"cloud.provider","value":{"stringValue":"aws"}},{"key":"cloud.platform","value":{"stringValue":"aws_ecs"}}]}"#;
        let body = format!(
            r#"{{"resourceSpans":[{{"resource":{resource},"scopeSpans":[{{"scope":{{"name":"load"}},"spans":[{spans}]}}]}}]}}"#
        );
        let each = Template::of(spans_of_one()).places();
        Self { template: Template::of(body.into_bytes()), each }
    }

    fn with(&mut self, series: &Series, first: u64) -> &[u8] {
        series.write_each(first, self.each, &mut self.template);
        &self.template.bytes
    }
}

fn spans_of_one() -> Vec<u8> {
    spans().into_bytes()
}

/// The request, a call of DynamoDB in it and one of another service.
fn spans() -> String {
    let mark = crate::document::mark;
    let text = |key: &str, value: &str| format!(r#"{{"key":"{key}","value":{{"stringValue":"{value}"}}}}"#);
    let integer = |key: &str, value: &str| format!(r#"{{"key":"{key}","value":{{"intValue":"{value}"}}}}"#);
    let span = |id: char,
                parent: &str,
                name: &str,
                kind: u8,
                (from, to): (char, char),
                attributes: Vec<String>| {
        format!(
            r#"{{"traceId":"{}","spanId":"{}",{parent}"name":"{name}","kind":{kind},"startTimeUnixNano":"{}000","endTimeUnixNano":"{}000","attributes":[{}]}}"#,
            mark('O', 32),
            mark(id, 16),
            mark(from, 16),
            mark(to, 16),
            attributes.join(",")
        )
    };
    let parent = format!(r#""parentSpanId":"{}","#, mark('S', 16));
    let request = vec![
        text("http.request.method", "POST"),
        text("url.full", &format!("https://orders.shop.example/api/v2/items/{}?expand=lines", mark('i', 6))),
        text("user_agent.original", "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0"),
        text("client.address", "10.2.37.41"),
        integer("http.response.status_code", "200"),
        text("enduser.id", &format!("u-{}", mark('u', 5))),
        text("tenant", &format!("t-{}", mark('t', 4))),
        text("order_id", &format!("ORD-{}", mark('o', 10))),
        integer("cart_size", &mark('n', 3)),
    ];
    let dynamodb = vec![
        text("rpc.system", "aws-api"),
        text("rpc.service", "DynamoDB"),
        text("rpc.method", "GetItem"),
        text("aws.request_id", &mark('R', 16)),
        integer("http.response.status_code", "200"),
    ];
    let call = vec![
        text("http.request.method", "POST"),
        text("url.full", "https://orders.provider.example/v1/charges"),
        text("server.address", "orders.provider.example"),
        integer("http.response.status_code", "200"),
    ];
    [
        span('S', "", "POST /api/v2/items", 2, ('0', '5'), request),
        span('A', &parent, "DynamoDB.GetItem", 3, ('1', '2'), dynamodb),
        span('B', &parent, "POST", 3, ('3', '4'), call),
    ]
    .join(",")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_export_has_fifty_traces_of_three_spans() {
        let mut export = Export::new();
        let series = Series::new(1, 1_795_348_800_000_000, 1.0);
        let body: serde_json::Value = serde_json::from_slice(export.with(&series, 100)).unwrap();
        let spans = body["resourceSpans"][0]["scopeSpans"][0]["spans"].as_array().unwrap();
        assert_eq!(spans.len() as u64, 3 * TOGETHER);
        for (number, spans) in (100..).zip(spans.chunks(3)) {
            let id = series.trace_id(number)[2..].replace('-', "");
            assert!(spans.iter().all(|span| span["traceId"] == id));
            assert_eq!(spans[1]["parentSpanId"], spans[0]["spanId"]);
        }
    }
}
