//! Prints how long one invocation with ten children takes, whatever has become of the daemon.
//!
//! `daemon-latency` measures every kind; `daemon-latency name.invalid:2000 10` one address, ten times.

use std::net::UdpSocket;
use std::time::{Duration, Instant};

use tracer_runtime::{Tracer, UdpSink, capture_lambda_handler, put_annotation, subsegment};
use tracer_tests::{Mailbox, SAMPLED, UNSAMPLED};

#[capture_lambda_handler(context = header, tracer = tracer)]
fn handler(header: &str, tracer: &Tracer) -> usize {
    (0..10).for_each(|number| subsegment("child", || put_annotation("Number", number)));
    header.len()
}

fn main() {
    println!("{:<36} {:>9} {:>9} {:>9} {:>9} {:>9}", "", "first", "p50", "p90", "p99", "max");
    if let [_, address, count] = &std::env::args().collect::<Vec<_>>()[..] {
        let count = count.parse().expect("a number of invocations");
        return measure(address, SAMPLED, count, &tracer_to(address));
    }
    let reads = Mailbox::start();
    let never_reads = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    let queue = never_reads.local_addr().expect("a bound socket has an address").to_string();
    measure("not sampled", UNSAMPLED, 20_000, &tracer_to(&queue));
    measure("a daemon that reads", SAMPLED, 20_000, &reads.tracer());
    measure("a daemon that never reads", SAMPLED, 20_000, &tracer_to(&queue));
    measure("none: the port refuses", SAMPLED, 20_000, &tracer_to(&closed_port()));
    measure("none: no such family or route", SAMPLED, 20_000, &tracer_to("255.255.255.255:2000"));
    measure("a name that is looked up", SAMPLED, 20_000, &tracer_to(&by_name(&queue)));
    measure("a name that nobody has", SAMPLED, 200, &tracer_to("name.invalid:2000"));
}

fn tracer_to(address: &str) -> Tracer {
    let daemon = address.parse().expect("an address of a daemon");
    Tracer::builder().enabled(true).sink(UdpSink::new(daemon)).build()
}

fn closed_port() -> String {
    let socket = UdpSocket::bind("127.0.0.1:0").expect("a free port");
    socket.local_addr().expect("a bound socket has an address").to_string()
}

fn by_name(address: &str) -> String {
    address.replace("127.0.0.1", "localhost")
}

/// Prints the first invocation, which opens the socket, apart from the others.
fn measure(what: &str, header: &str, count: usize, tracer: &Tracer) {
    let one = || {
        let start = Instant::now();
        handler(header, tracer);
        start.elapsed()
    };
    let first = one();
    let mut all: Vec<Duration> = (0..count).map(|_| one()).collect();
    all.sort_unstable();
    let [p50, p90, p99] = [50, 90, 99].map(|percent| all[(all.len() - 1) * percent / 100]);
    print!("{what:<36}");
    for duration in [first, p50, p90, p99, all[all.len() - 1]] {
        print!(" {:>9}", format!("{duration:.1?}"));
    }
    println!();
}
