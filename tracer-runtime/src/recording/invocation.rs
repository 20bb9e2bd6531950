//! One invocation: its header, its clock, its record; reused from a pool, so that a warm process allocates none.

use std::ops::Deref;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::trace_header::{TraceHeader, is_printable};
use crate::trace_id::SegmentId;

use super::node::{NONE, NodeIndex};
use super::outbox::Due;
use super::record::{Record, SEND_EARLY_BYTES};
use super::scratch;
use super::tracer::Tracer;
use super::watcher::{self, Schedule};

/// An entry of the pool. It lives as long as the process: there are as many as were ever in use at once.
pub(crate) struct Invocation {
    users: AtomicUsize,
    pub(crate) schedule: Schedule,
    state: Mutex<State>,
}

pub(crate) struct State {
    /// Counts the uses of this entry, so that a late report about an earlier one is told apart.
    generation: u64,
    pub(crate) tracer: Option<Tracer>,
    pub(crate) header: TraceHeader,
    pub(crate) has_trace: bool,
    pub(crate) is_recording: bool,
    /// The header as it came, to pass on where nothing is recorded.
    verbatim: String,
    /// The handler's subsegment that a layer opened, until an attribute takes it over.
    pub(crate) adoptable: NodeIndex,
    pub(crate) record: Record,
    start: Instant,
    start_micros: u64,
    ids: fastrand::Rng,
}

static FREE: Mutex<Vec<&'static Invocation>> = Mutex::new(Vec::new());
static ALL: Mutex<Vec<&'static Invocation>> = Mutex::new(Vec::new());

/// What an invocation begins with.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Beginning<'a> {
    pub(crate) header: Option<&'a str>,
    /// Epoch milliseconds.
    pub(crate) deadline: Option<u64>,
}

impl Invocation {
    /// Every invocation that ever was, for the watcher.
    pub(crate) fn all() -> Vec<&'static Self> {
        lock(&ALL).clone()
    }

    fn from_pool() -> &'static Self {
        if let Some(free) = lock(&FREE).pop() {
            return free;
        }
        let state = State {
            generation: 0,
            tracer: None,
            header: TraceHeader::EMPTY,
            has_trace: false,
            is_recording: false,
            verbatim: String::new(),
            adoptable: NONE,
            record: Record::default(),
            start: Instant::now(),
            start_micros: 0,
            ids: fastrand::Rng::new(),
        };
        let new =
            Self { users: AtomicUsize::new(0), schedule: Schedule::default(), state: Mutex::new(state) };
        let new: &'static Self = Box::leak(Box::new(new));
        lock(&ALL).push(new);
        new
    }

    /// The state, for a few instructions: no user code and no system call runs under this lock.
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Closes a subsegment and sends what leaves with it.
    pub(crate) fn close(&self, index: NodeIndex, id: SegmentId) {
        let mut state = self.lock();
        let end = state.now();
        let Some(tracer) = state.tracer.clone() else {
            return;
        };
        if state.record.find(index, id).is_none_or(|node| !node.is_open()) {
            return;
        }
        state.record.close(index, end, tracer.limit());
        if state.record.closed_bytes > SEND_EARLY_BYTES {
            state.record.depart_all(Due::Closed, tracer.limit());
        }
        self.send_outbox(state);
    }

    /// Sends what the schedule says is due at `now`, in the watcher's [`ticks`]. Asking under the lock makes sure that it
    /// is this invocation's schedule and not the next one's.
    pub(crate) fn send_what_is_due(&'static self, now: u64) {
        // A user too, so that the invocation does not end before what is on its way has arrived.
        let Some(_user) = self.retain() else { return };
        let state = self.lock();
        let Some(due) = self.schedule.due(now) else { return };
        if state.record.live() == 0 {
            // Until something is opened again.
            self.schedule.pause();
            return;
        }
        self.send_from(state, due);
    }

    pub(crate) fn send(&self, due: Due) {
        self.send_from(self.lock(), due);
    }

    fn send_from<'a>(&'a self, mut state: MutexGuard<'a, State>, due: Due) {
        let Some(limit) = state.tracer.as_ref().map(Tracer::limit) else { return };
        state.record.depart_all(due, limit);
        self.send_outbox(state);
    }

    /// Sends what is left of a test's trace.
    pub(crate) fn send_everything(&self) {
        self.send(Due::ClosedAndOpen);
    }

    /// Sends the outbox, document by document; the lock is released for each system call.
    fn send_outbox<'a>(&'a self, mut state: MutexGuard<'a, State>) {
        if state.record.outbox.is_empty() {
            return;
        }
        let generation = state.generation;
        let Some(tracer) = state.tracer.clone() else {
            return;
        };
        let mut datagram = scratch::take();
        while state.generation == generation {
            datagram.clear();
            let (trace, limit) = (state.header.root(), tracer.limit());
            let Some(taken) = state.record.take_next(trace, limit, &mut datagram) else { break };
            drop(state);
            let outcome = tracer.send(&datagram, limit);
            state = self.lock();
            if state.generation == generation {
                state.record.sent(taken, outcome, tracer.limit());
            }
        }
        drop(state);
        scratch::give_back(datagram);
    }

    /// Another reference, unless the last one is just going.
    fn retain(&'static self) -> Option<InvocationRef> {
        let more = |users: usize| (users > 0).then(|| users + 1);
        self.users.fetch_update(Ordering::AcqRel, Ordering::Relaxed, more).ok().map(|_| InvocationRef(self))
    }

    /// Ends the use of this entry: what is closed still leaves, what nobody will ever close is forgotten.
    fn release(&'static self) {
        self.schedule.disarm();
        if self.lock().record.live() > 0 {
            self.send(Due::Closed);
        }
        let tracer = {
            let mut state = self.lock();
            state.generation += 1;
            state.record.reset();
            state.tracer.take()
        };
        // A user's sink may be dropped with it: not under the lock.
        drop(tracer);
        lock(&FREE).push(self);
    }
}

