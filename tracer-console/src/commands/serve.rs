//! `serve`: receives, keeps and answers, and draws each trace when nothing more of it has come for a while.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use tracer_console::{Console, ConsoleOptions, Revision, TraceId, TraceStore};

use super::Failure;
use super::kept::Kept;
use super::screen::Screen;

#[derive(Debug, clap::Args)]
pub(crate) struct Serve {
    /// The address, for documents over UDP and for X-Ray's API over TCP; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:2000")]
    listen: String,
    #[command(flatten)]
    kept: Kept,
    /// Draw no traces
    #[arg(long)]
    quiet: bool,
    #[command(flatten)]
    screen: Screen,
}

/// A trace is drawn when nothing more of it has come for so long.
pub(super) const QUIET: Duration = Duration::from_secs(1);

impl Serve {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let stopping = on_interrupt()?;
        let (store, place) = self.kept.open()?;
        let console = Console::start(ConsoleOptions { listen: self.listen.clone(), store })?;
        let mut drawn = Drawn::new(Arc::clone(console.store()), self.screen);
        Screen::say(&format!(
            "ready on {}, UDP (buffer {} bytes) and TCP; traces are kept {place}",
            console.local_addr(),
            console.granted_buffer()
        ));
        while !stopping.load(Ordering::Acquire) {
            if self.quiet {
                std::thread::park_timeout(Duration::from_millis(100));
            } else {
                drawn.look(QUIET);
            }
        }
        if !self.quiet {
            drawn.look(Duration::ZERO);
        }
        let counts = console.counts();
        let by_kernel =
            counts.dropped_by_kernel.map_or_else(String::new, |count| format!(" and by the kernel {count}"));
        anstream::eprintln!(
            "received {}, refused {}, dropped {}{by_kernel}",
            counts.received,
            counts.refused,
            counts.dropped
        );
        for refusal in console.refusals().latest() {
            Screen::refuse("", &refusal);
        }
        Ok(())
    }
}

/// What has been drawn, and what waits until it is quiet.
pub(super) struct Drawn {
    store: Arc<dyn TraceStore>,
    screen: Screen,
    seen: Revision,
    waiting: HashMap<TraceId, Instant>,
}

impl Drawn {
    /// Draws what arrives from now on.
    pub(super) fn new(store: Arc<dyn TraceStore>, screen: Screen) -> Self {
        let seen = store.revision();
        Self { store, screen, seen, waiting: HashMap::new() }
    }

    /// Waits a moment for news and draws the traces that have been quiet for so long.
    pub(super) fn look(&mut self, quiet: Duration) {
        let store = &self.store;
        // Short enough for an interrupt to be noticed at once.
        store.wait_for_change(self.seen, Duration::from_millis(100));
        for (id, revision) in store.changed_since(self.seen) {
            self.waiting.insert(id, Instant::now());
            self.seen = self.seen.max(revision);
        }
        let screen = self.screen;
        self.waiting.retain(|id, changed| {
            let is_quiet = changed.elapsed() >= quiet;
            if let Some(trace) = store.trace(*id).filter(|_| is_quiet) {
                screen.draw(&trace);
            }
            !is_quiet
        });
    }
}

/// Becomes true with Ctrl-C, SIGTERM or SIGHUP; with a second one the process ends.
pub(super) fn on_interrupt() -> Result<Arc<AtomicBool>, Failure> {
    let stopping = Arc::new(AtomicBool::new(false));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let noticed = Arc::clone(&stopping);
    std::thread::Builder::new().name("interrupt".into()).spawn(move || {
        runtime.block_on(interrupted());
        noticed.store(true, Ordering::Release);
        // Whoever reads the standard output may have stopped reading: the second time it ends at once.
        runtime.block_on(interrupted());
        std::process::exit(130);
    })?;
    Ok(stopping)
}

/// Ends with Ctrl-C or SIGTERM, and when the terminal is closed.
pub(super) async fn interrupted() {
    #[cfg(unix)]
    {
        use tokio::signal::unix::SignalKind;
        tokio::select! {
            _ = tokio::signal::ctrl_c() => {}
            () = received(SignalKind::terminate()) => {}
            // `nohup` asks for it to be ignored.
            () = received(SignalKind::hangup()), if !ignores_hangup() => {}
        }
    }
    #[cfg(not(unix))]
    let _ = tokio::signal::ctrl_c().await;
}

#[cfg(unix)]
async fn received(kind: tokio::signal::unix::SignalKind) {
    match tokio::signal::unix::signal(kind) {
        Ok(mut signal) => drop(signal.recv().await),
        Err(_) => std::future::pending().await,
    }
}

/// Linux says which signals are ignored, in hexadecimal; SIGHUP is the lowest bit.
#[cfg(unix)]
fn ignores_hangup() -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.is_some_and(|mask| mask & 1 == 1)
}
