//! One execution environment: a process behind a Runtime API of its own.

use std::io;
use std::net::Ipv4Addr;
use std::process::ExitStatus;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::mpsc::Sender as Alive;
use std::time::Duration;

use bytes::Bytes;
use serde_json::json;
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::log::Log;
use super::process::{Process, ProcessSettings};
use super::result::{FunctionError, FunctionErrorKind};
use super::runtime_api;
use super::runtime_board::{Answered, Delivery, RuntimeBoard};
use super::server::Server;
use crate::timestamp::Timestamp;

/// How an environment is made.
#[derive(Debug)]
pub(super) struct EnvironmentSettings {
    pub(super) process: ProcessSettings,
    /// How many invocations it works on at once.
    pub(super) capacity: usize,
    pub(super) freezes: bool,
}

/// A process that works on invocations until it is killed or ends.
#[derive(Debug)]
pub(super) struct Environment {
    pub(super) number: u64,
    pub(super) started: Timestamp,
    /// Held by an invocation from its delivery until the runtime asks for the next.
    slots: Arc<Semaphore>,
    capacity: usize,
    /// Invocations that it was chosen for and has not answered.
    unanswered: AtomicUsize,
    is_used: AtomicBool,
    is_condemned: AtomicBool,
    freezes: bool,
    board: Arc<RuntimeBoard>,
    process: Process,
    _server: Server,
}

/// How long a function may take to initialise, at least.
const INIT: Duration = Duration::from_secs(10);

impl Environment {
    /// Starts an environment; must be called within the runtime.
    pub(super) fn start(
        settings: &EnvironmentSettings,
        number: u64,
        log: &Arc<Log>,
        alive: Alive<()>,
    ) -> io::Result<Self> {
        let board = Arc::new(RuntimeBoard::new(settings.capacity));
        let api = Arc::clone(&board);
        let server = Server::start((Ipv4Addr::LOCALHOST, 0).into(), move |request| {
            runtime_api::handle(Arc::clone(&api), request)
        })?;
        let mut process = settings.process.clone();
        process.variables.insert("AWS_LAMBDA_RUNTIME_API".into(), server.address().to_string().into());
        let started = Timestamp::now();
        let process = Process::start(&process, log, alive)?;
        Ok(Self {
            number,
            started,
            slots: Arc::new(Semaphore::new(settings.capacity)),
            capacity: settings.capacity,
            unanswered: AtomicUsize::new(0),
            is_used: AtomicBool::new(false),
            is_condemned: AtomicBool::new(false),
            freezes: settings.freezes,
            board,
            process,
            _server: server,
        })
    }

    /// Whether it can still work.
    pub(super) fn is_alive(&self) -> bool {
        !self.is_condemned.load(Ordering::Acquire) && !self.process.has_exited()
    }

    /// Chooses it for one more invocation; `false` when it has as many as it may. Called under the pool's lock.
    pub(super) fn choose(&self) -> bool {
        let has_room = self.unanswered.load(Ordering::Acquire) < self.capacity;
        if has_room {
            self.unanswered.fetch_add(1, Ordering::AcqRel);
        }
        has_room
    }

    /// The invocation that it was chosen for has been answered (or given up).
    pub(super) fn release(&self) {
        self.unanswered.fetch_sub(1, Ordering::AcqRel);
    }

    /// Waits until the invocations before this one have let go of the runtime.
    pub(super) async fn turn(&self) -> OwnedSemaphorePermit {
        Arc::clone(&self.slots).acquire_owned().await.expect("the semaphore is never closed")
    }

    pub(super) fn process_id(&self) -> u32 {
        self.process.id()
    }

    /// Whether this is the first invocation that it works on.
    pub(super) fn begin_use(&self) -> bool {
        !self.is_used.swap(true, Ordering::AcqRel)
    }

    pub(super) fn ready(&self) -> Option<Timestamp> {
        self.board.ready()
    }

