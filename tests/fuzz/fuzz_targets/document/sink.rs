//! A sink that takes only small datagrams.

use std::sync::{Arc, Mutex};

use tracer_runtime::{NotSent, Sink};

use crate::plan::Plan;

const LARGEST_OF_ALL: usize = 65_507;

#[derive(Debug, Clone)]
pub(crate) struct Narrow {
    limit: usize,
    /// Whether it tells its limit, or refuses what is larger.
    tells: bool,
    sent: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl Narrow {
    pub(crate) fn new(plan: &Plan<'_>) -> Self {
        Self { limit: plan.limit(), tells: plan.sink_tells_its_limit, sent: Arc::default() }
    }

    /// Waits until the recorder has let go of it: the watcher may be sending.
    pub(crate) fn into_datagrams(mut self) -> Vec<Vec<u8>> {
        loop {
            match Arc::try_unwrap(self.sent) {
                Ok(sent) => return sent.into_inner().unwrap(),
                Err(shared) => self.sent = shared,
            }
            std::thread::yield_now();
        }
    }
}

impl Sink for Narrow {
    fn send(&self, datagram: &[u8]) -> Result<(), NotSent> {
        assert!(datagram.len() <= self.largest_datagram(), "{} bytes", datagram.len());
        if datagram.len() > self.limit {
            return Err(NotSent::TooLarge);
        }
        self.sent.lock().unwrap().push(datagram.to_vec());
        Ok(())
    }

    fn largest_datagram(&self) -> usize {
        if self.tells { self.limit } else { LARGEST_OF_ALL }
    }
}
