//! Values, errors and borrows are the bare function's own, not copies; and so is what follows the end.

use std::error::Error;
use std::fmt::Debug;
use std::future::{Future, poll_fn};
use std::pin::{Pin, pin};
use std::sync::Arc;
use std::task::{Context, Poll, Waker};

use futures_util::{Stream, stream};
use serde::Serialize;
use tracer_runtime::capture_method;

use crate::executor::{block_on, pause};
use crate::panics::{Panic, panic_of};
use crate::places::assert_unchanged;

type Shared = Arc<dyn Error + Send + Sync>;

/// Its address is what makes it itself.
#[derive(Debug, Serialize)]
struct Order {
    lines: Vec<u32>,
}

impl Order {
    fn new() -> Self {
        Self { lines: vec![1, 2, 3] }
    }
}

#[capture_method]
fn boxed_error(error: Box<dyn Error>) -> Result<u8, Box<dyn Error>> {
    Err(error)
}

#[capture_method]
fn shared_error(error: &Shared) -> Result<u8, Shared> {
    Err(Arc::clone(error))
}

#[capture_method]
async fn later_error(error: &Shared) -> Result<u8, Shared> {
    pause().await;
    Err(Arc::clone(error))
}

#[capture_method]
fn passed_on(error: &Shared) -> Result<u8, Shared> {
    let number = shared_error(error)?;
    Ok(number + 1)
}

#[capture_method]
async fn later_passed_on(error: &Shared) -> Result<u8, Shared> {
    let number = later_error(error).await?;
    Ok(number + 1)
}

#[capture_method]
fn same_order(order: Box<Order>) -> Box<Order> {
    order
}

#[capture_method]
async fn same_order_later(order: Box<Order>) -> Result<Box<Order>, u8> {
    pause().await;
    Ok(order)
}

#[capture_method]
fn reborrowed<'a>(order: &'a mut Order, line: &u32) -> &'a mut u32 {
    order.lines.push(*line);
    &mut order.lines[0]
}

#[capture_method]
async fn reborrowed_later<'a, 'b>(order: &'a mut Order, line: &'b u32) -> &'a mut u32 {
    pause().await;
    order.lines.push(*line);
    &mut order.lines[0]
}

#[capture_method]
fn split(order: &mut Order) -> (&mut [u32], &mut [u32]) {
    order.lines.split_at_mut(1)
}

both! {
    pub(super) fn constant<const N: usize, T: Default + Debug>(make: impl Fn(usize) -> T) -> [T; N] where [T; N]: Debug { std::array::from_fn(make) }
    pub(super) async fn constant_later<const N: usize>(numbers: [u8; N]) -> [u8; N] { pause().await; numbers.map(|number| number + 1) }
    pub(super) async fn asks(ask: &mut impl FnMut() -> Option<u8>) -> Option<u8> { let mut sum = ask()?; while let Some(more) = ask() { pause().await; sum += more; } Some(sum) }
}

fn address<T: ?Sized>(of: &T) -> usize {
    std::ptr::from_ref(of).cast::<()>().addr()
}

#[test]
fn an_error_is_the_very_one() {
    let shared: Shared = Arc::new(std::fmt::Error);
    let own = address(&*shared);
    assert_unchanged(|| own, || address(&*shared_error(&shared).unwrap_err()));
    assert_unchanged(|| own, || address(&*block_on(later_error(&shared)).unwrap_err()));
    assert_unchanged(|| own, || address(&*passed_on(&shared).unwrap_err()));
    assert_unchanged(|| own, || address(&*block_on(later_passed_on(&shared)).unwrap_err()));
    let boxed = || {
        let error: Box<dyn Error> = "sized".into();
        let own = address(&*error);
        address(&*boxed_error(error).unwrap_err()) == own
    };
    assert_unchanged(|| true, boxed);
    assert_eq!(Arc::strong_count(&shared), 1, "nothing keeps it");
}

