//! `completions`: a script that completes this program's commands and flags in a shell.

use clap::CommandFactory as _;
use clap_complete::Shell;

use super::{Command, Failure, NAME};

#[derive(Debug, clap::Args)]
pub(crate) struct Completions {
    /// The shell that reads the script
    shell: Shell,
}

impl Completions {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let mut script = Vec::new();
        clap_complete::generate(self.shell, &mut Command::command(), NAME, &mut script);
        let script = String::from_utf8(script)?;
        // The two halves of bash's script write the program's hyphen differently, and so no command's flags would be
        // completed (clap-rs/clap#6421).
        let script = script.replace(&NAME.replace('-', "__subcmd__"), &NAME.replace('-', "__"));
        Ok(super::manual::write(script.as_bytes())?)
    }
}
