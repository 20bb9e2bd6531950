//! A daemon that is known by its host's name: looked up off the caller's thread, now and then again.

use std::io;
use std::net::{SocketAddr, UdpSocket};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use super::udp;
use crate::sink::NotSent;

/// How long an address is used before the name is looked up again.
const TRUSTED_FOR: Duration = Duration::from_secs(30);
/// How long after a failure the name is looked up again, at the earliest.
const TRY_AGAIN_AFTER: Duration = Duration::from_secs(1);
/// How long the first datagram waits for the first address: a short process would end before it is known.
const FIRST_WAIT: Duration = Duration::from_millis(50);
/// At most this many bytes wait for the first address.
const MOST_WAITING: usize = 256 << 10;

type LookUp = dyn Fn() -> io::Result<SocketAddr> + Send + Sync;

pub(crate) struct NamedDaemon {
    look_up: Box<LookUp>,
    trusted_for: Duration,
    state: Mutex<State>,
    has_looked: Condvar,
}

#[derive(Default)]
struct State {
    socket: Option<Arc<UdpSocket>>,
    is_looking: bool,
    has_waited: bool,
    /// When the name is to be looked up again.
    next_look: Option<Instant>,
    waiting: Vec<Vec<u8>>,
    waiting_bytes: usize,
}

impl NamedDaemon {
    pub(crate) fn new(look_up: impl Fn() -> io::Result<SocketAddr> + Send + Sync + 'static) -> Arc<Self> {
        Self::trusting(TRUSTED_FOR, look_up)
    }

    fn trusting(
        trusted_for: Duration,
        look_up: impl Fn() -> io::Result<SocketAddr> + Send + Sync + 'static,
    ) -> Arc<Self> {
        Arc::new(Self {
            look_up: Box::new(look_up),
            trusted_for,
            state: Mutex::default(),
            has_looked: Condvar::new(),
        })
    }

    /// Sends to the address that is known, or keeps the datagram until one is.
    pub(crate) fn send(self: &Arc<Self>, datagram: &[u8]) -> Result<(), NotSent> {
        let socket = {
            let mut state = self.lock();
            if !state.is_looking && state.next_look.is_none_or(|next| next <= Instant::now()) {
                state.is_looking = self.start_to_look();
            }
            if state.socket.is_none() && !std::mem::replace(&mut state.has_waited, true) {
                let waited = self.has_looked.wait_timeout_while(state, FIRST_WAIT, |state| state.is_looking);
                state = waited.unwrap_or_else(PoisonError::into_inner).0;
            }
            match &state.socket {
                Some(socket) => Arc::clone(socket),
                None => return state.keep(datagram),
            }
        };
        udp::send(&socket, datagram)
    }

    /// Looks the name up on a thread of its own; says whether there is one.
    fn start_to_look(self: &Arc<Self>) -> bool {
        let daemon = Arc::clone(self);
        let thread = thread::Builder::new().name("tracer-lookup".to_owned()).stack_size(256 << 10);
        thread.spawn(move || daemon.look()).is_ok()
    }

    fn look(&self) {
        let found = (self.look_up)().and_then(udp::connect);
        let mut state = self.lock();
        state.is_looking = false;
        let trusted_for = if found.is_ok() { self.trusted_for } else { TRY_AGAIN_AFTER };
        state.next_look = Some(Instant::now() + trusted_for);
        if let Ok(socket) = found {
            state.socket = Some(Arc::new(socket));
        }
        // Before anything that comes now. Where there is still no address they are lost, as they are with no daemon.
        state.waiting_bytes = 0;
        for datagram in std::mem::take(&mut state.waiting) {
            let _ = state.socket.as_ref().map(|socket| udp::send(socket, &datagram));
        }
        drop(state);
        self.has_looked.notify_all();
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl State {
    fn keep(&mut self, datagram: &[u8]) -> Result<(), NotSent> {
        if !self.is_looking || self.waiting_bytes + datagram.len() > MOST_WAITING {
            return Err(NotSent::Unavailable);
        }
        self.waiting_bytes += datagram.len();
        self.waiting.push(datagram.to_vec());
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::sync::mpsc::{Receiver, Sender, channel};

    use super::*;

    /// A look-up that answers with what the test sends, and tells when it is asked.
    fn answered() -> (Sender<io::Result<SocketAddr>>, Receiver<()>, Box<LookUp>) {
        let ((answer, answers), (ask, asked)) = (channel(), channel());
        let answers = Mutex::new(answers);
        let look_up = move || {
            let _ = ask.send(());
            let answer = answers.lock().unwrap_or_else(PoisonError::into_inner).recv();
            answer.unwrap_or_else(|_| Err(io::ErrorKind::NotFound.into()))
        };
        (answer, asked, Box::new(look_up))
    }

    fn daemon() -> (UdpSocket, SocketAddr) {
        let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
        let address = socket.local_addr().unwrap();
        (socket, address)
    }

    fn received(daemon: &UdpSocket) -> Vec<u8> {
        let mut buffer = [0; 64];
        let length = daemon.recv(&mut buffer).unwrap();
        buffer[..length].to_vec()
    }

    #[test]
    fn a_look_up_that_hangs_holds_nobody_up_and_what_waited_arrives() {
        let (socket, address) = daemon();
        let (answer, _asked, look_up) = answered();
        let daemon = NamedDaemon::new(look_up);
        // The look-up does not answer before these have returned.
        assert_eq!(daemon.send(b"first"), Ok(()));
        assert_eq!(daemon.send(b"second"), Ok(()));
        assert_eq!(daemon.send(&vec![b' '; MOST_WAITING]), Err(NotSent::Unavailable));
        answer.send(Ok(address)).unwrap();
        assert_eq!(received(&socket), b"first");
        assert_eq!(received(&socket), b"second");
        assert_eq!(daemon.send(b"third"), Ok(()));
        assert_eq!(received(&socket), b"third");
    }

    #[test]
    fn a_daemon_that_moves_is_followed_and_a_failing_look_up_changes_nothing() {
        let ((old, old_address), (new, new_address)) = (daemon(), daemon());
        let (answer, asked, look_up) = answered();
        let daemon = NamedDaemon::trusting(Duration::ZERO, look_up);
        daemon.send(b"1").unwrap();
        answer.send(Ok(old_address)).unwrap();
        assert_eq!(received(&old), b"1");
        asked.recv().unwrap();

        // Each look-up is asked for by one send, and the next send may come before its answer.
        daemon.send(b"2").unwrap();
        assert_eq!(received(&old), b"2");
        asked.recv().unwrap();
        answer.send(Ok(new_address)).unwrap();
        while Arc::strong_count(&daemon) > 1 {
            thread::yield_now();
        }
        daemon.send(b"3").unwrap();
        assert_eq!(received(&new), b"3");
        asked.recv().unwrap();
        answer.send(Err(io::ErrorKind::NotFound.into())).unwrap();
        while Arc::strong_count(&daemon) > 1 {
            thread::yield_now();
        }
        daemon.send(b"4").unwrap();
        assert_eq!(received(&new), b"4");
    }
}
