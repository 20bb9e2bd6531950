//! What a function owns is dropped when the bare function drops it.

use std::future::Future;
use std::panic::resume_unwind;
use std::pin::{Pin, pin};
use std::task::{Context, Poll, Waker};

use futures_util::Stream;

use crate::executor::pause;
use crate::noted::{Noted, note, notes_of};
use crate::places::assert_unchanged;

const A: Noted = Noted("a");
const B: Noted = Noted("b");
const C: Noted = Noted("c");
const D: Noted = Noted("d");

fn pair() -> (Noted, Noted) {
    (C, D)
}

/// Unlike `panic!` it calls no hook, which would print it.
fn panic_quietly() -> usize {
    resume_unwind(Box::new("planned"))
}

fn check(number: usize) -> Result<usize, Noted> {
    if number == 0 { Err(Noted("error")) } else { Ok(number) }
}

mod sync {
    use super::*;

    both! {
        pub(super) fn result_and_arguments(a: Noted, mut b: Noted, _: Noted) -> Noted { b.touch(); b = Noted("new b"); a.touch(); b }
        pub(super) fn question_mark(a: Noted, number: usize) -> Result<Noted, Noted> { let _local = B; check(number)?; note("went on"); Ok(a) }
        pub(super) fn unwinds(a: Noted, _: Noted, (_c, _): (Noted, Noted)) -> usize { let _local = Noted("local"); a.touch(); panic_quietly() }
        pub(super) fn unwinds_in_a_temporary(a: Noted) -> usize { Noted("temporary").touch() + a.touch() + panic_quietly() }
        pub(super) fn match_temporary(a: Noted) -> usize { match Noted("scrutinee").touch() + a.touch() { 0 => 0, many => { note("arm"); many } } }
        pub(super) fn if_let_temporary(a: Noted) -> usize { if let Some(0) = Some(Noted("scrutinee").touch()) { 1 } else { note("else"); a.touch() } }
        pub(super) fn block_tail(a: Noted) -> usize { let _local = B; { let _inner = C; Noted("tail").touch() + a.touch() } }
        pub(super) fn shadowed(a: Noted) -> usize { let a = (Noted("around"), a); let a = a.1; a.touch() }
        pub(super) fn ignored(a: Noted, b: Noted) { let _ = a; let _ = pair(); b.touch(); }
        pub(super) fn broken_loop(a: Noted) -> Noted { let _a = a; loop { let _each = B; if check(0).is_err() { break C; } } }
        pub(super) fn in_a_closure(a: Noted, b: Noted) -> usize { let _local = C; let closure = move || a.touch(); note("made"); closure() + b.touch() }
        pub(super) fn boxed(a: Box<dyn Fn() -> Noted>, b: Noted) -> Noted { let made = a(); drop(b); made }
        pub(super) fn generic<const N: usize>(all: [Noted; N], one: impl FnOnce() -> Noted) -> usize { all[0].touch() + one().touch() }
        pub(super) fn returns_a_closure(a: Noted) -> impl Fn() -> usize { let _local = B; move || a.touch() }
        pub(super) fn returns_an_iterator(a: Noted) -> impl Iterator<Item = Noted> { let _local = B; std::iter::once(a) }
    }

    #[test]
    fn sync_functions_drop_in_the_same_order() {
        macro_rules! same {
            ($($call:ident($($argument:expr),*);)*) => {
                $(assert_unchanged(
                    || notes_of(|| bare::$call($($argument),*)),
                    || notes_of(|| traced::$call($($argument),*)),
                );)*
            };
        }
        same! {
            result_and_arguments(A, B, C);
            question_mark(A, 0);
            question_mark(A, 1);
            unwinds(A, B, pair());
            unwinds_in_a_temporary(A);
            match_temporary(A);
            if_let_temporary(A);
            block_tail(A);
            shadowed(A);
            ignored(A, B);
            broken_loop(A);
            in_a_closure(A, B);
            boxed(Box::new(|| C), B);
            generic([A, B], || C);
            returns_a_closure(A);
            returns_an_iterator(A);
        }
    }
}

/// The notes of a future that is polled `polls` times at most and then dropped.
fn polled<F: Future>(future: F, polls: usize) -> impl FnOnce() {
    move || {
        let mut future = Box::pin(future);
        for _ in 0..polls {
            note("poll");
            if let Poll::Ready(output) = future.as_mut().poll(&mut Context::from_waker(Waker::noop())) {
                note("ready");
                drop(future);
                drop(output);
                return;
            }
        }
        note("drop");
    }
}

mod futures {
    use super::*;

    type BoxFuture<T> = Pin<Box<dyn Future<Output = T>>>;

