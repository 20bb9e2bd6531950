//! The sinks: the daemon, memory, and standard output.

use std::io::{self, Write};
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::{Arc, Mutex, PoisonError};

use once_cell::sync::OnceCell;

use super::warning;
use crate::daemon_address::DaemonAddress;
use crate::sink::{NotSent, Sink};

/// The line before each document (facts 3.1).
pub(crate) const HEADER_LINE: &[u8] = b"{\"format\":\"json\",\"version\":1}\n";

/// Sends to an X-Ray daemon over a connected, non-blocking UDP socket.
///
/// The socket is opened when the first document is sent, and again later if that failed.
///
/// ```no_run
/// use tracer_runtime::{Tracer, UdpSink};
///
/// let tracer = Tracer::builder().sink(UdpSink::new("127.0.0.1:2000".parse()?)).build();
/// # Ok::<(), tracer_runtime::DaemonAddressError>(())
/// ```
#[derive(Debug)]
pub struct UdpSink {
    address: DaemonAddress,
    socket: OnceCell<UdpSocket>,
}

impl UdpSink {
    /// A sink that sends to `address`.
    ///
    /// ```
    /// use tracer_runtime::{DaemonAddress, UdpSink};
    ///
    /// let sink = UdpSink::new(DaemonAddress::default());
    /// ```
    #[must_use]
    pub fn new(address: DaemonAddress) -> Self {
        Self { address, socket: OnceCell::new() }
    }

    /// A sink that sends to `AWS_XRAY_DAEMON_ADDRESS`, or to `127.0.0.1:2000` without it. `None` where the
    /// variable holds no address, which is said once on standard error.
    pub(crate) fn from_environment() -> Option<Self> {
        let Ok(text) = std::env::var("AWS_XRAY_DAEMON_ADDRESS") else {
            return Some(Self::new(DaemonAddress::default()));
        };
        match text.parse() {
            Ok(address) => Some(Self::new(address)),
            Err(error) => {
                warning::once("AWS_XRAY_DAEMON_ADDRESS", || {
                    format!("AWS_XRAY_DAEMON_ADDRESS: {error}; nothing is traced")
                });
                None
            }
        }
    }

    fn connect(&self) -> io::Result<UdpSocket> {
        let daemon = self.address.resolve()?;
        let any: SocketAddr = match daemon {
            SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
            SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
        };
        let socket = UdpSocket::bind(any)?;
        socket.set_nonblocking(true)?;
        socket.connect(daemon)?;
        Ok(socket)
    }
}

impl Sink for UdpSink {
    fn send(&self, datagram: &[u8]) -> Result<(), NotSent> {
        let socket = self.socket.get_or_try_init(|| self.connect()).map_err(|_| NotSent::Unavailable)?;
        // A refusal that answers the datagram before this one is reported here, and this one is not sent: again.
        let sent = match socket.send(datagram) {
            Err(error) if error.kind() == io::ErrorKind::ConnectionRefused => socket.send(datagram),
            sent => sent,
        };
        match sent {
            Ok(_) => Ok(()),
            Err(error) if is_too_large(&error) => Err(NotSent::TooLarge),
            Err(_) => Err(NotSent::Unavailable),
        }
    }
}

fn is_too_large(error: &io::Error) -> bool {
    // `EMSGSIZE` has no stable `ErrorKind`: 90 on Linux, 40 on macOS and the BSDs, 10040 on Windows.
    let code = if cfg!(windows) {
        10040
    } else if cfg!(target_os = "linux") {
        90
    } else {
        40
    };
    error.raw_os_error() == Some(code)
}

/// Keeps datagrams in memory, for tests.
///
/// Clones share what they keep.
///
/// ```
/// use tracer_runtime::{MemorySink, Sink};
///
/// let sink = MemorySink::default();
/// sink.send(b"{\"format\":\"json\",\"version\":1}\n{}")?;
/// assert_eq!(sink.documents(), ["{}"]);
/// # Ok::<(), tracer_runtime::NotSent>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct MemorySink {
    datagrams: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl MemorySink {
    /// Everything sent so far, header lines included, oldest first.
    ///
    /// ```
    /// assert!(tracer_runtime::MemorySink::default().datagrams().is_empty());
    /// ```
    #[must_use]
    pub fn datagrams(&self) -> Vec<Vec<u8>> {
        self.datagrams.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The documents sent so far, without their header lines, oldest first.
    ///
    /// ```
    /// assert!(tracer_runtime::MemorySink::default().documents().is_empty());
    /// ```
    #[must_use]
    pub fn documents(&self) -> Vec<String> {
        let document = |datagram: &Vec<u8>| {
            let text = String::from_utf8_lossy(datagram);
            text.split_once('\n').map_or_else(String::new, |(_, document)| document.to_owned())
        };
        self.datagrams.lock().unwrap_or_else(PoisonError::into_inner).iter().map(document).collect()
    }
}

impl Sink for MemorySink {
    fn send(&self, datagram: &[u8]) -> Result<(), NotSent> {
        self.datagrams.lock().unwrap_or_else(PoisonError::into_inner).push(datagram.to_vec());
        Ok(())
    }
}

/// Prints each document as a line on standard output.
///
/// ```
/// use tracer_runtime::{StdoutSink, Tracer};
///
/// let tracer = Tracer::builder().enabled(true).sink(StdoutSink).build();
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct StdoutSink;

impl Sink for StdoutSink {
    fn send(&self, datagram: &[u8]) -> Result<(), NotSent> {
        let document = datagram.strip_prefix(HEADER_LINE).unwrap_or(datagram);
        let mut out = io::stdout().lock();
        out.write_all(document).and_then(|()| out.write_all(b"\n")).map_err(|_| NotSent::Unavailable)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sink::LARGEST_DATAGRAM;

    #[test]
    fn a_daemon_that_comes_back_gets_the_very_next_datagram() {
        let daemon = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = daemon.local_addr().unwrap();
        let sink = UdpSink::new(address.to_string().parse().unwrap());
        drop(daemon);
        // The first is lost to the closed port; the refusal may be reported to any of the following.
        for _ in 0..3 {
            let _ = sink.send(b"lost");
        }
        let daemon = UdpSocket::bind(address).unwrap();
        sink.send(b"here").unwrap();
        let mut buffer = [0; 16];
        let length = daemon.recv(&mut buffer).unwrap();
        assert_eq!(&buffer[..length], b"here");
    }

    #[test]
    fn a_datagram_over_the_limit_is_too_large() {
        let daemon = UdpSocket::bind("127.0.0.1:0").unwrap();
        let sink = UdpSink::new(daemon.local_addr().unwrap().to_string().parse().unwrap());
        assert_eq!(sink.send(&vec![b' '; LARGEST_DATAGRAM + 1]), Err(NotSent::TooLarge));
        assert_eq!(sink.send(&vec![b' '; LARGEST_DATAGRAM]), Ok(()));
    }
}
