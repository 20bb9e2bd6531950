//! One invocation: its header, its clock, its record; reused from a pool, so that a warm process allocates none.

use std::sync::PoisonError;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

use crate::trace_header::{TraceHeader, is_printable};
use crate::trace_id::SegmentId;

use super::node::{NONE, Node, NodeIndex};
use super::outbox::Due;
use super::record::{Record, SEND_EARLY_BYTES};
use super::scratch;
use super::shared::{Mutex, MutexGuard};
use super::tracer::Tracer;
use super::watcher::{self, Schedule};

/// An entry of the pool. It lives as long as the process: there are as many as were ever in use at once.
pub(crate) struct Invocation {
    pub(crate) schedule: Schedule,
    state: Mutex<State>,
}

pub(crate) struct State {
    /// How many [`InvocationRef`]s there are; the last one gives the entry back to the pool.
    users: usize,
    pub(crate) tracer: Option<Tracer>,
    pub(crate) is_watched: bool,
    pub(crate) capture_response: bool,
    pub(crate) capture_error: bool,
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

#[cfg(not(loom))]
static FREE: Mutex<Vec<&'static Invocation>> = Mutex::new(Vec::new());
#[cfg(not(loom))]
static ALL: Mutex<Vec<&'static Invocation>> = Mutex::new(Vec::new());
#[cfg(loom)]
loom::lazy_static! {
    static ref FREE: Mutex<Vec<&'static Invocation>> = Mutex::new(Vec::new());
    static ref ALL: Mutex<Vec<&'static Invocation>> = Mutex::new(Vec::new());
}

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
            users: 0,
            tracer: None,
            is_watched: false,
            capture_response: false,
            capture_error: false,
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
        let new = Self { schedule: Schedule::default(), state: Mutex::new(state) };
        let new: &'static Self = Box::leak(Box::new(new));
        lock(&ALL).push(new);
        new
    }

    /// The state, for a few instructions: no user code and no system call runs under this lock.
    #[inline]
    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        lock(&self.state)
    }

    /// Closes a subsegment and sends what leaves with it. Gives one use of this entry back, under the same lock.
    pub(crate) fn close(&'static self, index: NodeIndex, id: SegmentId) {
        let mut state = self.lock();
        let limit = state.limit();
        if state.record.find(index, id).is_some_and(Node::is_open) {
            let end = state.now();
            state.record.close(index, end, limit);
            // Not while an announcement is on its way: who sends that sends what was closed meanwhile.
            if state.record.announcing == 0 && state.record.closed_bytes > SEND_EARLY_BYTES {
                state.record.depart_all(Due::Closed, limit);
            }
            state = self.send_outbox(state);
        }
        self.give_back(state);
    }

    /// Sends what the schedule says is due at `now`, in the watcher's [`ticks`]. Asking under the lock makes sure that it
    /// is this invocation's schedule and not the next one's.
    pub(crate) fn send_what_is_due(&'static self, now: u64) {
        let mut state = self.lock();
        if state.users == 0 {
            return;
        }
        let Some(due) = self.schedule.due(now) else { return };
        if state.record.live() == 0 {
            // Until something is opened again.
            self.schedule.pause();
            return;
        }
        // A user too, so that the invocation does not end before what is on its way has arrived.
        state.users += 1;
        state = self.send_from(state, due);
        self.give_back(state);
    }

    pub(crate) fn send(&'static self, due: Due) {
        drop(self.send_from(self.lock(), due));
    }

    fn send_from(
        &'static self,
        mut state: MutexGuard<'static, State>,
        due: Due,
    ) -> MutexGuard<'static, State> {
        let limit = state.limit();
        state.record.depart_all(due, limit);
        self.send_outbox(state)
    }

    /// Sends what is left of a test's trace.
    pub(crate) fn send_everything(&'static self) {
        self.send(Due::ClosedAndOpen);
    }

    /// Sends the outbox, document by document; the lock is released for each system call.
    fn send_outbox(&'static self, mut state: MutexGuard<'static, State>) -> MutexGuard<'static, State> {
        if state.record.outbox.is_empty() {
            return state;
        }
        let Some(tracer) = state.tracer.clone() else {
            return state;
        };
        let mut datagram = scratch::take();
        loop {
            datagram.clear();
            let (trace, limit) = (state.header.root(), tracer.limit());
            let Some(taken) = state.record.take_next(trace, limit, &mut datagram) else { break };
            drop(state);
            let outcome = tracer.send(&datagram, limit);
            state = self.lock();
            state.record.sent(taken, outcome, tracer.limit());
        }
        scratch::give_back(datagram);
        state
    }

    /// Ends one use; with the last one what is closed still leaves, and what nobody will ever close is forgotten.
    pub(crate) fn give_back(&'static self, mut state: MutexGuard<'static, State>) {
        state.users -= 1;
        if state.users > 0 {
            return;
        }
        // No user is left, and none comes before this entry is back in the pool.
        self.schedule.disarm();
        if state.record.live() > 0 {
            state = self.send_from(state, Due::Closed);
        }
        state.record.reset();
        let tracer = state.tracer.take();
        drop(state);
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

    /// When something began that took `elapsed` until `end`, in epoch microseconds: never before the invocation.
    pub(crate) fn start_of(&self, end: u64, elapsed: Duration) -> u64 {
        let elapsed = u64::try_from(elapsed.as_micros()).unwrap_or(u64::MAX);
        end.saturating_sub(elapsed).max(self.start_micros)
    }

    pub(crate) fn new_id(&mut self) -> SegmentId {
        new_id(&mut self.ids)
    }

    /// The largest datagram to send now, in bytes.
    pub(crate) fn limit(&self) -> usize {
        self.tracer.as_ref().map_or(usize::MAX, Tracer::limit)
    }

    /// Another reference, counted under the lock that is held already.
    pub(crate) fn count(&mut self, invocation: &'static Invocation) -> InvocationRef {
        self.users += 1;
        InvocationRef(invocation)
    }

    /// The record, and what makes new ids for it.
    pub(crate) fn record_and_ids(&mut self) -> (&mut Record, impl FnMut() -> SegmentId) {
        let ids = &mut self.ids;
        (&mut self.record, move || new_id(ids))
    }

    /// The header to pass on with a call that the subsegment `parent` makes.
    pub(crate) fn header_to_pass_on(&self, parent: SegmentId) -> Option<String> {
        if self.is_recording {
            return Some(self.header.text_with_parent(parent));
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
        Some(Self::begin_with(tracer, beginning.header?, beginning.deadline, false))
    }

    /// Begins what has a segment of its own; its header says in which trace, and below what if below anything.
    #[cfg(feature = "messages")]
    pub(crate) fn begin_segment(tracer: &Tracer, header: &str, deadline: Option<u64>) -> Self {
        Self::begin_with(tracer, header, deadline, true)
    }

    fn begin_with(tracer: &Tracer, header: &str, deadline: Option<u64>, has_segment: bool) -> Self {
        let invocation = Invocation::from_pool();
        let is_recording = {
            let mut state = invocation.lock();
            state.begin(tracer, header, has_segment);
            state.is_recording
        };
        if is_recording && tracer.is_watched() {
            invocation.schedule.arm(deadline.and_then(remaining));
            watcher::wake();
        }
        Self(invocation)
    }

    /// The entry of the pool, which does not keep the invocation going.
    pub(crate) fn entry(&self) -> &'static Invocation {
        self.0
    }

    /// The entry of the pool, whose use the taker gives back.
    pub(crate) fn into_entry(self) -> &'static Invocation {
        std::mem::ManuallyDrop::new(self).0
    }
}

