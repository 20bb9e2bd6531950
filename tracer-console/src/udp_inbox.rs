//! Where datagrams arrive: a socket, or on Linux as many on the one address as hold a burst.

use std::io;
use std::net::{SocketAddr, UdpSocket};

use socket2::SockRef;

#[cfg(target_os = "linux")]
use crate::socket_group::SocketGroup;
use crate::udp_socket::{self, LARGEST_DATAGRAM};

#[derive(Debug)]
pub(crate) enum UdpInbox {
    One {
        socket: UdpSocket,
        bytes: Vec<u8>,
    },
    #[cfg(target_os = "linux")]
    Group(SocketGroup),
}

impl UdpInbox {
    /// Binds the address, which nobody else may have.
    pub(crate) fn bind(listen: SocketAddr) -> io::Result<Self> {
        let socket = udp_socket::bind(listen)?;
        #[cfg(target_os = "linux")]
        if let Some(wanted) = udp_socket::wanted(&socket)?
            && let Ok(group) = SocketGroup::around(&socket, wanted)
        {
            return Ok(Self::Group(group));
        }
        Ok(Self::One { socket, bytes: vec![0; LARGEST_DATAGRAM] })
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::One { socket, .. } => socket.local_addr(),
            #[cfg(target_os = "linux")]
            Self::Group(group) => group.local_addr(),
        }
    }

    /// How many bytes the kernel granted for what nobody has read yet.
    pub(crate) fn granted_buffer(&self) -> io::Result<usize> {
        match self {
            Self::One { socket, .. } => SockRef::from(socket).recv_buffer_size(),
            #[cfg(target_os = "linux")]
            Self::Group(group) => group.granted_buffer(),
        }
    }

    /// The next datagram, and who sent it. An error is a time in which none came, a signal, or (on some systems) an ICMP answer
    /// to somebody else's datagram.
    pub(crate) fn next(&mut self) -> io::Result<(&[u8], SocketAddr)> {
        match self {
            Self::One { socket, bytes } => {
                let (len, sender) = socket.recv_from(bytes)?;
                Ok((&bytes[..len], sender))
            }
            #[cfg(target_os = "linux")]
            Self::Group(group) => group.next(),
        }
    }

    /// From now on it is [`io::ErrorKind::WouldBlock`] when nothing is there.
    pub(crate) fn stop_waiting(&mut self) -> io::Result<()> {
        match self {
            Self::One { socket, .. } => socket.set_nonblocking(true),
            #[cfg(target_os = "linux")]
            Self::Group(group) => {
                group.stop_waiting();
                Ok(())
            }
        }
    }
}
