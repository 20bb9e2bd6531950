//! A burst over UDP: what is not kept is counted, what is counted as received is kept, and what the buffer holds is not lost.

use std::net::UdpSocket;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::time::{Duration, Instant};

use serde_json::json;
use tracer_console::{Console, ConsoleOptions, ReceiverCounts, Revision, SqliteStore};

/// More than any machine needs; nothing is measured.
const PATIENCE: Duration = Duration::from_secs(240);
/// What a datagram takes of the kernel's buffer is no more than this: its bytes, rounded up, and the kernel's own.
const BYTES_IN_BUFFER: usize = 8 << 10;
/// What Linux counts for one of at most 3.7 KB, with pages of 4 KB (measured).
const MOST_BYTES_ON_LINUX: usize = 4_352;

struct Home {
    console: Console,
    _directory: tempfile::TempDir,
}

impl Home {
    fn new() -> Self {
        let directory = tempfile::tempdir().unwrap();
        let store = Arc::new(SqliteStore::open(&directory.path().join("traces.db")).unwrap());
        let console = Console::start(ConsoleOptions { store, ..ConsoleOptions::any_port() }).unwrap();
        Self { console, _directory: directory }
    }

    /// Sends at full speed, each datagram a trace of its own, from so many senders at once.
    fn burst(&self, datagrams: usize, senders: usize) {
        let datagrams: Vec<_> = (0..datagrams).map(datagram).collect();
        let send = |datagrams: &[String]| {
            let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
            sender.connect(self.console.local_addr()).unwrap();
            for datagram in datagrams {
                assert_eq!(sender.send(datagram.as_bytes()).unwrap(), datagram.len());
            }
        };
        std::thread::scope(|scope| {
            for datagrams in datagrams.chunks(datagrams.len().div_ceil(senders)) {
                scope.spawn(move || send(datagrams));
            }
        });
    }

    fn wait(&self, what: &str, is_so: impl Fn() -> bool) {
        let deadline = Instant::now() + PATIENCE;
        while !is_so() {
            assert!(Instant::now() < deadline, "not yet {what}: {:?}", self.console.counts());
            self.console.store().wait_for_change(self.console.store().revision(), Duration::from_millis(50));
        }
    }

    /// The counts once all that was sent is accounted for, and all that was received is stored.
    fn settled(&self, sent: u64) -> ReceiverCounts {
        let counts = || self.console.counts();
        self.wait("all counted", || {
            counts().received + counts().dropped_by_kernel.unwrap_or_default() >= sent
        });
        self.wait("all stored", || self.stored() >= counts().received - counts().dropped);
        counts()
    }

    fn stored(&self) -> u64 {
        self.console.store().changed_since(Revision::default()).len() as u64
    }
}

/// Of 1.6 KB.
fn datagram(number: usize) -> String {
    let document = json!({
        "name": "order-service", "id": format!("{:016x}", number + 1), "trace_id": format!("1-6b02e002-{number:024x}"),
        "start_time": 1_795_348_454.25, "end_time": 1_795_348_454.5, "origin": "AWS::Lambda::Function",
        "annotations": {"OrderId": format!("ORD-{number}")}, "metadata": {"orders": {"filling": "x".repeat(1_230)}},
    });
    let datagram = format!("{{\"format\":\"json\",\"version\":1}}\n{document}");
    assert!((1_500..1_700).contains(&datagram.len()), "{}", datagram.len());
    datagram
}

/// Where the kernel does not count its drops, nothing says when all has been accounted for.
#[cfg(target_os = "linux")]
#[test]
fn a_burst_at_full_speed_is_received_or_counted_as_dropped_and_what_was_received_is_kept() {
    const SENT: u64 = 20_000;
    let home = Home::new();
    home.burst(SENT as usize, 1);
    let counts = home.settled(SENT);
    assert_eq!(counts.received + counts.dropped_by_kernel.unwrap(), SENT);
    assert_eq!(counts.refused, 0, "{:?}", home.console.refusals().latest());
    assert_eq!(home.stored(), counts.received - counts.dropped);
}

/// Where the buffer has room for all of it, nobody has to be quick.
#[test]
fn a_burst_of_20_000_datagrams_loses_nothing_where_the_kernel_grants_a_buffer_for_it() {
    const SENT: usize = 20_000;
    for senders in [1, 2, 4] {
        let home = Home::new();
        let granted = home.console.granted_buffer();
        if granted < SENT * MOST_BYTES_ON_LINUX {
            eprintln!(
                "skipped: a_burst_of_20_000_datagrams_loses_nothing: the kernel grants {granted} bytes"
            );
            return;
        }
        home.burst(SENT, senders);
        let counts = home.settled(SENT as u64);
        assert_eq!(
            (counts.received, counts.dropped, counts.refused),
            (SENT as u64, 0, 0),
            "{senders} senders"
        );
        assert_eq!(counts.dropped_by_kernel.unwrap_or_default(), 0);
        assert_eq!(home.stored(), SENT as u64);
    }
}

#[test]
fn a_console_stops_while_senders_go_on() {
    let home = Home::new();
    let address = home.console.local_addr();
    let is_over = Arc::new(AtomicBool::new(false));
    let senders: Vec<_> = (0..3)
        .map(|_| {
            let (is_over, sender) = (Arc::clone(&is_over), UdpSocket::bind("127.0.0.1:0").unwrap());
            std::thread::spawn(move || {
                while !is_over.load(Ordering::Acquire) {
                    let _ = sender.send_to(b"nonsense", address);
                }
            })
        })
        .collect();
    home.wait("a flood", || home.console.counts().received > 1_000);
    let (stopped, has_stopped) = channel();
    std::thread::spawn(move || {
        drop(home);
        stopped.send(()).unwrap();
    });
    has_stopped.recv_timeout(PATIENCE).expect("it stops");
    is_over.store(true, Ordering::Release);
    senders.into_iter().for_each(|sender| sender.join().unwrap());
}

#[test]
fn a_burst_that_the_granted_buffer_holds_loses_nothing() {
    let home = Home::new();
    let sent = home.console.granted_buffer() / BYTES_IN_BUFFER;
    home.burst(sent, 1);
    let counts = home.settled(sent as u64);
    assert_eq!((counts.received, counts.dropped, counts.refused), (sent as u64, 0, 0));
    assert_eq!(counts.dropped_by_kernel.unwrap_or_default(), 0);
    assert_eq!(home.stored(), sent as u64);
}
