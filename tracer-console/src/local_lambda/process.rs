//! A function's process: started, frozen, thawed, killed, reaped.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io::{self, Write as _};
use std::path::PathBuf;
use std::process::{ExitStatus, Stdio};
use std::sync::Arc;
use std::sync::mpsc::Sender as Alive;
use std::time::Duration;

use tokio::io::{AsyncRead, AsyncReadExt as _};
use tokio::process::{Child, Command};
use tokio::sync::watch;

use super::log::Log;

/// What happens to what a function writes to its standard output and error; it is kept in any case.
///
/// ```no_run
/// # let lambda = tracer_console::LocalLambda::builder().start()?;
/// let function = lambda.function("orders", "target/debug/orders").output(tracer_console::Output::Show).start()?;
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Output {
    /// Kept only: see [`Function::log`](crate::Function::log).
    #[default]
    Keep,
    /// Kept, and written to our own standard error.
    Show,
}

/// How the process of an environment is started.
#[derive(Debug, Clone)]
pub(super) struct ProcessSettings {
    pub(super) binary: PathBuf,
    pub(super) arguments: Vec<OsString>,
    pub(super) variables: BTreeMap<OsString, OsString>,
    pub(super) output: Output,
}

/// How a process is to end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Wish {
    Live,
    /// Extensions may clean up: asked to end first, killed when it has not by then.
    Terminate,
    Kill,
}

/// How long a process with extensions may take to end, as on Lambda.
const TERMINATION: Duration = Duration::from_millis(300);

/// A running process; dropping it kills it, and its task reaps it.
#[derive(Debug)]
pub(super) struct Process {
    id: u32,
    wish: watch::Sender<Wish>,
    exit: watch::Receiver<Option<ExitStatus>>,
}

impl Process {
    /// Starts a process; `alive` is held until the process has been reaped. Must be called within the runtime.
    pub(super) fn start(settings: &ProcessSettings, log: &Arc<Log>, alive: Alive<()>) -> io::Result<Self> {
        let mut command = Command::new(&settings.binary);
        command.args(&settings.arguments).env_clear().envs(&settings.variables);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).kill_on_drop(true);
        // A group of its own: what the function starts is killed with it.
        #[cfg(unix)]
        command.process_group(0);
        let mut child = command.spawn()?;
        let id = child.id().unwrap_or_default();
        #[cfg(unix)]
        let watcher = watch(id);
        let readers = [
            tokio::spawn(keep(child.stdout.take(), Arc::clone(log), settings.output)),
            tokio::spawn(keep(child.stderr.take(), Arc::clone(log), settings.output)),
        ];
        let (wish, wishes) = watch::channel(Wish::Live);
        let (ended, exit) = watch::channel(None);
        tokio::spawn(async move {
            let status = reap(child, id, wishes).await;
            #[cfg(unix)]
            if let Ok(mut watcher) = watcher {
                let _ = watcher.kill().await;
            }
            // What it wrote last is in the log when its end becomes known.
            let reading = async {
                for reader in readers {
                    let _ = reader.await;
                }
            };
            let _ = tokio::time::timeout(Duration::from_millis(100), reading).await;
            let _ = ended.send(Some(status));
            drop(alive);
        });
        Ok(Self { id, wish, exit })
    }

    pub(super) fn id(&self) -> u32 {
        self.id
    }

    pub(super) fn kill(&self) {
        self.wish.send_replace(Wish::Kill);
    }

    pub(super) fn terminate(&self) {
        self.wish.send_if_modified(|wish| {
            *wish == Wish::Live && {
                *wish = Wish::Terminate;
                true
            }
        });
    }

    /// Waits until the process has ended and been reaped.
    pub(super) async fn exited(&self) -> ExitStatus {
        let mut exit = self.exit.clone();
        match exit.wait_for(Option::is_some).await {
            Ok(status) => status.unwrap_or_default(),
            // The runtime is shutting down, and its end with it.
            Err(_) => ExitStatus::default(),
        }
    }

    pub(super) fn has_exited(&self) -> bool {
        self.exit.borrow().is_some()
    }

    /// Stops the process and what it started, as Lambda does between invocations.
    pub(super) fn freeze(&self) {
        if !self.has_exited() {
            signal::freeze(self.id);
        }
    }

    pub(super) fn thaw(&self) {
        if !self.has_exited() {
            signal::thaw(self.id);
        }
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// Should this process be killed, nobody is left to end the group: a shell does when its standard input closes. Without
/// a shell the function outlives such an end until it next speaks to the Runtime API.
#[cfg(unix)]
fn watch(group: u32) -> io::Result<Child> {
    let mut shell = Command::new("/bin/sh");
    shell.args(["-c", "read -r line; kill -s KILL -- \"-$0\""]).arg(group.to_string()).env_clear();
    shell.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    shell.process_group(0).spawn()
}

/// Waits for the end, or brings it about.
async fn reap(mut child: Child, id: u32, mut wishes: watch::Receiver<Wish>) -> ExitStatus {
    tokio::select! {
        status = child.wait() => {
            // What it started must not outlive it.
            signal::kill(id);
            return status.unwrap_or_default();
        }
        // An error says that the process was dropped: as good as the wish.
        _ = wishes.wait_for(|wish| *wish != Wish::Live) => {}
    }
    if *wishes.borrow() == Wish::Terminate {
        signal::terminate(id);
        let killed = wishes.wait_for(|wish| *wish == Wish::Kill);
        tokio::select! {
            _ = child.wait() => {}
            _ = killed => {}
            () = tokio::time::sleep(TERMINATION) => {}
        }
    }
    // The group first: once its leader is reaped the number may be somebody else's.
    signal::kill(id);
    let _ = child.start_kill();
    child.wait().await.unwrap_or_default()
}

async fn keep(from: Option<impl AsyncRead + Unpin>, log: Arc<Log>, output: Output) {
    let Some(mut from) = from else { return };
    let mut buffer = vec![0; 8 << 10];
    while let Ok(len @ 1..) = from.read(&mut buffer).await {
        log.write(&buffer[..len]);
        if output == Output::Show {
            let _ = io::stderr().write_all(&buffer[..len]);
        }
    }
}

#[cfg(unix)]
mod signal {
    use rustix::process::{Pid, Signal, kill_process_group};

    fn send(id: u32, signal: Signal) {
        if let Some(group) = i32::try_from(id).ok().and_then(Pid::from_raw) {
            // It may have ended by itself meanwhile.
            let _ = kill_process_group(group, signal);
        }
    }

    pub(super) fn kill(id: u32) {
        send(id, Signal::KILL);
    }

    pub(super) fn terminate(id: u32) {
        send(id, Signal::CONT);
        send(id, Signal::TERM);
    }

    pub(super) fn freeze(id: u32) {
        send(id, Signal::STOP);
    }

    pub(super) fn thaw(id: u32) {
        send(id, Signal::CONT);
    }
}

#[cfg(not(unix))]
mod signal {
    //! Elsewhere only the process itself is killed, by tokio; nothing is frozen.

    pub(super) fn kill(_id: u32) {}
    pub(super) fn terminate(_id: u32) {}
    pub(super) fn freeze(_id: u32) {}
    pub(super) fn thaw(_id: u32) {}
}
