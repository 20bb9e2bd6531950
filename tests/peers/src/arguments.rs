//! What was typed.

use clap::{Parser, Subcommand};

/// Compares what tracing an invocation costs with this project, with its peers, and at the least possible
#[derive(Debug, Parser)]
#[command(name = "cargo peers")]
pub(crate) struct Arguments {
    #[command(subcommand)]
    pub(crate) command: Option<Command>,
    /// Only these cases; ratios need `limit` among them
    #[arg(long, value_name = "CASE", value_delimiter = ',')]
    pub(crate) only: Vec<String>,
    /// How many captured children an invocation has
    #[arg(long, value_name = "N", value_delimiter = ',', default_values_t = [1, 10, 100])]
    pub(crate) n: Vec<usize>,
    /// How many rounds of five passes each case gets
    #[arg(long, default_value_t = 9)]
    pub(crate) rounds: usize,
    /// Without the instructions, which valgrind counts slowly
    #[arg(long)]
    pub(crate) no_instructions: bool,
    /// One JSON object a line instead of the table
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Subcommand)]
pub(crate) enum Command {
    /// Invokes one case so many times and ends: for a profiler
    Invoke {
        case: String,
        /// How many captured children an invocation has
        #[arg(short = 'n', long, default_value_t = 10)]
        children: usize,
        #[arg(long, default_value_t = 1000)]
        times: u64,
    },
    /// Compares programs of one file: their crates, build time and size, and how long they take from start to exit
    Startup {
        /// How often each is started
        #[arg(long, default_value_t = 200)]
        times: usize,
    },
    /// Compares what it costs to trace an HTTP request, by client; `--json` and `--no-instructions` go before it
    Http {
        /// How many requests an invocation makes
        #[arg(long, default_value_t = 20)]
        requests: usize,
        /// How many rounds of five passes each case gets: the difference is small, so it takes many
        #[arg(long, default_value_t = 41)]
        rounds: usize,
    },
    /// Answers tasks on the socket at standard input
    #[command(hide = true)]
    Work { case: String },
}