#[cfg(all(test, loom))]
impl Invocation {
    /// How often this entry waits in the pool.
    pub(crate) fn times_free(&'static self) -> usize {
        lock(&FREE).iter().filter(|free| std::ptr::eq(**free, self)).count()
    }
}

impl Clone for InvocationRef {
    fn clone(&self) -> Self {
        self.0.lock().count(self.0)
    }
}

impl Drop for InvocationRef {
    fn drop(&mut self) {
        self.0.give_back(self.0.lock());
    }
}

impl State {
    fn begin(&mut self, tracer: &Tracer, text: &str, has_segment: bool) {
        self.users = 1;
        self.has_trace = self.header.assign(text).is_ok();
        // A segment may be the first of its trace.
        let has_place = has_segment || self.header.parent().is_some();
        self.is_recording = tracer.is_enabled() && self.header.is_sampled() && has_place;
        self.adoptable = NONE;
        self.verbatim.clear();
        if !self.is_recording && is_printable(text) {
            self.verbatim.push_str(text);
        }
        if self.is_recording {
            self.start = Instant::now();
            self.start_micros =
                SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_micros() as u64);
            self.record.begin(tracer.service());
            let parent = self.header.parent().unwrap_or(SegmentId::ZERO);
            self.record.segment_parent = has_segment.then_some(parent);
            // Ids differ in sandboxes restored from one snapshot: their headers and clocks do.
            let seed = self.ids.u64(..);
            self.ids.seed(seed ^ parent.0.rotate_left(17) ^ self.start_micros);
            self.is_watched = tracer.is_watched();
            let config = tracer.config();
            (self.capture_response, self.capture_error) = (config.capture_response, config.capture_error);
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

/// Locks, also after a panic in another thread: every change of a record is whole before anything can panic.
#[inline]
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The time of the watcher's schedules: nanoseconds since the first call, never zero.
pub(crate) fn ticks() -> u64 {
    static BASE: std::sync::OnceLock<Instant> = std::sync::OnceLock::new();
    BASE.get_or_init(Instant::now).elapsed().as_nanos() as u64 + 1
}
