//! The memory of bodies that are still coming: so much for all of them. Where it is used up, the one that has been coming for longest
//! gives way, so that senders that are slow keep nobody out.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

use tokio::sync::Notify;

/// Whoever has come for less does not give way.
const GRACE: Duration = Duration::from_secs(1);

/// The memory, shared.
#[derive(Debug, Clone)]
pub(super) struct Arrivals {
    room: Arc<Room>,
    grace: Duration,
}

#[derive(Debug)]
struct Room {
    state: Mutex<State>,
    freed: Notify,
}

#[derive(Debug)]
struct State {
    free: usize,
    next: u64,
    /// The oldest first.
    coming: BTreeMap<u64, Coming>,
}

/// A body that may have to give way.
#[derive(Debug)]
struct Coming {
    bytes: usize,
    since: Instant,
    give_way: Arc<Notify>,
    /// It was told to, and still holds what it has.
    is_leaving: bool,
}

/// The place of a body, as long as it is there.
#[derive(Debug)]
pub(super) struct Place {
    arrivals: Arrivals,
    number: u64,
    bytes: usize,
    give_way: Arc<Notify>,
}

impl Arrivals {
    /// For so many bytes.
    pub(super) fn new(bytes: usize) -> Self {
        Self::with_grace(bytes, GRACE)
    }

    fn with_grace(bytes: usize, grace: Duration) -> Self {
        let state = State { free: bytes, next: 0, coming: BTreeMap::new() };
        Self { room: Arc::new(Room { state: Mutex::new(state), freed: Notify::new() }), grace }
    }

    /// A place without bytes yet.
    pub(super) fn place(&self) -> Place {
        let give_way = Arc::new(Notify::new());
        let mut state = self.room.lock();
        let number = state.next;
        state.next += 1;
        let coming =
            Coming { bytes: 0, since: Instant::now(), give_way: Arc::clone(&give_way), is_leaving: false };
        state.coming.insert(number, coming);
        drop(state);
        Place { arrivals: self.clone(), number, bytes: 0, give_way }
    }
}

impl Room {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    /// Takes so much, or says how long to wait for it at most.
    fn take(&mut self, number: u64, bytes: usize, grace: Duration) -> Result<(), Duration> {
        if self.free >= bytes {
            self.free -= bytes;
            if let Some(coming) = self.coming.get_mut(&number) {
                coming.bytes += bytes;
            }
            return Ok(());
        }
        let leaving = self.coming.values().filter(|coming| coming.is_leaving);
        if self.free + leaving.map(|coming| coming.bytes).sum::<usize>() >= bytes {
            return Err(grace);
        }
        let holds = |coming: &&mut Coming| coming.bytes > 0 && !coming.is_leaving;
        let Some(oldest) = self.coming.values_mut().find(holds) else { return Err(grace) };
        let age = oldest.since.elapsed();
        if age < grace {
            return Err(grace.saturating_sub(age));
        }
        oldest.is_leaving = true;
        oldest.give_way.notify_one();
        Err(grace)
    }
}

impl Place {
    /// Takes so many more bytes as soon as they are there.
    pub(super) async fn grow(&mut self, bytes: usize) {
        let Arrivals { room, grace } = &self.arrivals;
        loop {
            let mut freed = std::pin::pin!(room.freed.notified());
            freed.as_mut().enable();
            let taken = room.lock().take(self.number, bytes, *grace);
            match taken {
                Ok(()) => break,
                Err(wait) => drop(tokio::time::timeout(wait, freed).await),
            }
        }
        self.bytes += bytes;
    }

    /// Is over when others need what this one holds.
    pub(super) fn must_go(&self) -> impl Future<Output = ()> + use<> {
        let give_way = Arc::clone(&self.give_way);
        async move { give_way.notified().await }
    }

    /// It is all there, and need not give way any more.
    pub(super) fn stay(&self) {
        self.arrivals.room.lock().coming.remove(&self.number);
    }
}

impl Drop for Place {
    fn drop(&mut self) {
        let mut state = self.arrivals.room.lock();
        state.coming.remove(&self.number);
        state.free += self.bytes;
        drop(state);
        self.arrivals.room.freed.notify_waiters();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn impatient(bytes: usize) -> Arrivals {
        Arrivals::with_grace(bytes, Duration::ZERO)
    }

    #[tokio::test]
    async fn where_the_room_is_used_up_the_oldest_that_holds_some_gives_way() {
        let arrivals = impatient(100);
        let (_empty, mut old, mut young) = (arrivals.place(), arrivals.place(), arrivals.place());
        old.grow(60).await;
        young.grow(40).await;
        let mut new = arrivals.place();
        let (old_goes, young_goes) = (old.must_go(), young.must_go());
        let gone = async {
            old_goes.await;
            drop(old);
        };
        tokio::join!(gone, new.grow(50));
        assert_eq!(arrivals.room.lock().free, 10);
        tokio::select! {
            biased;
            () = young_goes => panic!("there was enough"),
            () = std::future::ready(()) => {}
        }
    }

    #[tokio::test]
    async fn what_is_all_there_stays_and_is_waited_for() {
        let arrivals = impatient(100);
        let mut whole = arrivals.place();
        whole.grow(80).await;
        whole.stay();
        let goes = whole.must_go();
        let mut new = arrivals.place();
        let later = async {
            tokio::task::yield_now().await;
            drop(whole);
        };
        tokio::join!(new.grow(50), later);
        tokio::select! {
            biased;
            () = goes => panic!("it need not go"),
            () = std::future::ready(()) => {}
        }
    }

    #[tokio::test]
    async fn the_oldest_gives_way_itself_when_it_needs_more() {
        let arrivals = impatient(100);
        let mut old = arrivals.place();
        old.grow(60).await;
        let mut young = arrivals.place();
        young.grow(40).await;
        let goes = old.must_go();
        tokio::select! {
            () = old.grow(10) => panic!("there is none"),
            () = goes => {}
        }
    }
}
