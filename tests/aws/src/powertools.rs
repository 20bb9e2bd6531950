//! Powertools for Python, run against the same emulator.

use std::net::UdpSocket;
use std::path::Path;
use std::process::Stdio;

use serde_json::Value;
use tracer_tests_python::{Python, skipped};

use crate::corpus::document_of;
use crate::{Emulator, HERE};

/// A Python with Powertools' tracer.
#[derive(Debug)]
pub struct Powertools {
    python: Python,
}

impl Powertools {
    /// `None` where no Python has it, which is said.
    #[must_use]
    pub fn find() -> Option<Self> {
        let python = Python::with(&["aws_lambda_powertools", "aws_xray_sdk", "boto3"]);
        if python.is_none() {
            skipped("no Powertools for Python");
        }
        Some(Self { python: python? })
    }

    /// What it sends when `script`, a file of `python/`, makes its calls, in their order; the handler's own subsegment left out.
    ///
    /// # Panics
    /// If the script fails.
    #[must_use]
    pub fn run(&self, script: &str, emulator: &Emulator) -> Vec<Value> {
        let daemon = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let address = daemon.local_addr().expect("a bound socket has an address");
        let ran = self
            .python
            .command()
            .arg(Path::new(HERE).join("python").join(script))
            .env("AWS_ENDPOINT_URL", emulator.endpoint())
            .envs([("AWS_ACCESS_KEY_ID", "local"), ("AWS_SECRET_ACCESS_KEY", "local")])
            .envs([("AWS_DEFAULT_REGION", "us-east-1"), ("AWS_REGION", "us-east-1")])
            .envs([("LAMBDA_TASK_ROOT", "/var/task"), ("AWS_LAMBDA_FUNCTION_NAME", "calls")])
            .env("_X_AMZN_TRACE_ID", HEADER)
            .env("AWS_XRAY_DAEMON_ADDRESS", address.to_string())
            .stdout(Stdio::null())
            .output()
            .expect("Python starts");
        assert!(ran.status.success(), "{}", String::from_utf8_lossy(&ran.stderr));
        // What a process sent on the loopback has arrived when it is gone.
        daemon.set_nonblocking(true).expect("a socket that does not block");
        let mut datagram = vec![0; 1 << 16];
        let received =
            std::iter::from_fn(|| daemon.recv(&mut datagram).ok().map(|length| datagram[..length].to_vec()));
        let documents = received.collect::<Vec<_>>().into_iter().map(|datagram| document_of(&datagram));
        documents.filter(|document| document["namespace"] == "aws").collect()
    }
}

const HEADER: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
