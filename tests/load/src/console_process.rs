//! The console under measurement: built by cargo, run in a process of its own.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStderr, ChildStdout, Command, Stdio};
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail, ensure};

use crate::api::Api;
use crate::process::{self, Memory};

/// Asks cargo for the program, built as this one is.
pub(crate) fn build(features: &[&str]) -> Result<PathBuf> {
    let mut cargo = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into()));
    cargo.args(["build", "--quiet", "--package", "tracer-console", "--bin", "tracer-console"]);
    cargo.args(["--message-format", "json", "--manifest-path"]);
    cargo.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("../../Cargo.toml"));
    if !cfg!(debug_assertions) {
        cargo.arg("--release");
    }
    if !features.is_empty() {
        cargo.args(["--features", &features.join(",")]);
    }
    let output = cargo.stderr(Stdio::inherit()).output().context("cargo")?;
    ensure!(output.status.success(), "cargo does not build tracer-console: see above");
    let said = String::from_utf8(output.stdout)?;
    let messages = said.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
    let mut programs = messages.filter_map(|message| message["executable"].as_str().map(PathBuf::from));
    programs.next().context("cargo says of no program where it is")
}

/// `tracer-console serve`, killed when it is dropped.
#[derive(Debug)]
pub(crate) struct Console {
    process: Child,
    lines: BufReader<ChildStdout>,
    said: Option<JoinHandle<String>>,
    pub(crate) address: SocketAddr,
    /// SO_RCVBUF as it was granted, of all sockets, in bytes.
    pub(crate) buffer: u64,
    /// From its start until the first request was answered.
    pub(crate) ready: Duration,
}

/// What the console says at its end of what came over UDP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) received: u64,
    pub(crate) refused: u64,
    pub(crate) dropped: u64,
    pub(crate) dropped_by_kernel: u64,
}

impl Console {
    /// On a free port, with traces in a file.
    pub(crate) fn start(mut command: Command, database: &Path) -> Result<Self> {
        command.args(["serve", "--quiet", "--listen", "127.0.0.1:0", "--max-size", "65536", "--db"]);
        command.arg(database).stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let begin = Instant::now();
        let mut process = command.spawn().with_context(|| format!("{command:?}"))?;
        let mut lines = BufReader::new(process.stdout.take().context("no standard output")?);
        let said = process.stderr.take().context("no standard error")?;
        let mut ready = String::new();
        lines.read_line(&mut ready)?;
        let Some(address) = ready.split([' ', ',']).find_map(|word| word.parse().ok()) else {
            bail!("the console did not start: {ready}{}", all_of(said));
        };
        let first = Api::at(address).call("/EncryptionConfig", &serde_json::json!({}));
        first.context("the console's first answer")?;
        let ready_after = begin.elapsed();
        let said = std::thread::spawn(move || all_of(said));
        let buffer = number_after(&ready, "buffer").unwrap_or_default();
        Ok(Self { process, lines, said: Some(said), address, buffer, ready: ready_after })
    }

    pub(crate) fn api(&self) -> Api {
        Api::at(self.address)
    }

    pub(crate) fn cpu(&self) -> Result<Duration> {
        process::cpu(self.process.id())
    }

    pub(crate) fn memory(&self) -> Result<Memory> {
        process::memory(self.process.id())
    }

    /// Ends as with Ctrl-C: what has arrived is stored first.
    pub(crate) fn interrupt(mut self) -> Result<Counts> {
        #[cfg(unix)]
        {
            let id = rustix::process::Pid::from_child(&self.process);
            rustix::process::kill_process(id, rustix::process::Signal::INT)?;
        }
        self.lines.read_to_string(&mut String::new())?;
        let status = self.process.wait()?;
        let said = self.said.take().and_then(|said| said.join().ok()).unwrap_or_default();
        ensure!(status.success(), "the console ended with {status}: {said}");
        counts_of(&said).with_context(|| format!("the console does not say what it received: {said}"))
    }

    /// Ends as if the power failed.
    pub(crate) fn kill(mut self) -> Result<()> {
        self.process.kill()?;
        self.process.wait()?;
        Ok(())
    }
}

impl Drop for Console {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn all_of(mut said: ChildStderr) -> String {
    let mut bytes = Vec::new();
    let _ = said.read_to_end(&mut bytes);
    String::from_utf8_lossy(&bytes).into_owned()
}

fn number_after(text: &str, words: &str) -> Option<u64> {
    let (_, after) = text.split_once(words)?;
    after.trim_start().split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

fn counts_of(said: &str) -> Option<Counts> {
    let (_, line) = said.lines().find_map(|line| line.split_once("; datagrams: "))?;
    Some(Counts {
        received: number_after(line, "received")?,
        refused: number_after(line, "refused")?,
        dropped: number_after(line, "dropped")?,
        dropped_by_kernel: number_after(line, "by the kernel").unwrap_or_default(),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_words_of_the_console_are_understood() {
        let said = "a word before\nreceived 13, refused 4; datagrams: received 12, refused 3, dropped 4 and by the kernel 5\n";
        let expected = Counts { received: 12, refused: 3, dropped: 4, dropped_by_kernel: 5 };
        assert_eq!(counts_of(said), Some(expected));
        assert_eq!(counts_of("nothing"), None);
    }
}
