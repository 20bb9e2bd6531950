//! Puts documents over HTTP, fifty a call, and notes what was acknowledged.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use anyhow::{Context, Result};

use crate::api::Api;
use crate::document::{Body, KINDS, Series, TOGETHER};

/// How long senders go on.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Until {
    Time(Duration),
    /// The documents of this number and above are not sent.
    Number(u64),
    /// Nobody answers any more.
    Killed,
}

/// Numbers of documents, as [`TOGETHER`] were acknowledged from each on.
pub(crate) type Acknowledged = Vec<u64>;

/// Senders that take calls in turn from one series.
pub(crate) struct PutSenders<'a> {
    api: &'a Api,
    series: Series,
    next: &'a AtomicU64,
    /// What was acknowledged so far, for who waits for it.
    pub(crate) count: &'a AtomicU64,
}

impl<'a> PutSenders<'a> {
    /// `next` is the number that the next call begins with, a multiple of [`TOGETHER`].
    pub(crate) fn new(api: &'a Api, series: Series, next: &'a AtomicU64, count: &'a AtomicU64) -> Self {
        Self { api, series, next, count }
    }

    /// Puts over so many connections at once. Returns what was acknowledged and how long it took.
    pub(crate) fn run(&self, connections: usize, until: Until) -> Result<(Acknowledged, Duration)> {
        let failed = AtomicBool::new(false);
        let put = |bodies, begin| {
            let put = self.put(bodies, until, begin, &failed);
            failed.fetch_or(put.is_err(), Ordering::Relaxed);
            put
        };
        let put = &put;
        std::thread::scope(|scope| {
            let made: Vec<_> = (0..connections).map(|_| bodies()).collect();
            let begin = Instant::now();
            let threads: Vec<_> =
                made.into_iter().map(|bodies| scope.spawn(move || put(bodies, begin))).collect();
            let mut acknowledged = Vec::new();
            for thread in threads {
                acknowledged.extend(thread.join().ok().context("a sender panicked")??);
            }
            Ok((acknowledged, begin.elapsed()))
        })
    }

    fn put(
        &self,
        mut bodies: Vec<Body>,
        until: Until,
        begin: Instant,
        failed: &AtomicBool,
    ) -> Result<Acknowledged> {
        // A connection of its own.
        let api = self.api.apart();
        let mut acknowledged = Vec::new();
        while !failed.load(Ordering::Relaxed) {
            let first = self.next.fetch_add(TOGETHER, Ordering::Relaxed);
            let is_over = match until {
                Until::Time(time) => begin.elapsed() >= time,
                Until::Number(end) => first >= end,
                Until::Killed => false,
            };
            if is_over {
                break;
            }
            let body = &mut bodies[(first % KINDS / TOGETHER) as usize];
            if !api.put(body.with(&self.series, first))? {
                anyhow::ensure!(matches!(until, Until::Killed), "the server does not answer any more");
                break;
            }
            acknowledged.push(first);
            self.count.fetch_add(TOGETHER, Ordering::Relaxed);
        }
        Ok(acknowledged)
    }
}

fn bodies() -> Vec<Body> {
    (0..KINDS / TOGETHER).map(|at| Body::new(at * TOGETHER, TOGETHER)).collect()
}
