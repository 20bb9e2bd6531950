//! How many documents came, and what became of them.

use std::fmt;

/// How many documents a [`Forwarder`](crate::Forwarder) took since it started, and what became of them.
///
/// ```
/// let counts = tracer_console::ForwardCounts::default();
/// assert_eq!(counts.to_string(), "received 0");
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct ForwardCounts {
    /// Documents that are or were durable in the queue.
    pub received: u64,
    /// Of each target.
    pub targets: Vec<TargetCounts>,
}

/// What became of the documents for one target: those that waited when it started and those that were received since.
///
/// ```
/// assert_eq!(tracer_console::TargetCounts::default().sent, 0);
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct TargetCounts {
    /// The target, as it was named.
    pub name: String,
    /// Documents that it took.
    pub sent: u64,
    /// Documents that were sent once more because the target failed or refused others with them, each as often as that happened.
    pub retried: u64,
    /// Documents that it never takes.
    pub rejected: u64,
    /// Documents that are nothing for this kind of target: those in progress, where it is OpenTelemetry's.
    pub skipped: u64,
    /// Documents that had to make room in a full queue before it took them.
    pub dropped: u64,
    /// Documents that are still to be sent.
    pub waiting: u64,
}

impl fmt::Display for ForwardCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "received {}", self.received)?;
        self.targets.iter().try_for_each(|target| write!(f, "; {target}"))
    }
}

impl fmt::Display for TargetCounts {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { name, sent, retried, rejected, skipped, dropped, waiting } = self;
        write!(f, "{name}: sent {sent}")?;
        let others =
            [("retried", retried), ("rejected", rejected), ("skipped", skipped), ("dropped", dropped)];
        for (what, count) in others.into_iter().filter(|(_, count)| **count > 0) {
            write!(f, ", {what} {count}")?;
        }
        write!(f, ", waiting {waiting}")
    }
}
