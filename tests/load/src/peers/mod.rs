//! What else answers X-Ray's API at home, or takes traces there: the same work for each, and for the console.

mod console;
mod fakecloud;
mod moto;
mod otelite;
mod otlp;
mod rotel;
mod running;
mod xray;

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use crate::bench::Bench;
use crate::figures::{Figure, Unit};
use crate::latencies::Latencies;
use crate::ready;
use running::Running;

/// How often each is started to be timed.
const STARTS: usize = 3;

/// What is spoken to a peer.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Protocol {
    /// PutTraceSegments and GetTraceSummaries.
    XRay,
    /// OpenTelemetry's over HTTP, as JSON.
    Otlp,
}

/// Where a peer listens, and where it may write.
pub(crate) struct Place {
    pub(crate) port: u16,
    /// Free ones, for what else it listens on.
    pub(crate) others: [u16; 3],
    pub(crate) directory: PathBuf,
}

/// A program that is started, spoken to and ended.
pub(crate) trait Peer {
    fn name(&self) -> &'static str;

    /// `None` where it is not here.
    fn version(&self) -> Option<String>;

    fn how_to_get_it(&self) -> &'static str;

    fn protocol(&self) -> Protocol;

    fn command(&self, place: &Place) -> Result<Command>;
}

fn all(bench: &Bench) -> Vec<Box<dyn Peer>> {
    let console = |protocol| Box::new(console::Console { program: bench.program.clone(), protocol });
    vec![
        console(Protocol::XRay),
        Box::new(moto::Moto::new()),
        Box::new(fakecloud::Fakecloud),
        console(Protocol::Otlp),
        Box::new(otelite::Otelite),
        Box::new(rotel::Rotel::new()),
    ]
}

pub(crate) fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for peer in all(bench) {
        let Some(version) = peer.version() else {
            figures.push(Figure::missing(peer.name(), format!("not here: {}", peer.how_to_get_it())));
            continue;
        };
        let measured = of(bench, &*peer, &version);
        figures.extend(
            measured.unwrap_or_else(|error| vec![Figure::missing(peer.name(), format!("{error:#}"))]),
        );
    }
    Ok(figures)
}

fn of(bench: &Bench, peer: &dyn Peer, version: &str) -> Result<Vec<Figure>> {
    eprintln!("… {}", peer.name());
    let mut starts = Latencies::default();
    for _ in 0..STARTS.min(bench.scale.starts) {
        starts.add(Running::start(bench, peer)?.ready);
    }
    let running = Running::start(bench, peer)?;
    let named = |what: &str| format!("{}: {what}", peer.name());
    let ready = Figure::new(named("to the first answer"), starts.percentile(50), Unit::Milliseconds);
    let mut figures = vec![
        ready.beside(format!("{version}; {}", starts.words())),
        ready::memory(&named("resident when idle"), running.memory()?),
    ];
    figures.extend(match peer.protocol() {
        Protocol::XRay => xray::measure(bench, peer, &running)?,
        Protocol::Otlp => otlp::measure(bench, peer, &running)?,
    });
    figures.push(ready::memory(&named("resident after that"), running.memory()?));
    Ok(figures)
}