    /// Waits for the end of initialisation.
    pub(super) async fn initialised(&self, timeout: Duration) -> Result<(), FunctionError> {
        let limit = INIT.max(timeout);
        let failed = tokio::select! {
            biased;
            initialised = self.board.initialised() => match initialised {
                Ok(_) => return Ok(()),
                Err(error) => error,
            },
            status = self.process.exited() => exit_error(FunctionErrorKind::InitFailed, status, None),
            () = tokio::time::sleep(limit) => {
                let message = format!("Init timed out after {:.2} seconds", limit.as_secs_f64());
                FunctionError::new(FunctionErrorKind::InitFailed, "Sandbox.Timedout", message)
            }
        };
        self.kill().await;
        Err(failed)
    }

    /// Hands an invocation over and waits for the answer, the deadline, or the process's end.
    pub(super) async fn work(&self, delivery: Delivery, timeout: Duration) -> Answered {
        let request_id = delivery.request_id.clone();
        let event = json!({
            "eventType": "INVOKE", "deadlineMs": delivery.deadline.micros() / 1000, "requestId": request_id,
            "invokedFunctionArn": delivery.function_arn,
            "tracing": {"type": "X-Amzn-Trace-Id", "value": delivery.trace_header},
        });
        let began = Timestamp::now();
        self.process.thaw();
        let answer = self.board.deliver(delivery, &Bytes::from(event.to_string()));
        let failed = tokio::select! {
            biased;
            Ok(answered) = answer => return answered,
            () = tokio::time::sleep(timeout) => {
                self.kill().await;
                let message = format!("RequestId: {request_id} Error: Task timed out after {:.2} seconds", timeout.as_secs_f64());
                FunctionError::new(FunctionErrorKind::TimedOut, "Sandbox.Timedout", message)
            }
            status = self.process.exited() => exit_error(FunctionErrorKind::Exited, status, Some(&request_id)),
        };
        self.condemn();
        Answered { outcome: Err(failed), is_streamed: false, began, ended: Timestamp::now() }
    }

    /// Waits until the runtime asks for the next invocation, then freezes; kills it when it does not within `limit`.
    pub(super) async fn rest(&self, limit: Duration) {
        tokio::select! {
            biased;
            () = self.board.idle() => {
                // Others may be working in the same process.
                if self.freezes && self.capacity == 1 && self.is_alive() {
                    self.process.freeze();
                }
            }
            _ = self.process.exited() => self.condemn(),
            () = tokio::time::sleep(limit) => self.kill().await,
        }
    }

    /// No further invocation is given to it.
    fn condemn(&self) {
        self.is_condemned.store(true, Ordering::Release);
    }

    /// Kills the process and waits until it is reaped.
    pub(super) async fn kill(&self) {
        self.condemn();
        self.process.kill();
        self.process.exited().await;
    }

    /// Ends it, leaving extensions the time that Lambda leaves them.
    pub(super) fn shut_down(&self) {
        self.condemn();
        if self.board.has_extensions() { self.process.terminate() } else { self.process.kill() }
    }
}

fn exit_error(kind: FunctionErrorKind, status: ExitStatus, request_id: Option<&str>) -> FunctionError {
    let request = request_id.map(|id| format!("RequestId: {id} Error: ")).unwrap_or_default();
    let how = describe(status).map_or_else(
        || "Runtime exited without providing a reason".to_owned(),
        |how| format!("Runtime exited with error: {how}"),
    );
    FunctionError::new(kind, "Runtime.ExitError", request + &how)
}

fn describe(status: ExitStatus) -> Option<String> {
    #[cfg(unix)]
    if let Some(signal) = std::os::unix::process::ExitStatusExt::signal(&status) {
        return Some(match signal {
            6 => "signal: aborted".into(),
            9 => "signal: killed".into(),
            11 => "signal: segmentation fault".into(),
            other => format!("signal: {other}"),
        });
    }
    status.code().filter(|&code| code != 0).map(|code| format!("exit status {code}"))
}
