//! Datagrams that wait to be read: one thread puts them in, and another takes many at once.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

/// So many may wait; what comes then is dropped. A burst of 20,000 has room three times.
pub(crate) const MOST: usize = 65_536;
/// Bytes of them.
pub(crate) const MOST_BYTES: usize = 64 << 20;
/// Those that are taken at once. As each piece of this size is freed when it is read, a burst leaves no memory behind.
const BLOCK: usize = 256 << 10;

/// Datagrams one behind the other. They are copied together rather than kept each by itself: memory that one thread takes
/// and another frees costs more than copying 1.6 KB.
#[derive(Debug, Default)]
pub(crate) struct Datagrams {
    bytes: Vec<u8>,
    ends: Vec<usize>,
}

impl Datagrams {
    fn has_room_for(&self, datagram: &[u8]) -> bool {
        self.bytes.is_empty() || self.bytes.len() + datagram.len() <= BLOCK
    }

    fn push(&mut self, datagram: &[u8]) {
        if self.bytes.capacity() == 0 {
            self.bytes.reserve_exact(BLOCK);
        }
        self.bytes.extend_from_slice(datagram);
        self.ends.push(self.bytes.len());
    }

    /// In the order in which they arrived.
    pub(crate) fn iter(&self) -> impl Iterator<Item = &[u8]> {
        let starts = std::iter::once(0).chain(self.ends.iter().copied());
        starts.zip(&self.ends).map(|(start, &end)| &self.bytes[start..end])
    }

    fn emptied(mut self) -> Self {
        self.bytes.clear();
        self.ends.clear();
        self
    }
}

#[derive(Debug, Default)]
pub(crate) struct DatagramQueue {
    waiting: Mutex<Waiting>,
    /// Something, or the end.
    arrived: Condvar,
}

#[derive(Debug, Default)]
struct Waiting {
    /// None is empty.
    blocks: VecDeque<Datagrams>,
    count: usize,
    bytes: usize,
    /// Memory to be used again.
    spare: Option<Datagrams>,
    is_closed: bool,
}

impl Waiting {
    fn push(&mut self, datagram: &[u8]) {
        self.count += 1;
        self.bytes += datagram.len();
        match self.blocks.back_mut().filter(|last| last.has_room_for(datagram)) {
            Some(last) => last.push(datagram),
            None => {
                let mut block = self.spare.take().unwrap_or_default();
                block.push(datagram);
                self.blocks.push_back(block);
            }
        }
    }

    fn pop(&mut self) -> Option<Datagrams> {
        let block = self.blocks.pop_front()?;
        self.count -= block.ends.len();
        self.bytes -= block.bytes.len();
        Some(block)
    }
}

impl DatagramQueue {
    /// Puts a datagram in; whether there was room for it.
    pub(crate) fn push(&self, datagram: &[u8]) -> bool {
        let mut waiting = self.lock();
        if waiting.count >= MOST || waiting.bytes + datagram.len() > MOST_BYTES {
            return false;
        }
        let was_empty = waiting.blocks.is_empty();
        waiting.push(datagram);
        drop(waiting);
        // Who reads waits only while it is empty, and to wake nobody is a call of the kernel too.
        if was_empty {
            self.arrived.notify_one();
        }
        true
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.lock().blocks.is_empty()
    }

    /// Waits for datagrams and takes those that came first; `None` when no more will come. The memory of `read` is used again.
    pub(crate) fn take(&self, read: Datagrams) -> Option<Datagrams> {
        let mut waiting = self.lock();
        waiting.spare = Some(read.emptied());
        let is_idle = |waiting: &mut Waiting| waiting.blocks.is_empty() && !waiting.is_closed;
        let waited = self.arrived.wait_while(waiting, is_idle);
        waited.unwrap_or_else(PoisonError::into_inner).pop()
    }

    /// No more will come.
    pub(crate) fn close(&self) {
        self.lock().is_closed = true;
        self.arrived.notify_one();
    }

    fn lock(&self) -> MutexGuard<'_, Waiting> {
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;

    #[test]
    fn large_datagrams_are_dropped_before_they_fill_the_memory_and_small_ones_by_their_number() {
        for (len, most) in [(64 << 10, MOST_BYTES / (64 << 10)), (1, MOST)] {
            let queue = DatagramQueue::default();
            let datagram = vec![7; len];
            let kept = (0..most + 3).filter(|_| queue.push(&datagram)).count();
            assert_eq!(kept, most);
            let taken = queue.take(Datagrams::default()).unwrap();
            assert!(taken.iter().all(|taken| taken == datagram));
            let room = (0..=MOST).take_while(|_| queue.push(&datagram)).count();
            assert_eq!(room, taken.iter().count(), "as much as was taken");
        }
    }

    #[test]
    fn what_was_put_in_is_taken_in_that_order_before_the_queue_ends() {
        let queue = Arc::new(DatagramQueue::default());
        let sender = Arc::clone(&queue);
        let sending = std::thread::spawn(move || {
            (0..10_000_u32).for_each(|number| assert!(sender.push(&number.to_be_bytes())));
            sender.close();
        });
        let (mut datagrams, mut taken) = (Datagrams::default(), Vec::new());
        while let Some(more) = queue.take(datagrams) {
            taken.extend(more.iter().map(|bytes| u32::from_be_bytes(bytes.try_into().unwrap())));
            datagrams = more;
        }
        sending.join().unwrap();
        assert!(taken.into_iter().eq(0..10_000));
    }
}
