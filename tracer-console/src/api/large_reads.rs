//! Room for what is large: a trace of megabytes takes many times as much of memory while it is read, and its answer until it is sent.

use std::collections::VecDeque;
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Api;
use super::error::{ApiError, ErrorKind};
use crate::large_traces::{LARGE, split_at_large};
use crate::store::TraceSize;
use crate::trace::Trace;
use crate::trace_id::TraceId;

/// So many bytes of documents are read at a time; a trace that has more is read alone. Many small values take 35 times as much.
const ROOM: u64 = 8 << 20;
/// While so many bytes of answers are being sent, nothing more is read.
const TO_SEND: u64 = 128 << 20;
/// Who had no turn by then gets none.
const PATIENCE: Duration = Duration::from_secs(10);
/// So many wait, each with a thread; further ones get no turn.
const MOST_WAITING: usize = 16;

/// The room that is taken.
#[derive(Debug, Clone)]
pub(super) struct LargeReads {
    room: Arc<Room>,
    patience: Duration,
}

#[derive(Debug, Default)]
struct Room {
    state: Mutex<State>,
    freed: Condvar,
}

#[derive(Debug, Default)]
struct State {
    /// By what is being read.
    taken: u64,
    /// Of answers.
    to_send: u64,
    /// Who waits, by number: first come, first served.
    waiting: VecDeque<u64>,
    next: u64,
}

/// Room that is taken as long as this is there. Who has one must not wait for another.
#[derive(Debug)]
pub(crate) struct Turn {
    room: Arc<Room>,
    bytes: u64,
    to_send: u64,
}

impl Default for LargeReads {
    fn default() -> Self {
        Self { room: Arc::default(), patience: PATIENCE }
    }
}

impl LargeReads {
    /// Waits for room for so many bytes of documents; few need none.
    pub(super) fn turn(&self, bytes: u64, patience: Duration) -> Result<Option<Turn>, ApiError> {
        if bytes <= LARGE {
            return Ok(None);
        }
        let (room, bytes) = (Arc::clone(&self.room), bytes.min(ROOM));
        if room.take(bytes, patience) {
            return Ok(Some(Turn { room, bytes, to_send: 0 }));
        }
        let message = "many large traces are being read; ask again when some of them have been";
        Err(ApiError::new(ErrorKind::Throttled, message))
    }

    /// Whether nobody has a turn.
    #[cfg(test)]
    pub(super) fn is_unused(&self) -> bool {
        let state = self.room.state();
        (state.taken, state.to_send) == (0, 0)
    }
}

impl Room {
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether so much could be taken in time.
    fn take(&self, bytes: u64, patience: Duration) -> bool {
        let mut state = self.state();
        if state.waiting.is_empty() && state.has(bytes) {
            state.taken += bytes;
            return true;
        }
        if patience.is_zero() || state.waiting.len() == MOST_WAITING {
            return false;
        }
        let number = state.next;
        state.next += 1;
        state.waiting.push_back(number);
        let must_wait = |state: &mut State| state.waiting.front() != Some(&number) || !state.has(bytes);
        let waited = self.freed.wait_timeout_while(state, patience, must_wait);
        let (mut state, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        state.waiting.retain(|other| *other != number);
        if !waited.timed_out() {
            state.taken += bytes;
        }
        drop(state);
        // There may be room for the next one, too.
        self.freed.notify_all();
        !waited.timed_out()
    }
}

impl State {
    fn has(&self, bytes: u64) -> bool {
        self.taken + bytes <= ROOM && self.to_send <= TO_SEND
    }
}

impl Turn {
    /// Takes the room of another.
    fn add(&mut self, mut other: Self) {
        self.bytes += std::mem::take(&mut other.bytes);
    }

    /// What was read is an answer of so many bytes now, and leaves its room to others.
    pub(super) fn keep_to_send(&mut self, bytes: usize) {
        let mut state = self.room.state();
        state.taken -= std::mem::take(&mut self.bytes);
        state.to_send += bytes as u64;
        drop(state);
        self.to_send += bytes as u64;
        self.room.freed.notify_all();
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        let mut state = self.room.state();
        state.taken -= self.bytes;
        state.to_send -= self.to_send;
        drop(state);
        self.room.freed.notify_all();
    }
}

impl Api {
    /// Calls `read` with a trace that is there; a large one waits for room, which is given back then.
    pub(super) fn read<T: Send>(
        &self,
        id: TraceId,
        read: impl FnOnce(&Trace) -> T + Send,
    ) -> Result<Option<T>, ApiError> {
        self.read_and_hold(id, &mut None, read)
    }

    /// As [`Api::read`]; what is read adds its room to `turn`, and does not wait where that has some.
    pub(super) fn read_and_hold<T: Send>(
        &self,
        id: TraceId,
        turn: &mut Option<Turn>,
        read: impl FnOnce(&Trace) -> T + Send,
    ) -> Result<Option<T>, ApiError> {
        let patience = if turn.is_some() { Duration::ZERO } else { self.large.patience };
        let read = || self.store.trace(id).map(|trace| read(&trace));
        let Some(more) = self.large.turn(self.store.size(id).bytes, patience)? else { return Ok(read()) };
        match turn {
            Some(turn) => turn.add(more),
            None => *turn = Some(more),
        }
        Ok(apart(read))
    }