    both! {
        pub(super) async fn awaits(a: Noted, _: Noted, (c, _): (Noted, Noted)) -> Noted {
            let _first = Noted("first");
            pause().await;
            { let _second = Noted("second"); pause().await; c.touch(); }
            let third = Noted("third");
            pause().await;
            drop(a);
            pause().await;
            third
        }
        pub(super) async fn question_mark(a: Noted, number: usize) -> Result<Noted, Noted> {
            let _local = B;
            pause().await;
            check(number)?;
            let _other = C;
            pause().await;
            Ok(a)
        }
        pub(super) async fn unwinds(a: Noted, _: Noted) -> usize { let _local = C; pause().await; a.touch(); panic_quietly() }
        pub(super) async fn tail_temporary(a: Noted) -> usize { let _local = B; pause().await; (Noted("temporary"), pause().await).0.touch() + a.touch() }
        pub(super) async fn awaits_twins(a: Noted, b: Noted) -> usize { let _local = C; let first = tail_temporary(a).await; first + tail_temporary(b).await }
        pub(super) fn opaque(a: Noted, b: Noted) -> impl Future<Output = Noted> { let _local = C; a.touch(); async move { let _in_future = D; pause().await; b.touch(); pause().await; b } }
        pub(super) fn boxed(a: Noted, b: Noted) -> BoxFuture<Noted> { a.touch(); let future: BoxFuture<Noted> = Box::pin(async move { pause().await; b }); drop(a); future }
        pub(super) fn ready(a: Noted) -> impl Future<Output = Noted> { let _local = B; std::future::ready(a) }
    }

    #[test]
    fn futures_drop_in_the_same_order_wherever_they_are_dropped() {
        macro_rules! same {
            ($($call:ident($($argument:expr),*);)*) => {
                for polls in 0..7 {
                    $(assert_unchanged(
                        || notes_of(|| polled(bare::$call($($argument),*), polls)()),
                        || notes_of(|| polled(traced::$call($($argument),*), polls)()),
                    );)*
                }
            };
        }
        same! {
            awaits(A, B, pair());
            question_mark(A, 0);
            question_mark(A, 1);
            unwinds(A, B);
            tail_temporary(A);
            awaits_twins(A, B);
            opaque(A, B);
            boxed(A, B);
            ready(A);
        }
    }
}

/// A future and a stream by hand, which own something until they themselves are dropped.
struct Owning {
    _owned: Noted,
    left: usize,
}

impl Future for Owning {
    type Output = ();

    fn poll(self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<()> {
        Poll::Ready(())
    }
}

impl Stream for Owning {
    type Item = Noted;

    fn poll_next(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Noted>> {
        let Some(left) = self.left.checked_sub(1) else { return Poll::Ready(None) };
        self.left = left;
        Poll::Ready(Some(Noted("item")))
    }
}

both! {
    pub(super) fn owning(a: Noted) -> impl Future<Output = ()> { Owning { _owned: a, left: 0 } }
    pub(super) fn items(a: Noted, b: Noted) -> impl Stream<Item = Noted> { b.touch(); Owning { _owned: a, left: 2 } }
}

fn asked(stream: impl Stream<Item = Noted>, times: usize) {
    let mut stream = pin!(stream);
    for _ in 0..times {
        let item = stream.as_mut().poll_next(&mut Context::from_waker(Waker::noop()));
        note(format!("{item:?}"));
    }
}

#[test]
fn streams_drop_in_the_same_order_wherever_they_are_dropped_before_their_end() {
    for times in 0..3 {
        assert_unchanged(
            || notes_of(|| asked(bare::items(A, B), times)),
            || notes_of(|| asked(traced::items(A, B), times)),
        );
    }
}

fn kept_after_its_end(future: impl Future<Output = ()>) {
    let mut future = pin!(future);
    assert!(future.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
    note("ended");
}

fn stream_kept_after_its_end(stream: impl Stream<Item = Noted>) {
    let mut stream = pin!(stream);
    while let Poll::Ready(Some(_)) = stream.as_mut().poll_next(&mut Context::from_waker(Waker::noop())) {}
    note("ended");
}

#[test]
fn what_a_finished_future_still_owns_goes_when_the_future_does() {
    assert_unchanged(
        || notes_of(|| kept_after_its_end(bare::owning(A))),
        || notes_of(|| kept_after_its_end(traced::owning(A))),
    );
}

#[test]
fn what_a_finished_stream_still_owns_goes_when_the_stream_does() {
    assert_unchanged(
        || notes_of(|| stream_kept_after_its_end(bare::items(A, B))),
        || notes_of(|| stream_kept_after_its_end(traced::items(A, B))),
    );
}
