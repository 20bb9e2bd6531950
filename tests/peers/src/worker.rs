//! A case in a process of its own, and the tasks that it is given.

use std::io::{BufRead, BufReader, Write};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::{AsFd, OwnedFd};
use std::os::unix::net::UnixStream;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};
use nix::time::{ClockId, clock_gettime};
use serde::{Deserialize, Serialize};

use crate::allocations;
use crate::case::{Case, Invoke, PYTHON, Work};
use crate::http_server;
use crate::workload::{self, Item};

/// So many invocations, each with so many children.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Task {
    pub(crate) children: usize,
    pub(crate) invocations: u64,
    /// Whether to count the allocations, which makes the times useless.
    pub(crate) counts_allocations: bool,
}

/// What all invocations of a task cost.
#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
pub(crate) struct Cost {
    pub(crate) wall_ns: u64,
    /// Of all threads.
    pub(crate) cpu_ns: u64,
    /// `None` where they are not counted.
    pub(crate) allocations: Option<u64>,
}

/// A case's process.
pub(crate) struct Worker {
    process: Child,
    tasks: UnixStream,
    answers: BufReader<UnixStream>,
}

impl Worker {
    pub(crate) fn start(case: &Case, daemon: SocketAddr) -> Result<Self> {
        // Standard output is some case's to write to, so tasks and answers go through a socket at standard input.
        let (tasks, far_end) = UnixStream::pair()?;
        let mut command = match case.work {
            Work::Rust(_) => Command::new(std::env::current_exe()?),
            Work::Python(_) => Command::new(PYTHON),
        };
        match case.work {
            Work::Rust(_) => command.args(["work", case.name]),
            Work::Python(script) => command.args(["-c", script]),
        };
        in_lambda(&mut command, daemon);
        let process = command.stdin(OwnedFd::from(far_end)).stdout(Stdio::null()).spawn()?;
        let answers = BufReader::new(tasks.try_clone()?);
        Ok(Self { process, tasks, answers })
    }

    pub(crate) fn perform(&mut self, task: Task) -> Result<Cost> {
        serde_json::to_writer(&self.tasks, &task)?;
        self.tasks.write_all(b"\n")?;
        let mut answer = String::new();
        if self.answers.read_line(&mut answer)? == 0 {
            bail!("the process ended: {}", self.process.wait()?);
        }
        Ok(serde_json::from_str(&answer)?)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        // The end of its tasks is its end.
        let _ = self.tasks.shutdown(std::net::Shutdown::Both);
        let _ = self.process.wait();
    }
}

/// The environment of a Lambda function whose daemon is at `daemon`.
pub(crate) fn in_lambda(command: &mut Command, daemon: SocketAddr) {
    command
        .env("AWS_XRAY_DAEMON_ADDRESS", daemon.to_string())
        .env("LAMBDA_TASK_ROOT", "/var/task")
        .env("POWERTOOLS_SERVICE_NAME", workload::SERVICE)
        .env("_X_AMZN_TRACE_ID", workload::SAMPLED)
        .env("AWS_LAMBDA_LOG_LEVEL", "INFO")
        .env_remove("RUST_LOG")
        .env_remove("AWS_XRAY_SDK_ENABLED");
    http_server::name_to(command);
}

/// Performs the tasks that come on the socket at standard input.
pub(crate) fn serve(case: &Case) -> Result<()> {
    let stream = UnixStream::from(std::io::stdin().as_fd().try_clone_to_owned()?);
    let daemon = std::env::var("AWS_XRAY_DAEMON_ADDRESS")?.parse()?;
    let mut invoke = case.start(daemon)?;
    let items = workload::items(MOST_CHILDREN);
    for line in BufReader::new(stream.try_clone()?).lines() {
        let task: Task = serde_json::from_str(&line?)?;
        let items = items.get(..task.children).context("too many children")?;
        let cost = cost(task, || invoke(items))?;
        serde_json::to_writer(&stream, &cost)?;
        (&stream).write_all(b"\n")?;
    }
    Ok(())
}

/// The most that arrive in one datagram in any case.
const MOST_CHILDREN: usize = 150;

fn cost(task: Task, mut invoke: impl FnMut()) -> Result<Cost> {
    let mut all = || (0..task.invocations).for_each(|_| invoke());
    let (wall, cpu) = (Instant::now(), cpu_ns()?);
    let allocations = if task.counts_allocations {
        Some(allocations::during(&mut all))
    } else {
        all();
        None
    };
    Ok(Cost { wall_ns: wall.elapsed().as_nanos() as u64, cpu_ns: cpu_ns()? - cpu, allocations })
}

/// What all threads of this process have used.
fn cpu_ns() -> Result<u64> {
    let used = clock_gettime(ClockId::CLOCK_PROCESS_CPUTIME_ID)?;
    Ok(Duration::from(used).as_nanos() as u64)
}

/// Invokes `case` so many times. Without a daemon in the environment it sends to a socket that nobody reads.
pub(crate) fn invoke(case: &Case, children: usize, times: u64) -> Result<()> {
    let unread = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    let daemon = match std::env::var("AWS_XRAY_DAEMON_ADDRESS") {
        Ok(address) => address.parse()?,
        Err(_) => unread.local_addr()?,
    };
    let mut invoke = case.start(daemon)?;
    let items = workload::items(children);
    invoke_warm(&mut invoke, &items, times);
    Ok(())
}

/// Callgrind counts from here on, by this name.
#[inline(never)]
fn invoke_warm(invoke: &mut Invoke, items: &[Item], times: u64) {
    (0..times).for_each(|_| invoke(items));
}
