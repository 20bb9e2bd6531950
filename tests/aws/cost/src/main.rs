//! What tracing a call of the AWS SDK costs: `cargo run --release -p aws-call-cost`.
//!
//! `GetItem` of DynamoDB in one invocation after the other, ten calls each: once answered in this process at once, so that what is
//! left is the SDK's own work and ours; and once through the SDK's HTTP client and a socket. Compare two runs on a quiet
//! machine, not two machines.

mod allocations;
mod case;
mod connector;
mod instructions;

use std::process::Command;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, ensure};
use rustix::time::{ClockId, clock_gettime};

use case::{CALLS, Case, Subject, Transport};

const ROUNDS: usize = 301;
const WARM_UP: usize = 20;
/// Invocations of a round.
const INVOCATIONS: u32 = 20;

fn main() -> Result<()> {
    if std::env::var_os(FUNCTION).is_none() {
        return in_lambda();
    }
    let mut arguments = std::env::args().skip(1);
    if let (Some(name), Some(times)) = (arguments.next(), arguments.next()) {
        let case = Case::named(&name).context("no such case")?;
        case::start(case, Transport::InProcess)?.invoke_warm(times.parse()?);
        return Ok(());
    }
    for (title, transport) in
        [("answered in process", Transport::InProcess), ("through HTTP", Transport::Http)]
    {
        print(title, &compare(transport)?);
    }
    Ok(())
}

const FUNCTION: &str = "AWS_LAMBDA_FUNCTION_NAME";

/// Runs this program as if it were a function: there the SDK sends a trace header by itself, which is part of what an untraced
/// call costs.
fn in_lambda() -> Result<()> {
    let mut program = Command::new(std::env::current_exe()?);
    program.args(std::env::args_os().skip(1)).env(FUNCTION, "orders").env("_X_AMZN_TRACE_ID", case::SAMPLED);
    ensure!(program.status()?.success(), "the measurement failed");
    Ok(())
}

/// What one call costs.
struct Cost {
    wall_ns: f64,
    /// Of the calling thread.
    cpu_ns: f64,
    allocations: f64,
    instructions: Option<u64>,
}

fn compare(transport: Transport) -> Result<Vec<Cost>> {
    let start = |case| case::start(case, transport);
    let mut subjects = Case::ALL.into_iter().map(start).collect::<Result<Vec<_>>>()?;
    let mut rounds = vec![(Vec::new(), Vec::new()); subjects.len()];
    // In turn, so that what disturbs one disturbs all.
    for round in 0..WARM_UP + ROUNDS {
        for (subject, (walls, cpus)) in subjects.iter_mut().zip(&mut rounds) {
            let (wall, cpu) = (Instant::now(), cpu_ns());
            subject.invoke(INVOCATIONS);
            if round >= WARM_UP {
                walls.push(wall.elapsed().as_nanos() as f64);
                cpus.push(cpu_ns() - cpu);
            }
        }
    }
    subjects
        .iter_mut()
        .zip(rounds)
        .map(|(subject, (walls, cpus))| cost(subject, transport, walls, cpus))
        .collect()
}

fn cost(subject: &mut Subject, transport: Transport, walls: Vec<f64>, cpus: Vec<f64>) -> Result<Cost> {
    let calls = f64::from(INVOCATIONS * CALLS);
    let allocations = allocations::during(|| subject.invoke(INVOCATIONS)) as f64;
    let instructions = match transport {
        Transport::InProcess => instructions::of_one_call(subject.case)?,
        // The server's would be among them.
        Transport::Http => None,
    };
    Ok(Cost {
        wall_ns: median(walls) / calls,
        cpu_ns: median(cpus) / calls,
        allocations: allocations / calls,
        instructions,
    })
}

fn cpu_ns() -> f64 {
    let used = clock_gettime(ClockId::ThreadCPUTime);
    Duration::try_from(used).map_or(f64::NAN, |used| used.as_nanos() as f64)
}

fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn print(title: &str, costs: &[Cost]) {
    let [untraced, ..] = costs else { return };
    println!(
        "{title}\n{:<10} {:>9} {:>9} {:>12} {:>13}   more than untraced",
        "one call", "wall µs", "CPU µs", "allocations", "instructions"
    );
    for (case, cost) in Case::ALL.iter().zip(costs) {
        let instructions = cost.instructions.map_or_else(|| "–".to_owned(), |count| count.to_string());
        println!(
            "{:<10} {:>9.2} {:>9.2} {:>12.1} {instructions:>13}   {}",
            case.name(),
            cost.wall_ns / 1000.0,
            cost.cpu_ns / 1000.0,
            cost.allocations,
            more(cost, untraced),
        );
    }
}

fn more(cost: &Cost, untraced: &Cost) -> String {
    let part = |own: f64, untraced: f64| (own - untraced) * 100.0 / untraced;
    let [wall, cpu] = [(cost.wall_ns, untraced.wall_ns), (cost.cpu_ns, untraced.cpu_ns)]
        .map(|(own, untraced)| format!("{:.2} µs ({:.1} %)", (own - untraced) / 1000.0, part(own, untraced)));
    let allocations = cost.allocations - untraced.allocations;
    let instructions = cost.instructions.zip(untraced.instructions).map(|(own, untraced)| {
        let (own, untraced) = (own as f64, untraced as f64);
        format!(", {:.0} instructions ({:.1} %)", own - untraced, part(own, untraced))
    });
    format!("wall {wall}, CPU {cpu}, {allocations:.1} allocations{}", instructions.unwrap_or_default())
}
