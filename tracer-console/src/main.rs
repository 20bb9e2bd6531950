//! X-Ray on your own machine, on the command line.

mod commands;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let done = match commands::Command::parse().chosen {
        commands::Chosen::Serve(serve) => serve.run(),
        commands::Chosen::Traces(traces) => traces.run(),
        commands::Chosen::Analyze(analyze) => analyze.run(),
        commands::Chosen::Lambda(lambda) => lambda.run(),
        commands::Chosen::Show(show) => show.run(),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!("tracer-console: {error}");
            ExitCode::FAILURE
        }
    }
}
