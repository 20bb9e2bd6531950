//! Where documents go.

use std::fmt;

/// The largest payload that a UDP datagram can carry over IPv4, in bytes.
pub(crate) const LARGEST_DATAGRAM: usize = 65_507;

/// Takes finished datagrams: a header line, a line feed, and one document.
///
/// `send` is called on the traced function's own thread, so it must not block and must not panic; what it cannot
/// take now is lost. Give one to [`TracerBuilder::sink`](crate::TracerBuilder::sink).
///
/// ```
/// use std::sync::atomic::{AtomicUsize, Ordering};
/// use tracer_runtime::{NotSent, Sink};
///
/// /// Counts what it is given.
/// #[derive(Debug, Default)]
/// struct Counter(AtomicUsize);
///
/// impl Sink for Counter {
///     fn send(&self, _datagram: &[u8]) -> Result<(), NotSent> {
///         self.0.fetch_add(1, Ordering::Relaxed);
///         Ok(())
///     }
/// }
/// ```
pub trait Sink: fmt::Debug + Send + Sync {
    /// Sends one datagram, or says why it did not.
    ///
    /// # Errors
    /// [`NotSent::TooLarge`] makes the tracer split the document further; it forgets it on any other error.
    fn send(&self, datagram: &[u8]) -> Result<(), NotSent>;

    /// The largest datagram that this sink takes, in bytes: 65,507 unless it says otherwise.
    ///
    /// ```
    /// use tracer_runtime::{MemorySink, Sink};
    ///
    /// assert_eq!(MemorySink::default().largest_datagram(), 65_507);
    /// ```
    fn largest_datagram(&self) -> usize {
        LARGEST_DATAGRAM
    }
}

/// Why a [`Sink`] did not send a datagram.
///
/// ```
/// use tracer_runtime::NotSent;
///
/// assert_eq!(NotSent::TooLarge.to_string(), "the datagram is too large for this sink: send it in smaller parts");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum NotSent {
    /// The datagram is too large (`EMSGSIZE`).
    #[error("the datagram is too large for this sink: send it in smaller parts")]
    TooLarge,
    /// The far end cannot take it now: absent, refused, or its queue is full.
    #[error("the far end cannot take the datagram now, and it is lost: see that the X-Ray daemon runs")]
    Unavailable,
}
