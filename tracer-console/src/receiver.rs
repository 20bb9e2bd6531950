//! The UDP side of the X-Ray daemon: one thread receives and enqueues, another reads and stores.

use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver as Queue, SyncSender, TrySendError, sync_channel};
use std::thread::JoinHandle;
use std::time::Duration;

use crate::datagram::read_datagram;
use crate::kernel_drops;
use crate::refusal::Refusals;
use crate::store::TraceStore;

/// What the kernel is asked to buffer; it may grant less.
const RECEIVE_BUFFER: usize = 8 << 20;
/// Datagrams that may wait to be read; a larger burst is dropped and counted.
const WAITING: usize = 20_000;
/// Bytes of them; large ones are dropped sooner.
const WAITING_BYTES: usize = 128 << 20;
/// Documents that are stored together.
const MOST_AT_ONCE: usize = 1_000;
const LARGEST_DATAGRAM: usize = 64 << 10;

/// What a receiver has seen since it started.
///
/// ```
/// # use tracer_console::{Console, ConsoleOptions};
/// let console = Console::start(ConsoleOptions::any_port())?;
/// assert_eq!(console.counts().received, 0);
/// # Ok::<(), tracer_console::ConsoleError>(())
/// ```
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ReceiverCounts {
    /// Datagrams that arrived.
    pub received: u64,
    /// Datagrams that were refused; see [`Refusals`].
    pub refused: u64,
    /// Datagrams that were dropped because too many waited to be read.
    pub dropped: u64,
    /// Datagrams that the kernel dropped because its buffer was full; `None` where it does not say.
    pub dropped_by_kernel: Option<u64>,
}

#[derive(Debug, Default)]
struct Counters {
    received: AtomicU64,
    refused: AtomicU64,
    dropped: AtomicU64,
    waiting_bytes: AtomicUsize,
    stopping: AtomicBool,
}

/// A running receiver; dropping it stops it once what has arrived is stored.
#[derive(Debug)]
pub(crate) struct Receiver {
    address: SocketAddr,
    buffer: usize,
    counters: Arc<Counters>,
    refusals: Arc<Refusals>,
    threads: Vec<JoinHandle<()>>,
}

impl Receiver {
    pub(crate) fn start(
        listen: SocketAddr,
        store: Arc<dyn TraceStore>,
        refusals: Arc<Refusals>,
    ) -> io::Result<Self> {
        let (socket, buffer) = bind(listen)?;
        let address = socket.local_addr()?;
        let counters = Arc::<Counters>::default();
        let (sender, queue) = sync_channel(WAITING);
        let mut receiver = Self { address, buffer, counters, refusals, threads: Vec::new() };
        let counters = Arc::clone(&receiver.counters);
        receiver.spawn("receive", move || receive(&socket, &sender, &counters))?;
        let (counters, refusals) = (Arc::clone(&receiver.counters), Arc::clone(&receiver.refusals));
        receiver.spawn("store", move || store_all(&queue, &*store, &counters, &refusals))?;
        Ok(receiver)
    }

    fn spawn(&mut self, name: &str, work: impl FnOnce() + Send + 'static) -> io::Result<()> {
        self.threads.push(std::thread::Builder::new().name(format!("tracer-{name}")).spawn(work)?);
        Ok(())
    }

    pub(crate) fn local_addr(&self) -> SocketAddr {
        self.address
    }

    pub(crate) fn granted_buffer(&self) -> usize {
        self.buffer
    }

    pub(crate) fn counts(&self) -> ReceiverCounts {
        let read = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
        let Counters { received, refused, dropped, .. } = &*self.counters;
        ReceiverCounts {
            received: read(received),
            refused: read(refused),
            dropped: read(dropped),
            dropped_by_kernel: kernel_drops::of(self.address),
        }
    }

    pub(crate) fn refusals(&self) -> &Refusals {
        &self.refusals
    }

