//! How much of everything: all of it, or as little as shows that it works.

use std::time::Duration;

#[derive(Debug)]
pub(crate) struct Scale {
    /// How often the console is started to be timed.
    pub(crate) starts: usize,
    /// Datagrams of a burst, and from how many senders.
    pub(crate) burst: u64,
    pub(crate) senders: &'static [u64],
    /// How long intake is measured each time.
    pub(crate) intake: Duration,
    pub(crate) connections: &'static [usize],
    /// Rates that are tried over UDP at most.
    pub(crate) rates: usize,
    /// Traces that are searched.
    pub(crate) traces: u64,
    /// How often each kind of question is asked.
    pub(crate) questions: u64,
    /// Pages that are read of a long list.
    pub(crate) pages: usize,
    /// How often the console is killed, each time when so many calls at most were acknowledged.
    pub(crate) kills: u64,
    pub(crate) calls_before_kill: u64,
    /// When a question is given up.
    pub(crate) patience: Duration,
    /// How long a peer is measured, and of how many traces it lists.
    pub(crate) peers: (Duration, u64),
}

impl Scale {
    /// `TRACES` says how many traces are searched, 200,000 unless it does.
    pub(crate) fn full() -> Self {
        let traces = std::env::var("TRACES").ok().and_then(|traces| traces.parse().ok());
        Self {
            starts: 21,
            burst: 20_000,
            senders: &[1, 2, 4],
            intake: Duration::from_secs(20),
            connections: &[1, 4, 8],
            rates: 6,
            traces: traces.unwrap_or(200_000),
            questions: 24,
            pages: 100,
            kills: 8,
            calls_before_kill: 400,
            patience: Duration::from_secs(60),
            peers: (Duration::from_secs(5), 2_000),
        }
    }

    /// A few seconds of everything.
    pub(crate) fn quick() -> Self {
        Self {
            starts: 2,
            burst: 500,
            senders: &[2],
            intake: Duration::from_millis(200),
            connections: &[2],
            rates: 1,
            traces: 2_000,
            questions: 2,
            pages: 3,
            kills: 2,
            calls_before_kill: 10,
            patience: Duration::from_secs(60),
            peers: (Duration::from_millis(500), 100),
        }
    }
}
