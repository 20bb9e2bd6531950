//! The daemon of all cases: a loopback socket that a thread drains.

use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::thread;
use std::time::Duration;

use anyhow::{Result, bail};
use nix::sys::socket::{getsockopt, setsockopt, sockopt};

pub(crate) struct Daemon {
    address: SocketAddr,
    sender: UdpSocket,
    reports: Receiver<Received>,
    /// The queue's size in bytes, as the kernel counts.
    pub(crate) queue: usize,
}

/// What came since the last time it was asked for.
#[derive(Default)]
pub(crate) struct Received {
    pub(crate) datagrams: u64,
    pub(crate) bytes: u64,
    /// The last datagram.
    pub(crate) last: Vec<u8>,
}

/// Asks the draining thread for what it received; no case sends this.
const ASK: &[u8] = b"how many?";

impl Daemon {
    pub(crate) fn start() -> Result<Self> {
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        // Bursts are part of the work of some cases: as much as the kernel grants.
        setsockopt(&socket, sockopt::RcvBuf, &(4 << 20))?;
        let queue = getsockopt(&socket, sockopt::RcvBuf)?;
        let address = socket.local_addr()?;
        let sender = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        let (report, reports) = channel();
        thread::Builder::new().name("daemon".to_owned()).spawn(move || drain(&socket, &report))?;
        Ok(Self { address, sender, reports, queue })
    }

    pub(crate) fn address(&self) -> SocketAddr {
        self.address
    }

    /// What was received since this was last called. Whatever was sent before the call is in it, or lost.
    pub(crate) fn received(&self) -> Result<Received> {
        // The question itself is lost where the queue is full.
        for _ in 0..1000 {
            self.sender.send_to(ASK, self.address)?;
            match self.reports.recv_timeout(Duration::from_millis(100)) {
                Ok(received) => return Ok(received),
                Err(RecvTimeoutError::Timeout) => {}
                Err(RecvTimeoutError::Disconnected) => break,
            }
        }
        bail!("the thread that drains the socket has gone")
    }
}

fn drain(socket: &UdpSocket, report: &Sender<Received>) {
    let mut received = Received::default();
    let (mut now, mut before) = (vec![0; 64 << 10], (0, vec![0; 64 << 10]));
    while let Ok(length) = socket.recv(&mut now) {
        if &now[..length] == ASK {
            received.last = before.1[..before.0].to_vec();
            if report.send(std::mem::take(&mut received)).is_err() {
                return;
            }
            continue;
        }
        received.datagrams += 1;
        received.bytes += length as u64;
        before.0 = length;
        std::mem::swap(&mut now, &mut before.1);
    }
}
