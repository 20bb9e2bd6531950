//! Room for what is large: a trace of megabytes takes many times as much of memory while it is read, and its answer until it is sent.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use super::Api;
use super::error::{ApiError, ErrorKind};
use crate::trace::Trace;
use crate::trace_id::TraceId;

/// Traces of more bytes of documents wait for room.
const LARGE: u64 = 4 << 20;
/// So many bytes of documents are read at a time; a trace that has more is read alone.
const ROOM: u64 = 16 << 20;
/// Who had no turn by then gets none: an answer is not sent for longer either, where its client takes none of it.
const PATIENCE: Duration = Duration::from_secs(90);

/// The room that is taken.
#[derive(Debug, Clone, Default)]
pub(super) struct LargeReads(Arc<Room>);

#[derive(Debug, Default)]
struct Room {
    taken: Mutex<u64>,
    freed: Condvar,
}

/// Room that is taken as long as this is there. Who has one must not wait for another.
#[derive(Debug)]
pub(crate) struct Turn {
    room: Arc<Room>,
    bytes: u64,
}

impl LargeReads {
    /// Waits for room for so many bytes of documents; few need none.
    fn turn(&self, bytes: u64, patience: Duration) -> Result<Option<Turn>, ApiError> {
        if bytes <= LARGE {
            return Ok(None);
        }
        let (room, bytes) = (Arc::clone(&self.0), bytes.min(ROOM));
        let is_full = |taken: &mut u64| *taken + bytes > ROOM;
        let waited = room.freed.wait_timeout_while(room.taken(), patience, is_full);
        let (mut taken, waited) = waited.unwrap_or_else(PoisonError::into_inner);
        if waited.timed_out() {
            let message = "many large traces are being read; ask again when some of them have been";
            return Err(ApiError::new(ErrorKind::Throttled, message));
        }
        *taken += bytes;
        drop(taken);
        Ok(Some(Turn { room, bytes }))
    }
}

impl Room {
    fn taken(&self) -> MutexGuard<'_, u64> {
        self.taken.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Drop for Turn {
    fn drop(&mut self) {
        *self.room.taken() -= self.bytes;
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

    /// As [`Api::read`]; what is read keeps its room in `turn`.
    pub(super) fn read_and_hold<T: Send>(
        &self,
        id: TraceId,
        turn: &mut Option<Turn>,
        read: impl FnOnce(&Trace) -> T + Send,
    ) -> Result<Option<T>, ApiError> {
        let read = || self.store.trace(id).map(|trace| read(&trace));
        match self.turn(id)? {
            Some(taken) => {
                *turn = Some(taken);
                Ok(apart(read))
            }
            None => Ok(read()),
        }
    }

    /// Waits for room for a trace, if it needs any.
    pub(super) fn turn(&self, id: TraceId) -> Result<Option<Turn>, ApiError> {
        self.large.turn(self.store.size(id).bytes, PATIENCE)
    }

    /// Whether a trace waits for room.
    pub(super) fn is_large(&self, id: TraceId) -> bool {
        self.store.size(id).bytes > LARGE
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
                        most.fetch_max(*reads.0.taken(), Ordering::Relaxed);
                        drop(turn);
                    }
                });
            }
        });
        assert_eq!(*reads.0.taken(), 0);
        assert!((LARGE..=ROOM).contains(&most.into_inner()));
    }
}
