//! The socket for datagrams, with as large a buffer in the kernel as it grants.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

/// What the kernel is asked to buffer; it may grant less. Linux doubles it, and counts up to 4,352 bytes for a datagram of less
/// than 3.7 KB: a burst of 20,000 has room while nobody reads at all.
const BUFFER: usize = 48 << 20;

/// Binds it; also says how many bytes were granted.
pub(crate) fn bind(listen: SocketAddr) -> io::Result<(UdpSocket, usize)> {
    let socket = socket2::Socket::new(socket2::Domain::for_address(listen), socket2::Type::DGRAM, None)?;
    ask_for_buffer(&socket);
    let granted = socket.recv_buffer_size()?;
    socket.bind(&listen.into())?;
    let socket = UdpSocket::from(socket);
    socket.set_read_timeout(Some(Duration::from_secs(1)))?;
    Ok((socket, granted))
}

/// A smaller buffer than asked for is no reason not to start.
fn ask_for_buffer(socket: &socket2::Socket) {
    // More than `net.core.rmem_max` is for those who administer the network.
    #[cfg(target_os = "linux")]
    if rustix::net::sockopt::set_socket_recv_buffer_size_force(socket, BUFFER).is_ok() {
        return;
    }
    // Some systems refuse what is more than they grant.
    let sizes =
        std::iter::successors(Some(BUFFER), |size| Some(size / 2)).take_while(|size| *size >= 256 << 10);
    for size in sizes {
        if socket.set_recv_buffer_size(size).is_ok() {
            return;
        }
    }
}
