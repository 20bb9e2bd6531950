//! Several sockets on one address, each with a buffer of its own: together they hold a burst where the kernel grants little for one.
//!
//! The kernel puts each datagram into one of them at random, so that a burst of one sender fills them all; they are read in the
//! order in which the datagrams came.

use std::io::{self, IoSliceMut};
use std::net::{Ipv4Addr, SocketAddr, UdpSocket};
use std::os::fd::AsRawFd as _;
use std::time::{Duration, Instant, SystemTime};

use nix::errno::Errno;
use nix::libc;
use nix::sys::epoll::{Epoll, EpollCreateFlags, EpollEvent, EpollFlags, EpollTimeout};
use nix::sys::socket::{
    ControlMessageOwned, MsgFlags, SockaddrLike as _, SockaddrStorage, recvmsg, setsockopt, sockopt,
};
use nix::sys::time::TimeSpec;
use socket2::SockRef;

use crate::udp_socket::{self, LARGEST_DATAGRAM, PATIENCE};

#[derive(Debug)]
pub(crate) struct SocketGroup {
    places: Vec<Place>,
    ready: Epoll,
    events: Vec<EpollEvent>,
    /// Where the kernel writes when a datagram came.
    control: Vec<u8>,
    /// Every datagram that came before this is in a place, or behind one that is.
    looked: Duration,
    /// The place of the datagram that was handed out last.
    read: Option<usize>,
    waits: bool,
}

/// A socket, and the first datagram of it that has not been handed out.
#[derive(Debug)]
struct Place {
    socket: UdpSocket,
    bytes: Vec<u8>,
    first: Option<First>,
}

#[derive(Debug, Clone, Copy)]
struct First {
    len: usize,
    sender: SocketAddr,
    /// Since the epoch, by the kernel's clock.
    came: Duration,
    /// Whether all sockets have been looked at since it was taken: whatever the clock says, nothing is missing before it.
    is_certain: bool,
}

/// The socket, and others on its address.
fn share(first: &UdpSocket, wanted: usize) -> io::Result<Vec<UdpSocket>> {
    let address = first.local_addr()?;
    SockRef::from(first).set_reuse_port(true)?;
    // Fewer are better than one.
    let others = std::iter::repeat_with(|| udp_socket::bind_beside(address)).map_while(Result::ok);
    Ok(std::iter::once(first.try_clone()?).chain(others.take(wanted.saturating_sub(1))).collect())
}

/// Has the kernel choose at random, rather than by the sender's address: that fills one socket with what one sender sends.
fn spread(sockets: &[UdpSocket]) -> io::Result<()> {
    let step = |code: u32, k: u32| libc::sock_filter { code: code as u16, jt: 0, jf: 0, k };
    let random = (libc::SKF_AD_OFF + libc::SKF_AD_RANDOM) as u32;
    let mut steps = [
        step(libc::BPF_LD | libc::BPF_W | libc::BPF_ABS, random),
        step(libc::BPF_ALU | libc::BPF_MOD | libc::BPF_K, sockets.len() as u32),
        step(libc::BPF_RET | libc::BPF_A, 0),
    ];
    let program = libc::sock_fprog { len: steps.len() as u16, filter: steps.as_mut_ptr() };
    Ok(setsockopt(&sockets[0], sockopt::AttachReusePortCbpf, &program)?)
}

/// Waits until the kernel notes when datagrams come: it does so a moment after it is first asked to, and until then it notes when
/// they are read.
fn await_times(control: &mut [u8]) -> io::Result<()> {
    let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
    socket.connect(socket.local_addr()?)?;
    setsockopt(&socket, sockopt::ReceiveTimestampns, &true)?;
    let (mut place, deadline) = (Place::new(socket), Instant::now() + PATIENCE);
    let mut is_noted = false;
    while !is_noted && Instant::now() < deadline {
        place.socket.send(b"when")?;
        let sent = now();
        place.fill(control);
        is_noted = place.first.is_some_and(|first| first.came <= sent);
        std::thread::yield_now();
    }
    Ok(())
}

/// Since the epoch.
fn now() -> Duration {
    SystemTime::now().duration_since(SystemTime::UNIX_EPOCH).unwrap_or_default()
}

impl SocketGroup {
    /// The socket and others on its address until there are so many; an error where the kernel cannot spread datagrams.
    ///
    /// The first is bound already, and without a word of sharing: an address that somebody has is refused.
    pub(crate) fn around(first: &UdpSocket, wanted: usize) -> io::Result<Self> {
        let sockets = share(first, wanted).and_then(|sockets| spread(&sockets).map(|()| sockets));
        let group = sockets.and_then(Self::of);
        if group.is_err() {
            SockRef::from(first).set_reuse_port(false)?;
        }
        group
    }