impl State {
    /// Epoch microseconds by the monotonic clock: time never runs backwards within an invocation.
    pub(crate) fn now(&self) -> u64 {
        self.start_micros + self.start.elapsed().as_micros() as u64
    }

    pub(crate) fn new_id(&mut self) -> SegmentId {
        new_id(&mut self.ids)
    }

    /// The record, and what makes new ids for it.
    pub(crate) fn record_and_ids(&mut self) -> (&mut Record, impl FnMut() -> SegmentId) {
        let ids = &mut self.ids;
        (&mut self.record, move || new_id(ids))
    }

    /// The header to pass on with a call that the subsegment `parent` makes.
    pub(crate) fn header_to_pass_on(&self, parent: SegmentId) -> Option<String> {
        if self.is_recording {
            return Some(self.header.with_parent(parent).to_string());
        }
        (!self.verbatim.is_empty()).then(|| self.verbatim.clone())
    }
}

fn new_id(ids: &mut fastrand::Rng) -> SegmentId {
    SegmentId(ids.u64(1..))
}

/// A counted reference to an invocation; the last one gives it back to the pool.
pub(crate) struct InvocationRef(&'static Invocation);

impl InvocationRef {
    /// Begins an invocation as its header says. `None` where there is nothing to record and nothing to pass on.
    pub(crate) fn begin(tracer: &Tracer, beginning: Beginning<'_>) -> Option<Self> {
        let text = beginning.header?;
        let invocation = Invocation::from_pool();
        let is_recording = {
            let mut state = invocation.lock();
            state.begin(tracer, text);
            state.is_recording
        };
        invocation.users.store(1, Ordering::Relaxed);
        if is_recording && tracer.is_watched() {
            invocation.schedule.arm(beginning.deadline.and_then(remaining));
            watcher::wake();
        }
        Some(Self(invocation))
    }
}

impl State {
    fn begin(&mut self, tracer: &Tracer, text: &str) {
        self.has_trace = self.header.assign(text).is_ok();
        self.is_recording = tracer.is_enabled() && self.header.is_sampled() && self.header.parent().is_some();
        self.verbatim.clear();
        if is_printable(text) {
            self.verbatim.push_str(text);
        }
        self.adoptable = NONE;
        self.start = Instant::now();
        self.start_micros =
            SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_micros() as u64);
        if self.is_recording {
            self.record.begin(tracer.service());
            // Ids differ in sandboxes restored from one snapshot: their headers and clocks do.
            let parent = self.header.parent().unwrap_or(SegmentId::ZERO).0;
            let seed = self.ids.u64(..);
            self.ids.seed(seed ^ parent.rotate_left(17) ^ self.start_micros);
        }
        self.tracer = Some(tracer.clone());
    }
}

/// How long it is until a deadline in epoch milliseconds, if that is one: no invocation of Lambda takes an hour, and
/// some emulators send a duration.
fn remaining(deadline: u64) -> Option<Duration> {
    const LONGEST: Duration = Duration::from_secs(3600);
    let deadline = UNIX_EPOCH.checked_add(Duration::from_millis(deadline))?;
    let remaining = deadline.duration_since(SystemTime::now()).ok()?;
    (remaining <= LONGEST).then_some(remaining)
}

#[cfg(test)]
impl InvocationRef {
    /// The entry of the pool, which does not keep the invocation going.
    pub(crate) fn entry(&self) -> &'static Invocation {
        self.0
    }
}

impl Clone for InvocationRef {
    fn clone(&self) -> Self {
        self.0.users.fetch_add(1, Ordering::Relaxed);
        Self(self.0)
    }
}

impl Drop for InvocationRef {
    fn drop(&mut self) {
        // As in `Arc`: the last user sees everything that the others did.
        if self.0.users.fetch_sub(1, Ordering::AcqRel) == 1 {
            self.0.release();
        }
    }
}

impl Deref for InvocationRef {
    type Target = Invocation;

    fn deref(&self) -> &Invocation {
        self.0
    }
}

/// Whether two references are of the same invocation.
impl PartialEq for InvocationRef {
    fn eq(&self, other: &Self) -> bool {
        std::ptr::eq(self.0, other.0)
    }
}

/// Locks, also after a panic in another thread: every change of a record is whole before anything can panic.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The time of the watcher's schedules: nanoseconds since the first call, never zero.
pub(crate) fn ticks() -> u64 {
    static BASE: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    BASE.get_or_init(Instant::now).elapsed().as_nanos() as u64 + 1
}
