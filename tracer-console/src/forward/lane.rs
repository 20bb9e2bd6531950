//! A target's lane: which of its documents are sent when, and by how many at a time.
//!
//! Documents go out in batches, when there are enough for a full one or the first has waited a second. A batch that fails is set
//! aside and tried again later, so that one that fails for ever holds nobody up; and as long as the far end fails, the lane pauses,
//! and then tries with one batch only until that gets through.

use std::cmp::Reverse;
use std::collections::BinaryHeap;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use super::backoff::Backoff;
use super::queue::Number;

/// X-Ray takes so many documents in a call.
pub(super) const FULL: usize = 50;
/// A document waits at most so long for others.
const GATHERING: Duration = Duration::from_secs(1);
/// So many batches may be set aside; then only those are tried.
const MOST_ASIDE: usize = 1_000;

/// Documents that are tried again together.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Batch {
    pub(super) numbers: Vec<Number>,
    /// How often it failed.
    pub(super) failures: u32,
}

/// What to do next.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Task {
    /// Load the next documents behind this one, and say by [`Lane::loaded`] how far that went.
    Load { after: Number },
    /// Send this batch again.
    Again(Batch),
}

/// How what a task was came out, as far as the lane is concerned.
#[derive(Debug)]
pub(super) enum Outcome {
    /// Nothing was left to be sent.
    Nothing,
    /// The far end answered; these batches are to be tried again without a wait.
    Answered(Vec<Batch>),
    /// The far end failed, and asks for this wait; the batches are to be tried again after one.
    Failed(Vec<Batch>, Option<Duration>),
}

pub(super) struct Lane {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Debug)]
struct State {
    backoff: Backoff,
    /// The latest document of the queue.
    last: Number,
    /// Documents up to this one have been loaded.
    after: Number,
    /// Since when there is one to be loaded.
    since: Option<Instant>,
    is_loading: bool,
    aside: BinaryHeap<Reverse<Aside>>,
    under_way: usize,
    /// How often the far end failed since it last answered.
    failures: u32,
    paused_until: Option<Instant>,
    paused_at: Option<Instant>,
    /// Nothing is waited for any more, and from then on nothing is begun.
    stopping: Option<Instant>,
}

/// A batch that is set aside, the one that is due first first.
#[derive(Debug, PartialEq, Eq)]
struct Aside {
    due: Instant,
    batch: Batch,
}

impl Ord for Aside {
    fn cmp(&self, other: &Self) -> std::cmp::Ordering {
        self.due.cmp(&other.due).then_with(|| self.batch.numbers.cmp(&other.batch.numbers))
    }
}

impl PartialOrd for Aside {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

/// What the state has for who asks.
#[derive(Debug, PartialEq, Eq)]
enum Next {
    Task(Task),
    /// Ask again when something changed, at the latest then.
    Wait(Option<Instant>),
    Over,
}

impl State {
    fn next(&mut self, now: Instant) -> Next {
        if let Some(end) = self.stopping
            && (now >= end || self.failures > 0)
        {
            // What is left is on disk.
            return Next::Over;
        }
        if let Some(until) = self.paused_until.filter(|until| *until > now) {
            return Next::Wait(Some(until));
        }
        if self.failures > 0 && self.under_way > 0 {
            return Next::Wait(None);
        }
        if self.aside.peek().is_some_and(|Reverse(aside)| aside.due <= now)
            && let Some(Reverse(aside)) = self.aside.pop()
        {
            self.under_way += 1;
            return Next::Task(Task::Again(aside.batch));
        }
        let due = self.aside.peek().map(|Reverse(aside)| aside.due);
        if self.is_loading {
            return Next::Wait(due);
        }
        let there = self.last - self.after;
        if there > 0 && self.aside.len() < MOST_ASIDE {
            let gathered = self.since.map(|since| since + GATHERING);
            let is_time = there >= FULL as Number || gathered.is_none_or(|gathered| gathered <= now);
            if is_time || self.stopping.is_some() {
                self.is_loading = true;
                self.under_way += 1;
                return Next::Task(Task::Load { after: self.after });
            }
            return Next::Wait(due.into_iter().chain(gathered).min());
        }
        match self.stopping {
            // What is set aside for later is not waited for.
            Some(_) => Next::Over,
            None => Next::Wait(due),
        }
    }

