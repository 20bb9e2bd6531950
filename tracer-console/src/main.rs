//! X-Ray on your own machine, on the command line.

mod commands;

use std::process::ExitCode;

use clap::Parser as _;

fn main() -> ExitCode {
    let command = commands::Command::parse_from(commands::of_daemon(std::env::args_os()));
    command.color.write_global();
    let done = match command.chosen {
        commands::Chosen::Serve(serve) => serve.run(),
        commands::Chosen::Traces(traces) => traces.run(),
        commands::Chosen::Analyze(analyze) => analyze.run(),
        commands::Chosen::Lambda(lambda) => lambda.run(),
        commands::Chosen::Show(show) => show.run(),
        commands::Chosen::Tail(tail) => tail.run(),
        commands::Chosen::Wait(wait) => wait.run(),
        commands::Chosen::Map(map) => map.run(),
        commands::Chosen::Lint(lint) => lint.run(),
        commands::Chosen::Export(export) => export.run(),
        commands::Chosen::Import(import) => import.run(),
        commands::Chosen::Forward(forward) => forward.run(),
        commands::Chosen::Completions(completions) => completions.run(),
        commands::Chosen::Man(manual) => manual.run(),
    };
    match done.and_then(|()| commands::all_said()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            anstream::eprintln!("tracer-console: {}", commands::in_words(&*error));
            commands::exit_code(&error)
        }
    }
}
