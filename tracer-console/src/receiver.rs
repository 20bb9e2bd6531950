//! The UDP side of the X-Ray daemon: one thread receives and enqueues, another reads, and the store's own writes.

use std::collections::VecDeque;
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::thread::JoinHandle;

use crate::access::Access;
use crate::datagram::read_datagram_documents;
use crate::datagram_queue::{self, DatagramQueue, Datagrams};
use crate::document::Document;
use crate::kernel_drops;
use crate::memory_store;
use crate::otlp::IndexedAttributes;
use crate::refusal::{Refusal, Refusals};
use crate::store::TraceStore;
use crate::submitted::Submitted;
use crate::udp_inbox::UdpInbox;

/// Documents that are submitted together: what is parsed of so many stays within the processor's cache.
const MOST_AT_ONCE: usize = 64;
/// Documents that may be on their way into the store: it writes thousands in one transaction for little more than one.
const MOST_ON_THE_WAY: usize = 8_000;
/// And bytes of memory, about: a few of a hostile sender take as much as many of another.
const MOST_WEIGHT: usize = 256 << 20;

/// What a receiver has seen since it started, and what became of all documents, those over TCP too.
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
    /// Datagrams of other machines that were dropped because a token is asked for, which datagrams cannot carry.
    pub from_elsewhere: u64,
    /// Datagrams that the kernel dropped because its buffer was full; `None` where it does not say.
    pub dropped_by_kernel: Option<u64>,
    /// Documents that were kept, whether they came over UDP, X-Ray's API or as spans of OpenTelemetry.
    pub documents: u64,
    /// Documents that were refused, in datagrams too.
    pub documents_refused: u64,
}

