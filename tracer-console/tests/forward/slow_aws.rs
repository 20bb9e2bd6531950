//! AWS takes its time: what is asked of it waits, and nothing else does.

use std::io::{Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex};

use serde_json::json;
use tracer_console::ForwardTarget;

use crate::accounts::account;
use crate::documents::segments;
use crate::far_end::{FarEnd, Said};
use crate::sends::{Home, call, put};
use crate::wait::until;

/// More than any pool of threads has.
const CALLS: usize = 200;

#[test]
fn calls_that_are_passed_on_and_not_answered_keep_no_document_from_being_taken() {
    let gate = Arc::<(Mutex<bool>, Condvar)>::default();
    let (held, came) = (Arc::clone(&gate), Arc::new(AtomicUsize::new(0)));
    let coming = Arc::clone(&came);
    let end = FarEnd::answering(move |_| {
        coming.fetch_add(1, Ordering::SeqCst);
        let (is_open, changed) = &*held;
        drop(changed.wait_while(is_open.lock().unwrap(), |is_open| !*is_open).unwrap());
        Said { body: b"{}".to_vec(), ..Said::status(200) }
    });
    let home = Home::new();
    let forwarder = home.start(vec![ForwardTarget::aws(Arc::new(account(&end.url())), None, false)]);
    let (tcp, answered) = (forwarder.console().tcp_addr(), AtomicUsize::new(0));
    std::thread::scope(|scope| {
        for _ in 0..CALLS {
            scope.spawn(|| {
                call(tcp, "/GetSamplingRules", &json!({})).unwrap();
                answered.fetch_add(1, Ordering::SeqCst);
            });
        }
        until("all calls", || (came.load(Ordering::SeqCst) >= CALLS).then_some(()));
        assert_eq!(put(tcp, &segments(3)), json!([]));
        assert_eq!(answered.load(Ordering::SeqCst), 0, "it was not for an answer that it waited");
        *gate.0.lock().unwrap() = true;
        gate.1.notify_all();
    });
    assert_eq!(answered.load(Ordering::SeqCst), CALLS);
}

/// A call that waits for its answer.
fn asking(tcp: SocketAddr) -> TcpStream {
    let mut client = TcpStream::connect(tcp).unwrap();
    write!(client, "POST /GetSamplingRules HTTP/1.1\r\nhost: {tcp}\r\ncontent-length: 2\r\n\r\n{{}}")
        .unwrap();
    client
}

/// The next call that comes to AWS, as far as it is read.
fn next(aws: &TcpListener) -> TcpStream {
    let (mut call, _) = aws.accept().unwrap();
    let mut read = Vec::new();
    while !read.ends_with(b"{}") {
        let mut some = [0; 4096];
        let count = call.read(&mut some).unwrap();
        assert!(count > 0, "a call that is cut");
        read.extend(&some[..count]);
    }
    call
}

/// Or it would hold its body for as long as AWS hangs.
#[test]
fn a_call_that_nobody_waits_for_any_more_is_not_passed_on_any_longer() {
    let aws = TcpListener::bind("127.0.0.1:0").unwrap();
    let endpoint = format!("http://{}", aws.local_addr().unwrap());
    let home = Home::new();
    let forwarder = home.start(vec![ForwardTarget::aws(Arc::new(account(&endpoint)), None, false)]);
    let tcp = forwarder.console().tcp_addr();
    // What came first is given up first where it is for the time that it took.
    let patient = asking(tcp);
    let _patient_call = next(&aws);
    let impatient = asking(tcp);
    let mut call = next(&aws);
    drop(impatient);
    assert!(matches!(call.read(&mut [0]), Ok(0) | Err(_)), "it ends");
    patient.set_nonblocking(true).unwrap();
    let is_answered = (&patient).read(&mut [0]);
    assert_eq!(
        is_answered.unwrap_err().kind(),
        std::io::ErrorKind::WouldBlock,
        "it was for nobody's patience"
    );
}
