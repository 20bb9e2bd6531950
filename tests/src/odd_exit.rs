//! A program that ends in an odd way: its first argument says in which.

use std::cell::Cell;
use std::sync::mpsc::channel;

use tracer_runtime::{capture_method, put_annotation};

fn main() {
    match std::env::args().nth(1).as_deref() {
        Some("exit-inside") => exits_inside(),
        Some("thread-inside") => returns_while_a_thread_is_inside(),
        Some("thread-local") => {
            // Made after the tracer's own thread-locals, so dropped before them.
            outer("before");
            CALLS_WHEN_DROPPED.set(Some(CallsWhenDropped));
        }
        Some("old-thread-local") => {
            // Made before the tracer's own thread-locals, so dropped after them.
            CALLS_WHEN_DROPPED.set(Some(CallsWhenDropped));
            outer("before");
        }
        _ => panic!("say how to end"),
    }
}

#[capture_method]
fn exits_inside() {
    outer("before");
    std::process::exit(7);
}

fn returns_while_a_thread_is_inside() {
    let (inside, is_inside) = channel();
    std::thread::spawn(move || hangs(|| inside.send(()).unwrap()));
    is_inside.recv().unwrap();
    outer("before");
}

#[capture_method]
fn hangs(inside: impl FnOnce()) {
    inside();
    loop {
        std::thread::park();
    }
}

struct CallsWhenDropped;

impl Drop for CallsWhenDropped {
    fn drop(&mut self) {
        outer("at the end");
    }
}

thread_local! {
    static CALLS_WHEN_DROPPED: Cell<Option<CallsWhenDropped>> = const { Cell::new(None) };
}

#[capture_method]
fn outer(when: &str) {
    put_annotation("When", when);
    inner(when);
}

#[capture_method]
fn inner(when: &str) {
    put_annotation("When", when);
}
