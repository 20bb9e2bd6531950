//! A buffer a thread: what is serialised or sent is written into it, so that a warm thread allocates none.

use std::cell::Cell;

thread_local! {
    static BUFFER: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A larger buffer is not kept.
const KEEP: usize = 128 << 10;

/// The thread's buffer, empty. A second taker, while the first has it, gets a new one.
pub(crate) fn take() -> Vec<u8> {
    BUFFER.try_with(Cell::take).unwrap_or_default()
}

/// Keeps the buffer for the next taker.
pub(crate) fn give_back(mut buffer: Vec<u8>) {
    if buffer.capacity() <= KEEP {
        buffer.clear();
        let _ = BUFFER.try_with(|kept| kept.set(buffer));
    }
}
