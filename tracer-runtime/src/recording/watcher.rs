//! The one thread that sends early: each quarter of a second what is closed, and before the deadline everything.
//!
//! An invocation arms its schedule with atomic stores. The thread looks at all schedules at least each tenth of a second
//! while invocations keep coming, and parks after some idle seconds; only then does arming cost a wake-up.

use std::sync::OnceLock;
use std::sync::atomic::AtomicBool;
use std::thread::{self, Thread};
use std::time::Duration;

use super::invocation::{Invocation, ticks};
use super::outbox::Due;
use super::shared::atomic::{AtomicU64, Ordering};

/// A kill loses at most this much of what was closed (P5).
const FLUSH_EVERY: Duration = Duration::from_millis(250);
/// A new schedule is seen after this time at the latest, well before it is first due.
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// How often to look once the deadline is near.
const NEAR_DEADLINE: Duration = Duration::from_millis(20);
/// How long before the deadline everything is sent: enough for a sandbox whose small share of a processor comes in
/// slices of a tenth of a second.
const DEADLINE_MARGIN: Duration = Duration::from_millis(200);
/// How long after the deadline it no longer counts.
const GIVE_UP_AFTER: Duration = Duration::from_secs(1);
const PARK_AFTER: Duration = Duration::from_secs(5);

/// When an invocation is to be sent early, in [`ticks`]; zero is never.
#[derive(Debug, Default)]
pub(crate) struct Schedule {
    flush_at: AtomicU64,
    deadline_at: AtomicU64,
    gives_up_at: AtomicU64,
}

impl Schedule {
    pub(crate) fn arm(&self, remaining: Option<Duration>) {
        let now = ticks();
        // A short invocation keeps at least nine tenths of its time before the margin.
        let margin = |remaining: Duration| remaining - DEADLINE_MARGIN.min(remaining / 10);
        let deadline = remaining.map_or(0, |remaining| now + nanos(margin(remaining)));
        self.deadline_at.store(deadline, Ordering::SeqCst);
        let gives_up = remaining.map_or(0, |remaining| now + nanos(remaining + GIVE_UP_AFTER));
        self.gives_up_at.store(gives_up, Ordering::SeqCst);
        self.flush_at.store(now + nanos(FLUSH_EVERY), Ordering::SeqCst);
    }

    pub(crate) fn disarm(&self) {
        self.flush_at.store(0, Ordering::SeqCst);
        self.deadline_at.store(0, Ordering::SeqCst);
    }

    /// Stops until something is opened. Call it, and [`Schedule::resume`], under the invocation's lock.
    pub(crate) fn pause(&self) {
        self.flush_at.store(0, Ordering::SeqCst);
    }

    /// Goes on where [`Schedule::pause`] stopped; says whether it had.
    pub(crate) fn resume(&self) -> bool {
        let is_paused = self.flush_at.load(Ordering::Relaxed) == 0;
        if is_paused {
            self.flush_at.store(ticks() + nanos(FLUSH_EVERY), Ordering::SeqCst);
        }
        is_paused
    }

    fn is_due(&self, now: u64) -> bool {
        self.next().is_some_and(|next| next <= now)
    }

    /// What is due at `now`, if anything is; the next time is set.
    pub(crate) fn due(&self, now: u64) -> Option<Due> {
        let flush_at = self.flush_at.load(Ordering::SeqCst);
        let deadline_at = self.deadline_at.load(Ordering::SeqCst);
        if flush_at == 0 {
            return None;
        }
        let is_near_deadline = deadline_at != 0 && now >= deadline_at;
        if !is_near_deadline && now < flush_at {
            return None;
        }
        let next = now + nanos(if is_near_deadline { NEAR_DEADLINE } else { FLUSH_EVERY });
        // Where it was disarmed or armed anew meanwhile, that holds.
        let _ = self.flush_at.compare_exchange(flush_at, next, Ordering::SeqCst, Ordering::SeqCst);
        let gave_up_at = self.gives_up_at.load(Ordering::SeqCst);
        if is_near_deadline && gave_up_at != 0 && now >= gave_up_at {
            // No invocation lives so long after its deadline: this one has none that counts.
            let _ = self.deadline_at.compare_exchange(deadline_at, 0, Ordering::SeqCst, Ordering::SeqCst);
            return Some(Due::Closed);
        }
        if is_near_deadline {
            // From now on the flushes, which come often, send the open ones too.
            let _ = self.deadline_at.compare_exchange(deadline_at, next, Ordering::SeqCst, Ordering::SeqCst);
            return Some(Due::ClosedAndOpen);
        }
        Some(Due::Closed)
    }

