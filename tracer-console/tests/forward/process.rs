//! `tracer-console forward` as a process of its own.

use std::io::{BufRead as _, BufReader, Read as _};
use std::net::SocketAddr;
use std::process::{Child, ChildStdout, Command, Stdio};

use serde_json::Value;

/// Killed when it is dropped.
pub(crate) struct Forwarding {
    process: Child,
    lines: BufReader<ChildStdout>,
    /// What it said first.
    pub(crate) ready: Value,
    pub(crate) udp: SocketAddr,
    pub(crate) tcp: SocketAddr,
}

/// The program, without anything of AWS in its environment.
pub(crate) fn program() -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_tracer-console"));
    alone(&mut command);
    command
}

/// The command, on free ports; what it says is said in JSON.
pub(crate) fn forward() -> Command {
    let mut command = program();
    command.args(["forward", "--json", "-b", "127.0.0.1:0", "-t", "127.0.0.1:0"]);
    command
}

/// Takes from it what this machine may have of AWS, of proxies and of certificates.
pub(crate) fn alone(command: &mut Command) {
    command.stdin(Stdio::null()).env_remove("CLICOLOR_FORCE");
    let is_of_them = |name: &String| {
        let name = name.to_ascii_uppercase();
        ["AWS_", "ECS_", "SSL_CERT_"].iter().any(|begin| name.starts_with(begin)) || name.ends_with("_PROXY")
    };
    std::env::vars().map(|(name, _)| name).filter(is_of_them).for_each(|name| {
        command.env_remove(name);
    });
    command.env("AWS_EC2_METADATA_DISABLED", "true");
    let nowhere = std::env::temp_dir().join("no-such-directory");
    command.env("AWS_CONFIG_FILE", &nowhere).env("AWS_SHARED_CREDENTIALS_FILE", &nowhere);
}

impl Forwarding {
    /// Runs it with these arguments.
    pub(crate) fn with(arguments: &[&str]) -> Self {
        let mut command = forward();
        command.args(["--longest-wait", "50ms"]).args(arguments);
        Self::of(command)
    }

    pub(crate) fn of(mut command: Command) -> Self {
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut lines = BufReader::new(process.stdout.take().unwrap());
        let mut line = String::new();
        lines.read_line(&mut line).unwrap();
        if line.is_empty() {
            let mut why = String::new();
            process.stderr.take().unwrap().read_to_string(&mut why).unwrap();
            panic!("it does not start: {why}");
        }
        // It may say much.
        let mut stderr = process.stderr.take().unwrap();
        std::thread::spawn(move || std::io::copy(&mut stderr, &mut std::io::sink()));
        let ready = serde_json::from_str::<Value>(&line).unwrap()["ready"].clone();
        let address = |name: &str| ready[name].as_str().unwrap().parse().unwrap();
        let (udp, tcp) = (address("udp"), address("tcp"));
        Self { process, lines, ready, udp, tcp }
    }

    /// The next object that it says.
    pub(crate) fn says(&mut self) -> Value {
        let mut line = String::new();
        self.lines.read_line(&mut line).unwrap();
        serde_json::from_str(&line).unwrap()
    }

    /// As if the power failed.
    pub(crate) fn kill(mut self) {
        self.process.kill().unwrap();
        self.process.wait().unwrap();
    }

    #[cfg(unix)]
    pub(crate) fn signal(&self, signal: rustix::process::Signal) {
        let id = rustix::process::Pid::from_child(&self.process);
        rustix::process::kill_process(id, signal).unwrap();
    }

    /// Ends it as with Ctrl-C; what it said at the end.
    #[cfg(unix)]
    pub(crate) fn end(mut self) -> Value {
        self.signal(rustix::process::Signal::INT);
        let ended = loop {
            let said = self.says();
            if !said["ended"].is_null() {
                break said["ended"].clone();
            }
        };
        assert!(self.process.wait().unwrap().success());
        ended
    }
}

impl Drop for Forwarding {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}
