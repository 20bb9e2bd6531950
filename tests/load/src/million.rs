//! A day of many traces: put through the front door, weighed on the way, and then asked about.

use std::sync::atomic::AtomicU64;
use std::time::Duration;

use anyhow::{Result, ensure};

use crate::bench::{Bench, Database, costs, now};
use crate::document::{Series, TOGETHER};
use crate::figures::{Figure, Section, Unit, grouped};
use crate::put_sender::{PutSenders, Until};
use crate::{graphs, process, questions, ready, report};

pub(crate) const DAY: u64 = 86_400_000_000;
const CONNECTIONS: usize = 4;
/// Where the database is weighed, if there are so many traces.
const WEIGHED: [u64; 4] = [10_000, 50_000, 200_000, 1_000_000];
/// Over so many traces the figures are promised.
const PROMISED: u64 = 1_000_000;

/// A database full of traces that began in the last day.
pub(crate) struct Filled {
    pub(crate) database: Database,
    pub(crate) series: Series,
    pub(crate) traces: u64,
}

impl Filled {
    /// The range of time that all traces began in.
    pub(crate) fn day(&self) -> (u64, u64) {
        (self.series.begin, self.series.begin + DAY)
    }

    /// So many hours of it, a different part for each `at`.
    pub(crate) fn hours(&self, hours: u64, at: u64) -> (u64, u64) {
        let length = DAY / 24 * hours;
        // Whole seconds, as clients of X-Ray send.
        let begin =
            self.series.begin + crate::document::mixed(at) % (DAY - length + 1) / 1_000_000 * 1_000_000;
        (begin, begin + length)
    }
}

pub(crate) fn measure(bench: &Bench) -> Result<Vec<Section>> {
    let begin = now().saturating_sub(Duration::from_micros(DAY)).as_secs() * 1_000_000;
    let traces = bench.scale.traces.next_multiple_of(TOGETHER);
    let series = Series::new(1, begin, DAY as f64 / traces as f64);
    let filled = Filled { database: bench.database()?, series, traces };
    let intake = fill(bench, &filled)?;
    let starts = ready::starts(bench, &filled.database)?;
    let console = bench.console(&filled.database)?;
    let idle = ready::memory("resident when idle", console.memory()?);
    let mut asked = questions::measure(bench, &filled, &console)?;
    asked.extend(graphs::measure(bench, &filled, &console)?);
    asked.extend(report::measure(bench, &filled, &console)?);
    let used = ready::memory("resident when all that was asked", console.memory()?);
    let what = format!("{} traces, a segment each, begun in the last 24 h", grouped(traces));
    let note = if traces < PROMISED { "; promised is over a million: TRACES=1000000" } else { "" };
    let start = ready::ready("with that database", &starts);
    let filling = Section { subject: "disk", title: format!("disk, with {what}"), figures: intake };
    let mut figures = vec![start, idle];
    figures.extend(asked);
    figures.push(used);
    Ok(vec![filling, Section { subject: "questions", title: format!("questions of {what}{note}"), figures }])
}

/// Puts all over HTTP, and stops at some numbers of traces to weigh the file once its log is in it.
fn fill(bench: &Bench, filled: &Filled) -> Result<Vec<Figure>> {
    let (next, mut stored, mut figures) = (AtomicU64::new(0), 0, Vec::new());
    let stages = WEIGHED.into_iter().filter(|stage| *stage < filled.traces).chain([filled.traces]);
    for stage in stages {
        eprintln!("… up to {} traces", grouped(stage));
        let console = bench.console(&filled.database)?;
        let (api, count) = (console.api(), AtomicU64::new(0));
        let before = (console.cpu()?, process::own_cpu()?);
        next.store(stored, std::sync::atomic::Ordering::Relaxed);
        let senders = PutSenders::new(&api, filled.series, &next, &count);
        let (_, took) = senders.run(CONNECTIONS, Until::Number(stage))?;
        let spent = costs(console.cpu()? - before.0, process::own_cpu()? - before.1, stage - stored, took);
        ensure!(count.into_inner() == stage - stored, "not everything was acknowledged");
        console.interrupt()?;
        let each = filled.database.bytes()? as f64 / stage as f64;
        let rate = (stage - stored) as f64 / took.as_secs_f64();
        stored = stage;
        let beside = format!(
            "file and log after the end; put over HTTP by {CONNECTIONS} connections at {} per second, {spent}",
            grouped(rate as u64)
        );
        let name = format!("for each of {} segments of 1 620 bytes", grouped(stage));
        figures.push(Figure::new(name, each, Unit::Bytes).at_most(600.0).beside(beside));
    }
    Ok(figures)
}