    /// The next time that something is due.
    pub(crate) fn next(&self) -> Option<u64> {
        let flush_at = Some(self.flush_at.load(Ordering::SeqCst)).filter(|at| *at != 0)?;
        let deadline_at = Some(self.deadline_at.load(Ordering::SeqCst)).filter(|at| *at != 0);
        Some(deadline_at.map_or(flush_at, |deadline| flush_at.min(deadline)))
    }
}

static THREAD: OnceLock<Option<Thread>> = OnceLock::new();
static IS_PARKED: AtomicBool = AtomicBool::new(false);

/// Makes sure that the watcher sees a schedule that was just armed.
pub(crate) fn wake() {
    let Some(thread) = THREAD.get_or_init(start) else {
        return;
    };
    // Arming came before this load, and the watcher looks at the schedules after it says that it parks: one sees the other.
    if IS_PARKED.load(Ordering::SeqCst) && IS_PARKED.swap(false, Ordering::SeqCst) {
        thread.unpark();
    }
}

fn start() -> Option<Thread> {
    // Where no thread can be had everything is sent at the end of its invocation.
    let thread =
        thread::Builder::new().name("tracer-watcher".to_owned()).stack_size(256 << 10).spawn(watch).ok()?;
    Some(thread.thread().clone())
}

fn watch() {
    let mut idle_since = ticks();
    loop {
        let now = ticks();
        match send_due(now) {
            Some(next) => {
                idle_since = now;
                let wait = Duration::from_nanos(next.saturating_sub(now));
                thread::sleep(wait.clamp(Duration::from_millis(1), LOOK_EVERY));
            }
            None if now - idle_since < nanos(PARK_AFTER) => thread::sleep(LOOK_EVERY),
            None => {
                park();
                idle_since = ticks();
            }
        }
    }
}

/// Sends what is due and returns when the next is, or `None` when no invocation is under way.
fn send_due(now: u64) -> Option<u64> {
    let all = Invocation::all();
    for invocation in &all {
        if invocation.schedule.is_due(now) {
            invocation.send_what_is_due(now);
        }
    }
    all.iter().filter_map(|invocation| invocation.schedule.next()).min()
}

fn park() {
    IS_PARKED.store(true, Ordering::SeqCst);
    // What was armed before the store above did not wake us.
    let is_armed = Invocation::all().iter().any(|invocation| invocation.schedule.next().is_some());
    if is_armed {
        IS_PARKED.store(false, Ordering::SeqCst);
        return;
    }
    while IS_PARKED.load(Ordering::SeqCst) {
        thread::park();
    }
}

fn nanos(duration: Duration) -> u64 {
    duration.as_nanos() as u64
}

#[cfg(test)]
mod tests {
    use super::*;

    fn ms(millis: u64) -> u64 {
        nanos(Duration::from_millis(millis))
    }

    #[test]
    fn nothing_is_due_within_a_quarter_of_a_second_and_then_each_quarter() {
        let schedule = Schedule::default();
        schedule.arm(None);
        let now = ticks();
        assert_eq!(schedule.due(now + ms(200)), None);
        assert_eq!(schedule.due(now + ms(260)), Some(Due::Closed));
        assert_eq!(schedule.due(now + ms(400)), None);
        assert_eq!(schedule.due(now + ms(520)), Some(Due::Closed));
        schedule.disarm();
        assert_eq!(schedule.due(now + ms(2000)), None);
        assert_eq!(schedule.next(), None);
    }

    #[test]
    fn everything_is_due_before_the_deadline() {
        let schedule = Schedule::default();
        schedule.arm(Some(Duration::from_millis(3000)));
        let now = ticks();
        assert_eq!(schedule.due(now + ms(2790)), Some(Due::Closed));
        assert_eq!(schedule.due(now + ms(2810)), Some(Due::ClosedAndOpen));
        assert_eq!(schedule.due(now + ms(2840)), Some(Due::ClosedAndOpen));
    }
}
