//! What came and what became of it: said when it is ready, each minute in which something changed, when a signal asks for it, and at the
//! end.

use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tracer_console::{ForwardCounts, Forwarder, ReceiverCounts};

use super::super::Failure;
use super::super::otlp;
use super::super::screen::Screen;

const PERIOD: Duration = Duration::from_secs(60);

/// What has been said so far.
pub(super) struct Report {
    json: bool,
    said: ForwardCounts,
    received: ReceiverCounts,
    at: Instant,
}

impl Report {
    pub(super) fn new(json: bool) -> Self {
        let (said, received) = (ForwardCounts::default(), ReceiverCounts::default());
        Self { json, said, received, at: Instant::now() }
    }

    pub(super) fn ready(&mut self, forwarder: &Forwarder, queue: &Path) {
        let console = forwarder.console();
        let (udp, tcp, buffer) = (console.local_addr(), console.tcp_addr(), console.granted_buffer());
        let counts = forwarder.counts();
        if self.json {
            let ready = json!({
                "udp": udp, "tcp": tcp, "udp_buffer": buffer, "queue": queue.display().to_string(), "otlp": console.otlp_addr(),
                "otlp_grpc": console.otlp_grpc_addr(), "targets": counts.targets,
            });
            Screen::say(&json!({ "ready": ready }).to_string());
        } else {
            let targets: Vec<_> = counts.targets.iter().map(|target| &*target.name).collect();
            let over_tcp = if udp == tcp { "and TCP".to_owned() } else { format!("and on {tcp}, TCP") };
            let (targets, queue, spans) = (targets.join(", "), queue.display(), otlp::addresses(console));
            Screen::say(&format!(
                "ready on {udp}, UDP (buffer {buffer} bytes) {over_tcp}{spans}; forwards to {targets}; documents wait in {queue}"
            ));
        }
        for target in counts.targets.iter().filter(|target| target.waiting > 0) {
            log::info!("{}: {} documents wait from an earlier time", target.name, target.waiting);
        }
        for (name, waiting) in forwarder.left_behind() {
            log::warn!(
                "{waiting} documents wait for {name}, which is not named now: they stay as long as the queue has room"
            );
        }
        (self.said, self.received) = (counts, console.counts());
    }

    /// Says the counts where it is time to, or where they are asked for.
    pub(super) fn look(&mut self, forwarder: &Forwarder, is_asked: bool) {
        let is_time = self.at.elapsed() >= PERIOD;
        if !is_time && !is_asked {
            return;
        }
        let (counts, received) = (forwarder.counts(), forwarder.console().counts());
        if is_asked || self.is_news(&counts, received) {
            self.say("counts", &counts, received);
        }
        if received.refused > self.received.refused
            && let Some(latest) = forwarder.console().refusals().latest().last()
        {
            log::warn!("refused, the latest of them: {latest}");
        }
        (self.said, self.received, self.at) = (counts, received, Instant::now());
    }

    /// Also where everything that came was lost.
    fn is_news(&self, counts: &ForwardCounts, received: ReceiverCounts) -> bool {
        *counts != self.said || received != self.received
    }

    /// Ends it, and says what there was in all.
    pub(super) fn end(&self, forwarder: Forwarder, within: Duration) {
        let ended = forwarder.stop(within);
        for refusal in &ended.refusals {
            log::warn!("refused: {refusal}");
        }
        self.say("ended", &ended.counts, ended.received);
    }

    fn say(&self, what: &str, counts: &ForwardCounts, received: ReceiverCounts) {
        let ReceiverCounts { refused, dropped, from_elsewhere, dropped_by_kernel, .. } = received;
        if self.json {
            let mut all = json!(counts);
            all["refused"] = json!(refused);
            all["dropped_datagrams"] = json!(dropped);
            all["from_elsewhere"] = json!(from_elsewhere);
            all["dropped_by_kernel"] = json!(dropped_by_kernel);
            let mut line = serde_json::Map::new();
            line.insert(what.to_owned(), all);
            Screen::say(&Value::Object(line).to_string());
            return;
        }
        let mut datagrams = String::new();
        let by_kernel = dropped_by_kernel.unwrap_or_default();
        for (what, count) in
            [("refused", refused), ("dropped", dropped), ("dropped by the kernel", by_kernel)]
        {
            if count > 0 {
                datagrams.push_str(&format!("; datagrams {what} {count}"));
            }
        }
        log::info!("{counts}{datagrams}");
    }
}

/// Becomes true with SIGUSR1, each time.
pub(super) fn on_signal() -> Result<Arc<AtomicBool>, Failure> {
    let asked = Arc::new(AtomicBool::new(false));
    #[cfg(unix)]
    {
        use std::sync::atomic::Ordering;
        use tokio::signal::unix::{SignalKind, signal};

        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let entered = runtime.enter();
        let mut signal = signal(SignalKind::user_defined1())?;
        drop(entered);
        let noticed = Arc::clone(&asked);
        std::thread::Builder::new().name("report".into()).spawn(move || {
            while runtime.block_on(signal.recv()).is_some() {
                noticed.store(true, Ordering::Release);
            }
        })?;
    }
    Ok(asked)
}

#[cfg(test)]
mod tests {
    use tracer_console::{ConsoleOptions, ForwardOptions, ForwardTarget};

    use super::*;

    #[test]
    fn what_is_lost_is_said_though_nothing_is_taken() {
        let home = tempfile::tempdir().unwrap();
        let target = ForwardTarget::x_ray("http://127.0.0.1:9").unwrap();
        let options = ForwardOptions::new(home.path().join("forward.db"), vec![target]);
        let forwarder =
            Forwarder::start(ForwardOptions { console: ConsoleOptions::any_port(), ..options }).unwrap();
        let mut report = Report::new(true);
        report.ready(&forwarder, home.path());
        assert!(!report.is_news(&forwarder.counts(), forwarder.console().counts()));
        let sender = std::net::UdpSocket::bind("127.0.0.1:0").unwrap();
        sender.send_to(b"{\"format\":\"json\",\"version\":1}\n{}", forwarder.console().local_addr()).unwrap();
        let deadline = Instant::now() + Duration::from_secs(60);
        while forwarder.console().counts().refused == 0 {
            assert!(Instant::now() < deadline, "the datagram is not refused");
            std::thread::yield_now();
        }
        assert!(report.is_news(&forwarder.counts(), forwarder.console().counts()));
        report.look(&forwarder, true);
        assert!(!report.is_news(&forwarder.counts(), forwarder.console().counts()));
    }
}
