//! A command that goes on, and what it says.

use std::io::{BufRead as _, BufReader, Read as _};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, channel};
use std::thread::JoinHandle;
use std::time::Duration;

use serde_json::Value;

use crate::serving::{Serving, program};

const PATIENCE: Duration = Duration::from_secs(60);

/// A command that runs until it has ended by itself, or the test has.
pub(crate) struct Running {
    process: Child,
    lines: Receiver<String>,
    errors: Option<JoinHandle<String>>,
}

/// How a command ended.
#[derive(Debug)]
pub(crate) struct Ended {
    pub(crate) code: Option<i32>,
    /// What it said and was not read before.
    pub(crate) lines: Vec<String>,
    pub(crate) errors: String,
}

impl Running {
    /// A command that asks this console.
    pub(crate) fn with(serving: &Serving, arguments: &[&str]) -> Self {
        Self::start(program().args(arguments).args(["--endpoint", &serving.endpoint()]))
    }

    pub(crate) fn start(command: &mut Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let output = BufReader::new(process.stdout.take().unwrap());
        let mut errors = process.stderr.take().unwrap();
        let (said, lines) = channel();
        std::thread::spawn(move || output.lines().map_while(Result::ok).try_for_each(|line| said.send(line)));
        let errors = std::thread::spawn(move || {
            let mut text = String::new();
            let _ = errors.read_to_string(&mut text);
            text
        });
        Self { process, lines, errors: Some(errors) }
    }

    /// The next line that it says.
    #[track_caller]
    pub(crate) fn line(&self) -> String {
        self.lines.recv_timeout(PATIENCE).expect("it says no more")
    }

    #[track_caller]
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.line()).unwrap()
    }

    /// Nobody reads on after the next line.
    #[cfg(unix)]
    pub(crate) fn unheard(self) -> Self {
        let mut running = self;
        running.lines = channel().1;
        running
    }

    /// Whether it is still running.
    pub(crate) fn goes_on(&mut self) -> bool {
        self.process.try_wait().unwrap().is_none()
    }

    /// Waits until it ends by itself.
    #[track_caller]
    pub(crate) fn end(mut self) -> Ended {
        let mut lines = Vec::new();
        loop {
            match self.lines.recv_timeout(PATIENCE) {
                Ok(line) => lines.push(line),
                Err(std::sync::mpsc::RecvTimeoutError::Disconnected) => break,
                Err(_) => panic!("it does not end; it said {lines:?}"),
            }
        }
        let code = self.process.wait().unwrap().code();
        Ended { code, lines, errors: self.errors.take().unwrap().join().unwrap() }
    }

    /// As with Ctrl-C.
    #[cfg(unix)]
    pub(crate) fn interrupt(&self) {
        let id = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
