//! Builds the order service, runs it in the local Lambda with events as API Gateway sends them, and draws each trace.

mod build;
mod case;

use std::error::Error;
use std::time::Duration;

use anstyle::Style;
use clap::Parser;
use tracer_console::{Console, ConsoleOptions, Function, LocalLambda, Trace, Waterfall};

use crate::case::{Case, cases};

/// Runs the order service in the local Lambda and draws its traces.
#[derive(Debug, Parser)]
struct Args {
    /// Stay up afterwards and draw every trace that arrives, until Ctrl-C
    #[arg(long)]
    stay: bool,
    /// How many columns to draw in
    #[arg(long, default_value_t = 110)]
    width: usize,
    /// Show the metadata too
    #[arg(long)]
    metadata: bool,
}

fn main() -> Result<(), Box<dyn Error>> {
    let args = Args::parse();
    let binary = build::order_service()?;
    let console = Console::start(ConsoleOptions::any_port())?;
    let lambda = LocalLambda::builder().console(&console).start()?;
    let function = lambda
        .function("order-service", binary)
        .timeout(Duration::from_secs(5))
        .env("POWERTOOLS_SERVICE_NAME", "order-service")
        .start()?;

    let mut wrong = Vec::new();
    for case in cases() {
        if let Err(difference) = run(&case, &function, &console, &args) {
            wrong.push(format!("{}: {difference}", case.name));
        }
    }
    if !wrong.is_empty() {
        return Err(format!("not as it should be:\n{}", wrong.join("\n")).into());
    }
    if args.stay {
        stay(&console, &lambda, &args);
    }
    Ok(())
}

/// Invokes the function, draws the trace, and compares it with what the case says.
fn run(case: &Case, function: &Function, console: &Console, args: &Args) -> Result<(), Box<dyn Error>> {
    let bold = Style::new().bold();
    anstream::println!("{bold}▸ {}{bold:#}", case.name);
    let result = function.invoke(case.invocation())?;
    let id = result.trace_id().ok_or("it has no trace")?;
    let trace = console.store().wait_for_trace(id, Trace::is_settled, Duration::from_secs(5))?;
    anstream::println!("{}", Waterfall::new(&trace).width(args.width).metadata(args.metadata));
    case.check(&result, &trace)?;
    Ok(())
}

/// Draws what arrives, until the process is ended.
fn stay(console: &Console, lambda: &LocalLambda, args: &Args) {
    anstream::println!(
        "documents: udp {}   invocations: {}   Ctrl-C ends",
        console.local_addr(),
        lambda.endpoint()
    );
    let store = console.store();
    let mut drawn = store.revision();
    loop {
        let revision = store.wait_for_change(drawn, Duration::from_secs(3600));
        for (id, _) in store.changed_since(drawn) {
            let settled = store.wait_for_trace(id, Trace::is_settled, Duration::from_secs(10));
            if let Some(trace) = settled.ok().or_else(|| store.trace(id)) {
                anstream::println!("{}", Waterfall::new(&trace).width(args.width).metadata(args.metadata));
            }
        }
        drawn = revision.max(store.revision());
    }
}
