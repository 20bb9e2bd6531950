//! AWS takes its time: what is asked of it waits, and nothing else does.

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
