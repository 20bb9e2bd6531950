//! Operations that read run so many at a time: threads are left for what tracers send, however many read or wait for room.

use std::sync::Arc;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Half of the threads that may block.
const MOST: usize = 32;
/// What tracers call waits for nobody who reads.
const OF_TRACERS: [&str; 4] =
    ["PutTraceSegments", "PutTelemetryRecords", "GetSamplingRules", "GetSamplingTargets"];

/// The places of operations that read.
#[derive(Debug, Clone)]
pub(super) struct Readers(Arc<Semaphore>);

impl Default for Readers {
    fn default() -> Self {
        Self::new(MOST)
    }
}

impl Readers {
    fn new(most: usize) -> Self {
        Self(Arc::new(Semaphore::new(most)))
    }

    /// Waits without a thread for the place of an operation, if it needs any: whoever goes away meanwhile waits no longer.
    pub(super) async fn place(&self, operation: &str) -> Option<OwnedSemaphorePermit> {
        if OF_TRACERS.contains(&operation) {
            return None;
        }
        Arc::clone(&self.0).acquire_owned().await.ok()
    }
}

#[cfg(test)]
mod tests {
    use std::pin::pin;
    use std::task::{Context, Poll, Waker};

    use super::super::OPERATIONS;
    use super::*;

    #[test]
    fn tracers_wait_for_nobody_who_reads_and_readers_for_each_other() {
        let readers = Readers::new(1);
        let asked = |operation| {
            let place = pin!(readers.place(operation));
            place.poll(&mut Context::from_waker(Waker::noop()))
        };
        let Poll::Ready(Some(first)) = asked("BatchGetTraces") else { panic!("there is a place") };
        assert!(asked("GetTraceSummaries").is_pending());
        for operation in OF_TRACERS {
            assert!(matches!(asked(operation), Poll::Ready(None)), "{operation}");
            assert!(OPERATIONS.iter().any(|(name, ..)| *name == operation), "{operation}");
        }
        // Who went away has no place in the line.
        drop(first);
        assert!(matches!(asked("GetTraceSummaries"), Poll::Ready(Some(_))));
    }
}