    fn of(sockets: Vec<UdpSocket>) -> io::Result<Self> {
        let ready = Epoll::new(EpollCreateFlags::EPOLL_CLOEXEC)?;
        for (place, socket) in (0..).zip(&sockets) {
            setsockopt(socket, sockopt::ReceiveTimestampns, &true)?;
            ready.add(socket, EpollEvent::new(EpollFlags::EPOLLIN, place))?;
        }
        let mut control = nix::cmsg_space!(TimeSpec);
        // Without it the order of what comes in the first moments is not known, and no more.
        let _ = await_times(&mut control);
        let events = vec![EpollEvent::empty(); sockets.len()];
        let places = sockets.into_iter().map(Place::new).collect();
        Ok(Self { places, ready, events, control, looked: Duration::ZERO, read: None, waits: true })
    }

    /// What the kernel granted to all sockets.
    pub(crate) fn granted_buffer(&self) -> io::Result<usize> {
        self.places.iter().map(|place| SockRef::from(&place.socket).recv_buffer_size()).sum()
    }

    pub(crate) fn local_addr(&self) -> io::Result<SocketAddr> {
        self.places[0].socket.local_addr()
    }

    /// From now on it is an error when nothing is there.
    pub(crate) fn stop_waiting(&mut self) {
        self.waits = false;
    }

    /// The next datagram, and who sent it; an error when none came for a while, or when there is none and nobody waits.
    pub(crate) fn next(&mut self) -> io::Result<(&[u8], SocketAddr)> {
        // Where nothing else waits, a look tells as well whether there is more.
        if let Some(place) = self.read.take().filter(|_| !self.is_idle()) {
            self.places[place].fill(&mut self.control);
        }
        let (place, First { len, sender, .. }) = loop {
            if let Some(found) = self.earliest() {
                break found;
            }
            let is_idle = self.is_idle();
            let patience = if is_idle && self.waits { PATIENCE } else { Duration::ZERO };
            let is_filled = self.look(patience)?;
            if is_idle && !is_filled {
                return Err(io::ErrorKind::WouldBlock.into());
            }
        };
        let taken = &mut self.places[place];
        taken.first = None;
        self.read = Some(place);
        Ok((&taken.bytes[..len], sender))
    }

    fn is_idle(&self) -> bool {
        self.places.iter().all(|place| place.first.is_none())
    }

    /// The datagram that came first, once no socket can have an earlier one.
    fn earliest(&self) -> Option<(usize, First)> {
        let firsts = self.places.iter().enumerate();
        let firsts = firsts.filter_map(|(place, Place { first, .. })| Some((place, (*first)?)));
        let (place, first) = firsts.min_by_key(|(_, first)| first.came)?;
        let is_certain = first.is_certain
            || first.came < self.looked
            || self.places.iter().all(|place| place.first.is_some());
        is_certain.then_some((place, first))
    }

    /// Looks at all sockets, and takes the first datagram of each whose place is free; returns whether there was one.
    fn look(&mut self, patience: Duration) -> io::Result<bool> {
        for first in self.places.iter_mut().filter_map(|place| place.first.as_mut()) {
            first.is_certain = true;
        }
        let now = now();
        let timeout = EpollTimeout::try_from(patience).unwrap_or(EpollTimeout::ZERO);
        let count = self.ready.wait(&mut self.events, timeout)?;
        let mut is_filled = false;
        for event in &self.events[..count] {
            let place = &mut self.places[event.data() as usize];
            is_filled |= place.first.is_none() && place.fill(&mut self.control);
        }
        self.looked = now;
        Ok(is_filled)
    }
}

impl Place {
    fn new(socket: UdpSocket) -> Self {
        Self { socket, bytes: vec![0; LARGEST_DATAGRAM], first: None }
    }

    /// Takes the next datagram, if there is one.
    fn fill(&mut self, control: &mut [u8]) -> bool {
        self.first = self.receive(control).ok();
        self.first.is_some()
    }

    fn receive(&mut self, control: &mut [u8]) -> Result<First, Errno> {
        let socket = self.socket.as_raw_fd();
        let mut bytes = [IoSliceMut::new(&mut self.bytes)];
        let received = recvmsg::<SockaddrStorage>(socket, &mut bytes, Some(control), MsgFlags::MSG_DONTWAIT)?;
        let came = received.cmsgs().into_iter().flatten().find_map(|message| match message {
            ControlMessageOwned::ScmTimestampns(time) => Some(Duration::from(time)),
            _ => None,
        });
        Ok(First {
            len: received.bytes,
            sender: received.address.as_ref().and_then(socket_addr).ok_or(Errno::EAFNOSUPPORT)?,
            came: came.unwrap_or_default(),
            is_certain: false,
        })
    }
}

