//! What tracing an invocation costs: with this project, with its peers, and at the least possible.
//!
//! Each case runs in a process of its own, so that its threads, its allocations and its global state are its own; the
//! main process drains the socket to which all of them send, and asks them in turn for a little of their work.

mod allocations;
mod arguments;
mod case;
mod cases;
mod daemon;
mod http;
mod http_server;
mod instructions;
mod machine;
mod measure;
mod report;
mod same_document;
mod startup;
mod worker;
mod workload;

use anyhow::Result;
use clap::Parser;

use arguments::{Arguments, Command};

fn main() -> Result<()> {
    let arguments = Arguments::parse();
    match &arguments.command {
        Some(Command::Work { case }) => worker::serve(case::named(case)?),
        Some(Command::Invoke { case, children, times }) => {
            worker::invoke(case::named(case)?, *children, *times)
        }
        Some(Command::Startup { times }) => startup::run(*times),
        Some(Command::Http { requests, rounds }) => http::run(*requests, *rounds, &arguments),
        None => measure::run(&arguments),
    }
}
