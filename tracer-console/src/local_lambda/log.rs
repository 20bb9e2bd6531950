//! What a function wrote to its standard output and error, bounded.

use std::collections::VecDeque;
use std::sync::{Mutex, PoisonError};

/// How many bytes are kept of each function; older ones are forgotten.
const KEPT: usize = 256 << 10;

#[derive(Debug, Default)]
pub(super) struct Log {
    bytes: Mutex<VecDeque<u8>>,
}

impl Log {
    pub(super) fn write(&self, bytes: &[u8]) {
        let mut kept = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        kept.extend(bytes);
        let surplus = kept.len().saturating_sub(KEPT);
        kept.drain(..surplus);
    }

    pub(super) fn text(&self) -> String {
        let kept = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        let bytes: Vec<u8> = kept.iter().copied().collect();
        String::from_utf8_lossy(&bytes).into_owned()
    }

    /// The last `len` bytes.
    pub(super) fn tail(&self, len: usize) -> Vec<u8> {
        let kept = self.bytes.lock().unwrap_or_else(PoisonError::into_inner);
        kept.iter().skip(kept.len().saturating_sub(len)).copied().collect()
    }
}