fn socket_addr(address: &SockaddrStorage) -> Option<SocketAddr> {
    match address.family()? {
        nix::sys::socket::AddressFamily::Inet => address.as_sockaddr_in().map(|address| (*address).into()),
        _ => address.as_sockaddr_in6().map(|address| (*address).into()),
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;
    use std::thread::JoinHandle;

    use super::*;

    const SOCKETS: usize = 8;

    fn group() -> SocketGroup {
        group_of(SOCKETS)
    }

    fn group_of(sockets: usize) -> SocketGroup {
        SocketGroup::around(&udp_socket::bind(([127, 0, 0, 1], 0).into()).unwrap(), sockets).unwrap()
    }

    fn send(to: SocketAddr, numbers: std::ops::Range<u32>) {
        let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
        for number in numbers {
            sender.send_to(&number.to_be_bytes(), to).unwrap();
        }
    }

    fn number(datagram: &[u8]) -> u32 {
        u32::from_be_bytes(datagram.try_into().unwrap())
    }

    #[test]
    fn what_one_sender_sends_is_spread_over_all_sockets_and_read_in_its_order() {
        for sockets in [2, SOCKETS, 64] {
            let mut group = group_of(sockets);
            send(group.local_addr().unwrap(), 0..1_000);
            assert!(group.look(Duration::ZERO).unwrap());
            assert_eq!(group.places.iter().filter(|place| place.first.is_some()).count(), sockets);
            for expected in 0..1_000 {
                assert_eq!(number(group.next().unwrap().0), expected);
            }
            group.stop_waiting();
            assert_eq!(group.next().unwrap_err().kind(), io::ErrorKind::WouldBlock);
        }
    }

    #[test]
    fn where_datagrams_cannot_be_spread_the_first_socket_keeps_the_address_to_itself() {
        let first = udp_socket::bind(([127, 0, 0, 1], 0).into()).unwrap();
        assert!(SocketGroup::around(&first, 1).is_err(), "there is nothing to spread over");
        let refused = udp_socket::bind_beside(first.local_addr().unwrap()).unwrap_err();
        assert_eq!(refused.kind(), io::ErrorKind::AddrInUse);
    }

    #[test]
    fn what_many_send_while_it_is_read_arrives_and_each_senders_in_its_order() {
        let mut group = group();
        let address = group.local_addr().unwrap();
        let senders: Vec<_> = (0..4).map(|_| std::thread::spawn(move || send(address, 0..500))).collect();
        let mut next = HashMap::<_, u32>::new();
        while next.values().sum::<u32>() < 4 * 500 {
            let all_sent = senders.iter().all(JoinHandle::is_finished);
            match group.next() {
                Ok((datagram, sender)) => {
                    let expected = next.entry(sender).or_default();
                    assert_eq!(number(datagram), *expected, "{sender}");
                    *expected += 1;
                }
                Err(error) => assert!(!all_sent, "{error}: {next:?}"),
            }
        }
        assert_eq!(next.len(), 4);
    }

    #[test]
    fn an_order_is_kept_whatever_the_clock_says() {
        let mut group = group();
        group.looked = Duration::MAX;
        send(group.local_addr().unwrap(), 0..100);
        // As after a clock was set back: all came later than it is now.
        group.look(Duration::ZERO).unwrap();
        group.looked = Duration::ZERO;
        for expected in 0..100 {
            assert_eq!(number(group.next().unwrap().0), expected);
            group.looked = Duration::ZERO;
        }
    }

    #[test]
    fn nobody_else_gets_the_address_and_who_asks_to_share_it_gets_nothing_of_what_comes() {
        let mut group = group();
        let address = group.local_addr().unwrap();
        let taken = |error: io::Error| assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
        taken(UdpSocket::bind(address).unwrap_err());
        taken(udp_socket::bind(address).unwrap_err());
        let _other = udp_socket::bind_beside(address);
        send(address, 0..500);
        for expected in 0..500 {
            assert_eq!(number(group.next().unwrap().0), expected);
        }
    }

    #[test]
    fn an_address_of_ipv6_is_shared_too() {
        // Not every machine has it.
        let Ok(first) = udp_socket::bind("[::1]:0".parse().unwrap()) else { return };
        let mut group = SocketGroup::around(&first, SOCKETS).unwrap();
        let sender = UdpSocket::bind("[::1]:0").unwrap();
        sender.send_to(b"x", group.local_addr().unwrap()).unwrap();
        assert_eq!(group.next().unwrap(), (&b"x"[..], sender.local_addr().unwrap()));
    }
}
