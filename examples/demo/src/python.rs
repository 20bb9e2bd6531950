//! An AWS from PyPI, if this machine's Python has one: ministack or moto.

use std::env;
use std::ffi::OsString;
use std::io;
use std::net::{Ipv4Addr, SocketAddr, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use thiserror::Error;

/// A package of PyPI that serves AWS.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Package {
    Ministack,
    Moto,
}

/// The package's server did not start.
#[derive(Debug, Error)]
pub(crate) enum PythonError {
    #[error("{python:?} could not be started: {source}; TRACER_PYTHON names another Python")]
    NoPython { python: OsString, source: io::Error },
    #[error("{name} does not start in {python:?}: install it with `-m pip install '{name}'`, or name another Python in TRACER_PYTHON", name = package.name())]
    NotServed { package: Package, python: OsString },
    #[error("there is no free port: {0}")]
    NoPort(#[from] io::Error),
}

/// The server of a package, as a process of its own that ends with this one.
#[derive(Debug)]
pub(crate) struct Server {
    package: Package,
    process: Child,
    address: SocketAddr,
}

/// How long a server may take to listen.
const START: Duration = Duration::from_secs(30);

/// Prints the first package that there is.
const LOOK: &str = "
import importlib.util as util
print(next((name for name in ('ministack', 'moto') if util.find_spec(name)), ''))
";

/// Runs the module that the first argument names, until the standard input ends: however this process ends, that does. It is
/// asked to end then, to clean up behind itself, and ends when it does not.
const RUN: &str = "
import os, runpy, signal, sys, threading, time
def end():
    sys.stdin.buffer.read()
    os.kill(os.getpid(), signal.SIGTERM)
    time.sleep(2)
    os._exit(0)
threading.Thread(target=end, daemon=True).start()
module = sys.argv[1]
sys.argv = [module, *sys.argv[2:]]
runpy.run_module(module, run_name='__main__', alter_sys=True)
";

impl Package {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Ministack => "ministack",
            Self::Moto => "moto[server]",
        }
    }

    /// The package that this machine's Python has.
    pub(crate) fn installed() -> Option<Self> {
        let looked = Command::new(python()).args(["-c", LOOK]).stdin(Stdio::null()).output().ok()?;
        match String::from_utf8_lossy(&looked.stdout).trim() {
            "ministack" => Some(Self::Ministack),
            "moto" => Some(Self::Moto),
            _ => None,
        }
    }

    /// Starts its server on a free port of the loopback address.
    pub(crate) fn serve(self) -> Result<Server, PythonError> {
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let mut run = Command::new(python());
        run.args(["-c", RUN]).stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null());
        match self {
            Self::Ministack => {
                run.arg("ministack").env("BIND_HOST", "127.0.0.1").env("GATEWAY_PORT", port.to_string());
                run.env("IOT_MTLS_ENABLED", "0");
            }
            Self::Moto => {
                run.args(["moto.server", "-H", "127.0.0.1", "-p", &port.to_string()]);
            }
        }
        let process = run.spawn().map_err(|source| PythonError::NoPython { python: python(), source })?;
        let mut server = Server { package: self, process, address: (Ipv4Addr::LOCALHOST, port).into() };
        if server.listens() {
            Ok(server)
        } else {
            Err(PythonError::NotServed { package: self, python: python() })
        }
    }
}

impl Server {
    pub(crate) fn package(&self) -> Package {
        self.package
    }

    pub(crate) fn endpoint(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Waits until it listens; `false` when it ended instead, or takes too long.
    fn listens(&mut self) -> bool {
        let began = Instant::now();
        while began.elapsed() < START {
            if TcpStream::connect(self.address).is_ok() {
                return true;
            }
            if !matches!(self.process.try_wait(), Ok(None)) {
                return false;
            }
            thread::sleep(Duration::from_millis(20));
        }
        false
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        drop(self.process.stdin.take());
        let _ = self.process.wait();
    }
}

fn python() -> OsString {
    env::var_os("TRACER_PYTHON").unwrap_or_else(|| "python3".into())
}
