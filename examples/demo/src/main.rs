//! Builds the order service and its fulfillment, runs them in the local Lambda with events as API Gateway and SQS send
//! them, draws each trace, keeps it, and asks X-Ray's API for it again.

mod aws;
mod build;
mod case;
mod cases;
mod python;
mod questions;
mod seen;

use std::error::Error;
use std::path::PathBuf;
use std::process::ExitCode;
use std::sync::Arc;
use std::time::Duration;

use anstyle::Style;
use clap::Parser;
use tracer_console::{
    Console, ConsoleOptions, EventSourceMapping, Function, FunctionBuilder, LocalLambda, SqliteStore,
    Timestamp, Trace, TraceId, Waterfall,
};

use crate::aws::{Aws, Choice};
use crate::case::Case;
use crate::cases::cases;
use crate::questions::Known;

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
    /// Whose DynamoDB, S3 and SQS are called; unless said otherwise what Python has (the one on the PATH, or in TRACER_PYTHON), or else the embedded one
    #[arg(long)]
    aws: Option<Choice>,
    /// The database that keeps the traces [default: demo-traces.db beside this program]
    #[arg(long, value_name = "PATH")]
    db: Option<PathBuf>,
}

/// What runs while the cases are tried.
struct Demo {
    order_service: Function,
    /// Hands the queue's messages to the fulfillment.
    queue: EventSourceMapping,
    lambda: LocalLambda,
    console: Console,
    db: PathBuf,
    aws: Aws,
    args: Args,
}

fn main() -> ExitCode {
    match run(Args::parse()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run(args: Args) -> Result<(), Box<dyn Error>> {
    let demo = Demo::start(args)?;
    anstream::println!("DynamoDB, S3 and SQS: {}, {}\n", demo.aws.name(), demo.aws.endpoint());
    let since = Timestamp::now();
    let (mut known, mut wrong) = (Vec::new(), Vec::new());
    for case in cases() {
        match demo.try_case(&case) {
            Ok(of_case) => known.extend(of_case),
            Err(difference) => wrong.push(format!("{}: {difference}", case.name)),
        }
    }
    if !wrong.is_empty() {
        return Err(format!("not as it should be:\n{}", wrong.join("\n")).into());
    }
    questions::ask(&demo.console, since, &known)?;
    anstream::println!("\nThe traces are kept: cargo console serve --db {}", demo.db.display());
    if demo.args.stay {
        demo.stay();
    }
    Ok(())
}

impl Demo {
    fn start(args: Args) -> Result<Self, Box<dyn Error>> {
        let binaries = build::functions()?;
        let aws = Aws::start(args.aws)?;
        let db = args.db.clone().map_or_else(beside_this_program, Ok)?;
        let store = Arc::new(SqliteStore::open(&db)?);
        let console = Console::start(ConsoleOptions { store, ..ConsoleOptions::any_port() })?;
        let lambda = LocalLambda::builder().console(&console).start()?;
        let deployed = |function: FunctionBuilder, service| {
            let function = aws
                .variables()
                .into_iter()
                .fold(function, |function, (name, value)| function.env(name, value));
            function.timeout(Duration::from_secs(10)).env("POWERTOOLS_SERVICE_NAME", service)
        };
        let order_service = lambda.function("order-service", binaries.order_service);
        let order_service =
            deployed(order_service, "order-service").env("FULFILLMENT_QUEUE_URL", aws.queue_url()).start()?;
        let fulfillment =
            deployed(lambda.function("fulfillment", binaries.fulfillment), "fulfillment").start()?;
        let queue = fulfillment.event_source(aws.queue_url()).endpoint(aws.endpoint());
        let queue = queue.report_batch_item_failures().start()?;
        Ok(Self { order_service, queue, lambda, console, db, aws, args })
    }

    /// Invokes the order service, draws what comes of it, compares it with what the case says, and returns which traces
    /// there are now.
    fn try_case(&self, case: &Case) -> Result<Vec<Known>, Box<dyn Error>> {
        let bold = Style::new().bold();
        anstream::println!("{bold}▸ {}{bold:#}", case.name);
        let result = self.order_service.invoke(case.invocation())?;
        let id = result.trace_id().ok_or("it has no trace")?;
        let mut trace = self.settled(id)?;
        let fulfillment = if case.is_queued() { Some(self.fulfillment()?) } else { None };
        if fulfillment.is_some() {
            // Once more: only now is it known who took the message.
            trace = self.settled(id)?;
        }
        self.draw(&trace);
        case.check(&result, &trace)?;
        let mut known = vec![case.known(&trace)];
        if let Some(fulfillment) = fulfillment {
            self.draw(&fulfillment);
            case.check_fulfillment(&fulfillment)?;
            if !trace.linked_from().iter().any(|linked| linked.trace_id() == fulfillment.id()) {
                return Err("the fulfillment is not linked to the order".into());
            }
            known.push(case.known_fulfillment(&fulfillment));
        }
        Ok(known)
    }

    /// The trace of the function that took the order from the queue.
    fn fulfillment(&self) -> Result<Trace, Box<dyn Error>> {
        let batch = self.queue.wait_for_batch(Duration::from_secs(10))?;
        let id = batch.result().trace_id().ok_or("the fulfillment has no trace")?;
        self.settled(id)
    }

    fn settled(&self, id: TraceId) -> Result<Trace, Box<dyn Error>> {
        Ok(self.console.store().wait_for_trace(id, Trace::is_settled, Duration::from_secs(5))?)
    }

    fn draw(&self, trace: &Trace) {
        let waterfall = Waterfall::new(trace).width(self.args.width).metadata(self.args.metadata);
        anstream::println!("{waterfall}");
    }

    /// Draws what arrives, until the process is ended.
    fn stay(&self) {
        anstream::println!(
            "documents: udp {0}   X-Ray's API: http://{0}   invocations: {1}   AWS: {2}   Ctrl-C ends",
            self.console.local_addr(),
            self.lambda.endpoint(),
            self.aws.endpoint()
        );
        let store = self.console.store();
        let mut drawn = store.revision();
        loop {
            let revision = store.wait_for_change(drawn, Duration::from_secs(3600));
            for (id, _) in store.changed_since(drawn) {
                let settled = store.wait_for_trace(id, Trace::is_settled, Duration::from_secs(10));
                if let Some(trace) = settled.ok().or_else(|| store.trace(id)) {
                    self.draw(&trace);
                }
            }
            drawn = revision.max(store.revision());
        }
    }
}

fn beside_this_program() -> Result<PathBuf, std::io::Error> {
    Ok(std::env::current_exe()?.with_file_name("demo-traces.db"))
}
