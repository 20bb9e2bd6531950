//! A socket for datagrams, with as large a buffer in the kernel as it grants.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::time::Duration;

use socket2::{Domain, Socket, Type};

/// What the kernel is asked to buffer; it may grant less. Linux doubles it, and counts up to 4,352 bytes for a datagram of less
/// than 3.7 KB: a burst of 20,000 has room while nobody reads at all.
const BUFFER: usize = 48 << 20;
pub(crate) const LARGEST_DATAGRAM: usize = 64 << 10;
/// Nobody waits longer for a datagram without a look at what else there is to do.
pub(crate) const PATIENCE: Duration = Duration::from_secs(1);
/// Sockets on one address: 27 MB where Linux grants what it does unless it is told otherwise, 425,984 bytes.
#[cfg(target_os = "linux")]
const MOST_SOCKETS: usize = 64;

/// Binds it to an address that is nobody else's.
pub(crate) fn bind(listen: SocketAddr) -> io::Result<UdpSocket> {
    let socket = unbound(listen)?;
    socket.bind(&listen.into())?;
    let socket = UdpSocket::from(socket);
    socket.set_read_timeout(Some(PATIENCE))?;
    Ok(socket)
}

/// Binds another to an address whose sockets share it.
#[cfg(target_os = "linux")]
pub(crate) fn bind_beside(address: SocketAddr) -> io::Result<UdpSocket> {
    let socket = unbound(address)?;
    socket.set_reuse_port(true)?;
    socket.bind(&address.into())?;
    Ok(socket.into())
}

/// How many of its kind it takes to have what a single one was not granted.
#[cfg(target_os = "linux")]
pub(crate) fn wanted(socket: &UdpSocket) -> io::Result<Option<usize>> {
    let granted = socket2::SockRef::from(socket).recv_buffer_size()?;
    let wanted = (2 * BUFFER).div_ceil(granted.max(1)).min(MOST_SOCKETS);
    Ok((wanted > 1).then_some(wanted))
}

fn unbound(address: SocketAddr) -> io::Result<Socket> {
    let socket = Socket::new(Domain::for_address(address), Type::DGRAM, None)?;
    ask_for_buffer(&socket);
    Ok(socket)
}

/// A smaller buffer than asked for is no reason not to start.
fn ask_for_buffer(socket: &Socket) {
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
