//! How fast the console is: each figure that is promised, measured in one run, beside what else answers X-Ray at home.
//!
//! The console is a process of its own and is spoken to over the wire only. What sends is this process: its share of the
//! processors is said beside each figure, as both share the machine.

mod api;
mod arguments;
mod bench;
mod burst;
mod console_process;
mod document;
mod figures;
mod graphs;
mod kill;
mod latencies;
mod machine;
mod million;
mod peers;
mod process;
mod put_sender;
mod questions;
mod ready;
mod report;
mod scale;
mod size;
mod sustained;
mod udp_sender;

use std::process::ExitCode;

use anyhow::Result;
use clap::Parser as _;

use arguments::{Arguments, Subject};
use bench::Bench;
use figures::{Figure, Section};
use machine::Machine;
use scale::Scale;

fn main() -> Result<ExitCode> {
    let arguments = Arguments::parse();
    let scale = if arguments.quick { Scale::quick() } else { Scale::full() };
    let program = arguments.program.clone().map_or_else(|| console_process::build(&[]), Ok)?;
    let bench = Bench::new(program, scale)?;
    let mut machine = Machine::look(bench.directory())?;
    machine.add("SO_RCVBUF granted", granted(&bench)?);
    machine.print(arguments.json);
    let mut failed = false;
    for subject in arguments.subjects() {
        eprintln!("measuring: {subject:?}");
        for section in measure(subject, &bench) {
            section.print(arguments.json);
            failed |= section.is_incomplete();
        }
    }
    Ok(if failed { ExitCode::FAILURE } else { ExitCode::SUCCESS })
}

/// A burst may be as large as the console's socket buffers, and no larger.
fn granted(bench: &Bench) -> Result<String> {
    let database = bench.database()?;
    Ok(format!("{} bytes", bench.console(&database)?.buffer))
}

/// What cannot be measured is a row that says why.
fn measure(subject: Subject, bench: &Bench) -> Vec<Section> {
    let (name, title, figures) = match subject {
        Subject::Ready => ("ready", "start and idle", ready::measure(bench)),
        Subject::Size => ("size", "the program", size::measure(bench)),
        Subject::SizeAws => ("size", "the program", size::measure_with_aws(bench)),
        Subject::Burst => ("burst", "bursts", burst::measure(bench)),
        Subject::Sustained => ("sustained", "intake, durable", sustained::measure(bench)),
        Subject::Kill => ("kill", "kill -9 under load", kill::measure(bench)),
        Subject::Peers => ("peers", "beside the peers", peers::measure(bench)),
        Subject::Million => match million::measure(bench) {
            Ok(sections) => return sections,
            Err(error) => ("million", "many traces", Err(error)),
        },
    };
    let figures = figures.unwrap_or_else(|error| {
        let why = format!("{error:#}");
        vec![Figure { target: Some(figures::Target::AtMost(0.0)), ..Figure::missing(name, why) }]
    });
    vec![Section { subject: name, title: title.to_owned(), figures }]
}
