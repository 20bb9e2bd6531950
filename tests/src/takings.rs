//! What a sink took, complete once nothing is on its way any more.

use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tracer_runtime::{NotSent, Sink, Tracer};

use crate::Arrivals;

/// Passes datagrams on and keeps a copy of those that were taken.
#[derive(Debug)]
struct Kept<S> {
    sink: S,
    taken: Arc<Mutex<Vec<Vec<u8>>>>,
    /// Gone with the sink, and that goes with the last invocation that uses it.
    _alive: Sender<()>,
}

impl<S: Sink> Sink for Kept<S> {
    fn send(&self, datagram: &[u8]) -> Result<(), NotSent> {
        self.sink.send(datagram)?;
        self.taken.lock().unwrap_or_else(PoisonError::into_inner).push(datagram.to_vec());
        Ok(())
    }
}

/// The datagrams that a sink took.
#[derive(Debug)]
pub struct Takings {
    taken: Arc<Mutex<Vec<Vec<u8>>>>,
    ended: Receiver<()>,
}

impl Takings {
    /// A tracer that sends to `sink`, and what that will have taken.
    #[must_use]
    pub fn of(sink: impl Sink + 'static) -> (Tracer, Self) {
        let (_alive, ended) = channel();
        let taken = Arc::<Mutex<_>>::default();
        let kept = Kept { sink, taken: Arc::clone(&taken), _alive };
        (Tracer::builder().enabled(true).sink(kept).build(), Self { taken, ended })
    }

    /// Every datagram, in order. The tracer must be dropped before: then the last invocation that sends ends the wait.
    ///
    /// # Panics
    /// If something still sends after twenty seconds.
    #[must_use]
    pub fn datagrams(self) -> Vec<Vec<u8>> {
        let end = self.ended.recv_timeout(Duration::from_secs(20));
        assert_eq!(end, Err(RecvTimeoutError::Disconnected), "something still sends, or could");
        std::mem::take(&mut *self.taken.lock().unwrap_or_else(PoisonError::into_inner))
    }

    /// What [`Takings::datagrams`] hold.
    #[must_use]
    pub fn arrivals(self) -> Arrivals {
        Arrivals::of(&self.datagrams())
    }
}
