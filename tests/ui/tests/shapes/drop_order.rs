//! What a function owns is dropped when, and in the order in which, the bare function drops it.

use std::cell::RefCell;
use std::future::Future;

use tracer_runtime::capture_method;

use crate::executor::{block_on, pause, poll_once};

thread_local! {
    static DROPPED: RefCell<Vec<&'static str>> = const { RefCell::new(Vec::new()) };
}

#[derive(Debug)]
struct Noted(&'static str);

impl Noted {
    fn touch(&self) -> usize {
        self.0.len()
    }
}

impl Drop for Noted {
    fn drop(&mut self) {
        DROPPED.with_borrow_mut(|dropped| dropped.push(self.0));
    }
}

fn note(name: &'static str) {
    DROPPED.with_borrow_mut(|dropped| dropped.push(name));
}

/// What was dropped while `run` ran.
fn dropped_by<R>(run: impl FnOnce() -> R) -> Vec<&'static str> {
    DROPPED.take();
    drop(run());
    DROPPED.take()
}

const A: Noted = Noted("a");
const B: Noted = Noted("b");
const C: Noted = Noted("c");
const D: Noted = Noted("d");

fn pair() -> (Noted, Noted) {
    (C, D)
}

mod functions {
    use super::*;

    both! {
        pub(super) fn plain(a: Noted, b: Noted, c: Noted) { note("body"); b.touch(); a.touch(); c.touch(); }
        pub(super) fn moved(a: Noted, b: Noted, c: Noted) { drop(b); note("body"); a.touch(); c.touch(); }
        pub(super) fn unmentioned(_a: Noted, _b: Noted, c: Noted) { drop(c); note("body"); }
        pub(super) fn wild(a: Noted, _: Noted, (c, _): (Noted, Noted)) { note("body"); c.touch(); a.touch(); }
        pub(super) fn partial((_, d): (Noted, Noted), ref a: Noted) -> usize { note("body"); d.touch() + a.touch() }
        pub(super) fn tail(a: Noted, b: Noted) -> usize { let _local = C; Noted("temporary").touch() + a.touch() + b.touch() }
        pub(super) fn early(a: Noted, b: Noted) -> Option<Noted> { let _local = C; if a.touch() > 0 { return Some(b); } None }
        pub(super) async fn awaited(a: Noted, b: Noted, c: Noted) { pause().await; note("body"); b.touch(); a.touch(); c.touch(); }
        pub(super) async fn awaited_wild(a: Noted, _: Noted, (c, _): (Noted, Noted)) { pause().await; note("body"); c.touch(); a.touch(); }
        pub(super) async fn awaited_unmentioned(_a: Noted, _b: Noted, c: Noted) { pause().await; drop(c); note("body"); }
        pub(super) async fn awaited_tail(a: Noted, b: Noted) -> usize { pause().await; Noted("temporary").touch() + a.touch() + b.touch() }
    }

    #[test]
    fn drop_in_the_same_order() {
        assert_eq!(dropped_by(|| bare::plain(A, B, C)), dropped_by(|| traced::plain(A, B, C)));
        assert_eq!(dropped_by(|| bare::moved(A, B, C)), dropped_by(|| traced::moved(A, B, C)));
        assert_eq!(dropped_by(|| bare::unmentioned(A, B, C)), dropped_by(|| traced::unmentioned(A, B, C)));
        assert_eq!(dropped_by(|| bare::wild(A, B, pair())), dropped_by(|| traced::wild(A, B, pair())));
        assert_eq!(dropped_by(|| bare::partial(pair(), A)), dropped_by(|| traced::partial(pair(), A)));
        assert_eq!(dropped_by(|| bare::tail(A, B)), dropped_by(|| traced::tail(A, B)));
        assert_eq!(dropped_by(|| bare::early(A, B)), dropped_by(|| traced::early(A, B)));
    }

    fn finished_and_dropped<F: Future>(future: impl Fn() -> F) -> [Vec<&'static str>; 3] {
        [dropped_by(|| block_on(future())), dropped_by(|| poll_once(future())), dropped_by(future)]
    }

    #[test]
    fn async_ones_drop_in_the_same_order_finished_dropped_and_unpolled() {
        let of = |run: fn() -> [Vec<&'static str>; 3]| run();
        assert_eq!(
            of(|| finished_and_dropped(|| bare::awaited(A, B, C))),
            of(|| finished_and_dropped(|| traced::awaited(A, B, C)))
        );
        assert_eq!(
            of(|| finished_and_dropped(|| bare::awaited_wild(A, B, pair()))),
            of(|| finished_and_dropped(|| traced::awaited_wild(A, B, pair())))
        );
        assert_eq!(
            of(|| finished_and_dropped(|| bare::awaited_unmentioned(A, B, C))),
            of(|| finished_and_dropped(|| traced::awaited_unmentioned(A, B, C)))
        );
        assert_eq!(
            of(|| finished_and_dropped(|| bare::awaited_tail(A, B))),
            of(|| finished_and_dropped(|| traced::awaited_tail(A, B)))
        );
    }
}

struct Both {
    first: Noted,
    second: Noted,
}

fn both_fields() -> Both {
    Both { first: A, second: B }
}

impl Both {
    fn bare(self, c: Noted) {
        note("body");
        c.touch();
        self.second.touch();
    }

    #[capture_method]
    fn traced(self, c: Noted) {
        note("body");
        c.touch();
        self.second.touch();
    }

    fn bare_partly(self, _c: Noted) -> Noted {
        self.second
    }

    #[capture_method]
    fn traced_partly(self, _c: Noted) -> Noted {
        self.second
    }

    async fn bare_awaited(self, c: Noted) {
        pause().await;
        self.second.touch();
        c.touch();
    }

    #[capture_method]
    async fn traced_awaited(self, c: Noted) {
        pause().await;
        self.second.touch();
        c.touch();
    }
}

#[test]
fn a_self_of_which_one_field_is_used_is_dropped_whole() {
    assert_eq!(both_fields().first.touch(), 1);
    assert_eq!(dropped_by(|| both_fields().bare(C)), dropped_by(|| both_fields().traced(C)));
    assert_eq!(dropped_by(|| both_fields().bare_partly(C)), dropped_by(|| both_fields().traced_partly(C)));
    assert_eq!(
        dropped_by(|| block_on(both_fields().bare_awaited(C))),
        dropped_by(|| block_on(both_fields().traced_awaited(C)))
    );
    assert_eq!(
        dropped_by(|| poll_once(both_fields().bare_awaited(C))),
        dropped_by(|| poll_once(both_fields().traced_awaited(C)))
    );
}
