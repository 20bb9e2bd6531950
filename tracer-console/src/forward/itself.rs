//! Whether a target is the forwarder itself: what it sent there would come back for ever.

use std::net::{IpAddr, SocketAddr, ToSocketAddrs as _, UdpSocket};

/// Whether a URL leads to one of the addresses that are listened on.
pub(super) fn is(url: &str, listening: &[SocketAddr]) -> bool {
    let Ok(uri) = url.parse::<hyper::Uri>() else { return false };
    let Some(host) = uri.host() else { return false };
    let port = uri.port_u16().unwrap_or(if uri.scheme_str() == Some("https") { 443 } else { 80 });
    if listening.iter().all(|address| address.port() != port) {
        return false;
    }
    let host = host.trim_start_matches('[').trim_end_matches(']');
    let Ok(found) = (host, port).to_socket_addrs() else { return false };
    let found: Vec<_> = found.collect();
    listening.iter().any(|address| found.iter().any(|found| leads_to(*found, *address)))
}

fn leads_to(found: SocketAddr, listening: SocketAddr) -> bool {
    found.port() == listening.port()
        && (found.ip() == listening.ip()
            || (listening.ip().is_unspecified() && is_of_this_machine(found.ip()))
            || (found.ip().is_unspecified() && listening.ip().is_loopback()))
}

/// Only an address of this machine can be had by a socket.
fn is_of_this_machine(ip: IpAddr) -> bool {
    ip.is_loopback() || ip.is_unspecified() || UdpSocket::bind((ip, 0)).is_ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_itself_by_any_name_of_its_address() {
        let on = |address: &str| [address.parse::<SocketAddr>().unwrap()];
        for (url, address) in [
            ("http://127.0.0.1:2000", "127.0.0.1:2000"),
            ("http://localhost:2000/", "127.0.0.1:2000"),
            ("http://127.0.0.1:2000", "0.0.0.0:2000"),
            ("http://[::1]:2000", "[::1]:2000"),
            ("http://127.0.0.1", "127.0.0.1:80"),
        ] {
            assert!(is(url, &on(address)), "{url} {address}");
        }
        for (url, address) in [
            ("http://127.0.0.1:2001", "127.0.0.1:2000"),
            ("http://127.0.0.2:2000", "127.0.0.1:2000"),
            ("http://192.0.2.200:2000", "0.0.0.0:2000"),
            ("nonsense", "127.0.0.1:2000"),
        ] {
            assert!(!is(url, &on(address)), "{url} {address}");
        }
    }
}
