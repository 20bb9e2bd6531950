//! The work for who answers X-Ray's API: segments, fifty a call, and a list of a number of traces.

use std::sync::atomic::AtomicU64;

use anyhow::{Result, ensure};

use super::Peer;
use super::running::Running;
use crate::api::Search;
use crate::bench::{Bench, costs, live};
use crate::document::TOGETHER;
use crate::figures::{Figure, Unit, grouped};
use crate::process;
use crate::put_sender::{PutSenders, Until};

const CONNECTIONS: usize = 4;

pub(super) fn measure(bench: &Bench, peer: &dyn Peer, running: &Running) -> Result<Vec<Figure>> {
    let (time, traces) = bench.scale.peers;
    let (next, count) = (AtomicU64::new(0), AtomicU64::new(0));
    let senders = PutSenders::new(&running.api, live(1), &next, &count);
    let before = (running.cpu()?, process::own_cpu()?);
    let (_, took) = senders.run(CONNECTIONS, Until::Time(time))?;
    let (cpu, own) = (running.cpu()? - before.0, process::own_cpu()? - before.1);
    let acknowledged = count.into_inner();
    let rate = acknowledged as f64 / took.as_secs_f64();
    let beside = format!("{CONNECTIONS} connections; {}", costs(cpu, own, acknowledged, took));
    let name = format!("{}: acknowledged over HTTP, 50 a call", peer.name());
    let put = Figure::new(name, rate, Unit::PerSecond).beside(beside);
    Ok(vec![put, list(bench, peer, traces)?])
}

/// All of so many traces, on a fresh start: some degrade.
fn list(bench: &Bench, peer: &dyn Peer, traces: u64) -> Result<Figure> {
    let running = Running::start(bench, peer)?;
    let (next, count) = (AtomicU64::new(0), AtomicU64::new(0));
    let traces = traces.next_multiple_of(TOGETHER);
    let series = live(2);
    PutSenders::new(&running.api, series, &next, &count).run(1, Until::Number(traces))?;
    let second = 1_000_000;
    let between = (series.begin - second, series.start(traces) + 10 * second);
    let found = Search { between, filter: None }.run(&running.api, usize::MAX)?;
    ensure!(found.ids.len() as u64 == traces, "of {traces} traces it lists {}", found.ids.len());
    let ms = found.took.iter().map(std::time::Duration::as_secs_f64).sum::<f64>() * 1_000.0;
    let name = format!("{}: list of all of {} traces", peer.name(), grouped(traces));
    Ok(Figure::new(name, ms, Unit::Milliseconds).beside(format!("in {} calls", found.took.len())))
}
