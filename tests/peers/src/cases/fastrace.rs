//! `fastrace`, with a reporter that sends one X-Ray document an invocation: there is none to be had.

use std::borrow::Cow;
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::time::Duration;

use anyhow::{Context, Result};
use fastrace::collector::{Config, Reporter, SpanContext, SpanId, SpanRecord, TraceId};
use fastrace::local::LocalSpan;
use fastrace::{Span, trace};
use serde::Serialize;
use serde_json::value::RawValue;

use crate::case::{Case, Invoke, Work};
use crate::workload::{self, Item};

pub(crate) const CASE: Case =
    Case { name: "fastrace", of: Some("fastrace"), datagrams: |_| 1, work: Work::Rust(start) };

fn start(daemon: SocketAddr) -> Result<Invoke> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.connect(daemon)?;
    // Only flushes report, so that an invocation is one report.
    let config = Config::default().report_interval(Duration::from_secs(3600));
    fastrace::set_reporter(ToDaemon { socket, out: Vec::new() }, config);
    Ok(Box::new(|items| {
        if let Some(parent) = parent(workload::SAMPLED) {
            handler(parent, items);
        }
        // A frozen sandbox runs no thread.
        fastrace::flush();
    }))
}

/// It reads W3C's headers only.
fn parent(header: &str) -> Option<SpanContext> {
    let part = |name: &str| header.split(';').find_map(|part| part.strip_prefix(name));
    let root = part("Root=1-")?.replace('-', "");
    let trace = TraceId(u128::from_str_radix(&root, 16).ok()?);
    let parent = SpanId(u64::from_str_radix(part("Parent=")?, 16).ok()?);
    Some(SpanContext::new(trace, parent).sampled(part("Sampled=")? == "1"))
}

fn handler(parent: SpanContext, items: &[Item]) {
    let root = Span::root("handler", parent)
        .with_properties(|| [("ColdStart", "false"), ("Service", workload::SERVICE)]);
    let _current = root.set_local_parent();
    for item in items {
        child(item);
    }
}

#[trace(short_name = true)]
fn child(item: &Item) {
    LocalSpan::add_properties(|| {
        [
            ("OrderId", item.id.clone()),
            ("Number", item.number.to_string()),
            (DETAILS, serde_json::to_string(&item.details).unwrap_or_default()),
        ]
    });
}

/// Goes into the metadata; all other properties are annotations.
const DETAILS: &str = "details";

struct ToDaemon {
    socket: UdpSocket,
    out: Vec<u8>,
}

impl Reporter for ToDaemon {
    fn report(&mut self, spans: Vec<SpanRecord>) {
        // The flush at the end of the process finds none.
        if spans.is_empty() {
            return;
        }
        if let Err(error) = self.send(&spans) {
            eprintln!("fastrace: {error:#}");
        }
    }
}

impl ToDaemon {
    fn send(&mut self, spans: &[SpanRecord]) -> Result<()> {
        let is_root = |span: &&SpanRecord| !spans.iter().any(|other| other.span_id == span.parent_id);
        let root = spans.iter().rev().find(is_root).context("no root among the spans")?;
        let mut document = Subsegment::of(root)?;
        let trace = format!("{:032x}", root.trace_id.0);
        document.trace_id = Some(format!("1-{}-{}", &trace[..8], &trace[8..]));
        document.parent_id = Some(root.parent_id.to_string());
        document.r#type = Some("subsegment");
        let children = spans.iter().filter(|span| span.parent_id == root.span_id);
        document.subsegments = children.map(Subsegment::of).collect::<Result<_>>()?;
        self.out.clear();
        self.out.extend_from_slice(b"{\"format\":\"json\",\"version\":1}\n");
        serde_json::to_writer(&mut self.out, &document)?;
        self.socket.send(&self.out)?;
        Ok(())
    }
}

#[derive(Serialize)]
struct Subsegment<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    trace_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    parent_id: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    r#type: Option<&'static str>,
    id: String,
    name: &'a str,
    start_time: f64,
    end_time: f64,
    #[serde(serialize_with = "as_map")]
    annotations: Vec<(&'a str, &'a str)>,
    #[serde(skip_serializing_if = "Option::is_none")]
    metadata: Option<Metadata<'a>>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    subsegments: Vec<Self>,
}

#[derive(Serialize)]
struct Metadata<'a> {
    details: &'a RawValue,
}

impl<'a> Subsegment<'a> {
    fn of(span: &'a SpanRecord) -> Result<Self> {
        let seconds = |nanos: u64| (nanos / 1000) as f64 / 1e6;
        let properties = || span.properties.iter().map(|(key, value): &(Cow<'_, str>, _)| (&**key, &**value));
        let details = properties().find(|(key, _)| *key == DETAILS);
        let metadata = details.map(|(_, json)| serde_json::from_str(json)).transpose()?;
        Ok(Self {
            trace_id: None,
            parent_id: None,
            r#type: None,
            id: span.span_id.to_string(),
            name: &span.name,
            start_time: seconds(span.begin_time_unix_ns),
            end_time: seconds(span.begin_time_unix_ns + span.duration_ns),
            annotations: properties().filter(|(key, _)| *key != DETAILS).collect(),
            metadata: metadata.map(|details| Metadata { details }),
            subsegments: Vec::new(),
        })
    }
}

fn as_map<S: serde::Serializer>(pairs: &[(&str, &str)], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_map(pairs.iter().copied())
}
