//! A peer that runs.

use std::fs::File;
use std::net::{TcpListener, UdpSocket};
use std::path::PathBuf;
use std::process::{Child, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use tempfile::TempDir;

use super::{Peer, Place, Protocol};
use crate::api::Api;
use crate::bench::Bench;
use crate::process::{self, Memory};

/// How long a peer may take until it answers.
const PATIENCE: Duration = Duration::from_secs(60);

/// Killed when it is dropped.
pub(super) struct Running {
    process: Child,
    directory: TempDir,
    pub(super) api: Api,
    /// From its start until the first request was answered.
    pub(super) ready: Duration,
}

impl Running {
    pub(super) fn start(bench: &Bench, peer: &dyn Peer) -> Result<Self> {
        let directory = tempfile::tempdir_in(bench.directory())?;
        let [port, first, second, third] = free_ports()?;
        let place = Place { port, others: [first, second, third], directory: directory.path().to_owned() };
        let mut command = peer.command(&place)?;
        command.current_dir(directory.path()).stdin(Stdio::null());
        let said = File::create(said(&directory))?;
        command.stdout(said.try_clone()?).stderr(said);
        let api = Api::at(format!("127.0.0.1:{port}"));
        let begin = Instant::now();
        let process = command.spawn().with_context(|| peer.name().to_owned())?;
        let mut running = Self { process, directory, api, ready: Duration::ZERO };
        running.wait(peer.protocol(), begin)?;
        running.ready = begin.elapsed();
        Ok(running)
    }

    fn wait(&mut self, protocol: Protocol, begin: Instant) -> Result<()> {
        let (path, body) = match protocol {
            Protocol::XRay => ("/TraceSummaries", r#"{"StartTime":1795348800,"EndTime":1795348801}"#),
            Protocol::Otlp => ("/v1/traces", r#"{"resourceSpans":[]}"#),
        };
        loop {
            let answer = self.api.send(path, body.as_bytes());
            if let Ok((status, answer, _)) = &answer {
                if *status == 200 {
                    return Ok(());
                }
                bail!("it answers {status}: {}{}", String::from_utf8_lossy(answer), self.said());
            }
            if self.process.try_wait()?.is_some() || begin.elapsed() > PATIENCE {
                bail!("it did not start: {}", self.said());
            }
            std::thread::sleep(Duration::from_millis(1));
        }
    }

    /// What it printed, for whoever wants to know why it failed.
    fn said(&self) -> String {
        std::fs::read_to_string(said(&self.directory)).unwrap_or_default()
    }

    pub(super) fn memory(&self) -> Result<Memory> {
        process::memory(self.process.id())
    }

    pub(super) fn cpu(&self) -> Result<Duration> {
        process::cpu(self.process.id())
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

fn said(directory: &TempDir) -> PathBuf {
    directory.path().join("said.txt")
}

/// Ports that were free for TCP and UDP a moment ago: not every peer finds one itself.
fn free_ports() -> Result<[u16; 4]> {
    let mut taken = Vec::new();
    for _ in 0..4 {
        let listener = TcpListener::bind("127.0.0.1:0")?;
        let address = listener.local_addr()?;
        taken.push((address.port(), listener, UdpSocket::bind(address)?));
    }
    let ports: Vec<_> = taken.iter().map(|(port, ..)| *port).collect();
    ports.try_into().ok().context("no ports")
}