    fn appended(&mut self, last: Number, now: Instant) {
        self.last = self.last.max(last);
        if self.last > self.after {
            self.since.get_or_insert(now);
        }
    }

    fn loaded(&mut self, up_to: Number, now: Instant) {
        self.is_loading = false;
        self.after = self.after.max(up_to);
        // What was left over gathers anew.
        self.since = (self.last > self.after).then_some(now);
    }

    fn finished(&mut self, began: Instant, outcome: Outcome, now: Instant) {
        self.under_way = self.under_way.saturating_sub(1);
        match outcome {
            Outcome::Nothing => {}
            Outcome::Answered(again) => {
                (self.failures, self.paused_until) = (0, None);
                self.aside.extend(again.into_iter().map(|batch| Reverse(Aside { due: now, batch })));
            }
            Outcome::Failed(batches, asked) => {
                // Several that were under way together are one failure.
                if self.paused_at.is_none_or(|paused| began >= paused) {
                    self.failures += 1;
                    self.paused_at = Some(now);
                    self.paused_until = Some(now + self.backoff.wait(self.failures, asked));
                }
                for mut batch in batches {
                    batch.failures += 1;
                    let due = now + self.backoff.wait(batch.failures, asked);
                    self.aside.push(Reverse(Aside { due, batch }));
                }
            }
        }
    }
}

impl Lane {
    /// A lane for documents that come.
    pub(super) fn new(backoff: Backoff) -> Self {
        let state = State {
            backoff,
            last: 0,
            after: 0,
            since: None,
            is_loading: false,
            aside: BinaryHeap::new(),
            under_way: 0,
            failures: 0,
            paused_until: None,
            paused_at: None,
            stopping: None,
        };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn change(&self, change: impl FnOnce(&mut State, Instant)) {
        change(&mut self.state(), Instant::now());
        self.changed.notify_all();
    }

    /// Documents up to this one wait from an earlier time, and for no others.
    pub(super) fn resume(&self, last: Number) {
        self.change(|state, _| state.last = state.last.max(last));
    }

    /// Documents up to this one are there.
    pub(super) fn appended(&self, last: Number) {
        self.change(|state, now| state.appended(last, now));
    }

    /// Waits for something to do; `None` when it is over.
    pub(super) fn next(&self) -> Option<Task> {
        let mut state = self.state();
        loop {
            let now = Instant::now();
            let until = match state.next(now) {
                Next::Task(task) => return Some(task),
                Next::Over => return None,
                Next::Wait(until) => until.into_iter().chain(state.stopping).min(),
            };
            state = match until {
                Some(until) => {
                    let waited = self.changed.wait_timeout(state, until.saturating_duration_since(now));
                    waited.unwrap_or_else(PoisonError::into_inner).0
                }
                None => self.changed.wait(state).unwrap_or_else(PoisonError::into_inner),
            };
        }
    }

    /// Documents up to this one were loaded.
    pub(super) fn loaded(&self, up_to: Number) {
        self.change(|state, now| state.loaded(up_to, now));
    }

    /// How what was sent since `began` came out.
    pub(super) fn finished(&self, began: Instant, outcome: Outcome) {
        self.change(|state, now| state.finished(began, outcome, now));
    }

    /// Sends what is there without waiting for more, and begins nothing after so long.
    pub(super) fn stop(&self, within: Duration) {
        self.change(|state, now| state.stopping = Some(now + within));
    }
}

#[cfg(test)]
#[path = "lane_tests.rs"]
mod tests;