#[test]
fn a_value_is_the_very_one() {
    let same = || {
        let order = Box::new(Order::new());
        let own = address(&*order);
        address(&*same_order(order)) == own
    };
    assert_unchanged(|| true, same);
    let later = || {
        let order = Box::new(Order::new());
        let own = address(&*order);
        block_on(same_order_later(order)).is_ok_and(|order| address(&*order) == own)
    };
    assert_unchanged(|| true, later);
}

#[test]
fn what_is_borrowed_again_is_written_through() {
    let now = || {
        let mut order = Order::new();
        *reborrowed(&mut order, &7) += 1;
        order.lines
    };
    assert_unchanged(|| vec![2, 2, 3, 7], now);
    let later = || {
        let mut order = Order::new();
        *block_on(reborrowed_later(&mut order, &7)) += 1;
        order.lines
    };
    assert_unchanged(|| vec![2, 2, 3, 7], later);
    let halves = || {
        let mut order = Order::new();
        let (first, rest) = split(&mut order);
        std::mem::swap(&mut first[0], &mut rest[0]);
        order.lines
    };
    assert_unchanged(|| vec![2, 1, 3], halves);
}

#[test]
fn generic_and_constant_arguments_are_the_callers() {
    assert_unchanged(|| bare::constant::<3, _>(|n| n * 2), || traced::constant::<3, _>(|n| n * 2));
    assert_unchanged(|| block_on(bare::constant_later([1; 4])), || block_on(traced::constant_later([1; 4])));
    for count in [0, 3] {
        let numbers = || {
            let mut numbers = 0..count;
            move || numbers.next()
        };
        assert_unchanged(|| block_on(bare::asks(&mut numbers())), || block_on(traced::asks(&mut numbers())));
    }
}

mod ended {
    use super::*;

    both! {
        pub(super) async fn asynchronous() -> u8 { pause().await; 1 }
        pub(super) fn opaque() -> impl Future<Output = u8> { async { pause().await; 1 } }
        pub(super) fn by_hand() -> impl Future<Output = u8> { poll_fn(|_| Poll::Ready(1)) }
        pub(super) fn ready() -> impl Future<Output = u8> { std::future::ready(1) }
        pub(super) fn boxed() -> Pin<Box<dyn Future<Output = u8>>> { Box::pin(async { 1 }) }
        pub(super) fn with_pauses() -> impl Stream<Item = u8> { let mut numbers = 0..6_u8; stream::poll_fn(move |_| Poll::Ready(numbers.next().filter(|number| *number % 3 != 2))) }
    }

    /// What a future answers when it is polled more often than it takes.
    fn answers(future: impl Future<Output = u8>) -> Vec<Result<Poll<u8>, String>> {
        let mut future = Box::pin(future);
        let mut poll = || future.as_mut().poll(&mut Context::from_waker(Waker::noop()));
        (0..4).map(|_| panic_of(&mut poll).map_err(|Panic { message, .. }| message)).collect()
    }

    #[test]
    fn an_async_function_that_is_polled_after_its_end_answers_the_same() {
        assert_unchanged(|| answers(bare::asynchronous()), || answers(traced::asynchronous()));
        assert_unchanged(|| answers(bare::opaque()), || answers(traced::opaque()));
        assert_unchanged(|| answers(bare::boxed()), || answers(traced::boxed()));
    }

    #[test]
    fn a_future_by_hand_that_is_polled_after_its_end_answers_the_same() {
        assert_unchanged(|| answers(bare::by_hand()), || answers(traced::by_hand()));
        assert_unchanged(|| answers(bare::ready()), || answers(traced::ready()));
    }

    fn items(stream: impl Stream<Item = u8>) -> Vec<Poll<Option<u8>>> {
        let mut stream = pin!(stream);
        (0..6).map(|_| stream.as_mut().poll_next(&mut Context::from_waker(Waker::noop()))).collect()
    }

    #[test]
    fn a_stream_that_goes_on_after_a_none_goes_on() {
        assert_unchanged(|| items(bare::with_pauses()), || items(traced::with_pauses()));
    }
}
