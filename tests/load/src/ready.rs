//! How soon the console answers, and what it takes while nobody asks.

use anyhow::Result;

use crate::bench::{Bench, Database};
use crate::figures::{Figure, Unit};
use crate::latencies::Latencies;
use crate::process::Memory;

/// The median of many starts on a database.
pub(crate) fn starts(bench: &Bench, database: &Database) -> Result<Latencies> {
    let mut latencies = Latencies::default();
    for _ in 0..bench.scale.starts {
        let console = bench.console(database)?;
        latencies.add(console.ready);
        console.interrupt()?;
    }
    Ok(latencies)
}

pub(crate) fn ready(what: &str, latencies: &Latencies) -> Figure {
    let name = format!("from start to the first answer, {what}");
    Figure::new(name, latencies.percentile(50), Unit::Milliseconds).at_most(50.0).beside(latencies.words())
}

pub(crate) fn memory(name: &str, memory: Memory) -> Figure {
    let megabytes = |bytes: u64| bytes as f64 / 1e6;
    let beside =
        format!("PSS {:.2}, private {:.2}", megabytes(memory.proportional), megabytes(memory.private));
    Figure::new(name, megabytes(memory.resident), Unit::Megabytes).beside(beside)
}

pub(crate) fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    // Each start makes a database of its own.
    let mut empty = Latencies::default();
    for _ in 0..bench.scale.starts {
        let database = bench.database()?;
        let console = bench.console(&database)?;
        empty.add(console.ready);
    }
    let database = bench.database()?;
    let console = bench.console(&database)?;
    let idle = memory("resident when idle", console.memory()?).at_most(20.0);
    Ok(vec![ready("new database", &empty), idle])
}
