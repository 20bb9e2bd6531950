//! The daemon: documents over UDP.

use std::fmt;
use std::io;
use std::net::{Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;

use once_cell::sync::OnceCell;

use super::named_daemon::NamedDaemon;
use super::warning;
use crate::daemon_address::DaemonAddress;
use crate::sink::{NotSent, Sink};

/// Sends to an X-Ray daemon over a connected, non-blocking UDP socket.
///
/// The socket is opened when the first document is sent, and again later if that failed. A name is looked
/// up on a thread of its own, again after half a minute: the first call waits for it, at most 50 ms and once, and up to 256
/// KiB of documents do.
///
/// ```no_run
/// use tracer_runtime::{Tracer, UdpSink};
///
/// let tracer = Tracer::builder().sink(UdpSink::new("127.0.0.1:2000".parse()?)).build();
/// # Ok::<(), tracer_runtime::DaemonAddressError>(())
/// ```
pub struct UdpSink {
    daemon: Daemon,
}

enum Daemon {
    At { address: SocketAddr, socket: OnceCell<UdpSocket> },
    Named(Arc<NamedDaemon>),
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
        let daemon = match address.ip() {
            Some(address) => Daemon::At { address, socket: OnceCell::new() },
            None => Daemon::Named(NamedDaemon::new(move || address.look_up())),
        };
        Self { daemon }
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
}

impl Sink for UdpSink {
    fn send(&self, datagram: &[u8]) -> Result<(), NotSent> {
        match &self.daemon {
            Daemon::At { address, socket } => {
                let socket =
                    socket.get_or_try_init(|| connect(*address)).map_err(|_| NotSent::Unavailable)?;
                send(socket, datagram)
            }
            Daemon::Named(daemon) => daemon.send(datagram),
        }
    }
}

impl fmt::Debug for UdpSink {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("UdpSink")
    }
}

/// A socket that never blocks.
pub(crate) fn connect(daemon: SocketAddr) -> io::Result<UdpSocket> {
    let any: SocketAddr = match daemon {
        SocketAddr::V4(_) => (Ipv4Addr::UNSPECIFIED, 0).into(),
        SocketAddr::V6(_) => (Ipv6Addr::UNSPECIFIED, 0).into(),
    };
    let socket = UdpSocket::bind(any)?;
    socket.set_nonblocking(true)?;
    socket.connect(daemon)?;
    Ok(socket)
}

pub(crate) fn send(socket: &UdpSocket, datagram: &[u8]) -> Result<(), NotSent> {
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
