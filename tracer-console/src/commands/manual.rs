//! `man`: the manual's pages, for `man`.

use std::io::Write as _;
use std::path::PathBuf;

use clap::CommandFactory as _;

use super::{Command, Failure};

#[derive(Debug, clap::Args)]
pub(crate) struct Manual {
    /// The page of one command [default: the program's]
    #[arg(conflicts_with = "directory")]
    command: Option<String>,
    /// Write all pages there, a file each
    #[arg(long, value_name = "DIRECTORY")]
    directory: Option<PathBuf>,
}

impl Manual {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let program = Command::command();
        if let Some(directory) = self.directory {
            let pages = std::fs::create_dir_all(&directory)
                .and_then(|()| clap_mangen::generate_to(program, &directory));
            return pages
                .map_err(|error| format!("cannot write into {}: {error}", directory.display()).into());
        }
        let mut page = Vec::new();
        clap_mangen::Man::new(self.of(program)?).render(&mut page)?;
        Ok(write(&page)?)
    }

    fn of(&self, mut program: clap::Command) -> Result<clap::Command, Failure> {
        let Some(command) = &self.command else { return Ok(program) };
        // Flags for all commands belong to each page.
        program.build();
        let found = program.find_subcommand(command).cloned();
        found.ok_or_else(|| format!("there is no command {command:?}; see `{} --help`", super::NAME).into())
    }
}

/// On the standard output, as it is; a reader that has gone is no failure.
pub(super) fn write(text: &[u8]) -> std::io::Result<()> {
    let mut output = std::io::stdout().lock();
    match output.write_all(text).and_then(|()| output.flush()) {
        Err(error) if error.kind() == std::io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}
