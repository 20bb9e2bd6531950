//! `man`: the manual's pages, for `man`.

mod sections;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use clap::CommandFactory as _;
use clap_mangen::Man;
use clap_mangen::roff::{Inline, Roff, bold, roman};

use self::sections::{examples, statuses, variables};
use super::misuse::Misuse;
use super::{Command, Failure, NAME};

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
        let program = program();
        if let Some(directory) = self.directory {
            let pages = write_all(&program, &directory);
            return pages
                .map_err(|error| format!("cannot write into {}: {error}", directory.display()).into());
        }
        let mut text = Vec::new();
        page(self.of(&program)?, &program, &mut text)?;
        Ok(write(&text)?)
    }

    fn of<'p>(&self, program: &'p clap::Command) -> Result<&'p clap::Command, Failure> {
        let Some(command) = &self.command else { return Ok(program) };
        let found = program.find_subcommand(command);
        found.ok_or_else(|| Misuse::of(format!("there is no command {command:?}; see `{NAME} --help`")))
    }
}

/// With the flags for all commands at each.
fn program() -> clap::Command {
    let mut program = Command::command().disable_help_subcommand(true);
    program.build();
    program
}

fn write_all(program: &clap::Command, directory: &Path) -> io::Result<()> {
    std::fs::create_dir_all(directory)?;
    for command in program.get_subcommands().chain([program]) {
        let mut text = Vec::new();
        page(command, program, &mut text)?;
        std::fs::write(directory.join(format!("{}.1", title(command))), text)?;
    }
    Ok(())
}

fn title(command: &clap::Command) -> &str {
    command.get_display_name().unwrap_or_else(|| command.get_name())
}

/// As clap has it, and what it does not know of.
fn page(command: &clap::Command, program: &clap::Command, text: &mut dyn Write) -> io::Result<()> {
    let version = program.get_version().unwrap_or_default();
    let man = Man::new(command.clone()).source(format!("{NAME} {version}"));
    man.render_title(text)?;
    man.render_name_section(text)?;
    man.render_synopsis_section(text)?;
    man.render_description_section(text)?;
    man.render_options_section(text)?;
    if command.has_subcommands() {
        man.render_subcommands_section(text)?;
    }
    notes(command).to_writer(text)?;
    environment(command).to_writer(text)?;
    exit_status(command).to_writer(text)?;
    examples_of(command).to_writer(text)?;
    see_also(command, program).to_writer(text)?;
    if command.get_version().is_some() {
        man.render_version_section(text)?;
    }
    Ok(())
}

fn notes(command: &clap::Command) -> Roff {
    let mut roff = Roff::new();
    if let Some(help) = command.get_after_long_help().or(command.get_after_help()) {
        roff.control("SH", ["NOTES"]).text([roman(help.to_string())]);
    }
    roff
}

fn environment(command: &clap::Command) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["ENVIRONMENT"]);
    for variable in variables(command) {
        entry(&mut roff, bold(variable.name), variable.means);
    }
    roff
}

fn exit_status(command: &clap::Command) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["EXIT STATUS"]);
    for (status, means) in statuses(command.get_name()) {
        entry(&mut roff, bold(status), means);
    }
    roff
}

fn examples_of(command: &clap::Command) -> Roff {
    let mut roff = Roff::new();
    roff.control("SH", ["EXAMPLES"]);
    for (line, does) in examples(command.get_name()) {
        entry(&mut roff, bold(*line), does);
    }
    roff
}

fn see_also(command: &clap::Command, program: &clap::Command) -> Roff {
    let others = program.get_subcommands().chain([program]).filter(|other| title(other) != title(command));
    let pages: Vec<_> = others.map(|other| format!("{}(1)", title(other))).collect();
    let mut roff = Roff::new();
    roff.control("SH", ["SEE ALSO"]).text([roman(pages.join(", "))]);
    roff.control("PP", []).text([roman(sections::ELSEWHERE)]);
    roff
}

/// What something is called, and below it what it means.
fn entry(roff: &mut Roff, name: Inline, means: &str) {
    roff.control("TP", []).text([name]).text([roman(means)]);
}

/// On the standard output, as it is; a reader that has gone is no failure.
pub(super) fn write(text: &[u8]) -> io::Result<()> {
    let mut output = io::stdout().lock();
    match output.write_all(text).and_then(|()| output.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        done => done,
    }
}

#[cfg(test)]
mod tests {
    use clap::Parser as _;

    use super::*;

    /// As a shell does, as far as the examples need it.
    fn words(line: &str) -> Vec<String> {
        let mut words = vec![String::new()];
        let mut is_quoted = false;
        for c in line.chars() {
            match c {
                '\'' => is_quoted = !is_quoted,
                ' ' if !is_quoted => words.push(String::new()),
                c => words.last_mut().expect("there is one from the start").push(c),
            }
        }
        words
    }

    #[test]
    fn every_command_has_examples_of_its_own_that_it_takes() {
        let program = program();
        for command in program.get_subcommands() {
            for (line, _) in examples(command.get_name()) {
                assert_eq!(words(line)[1], command.get_name(), "{line}");
                if let Err(error) = Command::try_parse_from(words(line)) {
                    panic!("{line}: {error}");
                }
            }
        }
    }
}
