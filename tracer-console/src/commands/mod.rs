//! What can be asked for on the command line.

mod analyze;
mod aws;
mod changes;
mod chosen;
mod completions;
mod destination;
mod documents;
mod endpoint;
mod event;
#[cfg(feature = "sqs")]
mod event_source;
mod export;
mod folded;
mod forward;
mod import;
mod kept;
mod lambda;
mod let_in;
mod lint;
mod losses;
mod manual;
mod map;
mod misuse;
mod otlp;
mod screen;
mod serve;
mod show;
mod stored;
mod summary_line;
mod table;
mod tail;
mod time;
mod token;
mod traces;
mod wait;

/// The program's.
const NAME: &str = "tracer-console";

/// X-Ray on your own machine.
#[derive(Debug, clap::Parser)]
#[command(name = NAME, version)]
pub(crate) struct Command {
    #[command(flatten)]
    pub(crate) color: colorchoice_clap::Color,
    #[command(subcommand)]
    pub(crate) chosen: Chosen,
}

#[derive(Debug, clap::Subcommand)]
pub(crate) enum Chosen {
    /// Be X-Ray: receive what tracers send, keep it, answer X-Ray's API
    Serve(serve::Serve),
    /// List the traces that a filter expression finds
    Traces(traces::Traces),
    /// Show traces as they arrive
    Tail(tail::Tail),
    /// Wait until traces that a filter expression finds are there: for tests
    Wait(wait::Wait),
    /// Draw which services call which, how well and how fast
    Map(map::Map),
    /// Say how fast and how well the traces of a service went
    Analyze(analyze::Analyze),
    /// Run a function binary as AWS Lambda does, and draw its traces
    ///
    /// Exits with 1 where the function failed or timed out, once every event was tried; with --stay, Ctrl-C ends it with 0.
    Lambda(Box<lambda::Lambda>),
    /// Draw traces, or the documents of files
    Show(show::Show),
    /// Say whether X-Ray would take documents, and what it would drop of them
    Lint(lint::Lint),
    /// Write the documents of traces into a file, one a line or as a page for a browser
    Export(export::Export),
    /// Take the documents of a file
    Import(import::Import),
    /// Receive and send on, in place of the X-Ray daemon: to AWS X-Ray, another console, an OpenTelemetry backend
    Forward(Box<forward::Forward>),
    /// Print a script that completes commands and flags in a shell
    Completions(completions::Completions),
    /// Print the manual's pages
    Man(manual::Manual),
}

pub(crate) use forward::of_daemon;
pub(crate) use misuse::exit_code;

/// What a command ends with when it fails.
pub(crate) type Failure = Box<dyn std::error::Error>;

/// Fails where the standard output did not take what a command said.
pub(crate) fn all_said() -> Result<(), Failure> {
    screen::Screen::all_said()
}

/// What an error says, on as many lines as it has: some of it may be what a far end said.
pub(crate) fn in_words(error: &dyn std::error::Error) -> String {
    error.to_string().split('\n').map(screen::Screen::printable).collect::<Vec<_>>().join("\n")
}
