//! Datagrams that are lost are told of while the console runs, and all of them when it ends.

use std::io::{BufRead as _, BufReader, Lines};
use std::net::{SocketAddr, UdpSocket};
use std::process::{Child, ChildStderr, Stdio};

use rustix::process::{Pid, Signal, kill_process};

use crate::serving::program;

/// A console that can be stopped as by Ctrl-Z, ended when it is dropped.
struct Stoppable {
    process: Child,
    address: SocketAddr,
    said: Lines<BufReader<ChildStderr>>,
}

impl Stoppable {
    fn new() -> Self {
        let mut command = program();
        command.args(["serve", "--quiet", "--memory", "--listen", "127.0.0.1:0"]);
        let mut process = command.stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().unwrap();
        let mut ready = String::new();
        BufReader::new(process.stdout.take().unwrap()).read_line(&mut ready).unwrap();
        let address = ready.split([' ', ',']).find_map(|word| word.parse().ok()).expect("an address");
        let said = BufReader::new(process.stderr.take().unwrap()).lines();
        Self { process, address, said }
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
    assert!(said.starts_with(&format!("received {SENT}, refused {SENT}, dropped 0")), "{said}");
}
