//! Datagrams that are lost are told of while the console runs, and all of them when it ends.

use std::ffi::OsStr;
use std::io::{BufRead as _, BufReader, Lines};
use std::net::{SocketAddr, UdpSocket};
use std::process::{Child, ChildStderr, Command, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::serving::program;

/// A console that can be stopped as by Ctrl-Z, ended when it is dropped.
struct Stoppable {
    process: Child,
    address: SocketAddr,
    buffer: usize,
    said: Lines<BufReader<ChildStderr>>,
}

impl Stoppable {
    fn new() -> Self {
        Self::of(program())
    }

    /// Without root's right to a larger buffer than everybody is granted, where root runs this.
    fn ordinary() -> Self {
        let without_right = |program: &OsStr| {
            let mut command = Command::new("setpriv");
            command.args(["--bounding-set=-net_admin", "--inh-caps=-net_admin"]).arg(program);
            command
        };
        let tried = without_right("true".as_ref()).output();
        let may = tried.is_ok_and(|output| output.status.success());
        if may { Self::of(without_right(program().get_program())) } else { Self::new() }
    }

    fn of(mut command: Command) -> Self {
        command.args(["serve", "--quiet", "--memory", "--listen", "127.0.0.1:0"]);
        command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut process = command.spawn().unwrap();
        let mut ready = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        let address = ready.split([' ', ',']).find_map(|word| word.parse().ok()).expect("an address");
        let buffer = ready.split_once("buffer ").and_then(|(_, rest)| rest.split(' ').next()?.parse().ok());
        let said = BufReader::new(process.stderr.take().unwrap()).lines();
        Self { process, address, buffer: buffer.expect("a buffer"), said }
    }

    fn signal(&self, signal: Signal) {
        kill_process(Pid::from_child(&self.process), signal).unwrap();
    }
}

impl Drop for Stoppable {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn datagrams_that_find_the_buffer_full_are_told_of_while_the_console_runs() {
    // More than any buffer that it may be granted.
    const SENT: usize = 4_000;
    let mut console = Stoppable::new();
    console.signal(Signal::STOP);
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    for _ in 0..SENT {
        sender.send_to(&[b'x'; 60_000], console.address).unwrap();
    }
    console.signal(Signal::CONT);
    let said = console.said.by_ref().map_while(Result::ok).find(|line| line.starts_with("lost "));
    let said = said.expect("what was lost is said");
    assert!(said.contains("found the kernel's buffer of"), "{said}");
    let lost: usize = said.split(' ').nth(1).and_then(|count| count.parse().ok()).expect("how many");
    assert!((1..SENT).contains(&lost), "{said}");
}

#[test]
fn a_burst_of_as_many_as_the_granted_buffer_holds_finds_room_while_nobody_reads() {
    // What Linux counts for one of at most 3.7 KB; for one of 1.6 KB it is 2,304.
    const MOST_BYTES: usize = 4_352;
    for senders in [1, 2, 4] {
        for mut console in [Stoppable::new(), Stoppable::ordinary()] {
            let (address, each) = (console.address, (console.buffer / MOST_BYTES).min(20_000) / senders);
            let sent = senders * each;
            console.signal(Signal::STOP);
            let send = || {
                let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
                (0..each).for_each(|_| assert_eq!(sender.send_to(&[b'x'; 1_650], address).unwrap(), 1_650));
            };
            std::thread::scope(|scope| (0..senders).for_each(|_| drop(scope.spawn(send))));
            console.signal(Signal::TERM);
            console.signal(Signal::CONT);
            let said = console.said.by_ref().map_while(Result::ok).find(|line| line.starts_with("received "));
            let said = said.expect("what there was in all is said");
            assert!(
                said.contains(&format!("datagrams: received {sent}, refused {sent}, dropped 0")),
                "{said}"
            );
        }
    }
}

#[test]
fn what_arrived_before_the_end_is_counted_and_refused_before_it() {
    const SENT: usize = 300;
    let mut console = Stoppable::new();
    console.signal(Signal::STOP);
    let sender = UdpSocket::bind("127.0.0.1:0").unwrap();
    for _ in 0..SENT {
        sender.send_to(b"x", console.address).unwrap();
    }
    console.signal(Signal::TERM);
    console.signal(Signal::CONT);
    let said = console.said.by_ref().map_while(Result::ok).find(|line| line.starts_with("received "));
    let said = said.expect("what there was in all is said");
    assert!(
        said.starts_with(&format!(
            "received 0, refused {SENT}; datagrams: received {SENT}, refused {SENT}, dropped 0"
        )),
        "{said}"
    );
}