    /// Calls `each` with those of these traces that are there; large ones take turns, one after the other.
    pub(super) fn read_each(
        &self,
        ids: &[TraceId],
        each: &mut (dyn FnMut(&Trace, TraceSize) + Send),
    ) -> Result<(), ApiError> {
        let mut left = ids;
        while !left.is_empty() {
            let (few, large, rest) = split_at_large(&*self.store, left);
            if !few.is_empty() {
                self.store.traces(few, &mut |trace, size| each(&trace, size))?;
            }
            if let Some(id) = large {
                let _turn = self.turn(id)?;
                apart(|| self.store.traces(&[id], &mut |trace, size| each(&trace, size)))?;
            }
            left = rest;
        }
        Ok(())
    }

    /// Waits for room for a trace, if it needs any.
    pub(super) fn turn(&self, id: TraceId) -> Result<Option<Turn>, ApiError> {
        self.large.turn(self.store.size(id).bytes, self.large.patience)
    }
}

/// On a thread of its own: allocators keep memory for each thread that ever had much, and so for as many as read at a time only.
pub(super) fn apart<T: Send>(read: impl FnOnce() -> T + Send) -> T {
    let outcome = std::thread::scope(|scope| scope.spawn(read).join());
    outcome.unwrap_or_else(|panic| std::panic::resume_unwind(panic))
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use serde_json::json;

    use super::super::testing::{BEGIN, Home, segment, with};
    use super::*;

    const LONG: Duration = Duration::from_secs(600);

    #[test]
    fn what_is_small_never_waits() {
        let reads = LargeReads::default();
        let _all = reads.turn(u64::MAX, LONG).unwrap().unwrap();
        assert!(reads.turn(LARGE, LONG).unwrap().is_none());
    }

    #[test]
    fn room_is_for_as_many_as_fit_or_for_a_larger_one_alone() {
        let reads = LargeReads::default();
        let has_room = |bytes| reads.turn(bytes, Duration::ZERO).is_ok();
        let half = reads.turn(ROOM / 2, Duration::ZERO).unwrap();
        assert!(has_room(ROOM / 2) && !has_room(ROOM / 2 + 1) && !has_room(u64::MAX));
        let other = reads.turn(ROOM / 2, Duration::ZERO).unwrap();
        assert!(!has_room(LARGE + 1));
        drop((half, other));
        let all = reads.turn(u64::MAX, Duration::ZERO).unwrap();
        let refused = reads.turn(LARGE + 1, Duration::ZERO).unwrap_err();
        assert_eq!((refused.kind.name(), refused.kind.status()), ("ThrottledException".to_owned(), 429));
        drop(all);
        assert!(has_room(u64::MAX));
    }

    #[test]
    fn who_waits_goes_on_as_soon_as_there_is_room_and_never_more_than_fit() {
        let (reads, most) = (LargeReads::default(), AtomicU64::new(0));
        std::thread::scope(|scope| {
            for reader in 0..8 {
                let (reads, most) = (&reads, &most);
                scope.spawn(move || {
                    for read in 0..200 {
                        let turn = reads.turn(LARGE + 1 + (reader * 200 + read) % ROOM, LONG).unwrap();
                        most.fetch_max(reads.room.state().taken, Ordering::Relaxed);
                        drop(turn);
                    }
                });
            }
        });
        assert!(reads.is_unused());
        assert!((LARGE..=ROOM).contains(&most.into_inner()));
    }

    /// Until so many wait.
    fn wait_until_waiting(reads: &LargeReads, many: usize) {
        while reads.room.state().waiting.len() != many {
            std::thread::yield_now();
        }
    }

    #[test]
    fn so_many_wait_and_further_ones_are_told_at_once() {
        let reads = LargeReads::default();
        let all = reads.turn(u64::MAX, LONG).unwrap();
        std::thread::scope(|scope| {
            for _ in 0..MOST_WAITING {
                scope.spawn(|| drop(reads.turn(LARGE + 1, LONG).unwrap()));
            }
            wait_until_waiting(&reads, MOST_WAITING);
            assert_eq!(reads.turn(LARGE + 1, LONG).unwrap_err().kind, ErrorKind::Throttled);
            drop(all);
        });
        assert!(reads.turn(u64::MAX, Duration::ZERO).is_ok());
    }

    #[test]
    fn who_needs_all_of_the_room_is_not_overtaken() {
        let reads = LargeReads::default();
        let little = || reads.turn(LARGE + 1, Duration::ZERO);
        let first = little().unwrap();
        std::thread::scope(|scope| {
            let larger = scope.spawn(|| drop(reads.turn(u64::MAX, LONG).unwrap()));
            wait_until_waiting(&reads, 1);
            assert!(little().is_err());
            drop(first);
            larger.join().unwrap();
        });
        assert!(little().is_ok());
    }

    #[test]
    fn an_answer_that_is_only_to_be_sent_leaves_room_for_others() {
        let reads = LargeReads::default();
        let mut turn = reads.turn(u64::MAX, LONG).unwrap().unwrap();
        assert!(reads.turn(LARGE + 1, Duration::ZERO).is_err());
        turn.keep_to_send(100 << 20);
        let mut other = reads.turn(u64::MAX, Duration::ZERO).unwrap().unwrap();
        other.keep_to_send(100 << 20);
        assert!(reads.turn(LARGE + 1, Duration::ZERO).is_err());
        drop(turn);
        assert!(reads.turn(u64::MAX, Duration::ZERO).is_ok());
        drop(other);
        assert!(reads.is_unused());
    }

    #[test]
    fn who_gave_up_is_not_waited_for() {
        let reads = LargeReads::default();
        let some = reads.turn(LARGE + 1, LONG).unwrap();
        assert!(reads.turn(u64::MAX, Duration::from_millis(1)).is_err());
        assert!(reads.turn(LARGE + 1, Duration::ZERO).is_ok());
        drop(some);
    }

    /// An API with a large trace, whose reads do not wait for room.
    fn impatient() -> Home {
        let mut home = Home::new();
        home.api.large.patience = Duration::ZERO;
        let large = json!({"metadata": {"default": {"text": "x".repeat(300_000)}}});
        home.put(&[segment(1, 1, 1.0), with(segment(2, 1, 1.0), large), segment(3, 1, 1.0)]);
        home
    }

    #[test]
    fn whatever_reads_large_traces_takes_turns() {
        let home = impatient();
        let range = json!({"StartTime": BEGIN, "EndTime": BEGIN + 60.0});
        let ids = json!({"TraceIds": [home.id(1), home.id(2)]});
        let operations = [
            ("BatchGetTraces", ids.clone()),
            ("GetTraceGraph", ids.clone()),
            ("Documents", ids.clone()),
            ("Summaries", ids.clone()),
            ("StartTraceRetrieval", with(ids, range.clone())),
            ("TraceIds", with(range.clone(), json!({"FilterExpression": "service(\"web\")"}))),
            ("GetTraceSummaries", with(range, json!({"TimeRangeType": "Event"}))),
        ];
        for (operation, asked) in operations {
            let all = home.api.large.turn(u64::MAX, Duration::ZERO).unwrap();
            let answer = home.call(operation, &asked);
            assert_eq!(answer.map_err(|error| error.kind), Err(ErrorKind::Throttled), "{operation}");
            drop(all);
            home.ok(operation, asked);
        }
        assert!(home.api.large.is_unused());
    }

    #[test]
    fn traces_come_in_their_order_whether_large_or_not() {
        let home = impatient();
        let ids = [3, 2, 9, 1].map(|trace| home.id(trace).parse().unwrap());
        let mut found = Vec::new();
        home.api.read_each(&ids, &mut |trace, size| found.push((trace.id(), size.documents))).unwrap();
        assert_eq!(found, [(ids[0], 1), (ids[1], 1), (ids[3], 1)]);
    }

    #[test]
    fn a_page_ends_where_there_is_no_room_for_more_beside_what_it_has() {
        let home = impatient();
        let large = json!({"metadata": {"default": {"text": "x".repeat(5_000_000)}}});
        home.put(&[4, 5].map(|trace| with(segment(trace, 1, 1.0), large.clone())));
        let ids = |traces: [u64; 3]| json!({"TraceIds": traces.map(|trace| home.id(trace))});
        // Both are read together where there is room for both.
        assert_eq!(home.pages("BatchGetTraces", ids([1, 2, 4])).len(), 1);
        assert_eq!(home.pages("BatchGetTraces", ids([4, 1, 5])).len(), 2);
        let range = json!({"StartTime": BEGIN, "EndTime": BEGIN + 60.0});
        let token = home.ok("StartTraceRetrieval", with(ids([4, 1, 5]), range))["RetrievalToken"].clone();
        let pages = home.pages("ListRetrievedTraces", json!({"RetrievalToken": token}));
        let counts: Vec<_> = pages.iter().map(|page| page["Traces"].as_array().unwrap().len()).collect();
        assert_eq!(counts, [2, 1]);
    }

    #[test]
    fn a_graph_is_answered_though_there_is_no_room_for_a_trace_that_it_links() {
        let home = impatient();
        let link = json!([{"trace_id": home.id(2), "id": "0000000000000001", "attributes": {}}]);
        home.put(&[with(segment(6, 1, 3_000.0), json!({"links": link, "name": "worker"}))]);
        let _all = home.api.large.turn(u64::MAX, Duration::ZERO).unwrap();
        home.ok("GetServiceGraph", json!({"StartTime": BEGIN + 2_000.0, "EndTime": BEGIN + 3_600.0}));
    }
}
