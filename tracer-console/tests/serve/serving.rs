//! A console that serves, in a process of its own.

#[path = "call.rs"]
mod call;

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::{SocketAddr, UdpSocket};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Output, Stdio};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use serde_json::{Value, json};

pub(crate) use self::call::call;

const PATIENCE: Duration = Duration::from_secs(30);

/// `tracer-console serve`, killed when it is dropped.
pub(crate) struct Serving {
    process: Child,
    lines: BufReader<ChildStdout>,
    /// The first line that it said.
    pub(crate) ready: String,
    pub(crate) address: SocketAddr,
}

impl Serving {
    pub(crate) fn in_memory() -> Self {
        Self::with(&["--memory"])
    }

    /// At an address that is free.
    #[allow(dead_code, reason = "for the tests of other commands")]
    pub(crate) fn at(address: SocketAddr) -> Self {
        Self::listening(&address.to_string(), &["--memory"])
    }

    pub(crate) fn in_file(path: &Path) -> Self {
        Self::with(&["--db", path.to_str().unwrap()])
    }

    /// On a free port, and ready.
    fn with(arguments: &[&str]) -> Self {
        Self::listening("127.0.0.1:0", arguments)
    }

    pub(crate) fn listening(listen: &str, arguments: &[&str]) -> Self {
        let mut command = program();
        command.args(["serve", "--quiet", "--listen", listen]).args(arguments);
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap());
        let mut ready = String::new();
        lines.read_line(&mut ready).unwrap();
        let address = ready.split([' ', ',']).find_map(|word| word.parse().ok());
        let address = address.unwrap_or_else(|| panic!("no address in {ready:?}"));
        Self { process, lines, ready, address }
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Sends a document as a tracer does.
    pub(crate) fn send(&self, document: &Value) {
        let datagram = format!("{{\"format\":\"json\",\"version\":1}}\n{document}");
        UdpSocket::bind("127.0.0.1:0").unwrap().send_to(datagram.as_bytes(), self.address).unwrap();
    }

    /// What an operation of X-Ray's API answers.
    pub(crate) fn call(&self, path: &str, request: &Value) -> Value {
        call(self.address, path, request).unwrap_or_else(|why| panic!("{path}: {why}"))
    }

    /// The documents of a trace's segments, once `is_ready` says so.
    pub(crate) fn wait_for(&self, trace: &str, is_ready: impl Fn(&[Value]) -> bool) -> Vec<Value> {
        let deadline = Instant::now() + PATIENCE;
        loop {
            let segments = self.segments(trace);
            if is_ready(&segments) {
                return segments;
            }
            assert!(Instant::now() < deadline, "{trace} is not as expected: {segments:#?}");
            std::thread::sleep(Duration::from_millis(10));
        }
    }

    fn segments(&self, trace: &str) -> Vec<Value> {
        let answer = self.call("/Traces", &json!({ "TraceIds": [trace] }));
        let segments = answer["Traces"][0]["Segments"].as_array().cloned().unwrap_or_default();
        let document = |segment: &Value| serde_json::from_str(segment["Document"].as_str().unwrap()).unwrap();
        segments.iter().map(document).collect()
    }

    /// The ids of the traces of the last hour that a filter expression finds, newest first.
    pub(crate) fn found(&self, filter: &str) -> Vec<String> {
        let now = now();
        let answer = self.call(
            "/TraceSummaries",
            &json!({"StartTime": now - 3_600.0, "EndTime": now + 60.0, "FilterExpression": filter}),
        );
        assert_eq!(answer["NextToken"], Value::Null, "more than a page");
        let summaries = answer["TraceSummaries"].as_array().unwrap();
        summaries.iter().map(|summary| summary["Id"].as_str().unwrap().to_owned()).collect()
    }

    /// A command that asks this console.
    pub(crate) fn ask(&self, arguments: &[&str]) -> Output {
        program().args(arguments).args(["--endpoint", &self.endpoint()]).output().unwrap()
    }

    /// What a command says that must succeed.
    pub(crate) fn says(&self, arguments: &[&str]) -> String {
        let output = self.ask(arguments);
        assert!(output.status.success(), "{arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    }

    /// Ends as if the power failed.
    pub(crate) fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    /// Ends as with Ctrl-C; returns whether it ended well.
    #[cfg(unix)]
    pub(crate) fn interrupt(mut self) -> bool {
        let id = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(id, rustix::process::Signal::INT).unwrap();
        self.lines.read_to_string(&mut String::new()).unwrap();
        self.process.wait().unwrap().success()
    }
}

impl Drop for Serving {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

/// The program, with an output that is no terminal.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tracer-console"));
    command.stdin(Stdio::null()).env_remove("CLICOLOR_FORCE");
    command
}

pub(crate) fn now() -> f64 {
    SystemTime::now().duration_since(UNIX_EPOCH).unwrap().as_secs_f64()
}

/// An id of a trace that begins now.
pub(crate) fn new_trace_id() -> String {
    format!("1-{:08x}-{:024x}", now() as u32, fastrand::u128(..) >> 32)
}