#[derive(Debug, Default)]
struct Counters {
    received: AtomicU64,
    refused: AtomicU64,
    dropped: AtomicU64,
    from_elsewhere: AtomicU64,
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
        access: Arc<Access>,
        indexed: IndexedAttributes,
    ) -> io::Result<Self> {
        let mut inbox = UdpInbox::bind(listen)?;
        let (address, buffer) = (inbox.local_addr()?, inbox.granted_buffer()?);
        let counters = Arc::<Counters>::default();
        let queue = Arc::<DatagramQueue>::default();
        let mut receiver = Self { address, buffer, counters, refusals, threads: Vec::new() };
        let (counters, arrivals) = (Arc::clone(&receiver.counters), Arc::clone(&queue));
        receiver.spawn("receive", move || {
            receive(&mut inbox, &arrivals, &counters, &access);
            arrivals.close();
        })?;
        let (counters, refusals) = (Arc::clone(&receiver.counters), Arc::clone(&receiver.refusals));
        let (on_the_way, load) = Default::default();
        let reading = Reading { store, counters, refusals, indexed, on_the_way, load };
        receiver.spawn("read", move || reading.run(&queue))?;
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
        let Counters { received, refused, dropped, from_elsewhere, .. } = &*self.counters;
        ReceiverCounts {
            received: read(received),
            refused: read(refused),
            dropped: read(dropped),
            from_elsewhere: read(from_elsewhere),
            dropped_by_kernel: kernel_drops::of(self.address),
            documents: self.refusals.kept(),
            documents_refused: self.refusals.refused(),
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

impl Receiver {
    /// Stops it once what has arrived is stored, and says what there was in all.
    pub(crate) fn end(mut self) -> (ReceiverCounts, Arc<Refusals>) {
        // The kernel forgets its count with the socket.
        let dropped_by_kernel = self.counts().dropped_by_kernel;
        self.stop();
        (ReceiverCounts { dropped_by_kernel, ..self.counts() }, Arc::clone(&self.refusals))
    }

    fn stop(&mut self) {
        self.counters.stopping.store(true, Ordering::Release);
        self.wake();
        for thread in self.threads.drain(..) {
            let _ = thread.join();
        }
    }
}

impl Drop for Receiver {
    fn drop(&mut self) {
        if !self.threads.is_empty() {
            self.stop();
        }
    }
}

fn receive(inbox: &mut UdpInbox, queue: &DatagramQueue, counters: &Counters, access: &Access) {
    let enqueue = |(datagram, sender): (&[u8], SocketAddr)| {
        // Such as that which wakes.
        if datagram.is_empty() {
            return;
        }
        counters.received.fetch_add(1, Ordering::Relaxed);
        if !access.takes_from(sender) {
            counters.from_elsewhere.fetch_add(1, Ordering::Relaxed);
        } else if !queue.push(datagram) {
            counters.dropped.fetch_add(1, Ordering::Relaxed);
        }
    };
    while !counters.stopping.load(Ordering::Acquire) {
        let _ = inbox.next().map(enqueue);
    }
    // What has arrived by now, and not what comes for ever.
    if inbox.stop_waiting().is_err() {
        return;
    }
    for _ in 0..datagram_queue::MOST {
        match inbox.next().map(enqueue) {
            Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
            _ => {}
        }
    }
}

/// What the reading thread has: it reads the next documents while the store writes those before.
struct Reading {
    store: Arc<dyn TraceStore>,
    counters: Arc<Counters>,
    refusals: Arc<Refusals>,
    indexed: IndexedAttributes,
    on_the_way: VecDeque<(Submitted, Load)>,
    load: Load,
}

/// How many documents there are, and what they take of memory.
#[derive(Debug, Clone, Copy, Default)]
struct Load {
    documents: usize,
    weight: usize,
}

impl Reading {
    /// Until no datagrams will come any more.
    fn run(mut self, queue: &DatagramQueue) {
        let mut datagrams = Datagrams::default();
        while let Some(taken) = queue.take(datagrams) {
            self.read(&taken);
            datagrams = taken;
            // What became of them is known before anybody waits for more.
            while queue.is_empty() && self.settle_first() {}
        }
        while self.settle_first() {}
    }

    fn read(&mut self, datagrams: &Datagrams) {
        let (mut documents, mut weight) = (Vec::new(), 0);
        for datagram in datagrams.iter() {
            weight += memory_store::weight(datagram);
            for outcome in read_datagram_documents(datagram, &self.indexed) {
                match outcome {
                    Ok(document) => documents.push(document),
                    Err(refusal) => self.refuse(refusal),
                }
            }
            if documents.len() >= MOST_AT_ONCE || weight >= MOST_WEIGHT / MOST_AT_ONCE {
                self.submit(std::mem::take(&mut documents), std::mem::take(&mut weight));
            }
        }
        self.submit(documents, weight);
    }

    fn submit(&mut self, documents: Vec<Document>, weight: usize) {
        if documents.is_empty() {
            return;
        }
        let load = Load { documents: documents.len(), weight };
        self.on_the_way.push_back((self.store.submit(documents), load));
        self.load.documents += load.documents;
        self.load.weight += load.weight;
        while (self.load.documents > MOST_ON_THE_WAY || self.load.weight > MOST_WEIGHT) && self.settle_first()
        {
        }
    }

    /// Waits for what was submitted first; `false` where nothing was.
    fn settle_first(&mut self) -> bool {
        let Some((first, load)) = self.on_the_way.pop_front() else { return false };
        let outcomes = first.wait();
        self.refusals.count_kept(outcomes.iter().filter(|outcome| outcome.is_ok()).count());
        outcomes.into_iter().filter_map(Result::err).for_each(|refusal| self.refuse(refusal));
        self.load.documents -= load.documents;
        self.load.weight -= load.weight;
        true
    }

    fn refuse(&self, refusal: Refusal) {
        self.refusals.push(refusal);
        self.counters.refused.fetch_add(1, Ordering::Relaxed);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::datagram_queue::Datagrams;
    #[cfg(target_os = "linux")]
    use crate::{socket_group::SocketGroup, udp_socket};

    fn inboxes() -> Vec<UdpInbox> {
        let address = ([127, 0, 0, 1], 0).into();
        vec![
            UdpInbox::bind(address).unwrap(),
            #[cfg(target_os = "linux")]
            UdpInbox::Group(SocketGroup::around(&udp_socket::bind(address).unwrap(), 8).unwrap()),
        ]
    }

    #[test]
    fn all_that_has_arrived_is_received_before_the_end_whatever_is_empty_between() {
        for mut inbox in inboxes() {
            let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
            for number in 0..200_u8 {
                sender.send_to(&[], inbox.local_addr().unwrap()).unwrap();
                sender.send_to(&[number], inbox.local_addr().unwrap()).unwrap();
            }
            let (queue, counters) = (DatagramQueue::default(), Counters::default());
            counters.stopping.store(true, Ordering::Release);
            receive(&mut inbox, &queue, &counters, &Access::default());
            assert_eq!(counters.received.into_inner(), 200);
            let taken = queue.take(Datagrams::default()).unwrap();
            assert!(taken.iter().eq((0..200).map(|number| [number])));
        }
    }

    #[test]
    fn it_ends_while_senders_go_on() {
        for mut inbox in inboxes() {
            let address = inbox.local_addr().unwrap();
            let is_over = Arc::new(AtomicBool::new(false));
            let senders: Vec<_> = (0..2)
                .map(|_| {
                    let (is_over, sender) = (Arc::clone(&is_over), UdpSocket::bind("127.0.0.1:0").unwrap());
                    std::thread::spawn(move || {
                        while !is_over.load(Ordering::Acquire) {
                            let _ = sender.send_to(b"x", address);
                        }
                    })
                })
                .collect();
            let (queue, counters) = (DatagramQueue::default(), Counters::default());
            counters.stopping.store(true, Ordering::Release);
            receive(&mut inbox, &queue, &counters, &Access::default());
            is_over.store(true, Ordering::Release);
            senders.into_iter().for_each(|sender| sender.join().unwrap());
            assert!(counters.received.into_inner() <= datagram_queue::MOST as u64);
        }
    }
}