    /// Wakes the receiving thread with an empty datagram; its timeout does, should that get lost.
    fn wake(&self) {
        let unspecified = match self.address {
            SocketAddr::V4(_) => IpAddr::V4(Ipv4Addr::UNSPECIFIED),
            SocketAddr::V6(_) => IpAddr::V6(Ipv6Addr::UNSPECIFIED),
        };
        let mut to = self.address;
        if to.ip() == unspecified {
            to.set_ip(if to.is_ipv4() { Ipv4Addr::LOCALHOST.into() } else { Ipv6Addr::LOCALHOST.into() });
        }
        let _ = UdpSocket::bind((unspecified, 0)).and_then(|socket| socket.send_to(&[], to));
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        self.counters.stopping.store(true, Ordering::Release);
        self.wake();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

fn bind(listen: SocketAddr) -> io::Result<(UdpSocket, usize)> {
    let socket = socket2::Socket::new(socket2::Domain::for_address(listen), socket2::Type::DGRAM, None)?;
    // A smaller buffer than asked for is no reason not to start.
    let _ = socket.set_recv_buffer_size(RECEIVE_BUFFER);
    let granted = socket.recv_buffer_size()?;
    socket.bind(&listen.into())?;
    let socket = UdpSocket::from(socket);
    socket.set_read_timeout(Some(Duration::from_secs(1)))?;
    Ok((socket, granted))
}

fn receive(socket: &UdpSocket, queue: &SyncSender<Box<[u8]>>, counters: &Counters) {
    let mut buffer = vec![0; LARGEST_DATAGRAM];
    // Once it is time to stop: what had arrived by then, and not what comes for ever.
    let mut left = WAITING;
    while let Some(len) = next_len(socket, &mut buffer, counters) {
        if len == 0 {
            continue;
        }
        left -= usize::from(counters.stopping.load(Ordering::Acquire));
        if left == 0 {
            return;
        }
        counters.received.fetch_add(1, Ordering::Relaxed);
        if enqueue(&buffer[..len], queue, counters).is_none() {
            return;
        }
    }
}

/// Puts a datagram into the queue, or drops it where there is no room; `None` once nobody reads the queue.
fn enqueue(datagram: &[u8], queue: &SyncSender<Box<[u8]>>, counters: &Counters) -> Option<()> {
    let len = datagram.len();
    if counters.waiting_bytes.fetch_add(len, Ordering::Relaxed) + len <= WAITING_BYTES {
        match queue.try_send(datagram.into()) {
            Ok(()) => return Some(()),
            Err(TrySendError::Full(_)) => {}
            Err(TrySendError::Disconnected(_)) => return None,
        }
    }
    counters.waiting_bytes.fetch_sub(len, Ordering::Relaxed);
    counters.dropped.fetch_add(1, Ordering::Relaxed);
    Some(())
}

/// The length of the next datagram, 0 for nothing to do; `None` when it is time to stop.
fn next_len(socket: &UdpSocket, buffer: &mut [u8], counters: &Counters) -> Option<usize> {
    // An error is a timeout, a signal, or (on some systems) an ICMP answer to somebody else's datagram.
    let len = socket.recv(buffer).unwrap_or_default();
    let is_over = len == 0 && counters.stopping.load(Ordering::Acquire);
    (!is_over).then_some(len)
}

fn store_all(queue: &Queue<Box<[u8]>>, store: &dyn TraceStore, counters: &Counters, refusals: &Refusals) {
    while let Ok(first) = queue.recv() {
        // What waits is stored together: a durable store writes it at once.
        let batch = std::iter::once(first).chain(queue.try_iter()).take(MOST_AT_ONCE);
        let (mut documents, mut refused) = (Vec::new(), Vec::new());
        for datagram in batch {
            counters.waiting_bytes.fetch_sub(datagram.len(), Ordering::Relaxed);
            match read_datagram(&datagram) {
                Ok(document) => documents.push(document),
                Err(refusal) => refused.push(refusal),
            }
        }
        refused.extend(store.record_all(documents).into_iter().filter_map(Result::err));
        counters.refused.fetch_add(refused.len() as u64, Ordering::Relaxed);
        refused.into_iter().for_each(|refusal| refusals.push(refusal));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_datagrams_are_dropped_before_they_fill_the_memory_and_small_ones_by_their_number() {
        for (len, most) in [(LARGEST_DATAGRAM, WAITING_BYTES / LARGEST_DATAGRAM), (1, WAITING)] {
            let counters = Counters::default();
            let (sender, queue) = sync_channel(WAITING);
            let datagram = vec![0; len];
            for _ in 0..most + 3 {
                enqueue(&datagram, &sender, &counters).unwrap();
            }
            assert_eq!(counters.dropped.load(Ordering::Relaxed), 3);
            assert_eq!(counters.waiting_bytes.load(Ordering::Relaxed), most * len);
            drop(queue);
            assert!(len == LARGEST_DATAGRAM || enqueue(&datagram, &sender, &counters).is_none());
        }
    }
}
