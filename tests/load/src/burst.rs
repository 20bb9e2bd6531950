//! Many datagrams at once, flat out: what is lost of them.

use std::collections::HashSet;

use anyhow::{Result, ensure};

use crate::api::{Api, Search};
use crate::bench::{Bench, live};
use crate::document::Series;
use crate::figures::{Figure, Unit, grouped};

pub(crate) fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    let senders = bench.scale.senders;
    let mut figures =
        senders.iter().map(|senders| from(bench, *senders, false)).collect::<Result<Vec<_>>>()?;
    if may_force() {
        for senders in senders {
            let figure = from(bench, *senders, true);
            figures
                .push(figure.unwrap_or_else(|why| Figure::missing(ordinary(*senders), format!("{why:#}"))));
        }
    }
    Ok(figures)
}

/// Whether a socket's buffer may be larger here than an ordinary user's: Linux says so in hexadecimal, as bit 12.
fn may_force() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let capabilities = status.lines().find_map(|line| line.strip_prefix("CapEff:"));
    let capabilities = capabilities.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    capabilities.is_some_and(|mask| mask >> 12 & 1 == 1)
}

fn ordinary(senders: u64) -> String {
    format!("the same, {senders} senders, without root's right to a larger buffer")
}

fn from(bench: &Bench, senders: u64, is_ordinary: bool) -> Result<Figure> {
    let count = bench.scale.burst;
    let database = bench.database()?;
    let console = if is_ordinary { bench.ordinary_console(&database)? } else { bench.console(&database)? };
    let buffer = console.buffer;
    let series = live(senders);
    let took = crate::udp_sender::burst(console.address, &series, count, senders)?;
    let counts = console.interrupt()?;
    let console = bench.console(&database)?;
    let found = found(&console.api(), &series, count)?;
    ensure!(
        found + counts.refused + counts.dropped + counts.dropped_by_kernel == count,
        "of {count} datagrams {found} are found, and of the others the console says {counts:?}"
    );
    let all = format!("lost of {} datagrams at once, {senders} senders", grouped(count));
    let name = if is_ordinary { ordinary(senders) } else { all };
    let beside = format!(
        "sent in {:.0} ms; received {}, refused {}, dropped {}, by the kernel {}; found again {}; SO_RCVBUF {} in all",
        took.as_secs_f64() * 1_000.0,
        grouped(counts.received),
        counts.refused,
        grouped(counts.dropped),
        grouped(counts.dropped_by_kernel),
        grouped(found),
        grouped(buffer),
    );
    Ok(Figure::new(name, (count - found) as f64, Unit::Count).at_most(0.0).beside(beside))
}

/// How many of the first documents of a series the console lists.
fn found(api: &Api, series: &Series, count: u64) -> Result<u64> {
    let second = 1_000_000;
    let between = (series.begin - second, series.start(count) + second);
    let listed = Search { between, filter: None }.run(api, usize::MAX)?;
    let listed: HashSet<_> = listed.ids.into_iter().collect();
    Ok((0..count).filter(|number| listed.contains(&series.trace_id(*number))).count() as u64)
}
