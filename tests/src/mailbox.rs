//! A daemon that keeps whatever reaches its socket.

use std::net::{SocketAddr, UdpSocket};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, channel};
use std::time::Duration;

use tracer_runtime::{Tracer, UdpSink};

use crate::Arrivals;

const END: &[u8] = b"end";

/// A UDP socket and a thread that reads it without a pause, so that the kernel has no reason to drop anything.
#[derive(Debug)]
pub struct Mailbox {
    address: SocketAddr,
    incoming: Receiver<Vec<u8>>,
    kept: Vec<Vec<u8>>,
}

impl Mailbox {
    /// Listens on any port.
    #[must_use]
    pub fn start() -> Self {
        Self::reading(UdpSocket::bind("127.0.0.1:0").expect("a free port"))
    }

    /// Reads `socket`, beginning with what waits there already.
    #[must_use]
    pub fn reading(socket: UdpSocket) -> Self {
        let address = socket.local_addr().expect("a bound socket has an address");
        let (datagrams, incoming) = channel();
        std::thread::spawn(move || read_to_end(&socket, &datagrams));
        Self { address, incoming, kept: Vec::new() }
    }

    /// Where it listens.
    #[must_use]
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// A sink that sends here.
    #[must_use]
    pub fn sink(&self) -> UdpSink {
        UdpSink::new(self.address.to_string().parse().expect("a socket address is a daemon's"))
    }

    /// A tracer that sends here.
    #[must_use]
    pub fn tracer(&self) -> Tracer {
        Tracer::builder().enabled(true).sink(self.sink()).build()
    }

    /// Waits until another datagram has come.
    ///
    /// # Panics
    /// If none comes in ten seconds.
    pub fn wait(&mut self) {
        let datagram = self.incoming.recv_timeout(Duration::from_secs(10));
        self.kept.push(datagram.expect("a datagram"));
    }

    /// Every datagram that was sent here before this call, in order.
    ///
    /// # Panics
    /// If the reading thread has ended.
    #[must_use]
    pub fn datagrams(mut self) -> Vec<Vec<u8>> {
        let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
        let send_end = || socket.send_to(END, self.address);
        let _ = send_end();
        loop {
            match self.incoming.recv_timeout(Duration::from_millis(50)) {
                Ok(end) if end == END => return self.kept,
                Ok(datagram) => self.kept.push(datagram),
                // The end itself may have been dropped where much is waiting.
                Err(RecvTimeoutError::Timeout) => drop(send_end()),
                Err(RecvTimeoutError::Disconnected) => panic!("the reader ended before the end"),
            }
        }
    }

    /// What [`Mailbox::datagrams`] hold.
    #[must_use]
    pub fn arrivals(self) -> Arrivals {
        Arrivals::of(&self.datagrams())
    }
}

fn read_to_end(socket: &UdpSocket, datagrams: &Sender<Vec<u8>>) {
    let mut buffer = vec![0; 1 << 16];
    while let Ok(length) = socket.recv(&mut buffer) {
        let datagram = buffer[..length].to_vec();
        let is_end = datagram == END;
        if datagrams.send(datagram).is_err() || is_end {
            return;
        }
    }
}
