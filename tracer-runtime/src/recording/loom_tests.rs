//! Every order in which the watcher and a function's own thread can take their steps:
//! `RUSTFLAGS="--cfg loom" cargo test -p tracer-runtime --lib --release loom_tests`.
//!
//! loom takes `SeqCst` for `AcqRel`, so how the watcher parks, which needs more, cannot be tried here. It also lets a store
//! be overtaken by a `compare_exchange` that read what was before it, so neither can disarming without the lock.

use std::sync::{Arc, Mutex};
use std::time::Duration;

use loom::thread;

use crate::sink::{NotSent, Sink};

use super::callsite::ValidName;
use super::invocation::{Invocation, ticks};
use super::node::{NONE, NewNode, NodeIndex};
use super::outbox::Due;
use super::watcher::Schedule;
use super::{Beginning, InvocationRef, Tracer};

const HEADER: &str = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1";
/// Long enough that the time that passes in a test makes no difference.
const SECOND: u64 = 1_000_000_000;
const DEADLINE: Duration = Duration::from_secs(900);

fn check(model: impl Fn() + Send + Sync + 'static) {
    loom::model(model);
}

#[test]
fn a_schedule_that_is_being_armed_is_seen_whole_or_not_at_all() {
    check(|| {
        let schedule = loom::sync::Arc::new(Schedule::default());
        let watched = schedule.clone();
        let past_the_deadline = ticks() + 900 * SECOND;
        let watcher = thread::spawn(move || watched.due(past_the_deadline));
        schedule.arm(Some(DEADLINE));
        let due = watcher.join().unwrap();
        assert!(matches!(due, None | Some(Due::ClosedAndOpen)), "{due:?}");
    });
}

#[test]
fn the_last_user_gives_an_entry_back_once() {
    check(|| {
        let invocation = begin(&Kept::default());
        let entry = invocation.entry();
        entry.schedule.arm(None);
        let watcher = thread::spawn(move || entry.send_what_is_due(ticks() + SECOND));
        drop(invocation);
        watcher.join().unwrap();
        assert_eq!(entry.times_free(), 1);
        assert_eq!(entry.schedule.next(), None);
    });
}

#[test]
fn what_is_sent_early_is_sent_once() {
    check(|| {
        let sink = Kept::default();
        let invocation = begin(&sink);
        let entry = invocation.entry();
        entry.schedule.arm(None);
        let watcher = thread::spawn(move || entry.send_what_is_due(ticks() + SECOND));
        let outer = open(entry, NONE, "outer");
        let inner = open(entry, outer, "inner");
        close(entry, inner);
        close(entry, outer);
        drop(invocation);
        watcher.join().unwrap();
        assert_eq!(sink.count("outer"), 1);
        assert_eq!(sink.count("inner"), 1);
    });
}

#[test]
fn an_invocation_ends_after_what_the_watcher_sends_has_arrived() {
    check(|| {
        let sink = Kept::default();
        let invocation = begin(&sink);
        let entry = invocation.entry();
        entry.schedule.arm(None);
        let outer = open(entry, NONE, "outer");
        close(entry, open(entry, outer, "inner"));
        let watcher = thread::spawn(move || entry.send_what_is_due(ticks() + SECOND));
        drop(invocation);
        if entry.times_free() == 1 {
            assert_eq!(sink.count("inner"), 1);
        }
        watcher.join().unwrap();
    });
}

#[test]
fn an_entry_that_was_given_back_and_taken_again_mixes_nothing() {
    check(|| {
        let (first, second) = (Kept::default(), Kept::default());
        let invocation = begin(&first);
        let entry = invocation.entry();
        entry.schedule.arm(None);
        let watcher = thread::spawn(move || entry.send_what_is_due(ticks() + SECOND));
        let outer = open(entry, NONE, "first");
        close(entry, outer);
        drop(invocation);
        let invocation = begin(&second);
        let entry = invocation.entry();
        close(entry, open(entry, NONE, "second"));
        drop(invocation);
        watcher.join().unwrap();
        assert_eq!((first.count("first"), first.count("second")), (1, 0));
        assert_eq!((second.count("first"), second.count("second")), (0, 1));
    });
}

#[test]
fn what_is_opened_while_the_watcher_pauses_is_on_a_schedule() {
    check(|| {
        let invocation = begin(&Kept::default());
        let entry = invocation.entry();
        entry.schedule.arm(None);
        let watcher = thread::spawn(move || entry.send_what_is_due(ticks() + SECOND));
        open(entry, NONE, "open");
        watcher.join().unwrap();
        assert!(entry.schedule.next().is_some());
    });
}

/// Keeps what was sent. Its lock is the standard library's: a step of loom never begins while it is held.
#[derive(Debug, Clone, Default)]
struct Kept(Arc<Mutex<Vec<String>>>);

impl Kept {
    fn count(&self, name: &str) -> usize {
        let name = format!("\"name\":\"{name}\"");
        self.0.lock().unwrap().iter().map(|text| text.matches(&name).count()).sum()
    }
}

impl Sink for Kept {
    fn send(&self, datagram: &[u8]) -> Result<(), NotSent> {
        // Others go on while it sends.
        thread::yield_now();
        self.0.lock().unwrap().push(String::from_utf8_lossy(datagram).into_owned());
        Ok(())
    }
}

fn begin(sink: &Kept) -> InvocationRef {
    let tracer = Tracer::builder().sink(sink.clone()).for_test().build();
    InvocationRef::begin(&tracer, Beginning { header: Some(HEADER), deadline: None }).unwrap()
}

/// Opens a subsegment as `Open::child` does, whose place is a thread-local and thus no thread's own under loom.
fn open(invocation: &'static Invocation, parent: NodeIndex, name: &str) -> NodeIndex {
    let mut state = invocation.lock();
    let (id, start) = (state.new_id(), state.now());
    let parent_id = if parent == NONE { id } else { state.record[parent].id };
    invocation.schedule.resume();
    // `Invocation::close` gives it back.
    state.count(invocation).into_entry();
    let new = NewNode { id, parent_id, parent, start, callsite: None };
    state.record.open(new, ValidName::Text(name.into())).unwrap()
}

fn close(invocation: &'static Invocation, index: NodeIndex) {
    let id = invocation.lock().record[index].id;
    invocation.close(index, id);
}
