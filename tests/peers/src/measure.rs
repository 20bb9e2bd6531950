//! Rounds of passes: the cases in turn, so that what disturbs one disturbs all.

use anyhow::{Context, Result};

use crate::arguments::Arguments;
use crate::case::{self, Case};
use crate::daemon::Daemon;
use crate::report::{self, Row};
use crate::worker::{Cost, Task, Worker};
use crate::{instructions, machine, same_document};

const PASSES: usize = 5;
/// How long a pass takes at least: well above the clock's grain and a few turns of the scheduler.
const PASS_NS: u64 = 10_000_000;

pub(crate) fn run(arguments: &Arguments) -> Result<()> {
    let daemon = Daemon::start()?;
    same_document::check(&daemon)?;
    let mut subjects = Vec::new();
    for case in chosen(&arguments.only)? {
        match case.missing() {
            Some(reason) => eprintln!("! {} is skipped: {reason}", case.name),
            None => subjects.push(Subject::start(case, &daemon)?),
        }
    }
    let counts = !arguments.no_instructions && instructions::are_countable();
    let mut rows = Vec::new();
    for children in &arguments.n {
        rows.extend(rows_of(*children, &mut subjects, arguments.rounds, &daemon)?);
    }
    drop(subjects);
    if counts {
        for row in &mut rows {
            row.instructions = instructions::of_one(row.case, row.n, daemon.address())?;
        }
    }
    report::print(&machine::line(&daemon), &rows, arguments.json)
}

fn chosen(only: &[String]) -> Result<Vec<&'static Case>> {
    if only.is_empty() {
        Ok(case::ALL.iter().collect())
    } else {
        only.iter().map(|name| case::named(name)).collect()
    }
}

/// A case under measurement.
pub(crate) struct Subject {
    pub(crate) case: &'static Case,
    worker: Worker,
    invocations: u64,
    /// Of one invocation.
    pub(crate) allocations: Option<f64>,
    /// The passes of each round.
    rounds: Vec<Vec<Cost>>,
    done: u64,
    received: (u64, u64),
}

impl Subject {
    pub(crate) fn start(case: &'static Case, daemon: &Daemon) -> Result<Self> {
        let worker = Worker::start(case, daemon.address())?;
        Ok(Self {
            case,
            worker,
            invocations: 1,
            allocations: None,
            rounds: Vec::new(),
            done: 0,
            received: (0, 0),
        })
    }

    /// Warms up, finds how many invocations a pass takes, and counts allocations.
    fn prepare(&mut self, children: usize, daemon: &Daemon) -> Result<()> {
        (self.rounds, self.done, self.received) = (Vec::new(), 0, (0, 0));
        self.invocations = 1;
        while self.perform(children, false)?.wall_ns < PASS_NS {
            self.invocations *= 2;
        }
        let counted = self.perform(children, true)?.allocations;
        self.allocations = counted.map(|allocations| allocations as f64 / self.invocations as f64);
        daemon.received()?;
        Ok(())
    }

    fn perform(&mut self, children: usize, counts_allocations: bool) -> Result<Cost> {
        let task = Task { children, invocations: self.invocations, counts_allocations };
        self.worker.perform(task).with_context(|| format!("case {}", self.case.name))
    }

    fn pass(&mut self, children: usize, daemon: &Daemon) -> Result<()> {
        let cost = self.perform(children, false)?;
        let received = daemon.received()?;
        self.rounds.last_mut().context("no round")?.push(cost);
        self.done += self.invocations;
        self.received.0 += received.datagrams;
        self.received.1 += received.bytes;
        Ok(())
    }

    /// The median of each round, for one invocation.
    pub(crate) fn medians(&self, of: fn(&Cost) -> u64) -> Vec<f64> {
        let one = |passes: &Vec<Cost>| {
            median(passes.iter().map(|cost| of(cost) as f64 / self.invocations as f64).collect())
        };
        self.rounds.iter().map(one).collect()
    }

    /// How many datagrams an invocation sent, as received.
    pub(crate) fn datagrams(&self) -> f64 {
        self.received.0 as f64 / self.done as f64
    }

    fn row(&self, children: usize, limit: Option<&[f64]>) -> Row {
        let wall = self.medians(|cost| cost.wall_ns);
        let ratios = |limit: &[f64]| median(wall.iter().zip(limit).map(|(own, limit)| own / limit).collect());
        Row {
            case: self.case,
            n: children,
            ratio_wall: limit.map(ratios),
            wall_ns: median(wall),
            cpu_ns: median(self.medians(|cost| cost.cpu_ns)),
            instructions: None,
            allocations: self.allocations,
            datagrams: self.datagrams(),
            bytes: self.received.1 as f64 / self.done as f64,
        }
    }
}

fn rows_of(children: usize, subjects: &mut [Subject], rounds: usize, daemon: &Daemon) -> Result<Vec<Row>> {
    measure(children, subjects, rounds, daemon)?;
    let limit = subjects.iter().find(|subject| subject.case.name == "limit");
    let limit = limit.map(|limit| limit.medians(|cost| cost.wall_ns));
    Ok(subjects.iter().map(|subject| subject.row(children, limit.as_deref())).collect())
}

/// Gives each subject its rounds, in turn with the others.
pub(crate) fn measure(
    children: usize,
    subjects: &mut [Subject],
    rounds: usize,
    daemon: &Daemon,
) -> Result<()> {
    for subject in subjects.iter_mut() {
        subject.prepare(children, daemon)?;
    }
    for _ in 0..rounds {
        subjects.iter_mut().for_each(|subject| subject.rounds.push(Vec::new()));
        for _ in 0..PASSES {
            for subject in subjects.iter_mut() {
                subject.pass(children, daemon)?;
            }
        }
    }
    Ok(())
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
