//! Intake that goes on, durable: over UDP at the highest rate that nothing is lost at, and over HTTP, fifty a call.

use std::sync::atomic::AtomicU64;
use std::time::{Duration, Instant};

use anyhow::Result;

use crate::bench::{Bench, costs, live};
use crate::console_process::Counts;
use crate::figures::{Figure, Unit, grouped};
use crate::process;
use crate::put_sender::{PutSenders, Until};
use crate::ready;
use crate::udp_sender::UdpSender;

const TARGET: f64 = 20_000.0;

pub(crate) fn measure(bench: &Bench) -> Result<Vec<Figure>> {
    let mut figures = Vec::new();
    for connections in bench.scale.connections {
        figures.extend(put(bench, *connections)?);
    }
    figures.extend(udp(bench)?);
    Ok(figures)
}

fn put(bench: &Bench, connections: usize) -> Result<Vec<Figure>> {
    let database = bench.database()?;
    let console = bench.console(&database)?;
    let (api, next, count) = (console.api(), AtomicU64::new(0), AtomicU64::new(0));
    let before = (console.cpu()?, process::own_cpu()?);
    let senders = PutSenders::new(&api, live(connections as u64), &next, &count);
    let (_, took) = senders.run(connections, Until::Time(bench.scale.intake))?;
    let (cpu, own) = (console.cpu()? - before.0, process::own_cpu()? - before.1);
    let acknowledged = count.into_inner();
    let memory = ready::memory("resident after that", console.memory()?);
    console.interrupt()?;
    let name = format!("acknowledged over HTTP, 50 a call, {connections} connections");
    let beside = format!(
        "{} in {:.1} s; {}",
        grouped(acknowledged),
        took.as_secs_f64(),
        costs(cpu, own, acknowledged, took)
    );
    let rate = acknowledged as f64 / took.as_secs_f64();
    Ok(vec![Figure::new(name, rate, Unit::PerSecond).at_least(TARGET).beside(beside), memory])
}

/// What came of sending at a rate.
struct Trial {
    sent: u64,
    counts: Counts,
    /// Until the last was sent, and then until all that had arrived was stored.
    sending: Duration,
    draining: Duration,
    cpu: Duration,
    sender: Duration,
}

impl Trial {
    fn stored(&self) -> u64 {
        self.counts.received - self.counts.refused - self.counts.dropped
    }

    /// Also where the console knows nothing of it.
    fn lost(&self) -> u64 {
        self.sent - self.stored()
    }

    fn sent_rate(&self) -> f64 {
        self.sent as f64 / self.sending.as_secs_f64()
    }

    /// Datagrams stored a second, the end included when nothing came any more.
    fn rate(&self) -> f64 {
        self.stored() as f64 / (self.sending + self.draining).as_secs_f64()
    }
}

/// At `rate` a second, or flat out.
fn attempt(bench: &Bench, rate: Option<f64>) -> Result<Trial> {
    let database = bench.database()?;
    let console = bench.console(&database)?;
    let mut sender = UdpSender::new(console.address, live(9))?;
    let before = (console.cpu()?, process::own_cpu()?);
    let begin = Instant::now();
    let sent = match rate {
        Some(rate) => sender.at_rate(rate, bench.scale.intake)?,
        None => sender.flat_out(bench.scale.intake / 4)?,
    };
    let sending = begin.elapsed();
    let (cpu, own) = (console.cpu()? - before.0, process::own_cpu()? - before.1);
    let counts = console.interrupt()?;
    Ok(Trial { sent, counts, sending, draining: begin.elapsed() - sending, cpu, sender: own })
}

/// Looks for the highest rate that nothing is lost at, from what is stored of a flood on.
fn udp(bench: &Bench) -> Result<Vec<Figure>> {
    let flood = attempt(bench, None)?;
    let (mut rate, mut lossy) = (flood.rate(), f64::INFINITY);
    let mut best: Option<Trial> = None;
    let mut tried = Vec::new();
    for _ in 0..bench.scale.rates {
        let trial = attempt(bench, Some(rate))?;
        tried.push(format!("{} lost {}", grouped(rate as u64), grouped(trial.lost())));
        let lossless = if trial.lost() == 0 {
            best = Some(trial);
            rate
        } else {
            lossy = rate;
            best.as_ref().map_or(rate / 2.0, Trial::sent_rate)
        };
        rate = if lossy.is_finite() { (lossless + lossy) / 2.0 } else { lossless * 1.4 };
    }
    let flooded = format!(
        "{} sent in {:.1} s, {} lost; sender {:.2} cores",
        grouped(flood.sent),
        flood.sending.as_secs_f64(),
        grouped(flood.lost()),
        flood.sender.as_secs_f64() / flood.sending.as_secs_f64()
    );
    let flood = Figure::new("stored of a flood over UDP", flood.rate(), Unit::PerSecond).beside(flooded);
    let name = "over UDP without a loss";
    let Some(trial) = best else {
        let why = format!("none of the rates was without a loss: {}", tried.join(", "));
        return Ok(vec![Figure { target: None, ..Figure::missing(name, why) }.at_least(TARGET), flood]);
    };
    let beside = format!(
        "for {:.1} s, {:.2} s until all was stored; {}; tried: {}",
        trial.sending.as_secs_f64(),
        trial.draining.as_secs_f64(),
        costs(trial.cpu, trial.sender, trial.sent, trial.sending),
        tried.join(", ")
    );
    Ok(vec![Figure::new(name, trial.rate(), Unit::PerSecond).at_least(TARGET).beside(beside), flood])
}
