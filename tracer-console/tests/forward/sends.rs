//! A forwarder in this process, and what is sent to it.

#[path = "../serve/call.rs"]
mod call;

use std::net::{SocketAddr, UdpSocket};
use std::path::PathBuf;
use std::time::Duration;

use serde_json::{Value, json};
use tempfile::TempDir;
use tracer_console::{ConsoleOptions, ForwardCounts, ForwardOptions, ForwardTarget, Forwarder};

pub(crate) use self::call::call;
use crate::wait::until;

/// Where its queue is.
pub(crate) struct Home(TempDir);

impl Home {
    pub(crate) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(crate) fn queue(&self) -> PathBuf {
        self.0.path().join("forward.db")
    }

    /// To these, with short waits after failures.
    pub(crate) fn options(&self, targets: Vec<ForwardTarget>) -> ForwardOptions {
        let longest_wait = Duration::from_millis(50);
        let options = ForwardOptions::new(self.queue(), targets);
        ForwardOptions { console: ConsoleOptions::any_port(), longest_wait, ..options }
    }

    pub(crate) fn start(&self, targets: Vec<ForwardTarget>) -> Forwarder {
        Forwarder::start(self.options(targets)).unwrap()
    }
}

pub(crate) fn x_ray(url: &str) -> ForwardTarget {
    ForwardTarget::x_ray(url).unwrap()
}

/// Sends documents as tracers do.
pub(crate) fn send(address: SocketAddr, texts: &[String]) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    for text in texts {
        let datagram = format!("{{\"format\":\"json\",\"version\":1}}\n{text}");
        socket.send_to(datagram.as_bytes(), address).unwrap();
    }
}

/// Puts documents over HTTP, and returns what was answered once it is acknowledged.
pub(crate) fn put(address: SocketAddr, texts: &[String]) -> Value {
    let mut answers = Vec::new();
    for some in texts.chunks(50) {
        let answer = call(address, "/TraceSegments", &json!({ "TraceSegmentDocuments": some })).unwrap();
        answers.extend(answer["UnprocessedTraceSegments"].as_array().unwrap().clone());
    }
    answers.into()
}

/// Waits until the counts are so.
pub(crate) fn counts(forwarder: &Forwarder, are: impl Fn(&ForwardCounts) -> bool) -> ForwardCounts {
    let mut last = String::new();
    until(&format!("counts as expected instead of {last}"), || {
        let counts = forwarder.counts();
        last = counts.to_string();
        are(&counts).then_some(counts)
    })
}
