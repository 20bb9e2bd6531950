//! What can be asked for on the command line.

mod analyze;
mod endpoint;
#[cfg(feature = "sqs")]
mod event_source;
mod kept;
mod lambda;
mod screen;
mod serve;
mod show;
mod traces;

/// X-Ray on your own machine.
#[derive(Debug, clap::Parser)]
#[command(name = "tracer-console", version)]
pub(crate) struct Command {
    #[command(subcommand)]
    pub(crate) chosen: Chosen,
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Chosen {
    /// Be X-Ray: receive what tracers send, keep it, answer X-Ray's API
    Serve(serve::Serve),
    /// List the traces that a filter expression finds
    Traces(traces::Traces),
    /// Say how fast and how well the traces of a service went
    Analyze(analyze::Analyze),
    /// Run a function binary as AWS Lambda does, and draw its traces
    Lambda(Box<lambda::Lambda>),
    /// Draw a trace, or the documents of a file
    Show(show::Show),
}

/// What a command ends with when it fails.
pub(crate) type Failure = Box<dyn std::error::Error>;
