//! `serve`: receives, keeps and answers, and draws each trace when nothing more of it has come for a while.

use std::collections::HashMap;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde_json::json;
use tracer_console::{
    Console, ConsoleOptions, ReceiverCounts, Refusal, Refusals, Revision, TraceId, TraceStore,
};

use super::Failure;
use super::kept::Kept;
use super::let_in::LetIn;
use super::losses::{self, Losses};
use super::otlp::{self, Otlp};
use super::screen::Screen;

#[derive(Debug, clap::Args)]
pub(crate) struct Serve {
    /// The address, for documents over UDP and for X-Ray's API over TCP; port 0 takes a free one
    #[arg(long, default_value = "127.0.0.1:2000")]
    listen: String,
    #[command(flatten)]
    let_in: LetIn,
    #[command(flatten)]
    kept: Kept,
    #[command(flatten)]
    otlp: Otlp,
    /// Draw no traces
    #[arg(long)]
    quiet: bool,
    /// Print JSON, an object a line whose member says what it is: `ready`, `trace` (a summary), `lost`, `refused` or `ended`
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    screen: Screen,
}

/// A trace is drawn when nothing more of it has come for so long.
pub(super) const QUIET: Duration = Duration::from_secs(1);

impl Serve {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let stopping = on_interrupt()?;
        let access = self.let_in.access()?;
        let (store, place) = self.kept.open()?;
        let (listen, otlp) = (self.listen, self.otlp.options());
        let console = Console::start(ConsoleOptions { listen, listen_tcp: None, store, access, otlp })?;
        let mut drawn = Drawn::new(Arc::clone(console.store()), self.screen, self.json);
        let (address, buffer) = (console.local_addr(), console.granted_buffer());
        Screen::say(&if self.json {
            let ready = json!({
                "address": address.to_string(), "udp_buffer": buffer, "kept": place, "otlp": console.otlp_addr(),
                "otlp_grpc": console.otlp_grpc_addr(),
            });
            json!({ "ready": ready }).to_string()
        } else {
            let spans = otlp::addresses(&console);
            format!("ready on {address}, UDP (buffer {buffer} bytes) and TCP{spans}; traces are kept {place}")
        });
        if self.let_in.is_closed_to_tracers(address) {
            anstream::eprintln!("{}", LetIn::ONLY_FROM_HERE);
        }
        if let Some(warning) = losses::warning(buffer) {
            anstream::eprintln!("{warning}");
        }
        let mut losses = Losses::new();
        while !stopping.load(Ordering::Acquire) {
            losses.look(&console, self.json);
            if self.quiet {
                std::thread::park_timeout(Duration::from_millis(100));
            } else {
                drawn.look(QUIET);
            }
        }
        // What has arrived by now is still stored, and counts.
        let (counts, refusals) = console.end();
        if !self.quiet {
            drawn.look(Duration::ZERO);
        }
        if self.json {
            end_as_json(&counts, &refusals);
        } else {
            end(&counts, &refusals);
        }
        Ok(())
    }
}

/// What there was in all.
fn end(counts: &ReceiverCounts, refusals: &Refusals) {
    let by_kernel =
        counts.dropped_by_kernel.map_or_else(String::new, |count| format!(" and by the kernel {count}"));
    let ReceiverCounts { documents, documents_refused, received, refused, dropped, .. } = counts;
    anstream::eprintln!(
        "received {documents}, refused {documents_refused}; datagrams: received {received}, refused {refused}, dropped {dropped}{by_kernel}"
    );
    if counts.from_elsewhere > 0 {
        let count = counts.from_elsewhere;
        anstream::eprintln!("dropped {count} of other machines, as {}", LetIn::ONLY_FROM_HERE);
    }
    for refusal in refusals.latest() {
        Screen::refuse("", &refusal);
    }
}

fn end_as_json(counts: &ReceiverCounts, refusals: &Refusals) {
    for refusal in refusals.latest() {
        let Refusal { code, message, excerpt, .. } = refusal;
        let refused = json!({"code": code.to_string(), "message": message, "excerpt": excerpt});
        Screen::say_json(json!({ "refused": refused }));
    }
    let ended = json!({
        "received": counts.documents, "refused": counts.documents_refused,
        "datagrams": {
            "received": counts.received, "refused": counts.refused, "dropped": counts.dropped,
            "dropped_by_kernel": counts.dropped_by_kernel, "from_elsewhere": counts.from_elsewhere,
        },
    });
    Screen::say(&json!({ "ended": ended }).to_string());
}

/// What has been drawn, and what waits until it is quiet.
pub(super) struct Drawn {
    store: Arc<dyn TraceStore>,
    screen: Screen,
    json: bool,
    seen: Revision,
    waiting: HashMap<TraceId, Instant>,
}

impl Drawn {
    /// Draws what arrives from now on, or prints its summary.
    pub(super) fn new(store: Arc<dyn TraceStore>, screen: Screen, json: bool) -> Self {
        let seen = store.revision();
        Self { store, screen, json, seen, waiting: HashMap::new() }
    }

    /// Waits a moment for news and draws the traces that have been quiet for so long.
    pub(super) fn look(&mut self, quiet: Duration) {
        let store = &self.store;
        // Short enough for an interrupt to be noticed at once.
        let now = store.wait_for_change(self.seen, Duration::from_millis(100));
        for (id, revision) in store.changed_since(self.seen) {
            self.waiting.insert(id, Instant::now());
            self.seen = self.seen.max(revision);
        }
        // A trace that changed and was forgotten is not told: it is not waited for again.
        self.seen = self.seen.max(now);
        let (screen, json) = (self.screen, self.json);
        self.waiting.retain(|id, changed| {
            let is_quiet = changed.elapsed() >= quiet;
            if is_quiet {
                show(&**store, *id, screen, json);
            }
            !is_quiet
        });
    }
}

fn show(store: &dyn TraceStore, id: TraceId, screen: Screen, json: bool) {
    if json {
        // One that was forgotten meanwhile is not shown.
        if let Some(summary) = store.summary(id) {
            Screen::say_json(json!({ "trace": summary }));
        }
    } else if let Some(trace) = store.trace(id) {
        screen.draw(&trace);
    }
}

/// Becomes true with Ctrl-C, SIGTERM or SIGHUP; with a second one the process ends.
pub(super) fn on_interrupt() -> Result<Arc<AtomicBool>, Failure> {
    let stopping = Arc::new(AtomicBool::new(false));
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    let noticed = Arc::clone(&stopping);
    let (registered, registering) = std::sync::mpsc::channel::<()>();
    std::thread::Builder::new().name("interrupt".into()).spawn(move || {
        runtime.block_on(async {
            let mut interrupted = std::pin::pin!(interrupted());
            // The first look registers for the signals: who is told that it is ready may send one at once.
            tokio::select! {
                biased;
                () = &mut interrupted => {}
                () = std::future::ready(()) => {
                    drop(registered);
                    interrupted.await;
                }
            }
        });
        noticed.store(true, Ordering::Release);
        // Whoever reads the standard output may have stopped reading: the second time it ends at once.
        runtime.block_on(interrupted());
        std::process::exit(130);
    })?;
    let _ = registering.recv();
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
