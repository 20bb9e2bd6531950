//! A console: a receiver and the store that it fills.

use std::net::{SocketAddr, ToSocketAddrs as _};
use std::sync::Arc;

use crate::memory_store::MemoryStore;
use crate::receiver::{Receiver, ReceiverCounts};
use crate::refusal::Refusals;
use crate::store::TraceStore;

/// How a [`Console`] starts.
///
/// ```
/// let options = tracer_console::ConsoleOptions { listen: "127.0.0.1:0".into(), ..Default::default() };
/// let console = tracer_console::Console::start(options)?;
/// # Ok::<(), tracer_console::ConsoleError>(())
/// ```
#[derive(Clone)]
pub struct ConsoleOptions {
    /// The UDP address to receive on, `host:port`; port 0 takes a free one.
    pub listen: String,
    /// Where documents go.
    pub store: Arc<dyn TraceStore>,
}

impl Default for ConsoleOptions {
    /// The daemon's address, `127.0.0.1:2000`, and a [`MemoryStore`].
    fn default() -> Self {
        Self { listen: "127.0.0.1:2000".into(), store: Arc::new(MemoryStore::default()) }
    }
}

impl ConsoleOptions {
    /// A free port of 127.0.0.1 and a [`MemoryStore`]: for tests and demos.
    ///
    /// ```
    /// assert_eq!(tracer_console::ConsoleOptions::any_port().listen, "127.0.0.1:0");
    /// ```
    #[must_use]
    pub fn any_port() -> Self {
        Self { listen: "127.0.0.1:0".into(), ..Self::default() }
    }
}

/// A console could not start.
///
/// ```
/// # use tracer_console::{Console, ConsoleError, ConsoleOptions};
/// let options = ConsoleOptions { listen: "nonsense".into(), ..Default::default() };
/// assert!(matches!(Console::start(options), Err(ConsoleError::Address { .. })));
/// ```
#[derive(Debug, thiserror::Error)]
pub enum ConsoleError {
    /// The address is no address.
    #[error("{listen:?} is no address to listen on; write host:port, such as 127.0.0.1:2000")]
    Address {
        /// What was given.
        listen: String,
    },
    /// The address cannot be listened on.
    #[error(
        "cannot listen on UDP {address}: {source}; is another X-Ray daemon or console running? Port 0 takes a free port"
    )]
    Listen {
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: std::io::Error,
    },
}

/// Receives what tracers send and keeps it; dropping it stops receiving.
///
/// ```
/// use tracer_console::{Console, ConsoleOptions, TraceId};
/// use std::time::Duration;
///
/// let console = Console::start(ConsoleOptions::any_port())?;
/// let sender = std::net::UdpSocket::bind("127.0.0.1:0")?;
/// let document = r#"{"name":"job","id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"end_time":2}"#;
/// let datagram = format!("{{\"format\":\"json\",\"version\":1}}\n{document}");
/// sender.send_to(datagram.as_bytes(), console.local_addr())?;
///
/// let id: TraceId = "1-6b02e002-9311b20839c1ed87c6cec943".parse()?;
/// let trace = console.store().wait_for_trace(id, |trace| trace.is_settled(), Duration::from_secs(5))?;
/// assert_eq!(trace.roots().next().unwrap().name(), "job");
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct Console {
    receiver: Receiver,
    store: Arc<dyn TraceStore>,
}

impl Console {
    /// Starts receiving.
    ///
    /// ```
    /// # use tracer_console::{Console, ConsoleOptions};
    /// let console = Console::start(ConsoleOptions::any_port())?;
    /// println!("AWS_XRAY_DAEMON_ADDRESS={}", console.local_addr());
    /// # Ok::<(), tracer_console::ConsoleError>(())
    /// ```
    ///
    /// # Errors
    /// [`ConsoleError`] when the address is none or is taken.
    pub fn start(options: ConsoleOptions) -> Result<Self, ConsoleError> {
        let ConsoleOptions { listen, store } = options;
        let address = listen.to_socket_addrs().ok().and_then(|mut found| found.next());
        let address = address.ok_or(ConsoleError::Address { listen })?;
        let receiver = Receiver::start(address, Arc::clone(&store))
            .map_err(|source| ConsoleError::Listen { address, source })?;
        Ok(Self { receiver, store })
    }

    /// The address that it receives on: what belongs into `AWS_XRAY_DAEMON_ADDRESS`.
    ///
    /// ```
    /// # use tracer_console::{Console, ConsoleOptions};
    /// let console = Console::start(ConsoleOptions::any_port())?;
    /// assert_ne!(console.local_addr().port(), 0);
    /// # Ok::<(), tracer_console::ConsoleError>(())
    /// ```
    #[must_use]
    pub fn local_addr(&self) -> SocketAddr {
        self.receiver.local_addr()
    }

    /// What arrived.
    ///
    /// ```
    /// # use tracer_console::{Console, ConsoleOptions};
    /// let console = Console::start(ConsoleOptions::any_port())?;
    /// assert!(console.store().changed_since(tracer_console::Revision::default()).is_empty());
    /// # Ok::<(), tracer_console::ConsoleError>(())
    /// ```
    #[must_use]
    pub fn store(&self) -> &Arc<dyn TraceStore> {
        &self.store
    }

    /// How many datagrams were received, refused and dropped.
    ///
    /// ```
    /// # use tracer_console::{Console, ConsoleOptions};
    /// let console = Console::start(ConsoleOptions::any_port())?;
    /// assert_eq!(console.counts().refused, 0);
    /// # Ok::<(), tracer_console::ConsoleError>(())
    /// ```
    #[must_use]
    pub fn counts(&self) -> ReceiverCounts {
        self.receiver.counts()
    }

    /// The latest datagrams that were refused, and why.
    ///
    /// ```
    /// # use tracer_console::{Console, ConsoleOptions};
    /// let console = Console::start(ConsoleOptions::any_port())?;
    /// assert!(console.refusals().latest().is_empty());
    /// # Ok::<(), tracer_console::ConsoleError>(())
    /// ```
    #[must_use]
    pub fn refusals(&self) -> &Refusals {
        self.receiver.refusals()
    }

    /// The receive buffer that the kernel granted, in bytes: how large a burst may be.
    ///
    /// ```
    /// # use tracer_console::{Console, ConsoleOptions};
    /// let console = Console::start(ConsoleOptions::any_port())?;
    /// assert!(console.granted_buffer() > 0);
    /// # Ok::<(), tracer_console::ConsoleError>(())
    /// ```
    #[must_use]
    pub fn granted_buffer(&self) -> usize {
        self.receiver.granted_buffer()
    }
}

impl std::fmt::Debug for Console {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Console").field("local_addr", &self.local_addr()).finish_non_exhaustive()
    }
}
