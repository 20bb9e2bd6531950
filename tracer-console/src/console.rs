//! A console: what receives documents and answers questions on one address, and the store behind both.

use std::io;
use std::net::{SocketAddr, TcpListener, ToSocketAddrs as _};
use std::sync::Arc;

use crate::access::Access;
use crate::api::{Api, Listeners, Server, Upstream};
use crate::memory_store::MemoryStore;
use crate::otlp::{IndexedAttributes, OtlpOptions};
use crate::port_holder;
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
    /// The address, `host:port`, for documents over UDP and for X-Ray's API over TCP; port 0 takes a free one.
    pub listen: String,
    /// The address for X-Ray's API where it is another than that for documents, as the X-Ray daemon may have two.
    pub listen_tcp: Option<String>,
    /// Where documents go.
    pub store: Arc<dyn TraceStore>,
    /// Who may ask and send.
    pub access: Access,
    /// How OpenTelemetry's spans are taken.
    pub otlp: OtlpOptions,
}

impl Default for ConsoleOptions {
    /// The daemon's address, `127.0.0.1:2000`, and a [`MemoryStore`].
    fn default() -> Self {
        Self {
            listen: "127.0.0.1:2000".into(),
            listen_tcp: None,
            store: Arc::new(MemoryStore::default()),
            access: Access::default(),
            otlp: OtlpOptions::default(),
        }
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
    /// Others would reach it, and nothing says that they may.
    #[error(
        "{address} lets other machines in, which may then read and change everything: give a token with --token or in \
         TRACER_CONSOLE_TOKEN, or say --open where whoever reaches it may; 127.0.0.1 is for programs on this machine"
    )]
    Unprotected {
        /// The address.
        address: SocketAddr,
    },
    /// The address cannot be listened on.
    #[error("cannot listen on {protocol} {address}: {source}{}", remedy(protocol, *address, source))]
    Listen {
        /// UDP or TCP.
        protocol: &'static str,
        /// The address.
        address: SocketAddr,
        /// Why not.
        source: io::Error,
    },
}

/// X-Ray on one address: what tracers send over UDP is kept, and X-Ray's API answers over HTTP. Dropping it ends both.
///
/// Clients of X-Ray find it by an endpoint, such as `AWS_ENDPOINT_URL_XRAY=http://127.0.0.1:2000`; requests may be signed or
/// not.
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
    /// Ends before the receiver does, and both before the store.
    _server: Server,
    receiver: Receiver,
    store: Arc<dyn TraceStore>,
    tcp: SocketAddr,
    otlp: Option<SocketAddr>,
    otlp_grpc: Option<SocketAddr>,
}

/// How often a free port is taken until it is free for UDP and for TCP.
const TRIES: usize = 100;

