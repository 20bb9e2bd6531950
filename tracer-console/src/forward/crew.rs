//! The crew of a forwarder: the couriers of all its targets, each on a thread.

use std::num::NonZeroUsize;
use std::sync::Arc;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::time::{Duration, Instant};

use super::courier::Courier;
use super::lane::Lane;

/// What is begun within the time to stop may take so much longer: a call has its own limit.
const LAST_CALLS: Duration = Duration::from_secs(1);

/// Couriers at work.
pub(super) struct Crew {
    lanes: Vec<Arc<Lane>>,
    /// Every courier has a sender of it as long as it works.
    working: Receiver<()>,
    /// `None` once no more couriers are to come.
    badge: Option<Sender<()>>,
}

impl Crew {
    pub(super) fn new() -> Self {
        let (badge, working) = channel();
        Self { lanes: Vec::new(), working, badge: Some(badge) }
    }

    /// Sends so many couriers of a target.
    pub(super) fn send(&mut self, courier: Courier, count: NonZeroUsize) -> std::io::Result<()> {
        self.lanes.push(Arc::clone(&courier.lane));
        let courier = Arc::new(courier);
        for _ in 0..count.get() {
            let (courier, badge) = (Arc::clone(&courier), self.badge.clone());
            std::thread::Builder::new().name("tracer-courier".into()).spawn(move || {
                courier.run();
                drop((courier, badge));
            })?;
        }
        Ok(())
    }

    /// Has them send what is there, for so long, and waits for them; who is still waiting for an answer then is left to it.
    pub(super) fn stop(&mut self, within: Duration) {
        self.lanes.iter().for_each(|lane| lane.stop(within));
        drop(self.badge.take());
        let end = Instant::now() + within + LAST_CALLS;
        // Nothing is ever sent: it ends when the last badge is given back.
        while let Ok(()) = self.working.recv_timeout(end.saturating_duration_since(Instant::now())) {}
    }
}

/// They finish what is under way.
impl Drop for Crew {
    fn drop(&mut self) {
        if self.badge.is_some() {
            self.stop(Duration::ZERO);
        }
    }
}
