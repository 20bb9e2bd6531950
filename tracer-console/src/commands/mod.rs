//! What can be asked for on the command line.

#[cfg(feature = "sqs")]
mod event_source;
mod lambda;
mod screen;
mod serve;
mod show;

/// X-Ray on your own machine.
#[derive(Debug, clap::Parser)]
#[command(name = "tracer-console", version)]
pub(crate) struct Command {
    #[command(subcommand)]
    pub(crate) chosen: Chosen,
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Chosen {
    /// Receive what tracers send and draw each trace when it is quiet
    Serve(serve::Serve),
    /// Run a function binary as AWS Lambda does, and draw its traces
    Lambda(Box<lambda::Lambda>),
    /// Draw the documents of a file, one a line
    Show(show::Show),
}

/// What a command ends with when it fails.
pub(crate) type Failure = Box<dyn std::error::Error>;
