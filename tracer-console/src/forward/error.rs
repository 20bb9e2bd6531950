//! Why nothing can be forwarded.

use crate::console::ConsoleError;
use crate::forward::queue::QueueError;

/// A [`Forwarder`](crate::Forwarder) could not start.
///
/// ```
/// use tracer_console::{ForwardError, ForwardTarget};
///
/// let error = ForwardTarget::x_ray("127.0.0.1:2000").unwrap_err();
/// assert!(matches!(error, ForwardError::Address { .. }), "a URL begins with its scheme");
/// ```
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ForwardError {
    /// Nothing was named to send to.
    #[error("nothing to forward to: name a target with --to, such as --to http://127.0.0.1:2001")]
    NoTarget,
    /// The same was named twice.
    #[error("the target {name} is named twice")]
    Twice {
        /// The target.
        name: String,
    },
    /// The address of a target is no address.
    #[error(
        "{url:?} is no address to forward to: {why}; write one such as http://127.0.0.1:2001 or otlp+http://127.0.0.1:4318"
    )]
    Address {
        /// What was given.
        url: String,
        /// What is wrong with it.
        why: String,
    },
    /// The address of a target asks for TLS, which was not built in.
    #[error(
        "{url} asks for TLS, which this tracer-console was built without: build it with `--features https`"
    )]
    NoTls {
        /// The address.
        url: String,
    },
    /// A header is none.
    #[error("{given:?} is no header: write name=value, such as authorization=Bearer…")]
    Header {
        /// What was given.
        given: String,
    },
    /// A target is this forwarder itself.
    #[error("{url} is where this program itself listens: what it sent there would come back for ever")]
    Itself {
        /// The address.
        url: String,
    },
    /// The queue cannot be used.
    #[error(transparent)]
    Queue(#[from] QueueError),
    /// It cannot listen.
    #[error(transparent)]
    Console(#[from] ConsoleError),
    /// AWS cannot be asked.
    #[cfg(feature = "aws")]
    #[error(transparent)]
    Aws(#[from] crate::aws::AwsError),
    /// A thread could not be started.
    #[error("a thread could not be started: {0}")]
    Thread(#[source] std::io::Error),
}
