//! AWS on loopback, by packages of PyPI: moto and ministack.

use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use aws_types::SdkConfig;
use tracer_tests_python::{Python, skipped};

use crate::clients::config;

/// A running emulator; it ends when it is dropped, and also however this process ends.
#[derive(Debug)]
pub struct Emulator {
    process: Child,
    address: SocketAddr,
}

/// Runs the module that the first argument names until the standard input ends, and then asks it to end.
const RUN: &str = "
import os, runpy, signal, sys, threading
def end():
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)
    threading.Event().wait(5)
    os._exit(1)
threading.Thread(target=end, daemon=True).start()
module = sys.argv[1]
sys.argv = sys.argv[1:]
runpy.run_module(module, run_name='__main__', alter_sys=True)
";

/// How often it is tried whether the server listens, and what lies between.
const TRIES: (usize, Duration) = (3_000, Duration::from_millis(20));

impl Emulator {
    /// moto's server; `None` where no Python has it, which is said.
    pub fn moto() -> Option<Self> {
        Self::of("moto", &["moto.server", "flask"], |run, port| {
            run.args(["moto.server", "-H", "127.0.0.1", "-p", &port.to_string()]);
        })
    }

    /// ministack; `None` where no Python has it, which is said.
    pub fn ministack() -> Option<Self> {
        Self::of("ministack", &["ministack"], |run, port| {
            run.arg("ministack").env("BIND_HOST", "127.0.0.1").env("GATEWAY_PORT", port.to_string());
            run.env("IOT_MTLS_ENABLED", "0").env("LAMBDA_EXECUTOR", "local");
        })
    }

    fn of(name: &str, modules: &[&str], serve: fn(&mut Command, u16)) -> Option<Self> {
        let Some(python) = Python::with(modules) else {
            skipped(&format!("no {name}"));
            return None;
        };
        // Somebody else may take the port between the two: then the server ends, and another is tried.
        let started = (0..3).find_map(|_| Self::start(&python, serve));
        Some(started.unwrap_or_else(|| panic!("{name} does not start: {python:?}")))
    }

    fn start(python: &Python, serve: fn(&mut Command, u16)) -> Option<Self> {
        let address = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).ok()?.local_addr().ok()?;
        let mut run = python.command();
        run.args(["-c", RUN]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        serve(&mut run, address.port());
        let mut emulator = Self { process: run.spawn().ok()?, address };
        emulator.listens().then_some(emulator)
    }

    /// Waits until it listens; `false` when it ended instead.
    fn listens(&mut self) -> bool {
        let (tries, pause) = TRIES;
        (0..tries).any(|_| {
            let listens = TcpStream::connect(self.address).is_ok();
            if !listens && matches!(self.process.try_wait(), Ok(None)) {
                std::thread::sleep(pause);
            }
            listens
        })
    }

    /// Its URL, for any service.
    #[must_use]
    pub fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// What makes a client speak to it.
    #[must_use]
    pub fn config(&self) -> SdkConfig {
        config(&self.endpoint())
    }
}

impl Drop for Emulator {
    fn drop(&mut self) {
        // The end of its input is its end.
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}
