//! Where the X-Ray daemon listens: `AWS_XRAY_DAEMON_ADDRESS` in each of its forms (facts 3.6).

use std::fmt;
use std::str::FromStr;
#[cfg(feature = "enable")]
use std::{
    io,
    net::{SocketAddr, ToSocketAddrs},
};

use thiserror::Error;

use crate::beginning::beginning;

/// The UDP address of an X-Ray daemon: an IP address or a host name, and a port.
///
/// It reads `host:port` and `tcp:host:port udp:host:port` in either order; IPv6 addresses stand in brackets.
///
/// ```
/// use tracer_runtime::DaemonAddress;
///
/// let address: DaemonAddress = "tcp:127.0.0.1:2000 udp:127.0.0.2:2001".parse()?;
/// assert_eq!(address.to_string(), "127.0.0.2:2001");
/// # Ok::<(), tracer_runtime::DaemonAddressError>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DaemonAddress {
    host: String,
    port: u16,
}

#[cfg(feature = "enable")]
impl DaemonAddress {
    /// The address where the host is none that has to be looked up.
    pub(crate) fn ip(&self) -> Option<SocketAddr> {
        self.host.parse().ok().map(|ip| SocketAddr::new(ip, self.port))
    }

    /// Looks the host's name up, which may block.
    pub(crate) fn look_up(&self) -> io::Result<SocketAddr> {
        let mut found = (self.host.as_str(), self.port).to_socket_addrs()?;
        found.next().ok_or_else(|| io::ErrorKind::NotFound.into())
    }
}

/// The daemon of the same machine, `127.0.0.1:2000`.
impl Default for DaemonAddress {
    fn default() -> Self {
        Self { host: "127.0.0.1".to_owned(), port: 2000 }
    }
}

impl FromStr for DaemonAddress {
    type Err = DaemonAddressError;

    fn from_str(text: &str) -> Result<Self, DaemonAddressError> {
        let error = || DaemonAddressError { text: beginning(text, 100).to_owned() };
        let parts: Vec<&str> = text.split_whitespace().collect();
        let udp = match parts.as_slice() {
            [one] if !one.starts_with("udp:") && !one.starts_with("tcp:") => one,
            [first, second] => match (first.split_once(':'), second.split_once(':')) {
                (Some(("udp", udp)), Some(("tcp", tcp))) | (Some(("tcp", tcp)), Some(("udp", udp))) => {
                    host_and_port(tcp).ok_or_else(error)?;
                    udp
                }
                _ => return Err(error()),
            },
            _ => return Err(error()),
        };
        host_and_port(udp).ok_or_else(error)
    }
}

fn host_and_port(text: &str) -> Option<DaemonAddress> {
    let (host, port) = text.rsplit_once(':')?;
    let bracketed = host.strip_prefix('[').and_then(|host| host.strip_suffix(']'));
    let host = match bracketed {
        Some(ipv6) => ipv6,
        None if host.contains([':', '/', '[', ']']) => return None,
        None => host,
    };
    let port = port.parse().ok().filter(|port| *port != 0)?;
    (!host.is_empty()).then(|| DaemonAddress { host: host.to_owned(), port })
}

impl fmt::Display for DaemonAddress {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.host.contains(':') {
            write!(f, "[{}]:{}", self.host, self.port)
        } else {
            write!(f, "{}:{}", self.host, self.port)
        }
    }
}

/// A text that is no daemon address.
///
/// ```
/// use tracer_runtime::DaemonAddress;
///
/// let error = "localhost".parse::<DaemonAddress>().unwrap_err();
/// assert!(error.to_string().contains("`localhost` is no daemon address"));
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Error)]
#[error("`{text}` is no daemon address: write `host:port` or `tcp:host:port udp:host:port`")]
pub struct DaemonAddressError {
    text: String,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn behaviour_100_every_documented_form_is_read() {
        let read = |text: &str| text.parse::<DaemonAddress>().map(|address| address.to_string());
        assert_eq!(read("169.254.79.2:2000").unwrap(), "169.254.79.2:2000");
        assert_eq!(read("xray-daemon.local:3000").unwrap(), "xray-daemon.local:3000");
        assert_eq!(read("udp:1.2.3.4:5 tcp:1.2.3.4:6").unwrap(), "1.2.3.4:5");
        assert_eq!(read("tcp:1.2.3.4:6 udp:1.2.3.4:5").unwrap(), "1.2.3.4:5");
        assert_eq!(read("[::1]:2000").unwrap(), "[::1]:2000");
        for wrong in [
            "",
            "1.2.3.4",
            "1.2.3.4:",
            ":2000",
            "::1:2000",
            "udp:1.2.3.4:5",
            "udp:a:1 udp:b:2",
            "a:1 b:2",
            "a:99999",
            "h:0",
        ] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }
}