impl Console {
    /// Starts receiving and answering.
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
        Self::start_behind(options, None)
    }

    /// Starts receiving, and answering what is no document as `upstream` does, where there is one.
    pub(crate) fn start_behind(
        options: ConsoleOptions,
        upstream: Option<Arc<dyn Upstream>>,
    ) -> Result<Self, ConsoleError> {
        let ConsoleOptions { listen, listen_tcp, store, access, otlp } = options;
        let OtlpOptions { http, grpc, indexed } = otlp;
        let address = permitted(&listen, &access)?;
        let tcp_only = listen_tcp.map(|listen| permitted(&listen, &access)).transpose()?;
        let further =
            |listen: Option<String>| listen.map(|listen| bind(permitted(&listen, &access)?)).transpose();
        let (http, grpc) = (further(http)?, further(grpc)?);
        let (access, refusals) = (Arc::new(access), Arc::<Refusals>::default());
        let (listener, receiver) = match tcp_only.filter(|tcp_only| *tcp_only != address) {
            None => listen_on(address, &store, &refusals, &access, &indexed)?,
            Some(tcp_only) => {
                let listener = bind(tcp_only)?;
                let started = Receiver::start(
                    address,
                    Arc::clone(&store),
                    Arc::clone(&refusals),
                    Arc::clone(&access),
                    indexed.clone(),
                );
                (
                    listener,
                    started.map_err(|source| ConsoleError::Listen { protocol: "UDP", address, source })?,
                )
            }
        };
        let local_addr = |listener: &TcpListener| listener.local_addr().ok();
        let tcp_addr = local_addr(&listener).unwrap_or(tcp_only.unwrap_or(address));
        let (otlp, otlp_grpc) = (http.as_ref().and_then(local_addr), grpc.as_ref().and_then(local_addr));
        let listeners = Listeners { http: std::iter::once(listener).chain(http).collect(), grpc };
        let api = Api::new(Arc::clone(&store), refusals).for_those(access).behind(upstream);
        let tcp = |source| ConsoleError::Listen { protocol: "TCP", address, source };
        let server = Server::start(listeners, api, indexed).map_err(tcp)?;
        Ok(Self { _server: server, receiver, store, tcp: tcp_addr, otlp, otlp_grpc })
    }

    /// Ends it once what has arrived is stored, and says what there was in all.
    ///
    /// ```
    /// # use tracer_console::{Console, ConsoleOptions};
    /// let console = Console::start(ConsoleOptions::any_port())?;
    /// let (counts, refusals) = console.end();
    /// assert_eq!((counts.received, refusals.latest().len()), (0, 0));
    /// # Ok::<(), tracer_console::ConsoleError>(())
    /// ```
    #[must_use]
    pub fn end(self) -> (ReceiverCounts, Arc<Refusals>) {
        let Self { _server: server, receiver, .. } = self;
        drop(server);
        receiver.end()
    }

    /// The further address for OTLP over HTTP, where one was asked for.
    ///
    /// ```
    /// # use tracer_console::{Console, ConsoleOptions};
    /// let console = Console::start(ConsoleOptions::any_port())?;
    /// assert_eq!(console.otlp_addr(), None);
    /// # Ok::<(), tracer_console::ConsoleError>(())
    /// ```
    #[must_use]
    pub fn otlp_addr(&self) -> Option<SocketAddr> {
        self.otlp
    }

    /// The address for OTLP over gRPC, where one was asked for.
    ///
    /// ```
    /// # use tracer_console::{Console, ConsoleOptions};
    /// let console = Console::start(ConsoleOptions::any_port())?;
    /// assert_eq!(console.otlp_grpc_addr(), None);
    /// # Ok::<(), tracer_console::ConsoleError>(())
    /// ```
    #[must_use]
    pub fn otlp_grpc_addr(&self) -> Option<SocketAddr> {
        self.otlp_grpc
    }

    /// The address that it receives and answers on: what belongs into `AWS_XRAY_DAEMON_ADDRESS`, and behind `http://`
    /// into `AWS_ENDPOINT_URL_XRAY`.
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

    /// The address that it answers on over TCP: another only where [`ConsoleOptions::listen_tcp`] asks for it.
    ///
    /// ```
    /// # use tracer_console::{Console, ConsoleOptions};
    /// let console = Console::start(ConsoleOptions::any_port())?;
    /// assert_eq!(console.tcp_addr(), console.local_addr());
    /// # Ok::<(), tracer_console::ConsoleError>(())
    /// ```
    #[must_use]
    pub fn tcp_addr(&self) -> SocketAddr {
        self.tcp
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

    /// The latest datagrams and documents that were refused, and why.
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

    /// The receive buffer that the kernel granted, in bytes: how large a burst may be. On Linux it is the sum of several sockets'
    /// where the kernel grants little for one.
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

/// The address that is meant. A name such as `localhost` may be two, and then tracers look at that of IPv4.
fn resolve(listen: &str) -> Option<SocketAddr> {
    let found: Vec<_> = listen.to_socket_addrs().ok()?.collect();
    found.iter().find(|address| address.is_ipv4()).or(found.first()).copied()
}

/// The address that is meant, if it may be listened on.
fn permitted(listen: &str, access: &Access) -> Result<SocketAddr, ConsoleError> {
    let address = resolve(listen).ok_or_else(|| ConsoleError::Address { listen: listen.to_owned() })?;
    if access.permits(address) { Ok(address) } else { Err(ConsoleError::Unprotected { address }) }
}

fn bind(address: SocketAddr) -> Result<TcpListener, ConsoleError> {
    TcpListener::bind(address).map_err(|source| ConsoleError::Listen { protocol: "TCP", address, source })
}

/// What to do where an address cannot be listened on.
fn remedy(protocol: &str, address: SocketAddr, why: &io::Error) -> String {
    match why.kind() {
        io::ErrorKind::AddrInUse => format!(
            "{}; is another X-Ray daemon or console running? End it, or take another port; port 0 is any free one",
            port_holder::of(protocol, address)
        ),
        io::ErrorKind::AddrNotAvailable => {
            "; this machine has no such address: 127.0.0.1 is for programs on it, 0.0.0.0 for others too"
                .to_owned()
        }
        io::ErrorKind::PermissionDenied => "; ports below 1024 are the system's, take another".to_owned(),
        _ => String::new(),
    }
}

/// Takes the address for TCP, and then the same for UDP.
fn listen_on(
    address: SocketAddr,
    store: &Arc<dyn TraceStore>,
    refusals: &Arc<Refusals>,
    access: &Arc<Access>,
    indexed: &IndexedAttributes,
) -> Result<(TcpListener, Receiver), ConsoleError> {
    let mut tries = if address.port() == 0 { TRIES } else { 1 };
    loop {
        tries -= 1;
        let tcp = |source| ConsoleError::Listen { protocol: "TCP", address, source };
        let listener = bind(address)?;
        let address = listener.local_addr().map_err(tcp)?;
        match Receiver::start(
            address,
            Arc::clone(store),
            Arc::clone(refusals),
            Arc::clone(access),
            indexed.clone(),
        ) {
            Ok(receiver) => return Ok((listener, receiver)),
            // A port that was free for TCP need not be free for UDP.
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && tries > 0 => {}
            Err(source) => return Err(ConsoleError::Listen { protocol: "UDP", address, source }),
        }
    }
}

impl std::fmt::Debug for Console {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Console").field("local_addr", &self.local_addr()).finish_non_exhaustive()
    }
}
