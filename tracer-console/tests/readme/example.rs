//! An example: a command line behind `$ cargo console`, and what it prints.

use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use crate::shape::shape;

/// In blocks of this kind every command is run.
const FENCE: &str = "```console";
const PROMPT: &str = "$ cargo console ";
/// Behind a command that goes on until it is interrupted.
const GOES_ON: &str = " &";

#[derive(Debug)]
pub(crate) struct Example {
    /// As a shell reads it.
    line: String,
    printed: Vec<String>,
}

/// All that stand in a text.
pub(crate) fn examples(text: &str) -> Vec<Example> {
    let mut examples: Vec<Example> = Vec::new();
    let mut is_within = false;
    for line in text.lines() {
        match line {
            _ if line.starts_with("```") => is_within = line == FENCE,
            _ if !is_within => {}
            _ if line.starts_with(PROMPT) => {
                let line = line[PROMPT.len()..].split("   #").next().unwrap_or_default().trim();
                examples.push(Example { line: line.to_owned(), printed: Vec::new() });
            }
            _ => examples
                .last_mut()
                .expect("a command stands before what it prints")
                .printed
                .push(line.to_owned()),
        }
    }
    examples
}

impl Example {
    /// The name of the command.
    pub(crate) fn command(&self) -> &str {
        self.line.split_whitespace().next().unwrap_or_default()
    }

    /// What it prints, its errors too, where a console with the README's traces is at `address`.
    pub(crate) fn run(&self, address: SocketAddr, scratch: &Path, trace: &str) -> String {
        let mut shell = Command::new("sh");
        shell.current_dir(scratch).stdin(Stdio::null()).stdout(Stdio::piped());
        shell.env("CONSOLE", env!("CARGO_BIN_EXE_tracer-console")).env_remove("CLICOLOR_FORCE");
        shell
            .env("AWS_ENDPOINT_URL_XRAY", format!("http://{address}"))
            .env("XDG_DATA_HOME", scratch)
            .env("TRACE", trace);
        match self.line.strip_suffix(GOES_ON) {
            Some(line) => first_lines(&mut shell, &free_ports(line), self.lines().len()),
            None => {
                let output =
                    shell.args(["-c", &format!("\"$CONSOLE\" {} 2>&1", with_function(&self.line))]).output();
                String::from_utf8(output.unwrap().stdout).unwrap()
            }
        }
    }

    fn lines(&self) -> Vec<&str> {
        self.printed.iter().map(String::as_str).filter(|line| !line.trim().is_empty()).collect()
    }

    /// What is other than it stands there.
    pub(crate) fn differs_from(&self, printed: &str) -> Option<String> {
        let expected: Vec<_> = self.lines().into_iter().map(shape).collect();
        let found: Vec<_> = printed.lines().filter(|line| !line.trim().is_empty()).map(shape).collect();
        (!matches(&expected, &found)).then(|| format!("$ cargo console {}\n{printed}", self.line))
    }
}

/// A line of `…` stands for any lines, and at the end of a line for the rest of it.
fn matches(expected: &[String], found: &[String]) -> bool {
    match expected {
        [] => found.is_empty(),
        [any, rest @ ..] if any == "…" => (0..=found.len()).any(|from| matches(rest, &found[from..])),
        [line, rest @ ..] => found.split_first().is_some_and(|(first, others)| {
            let is_same = line.strip_suffix('…').map_or(first == line, |begin| first.starts_with(begin));
            is_same && matches(rest, others)
        }),
    }
}

/// The daemon's port may be taken here.
fn free_ports(line: &str) -> String {
    line.replace("127.0.0.1:2000", "127.0.0.1:0").replace("127.0.0.1:4317", "127.0.0.1:0")
}

/// The reader's function is the one that says back what it is told.
fn with_function(line: &str) -> String {
    let debug: PathBuf = Path::new(env!("CARGO_BIN_EXE_tracer-console")).parent().unwrap().into();
    line.replace("target/debug/your-function", debug.join("examples/echo_function").to_str().unwrap())
}

/// The first lines that a command prints that goes on.
fn first_lines(shell: &mut Command, line: &str, count: usize) -> String {
    let mut process = shell.args(["-c", &format!("exec \"$CONSOLE\" {line} 2>&1")]).spawn().unwrap();
    let output = BufReader::new(process.stdout.take().unwrap());
    let lines: Vec<_> = output.lines().take(count).map_while(Result::ok).collect();
    let _ = process.kill();
    let _ = process.wait();
    lines.join("\n")
}
