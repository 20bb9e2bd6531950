//! How a forwarder starts.

use std::num::NonZeroUsize;
use std::path::PathBuf;
use std::time::Duration;

use super::target::ForwardTarget;
use crate::console::ConsoleOptions;

/// How a [`Forwarder`](crate::Forwarder) starts.
///
/// ```
/// use tracer_console::{ForwardOptions, ForwardTarget};
///
/// let target = ForwardTarget::x_ray("http://127.0.0.1:2001")?;
/// let options = ForwardOptions { keep: true, ..ForwardOptions::new("forward.db", vec![target]) };
/// # Ok::<(), tracer_console::ForwardError>(())
/// ```
pub struct ForwardOptions {
    /// How it listens, and the store that answers X-Ray's API.
    pub console: ConsoleOptions,
    /// Whether documents are kept in that store, too. Without, what is asked over TCP is passed on to AWS where that is a target.
    pub keep: bool,
    /// Where documents go.
    pub targets: Vec<ForwardTarget>,
    /// The file of the queue.
    pub queue: PathBuf,
    /// The bytes that the queue may take of the disk; beyond them the oldest documents are dropped, and counted.
    pub queue_bytes: u64,
    /// Calls of a target at a time.
    pub concurrency: NonZeroUsize,
    /// The longest wait before something that failed is tried again.
    pub longest_wait: Duration,
    /// How often AWS is told what came and what became of it, where that is a target.
    pub telemetry_period: Duration,
}

/// As the daemon.
const CONCURRENCY: NonZeroUsize = NonZeroUsize::new(8).unwrap();

impl ForwardOptions {
    /// On the daemon's address, to these targets: eight calls of each at a time, waits of at most 30 s, a queue of 512 MiB,
    /// telemetry once a minute, and nothing kept.
    ///
    /// ```
    /// # use tracer_console::{ForwardOptions, ForwardTarget};
    /// let options = ForwardOptions::new("forward.db", vec![ForwardTarget::x_ray("http://127.0.0.1:2001")?]);
    /// assert_eq!(options.console.listen, "127.0.0.1:2000");
    /// # Ok::<(), tracer_console::ForwardError>(())
    /// ```
    #[must_use]
    pub fn new(queue: impl Into<PathBuf>, targets: Vec<ForwardTarget>) -> Self {
        Self {
            console: ConsoleOptions::default(),
            keep: false,
            targets,
            queue: queue.into(),
            queue_bytes: 512 << 20,
            concurrency: CONCURRENCY,
            longest_wait: Duration::from_secs(30),
            telemetry_period: Duration::from_secs(60),
        }
    }
}

impl std::fmt::Debug for ForwardOptions {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("ForwardOptions")
            .field("targets", &self.targets)
            .field("queue", &self.queue)
            .finish_non_exhaustive()
    }
}
