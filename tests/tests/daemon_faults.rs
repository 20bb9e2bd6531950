//! P1: a daemon that is absent, slow, dead, back again or nowhere is not noticed, and what can arrive arrives.

use std::fmt;
use std::net::{SocketAddr, ToSocketAddrs, UdpSocket};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use tracer_runtime::{
    DaemonAddress, NotSent, Sink, Tracer, UdpSink, capture_lambda_handler, put_metadata, subsegment,
};
use tracer_tests::{Arrivals, Mailbox, SAMPLED, Takings};

#[capture_lambda_handler(context = SAMPLED, tracer = tracer)]
fn handler(tracer: &Tracer, name: &str) -> usize {
    subsegment(name, || subsegment("inside", || ()));
    name.len()
}

fn tracer_to(address: impl fmt::Display) -> Tracer {
    let daemon: DaemonAddress = address.to_string().parse().unwrap();
    Tracer::builder().enabled(true).sink(UdpSink::new(daemon)).build()
}

fn bound() -> (UdpSocket, SocketAddr) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    (socket, address)
}

/// A port that the system gives to nobody who asks for any, so that it is still free after the daemon's death.
fn bound_for_good() -> (UdpSocket, SocketAddr) {
    let ports = std::iter::repeat_with(|| SocketAddr::from(([127, 0, 0, 1], fastrand::u16(20_000..30_000))));
    let mut bound = ports.filter_map(|address| Some((UdpSocket::bind(address).ok()?, address)));
    bound.next().unwrap()
}

#[test]
fn a_daemon_that_dies_and_comes_back_gets_all_that_is_sent_after_its_return() {
    let (mut socket, address) = bound_for_good();
    let tracer = tracer_to(address);
    for life in ["first life", "second life", "third life"] {
        let mailbox = Mailbox::reading(socket);
        for _ in 0..20 {
            assert_eq!(handler(&tracer, life), life.len());
        }
        let arrivals = mailbox.arrivals();
        assert_eq!(arrivals.complete(life).count(), 20);
        assert_eq!(arrivals.all.len(), 60, "and nothing of the time between: {arrivals:?}");
        // The mailbox is gone: the port refuses.
        for _ in 0..50 {
            handler(&tracer, "in between");
        }
        socket = UdpSocket::bind(address).unwrap();
    }
}

#[test]
fn a_daemon_that_never_reads_gets_the_first_and_nobody_waits_for_the_rest() {
    let (socket, address) = bound();
    let (tracer, takings) = Takings::of(UdpSink::new(address.to_string().parse().unwrap()));
    for _ in 0..3_000 {
        assert_eq!(handler(&tracer, "sent"), 4);
    }
    drop(tracer);
    assert_eq!(takings.datagrams().len(), 3_000, "the kernel drops in silence");
    let arrivals = Mailbox::reading(socket).arrivals();
    assert!(arrivals.complete("sent").count() > 10);
}

#[test]
fn a_name_is_looked_up_and_reaches_the_daemon() {
    // Whichever family the name has first.
    let localhost = ("localhost", 0).to_socket_addrs().unwrap().next().unwrap();
    let mut mailbox = Mailbox::reading(UdpSocket::bind(localhost).unwrap());
    handler(&tracer_to(format!("localhost:{}", mailbox.address().port())), "by name");
    mailbox.wait();
    assert_eq!(mailbox.arrivals().complete("by name").count(), 1);
}

#[test]
fn an_address_of_another_family_or_of_nobody_is_not_noticed() {
    // No socket, no connection, no such name: nothing leaves this machine.
    for address in ["[::1]:9", "255.255.255.255:2000", "0.0.0.0:9", "name.invalid:2000", "a..b:1"] {
        let tracer = tracer_to(address);
        assert_eq!(handler(&tracer, "lost"), 4, "{address}");
        assert_eq!(handler(&tracer, "lost again"), 10, "{address}");
    }
}

/// Fails as a socket does whose buffer is full: now and then, or for a while.
#[derive(Debug)]
struct Flaky {
    tries: AtomicUsize,
    fails: fn(usize) -> bool,
}

impl Sink for Flaky {
    fn send(&self, _: &[u8]) -> Result<(), NotSent> {
        let fails = (self.fails)(self.tries.fetch_add(1, Ordering::Relaxed));
        if fails { Err(NotSent::Unavailable) } else { Ok(()) }
    }
}

fn taken_by(fails: fn(usize) -> bool) -> Arrivals {
    let (tracer, takings) = Takings::of(Flaky { tries: AtomicUsize::new(0), fails });
    for at in 0..100 {
        handler(&tracer, &at.to_string());
    }
    drop(tracer);
    let arrivals = takings.arrivals();
    arrivals.assert_each_once();
    arrivals
}

#[test]
fn what_a_full_buffer_refuses_is_lost_and_the_next_is_sent() {
    assert_eq!(taken_by(|_| true).documents, 0);
    assert_eq!(taken_by(|at| at % 2 == 0).documents, 50);
    let after = taken_by(|at| at < 60);
    assert_eq!(after.documents, 40);
    assert_eq!(after.complete("99").count(), 1);
}

/// Says that it is unavailable after it said that a datagram is too large.
#[derive(Debug, Default)]
struct Shrinking {
    largest: Mutex<usize>,
}

impl Sink for Shrinking {
    fn send(&self, datagram: &[u8]) -> Result<(), NotSent> {
        let mut largest = self.largest.lock().unwrap();
        // A path that gets narrower with each datagram, down to the narrowest.
        *largest = if *largest == 0 { 60_000 } else { (*largest * 9 / 10).max(2_000) };
        if datagram.len() > *largest { Err(NotSent::TooLarge) } else { Ok(()) }
    }
}

#[test]
fn a_path_that_gets_narrower_while_an_invocation_is_sent_loses_no_subsegment() {
    #[capture_lambda_handler(context = SAMPLED, tracer = tracer)]
    fn large(tracer: &Tracer) {
        (0..300).for_each(|_| subsegment("child", || put_metadata("value", &"x".repeat(900))));
    }
    let (tracer, takings) = Takings::of(Shrinking::default());
    large(&tracer);
    drop(tracer);
    let arrivals = takings.arrivals();
    arrivals.assert_each_once();
    assert_eq!(arrivals.complete("child").count(), 300);
}

/// Panics when it is used, and when it is to be shown.
struct Vicious(Arc<AtomicUsize>);

impl Sink for Vicious {
    fn send(&self, _: &[u8]) -> Result<(), NotSent> {
        self.0.fetch_add(1, Ordering::Relaxed);
        panic!("in a test")
    }
}

impl fmt::Debug for Vicious {
    fn fmt(&self, _: &mut fmt::Formatter<'_>) -> fmt::Result {
        panic!("in a test, again")
    }
}

#[test]
fn a_sink_that_panics_even_when_it_is_shown_is_not_noticed() {
    let tries = Arc::<AtomicUsize>::default();
    let tracer = Tracer::builder().enabled(true).sink(Vicious(Arc::clone(&tries))).build();
    for _ in 0..3 {
        assert_eq!(handler(&tracer, "lost"), 4);
    }
    assert_eq!(tries.load(Ordering::Relaxed), 3);
}
