//! What was typed.

use std::path::PathBuf;

use clap::{Parser, ValueEnum};

/// Measures the console: every figure that is promised, its target, and the machine's facts beside them
#[derive(Debug, Parser)]
#[command(name = "cargo load")]
pub(crate) struct Arguments {
    /// Only these
    #[arg(value_enum)]
    pub(crate) only: Vec<Subject>,
    /// As little of everything as shows that it works: the figures say nothing then
    #[arg(long)]
    pub(crate) quick: bool,
    /// Measure this program, such as one of before a change; cargo builds it unless it is named
    #[arg(long, value_name = "PATH")]
    pub(crate) program: Option<PathBuf>,
    /// One JSON object a line instead of the table: the machine, then a line for each figure
    #[arg(long)]
    pub(crate) json: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
pub(crate) enum Subject {
    /// From start to the first answer, and memory when idle
    Ready,
    /// The stripped program
    Size,
    /// 20,000 datagrams at once
    Burst,
    /// Intake that goes on, over UDP and HTTP
    Sustained,
    /// What kills under load lose
    Kill,
    /// Bytes on disk, and questions of many traces: TRACES says of how many, 200,000 unless it does
    Million,
    /// The others that answer X-Ray's API or take traces, where they are here
    Peers,
    /// The program with the features aws and https, built for this; only when it is named
    SizeAws,
}

impl Arguments {
    pub(crate) fn subjects(&self) -> Vec<Subject> {
        if !self.only.is_empty() {
            return self.only.clone();
        }
        let all = Subject::value_variants().iter().copied();
        // Peers may take long to start.
        all.filter(|subject| *subject != Subject::SizeAws && !(self.quick && *subject == Subject::Peers))
            .collect()
    }
}
