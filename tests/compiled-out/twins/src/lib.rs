//! Every form of the attributes and of the calls. Without the feature `traced` each function is its own bare twin: the
//! attribute is gone, and of a call only what Rust evaluates before it.
//!
//! `inline(never)` keeps each function in the machine code under its own name.

use std::future::Future;
use std::hint::black_box;
use std::num::ParseIntError;
use std::pin::pin;
use std::task::{Context, Poll};

use tracer_runtime::ErrorFlag;
#[cfg(feature = "traced")]
use tracer_runtime::{
    self as tracer, InSubsegment, annotate, capture_lambda_handler, capture_method, metadata,
};

/// A value that costs something.
#[inline(never)]
pub fn costly(number: u32) -> u32 {
    black_box(number)
}

/// Sync, with an overflow to panic at.
#[inline(never)]
#[cfg_attr(feature = "traced", capture_method)]
pub fn add(a: u32, b: u32) -> u32 {
    costly(a).checked_add(b).expect("the sum is small")
}

/// With every argument; what they evaluate is gone.
#[inline(never)]
#[cfg_attr(
    feature = "traced",
    capture_method(
        name = "all",
        namespace = "twins",
        capture_response = false,
        capture_error = true,
        err = flag,
        annotate("Text" = text, "Costly" = costly(7))
    )
)]
pub fn every_argument(text: &str) -> Result<u32, ParseIntError> {
    let number: u32 = text.parse()?;
    Ok(costly(number))
}

/// What an `Err` means.
#[inline(never)]
pub fn flag(_: &ParseIntError) -> ErrorFlag {
    black_box(ErrorFlag::Error)
}

/// The arguments of a call are evaluated, as those of any function.
#[inline(never)]
#[cfg_attr(feature = "traced", capture_method)]
pub fn calls(number: u32, text: String) -> u32 {
    #[cfg(feature = "traced")]
    tracer::put_annotation("Number", costly(number));
    #[cfg(not(feature = "traced"))]
    costly(number);
    #[cfg(feature = "traced")]
    tracer::put_metadata("text", &text);
    #[cfg(feature = "traced")]
    tracer::put_metadata_with("costly", || costly(number));
    #[cfg(feature = "traced")]
    tracer::put_annotation("Text", text);
    #[cfg(not(feature = "traced"))]
    drop(text);
    #[cfg(feature = "traced")]
    tracer::set_fault();
    costly(number + 1)
}

/// The values of the macros are not evaluated.
#[inline(never)]
#[cfg_attr(feature = "traced", capture_method)]
pub fn macros(numbers: &[u32]) -> u32 {
    #[cfg(feature = "traced")]
    annotate!("First" = costly(numbers[0]), "Second" = numbers[1]);
    #[cfg(feature = "traced")]
    metadata!("third" = costly(numbers[2]));
    #[cfg(feature = "traced")]
    metadata!(in "twins", "fourth" = numbers[3]);
    numbers.iter().sum()
}

/// A block in a subsegment.
#[inline(never)]
#[cfg_attr(feature = "traced", capture_method)]
pub fn block(number: u32) -> u32 {
    let work = || costly(number) ^ 1;
    #[cfg(feature = "traced")]
    let done = tracer::subsegment("work", work);
    #[cfg(not(feature = "traced"))]
    let done = work();
    done
}

/// A function that panics where its caller stands.
#[inline(never)]
#[track_caller]
#[cfg_attr(feature = "traced", capture_method)]
pub fn track_caller(numbers: &[u32], at: usize) -> u32 {
    numbers[at]
}

/// A generic function, of which one instance is below.
#[inline(never)]
#[cfg_attr(feature = "traced", capture_method)]
pub fn generic<T: AsRef<str>>(text: T) -> usize {
    text.as_ref().len()
}

/// The instance of [`generic`].
#[inline(never)]
pub fn generic_of_a_string(text: String) -> usize {
    generic(text)
}

/// A type with methods.
#[derive(Debug)]
pub struct Order {
    prices: Vec<u32>,
}

impl Order {
    /// A method.
    #[inline(never)]
    #[cfg_attr(feature = "traced", capture_method(annotate("Prices" = self.prices.len())))]
    pub fn total(&mut self) -> u32 {
        self.prices.retain(|price| *price > 0);
        self.prices.iter().sum()
    }

    /// An async method.
    #[cfg_attr(feature = "traced", capture_method)]
    pub async fn send(self) -> usize {
        turn().await;
        self.prices.len()
    }
}

impl Iterator for Order {
    type Item = u32;

    #[inline(never)]
    #[cfg_attr(feature = "traced", capture_method)]
    fn next(&mut self) -> Option<u32> {
        self.prices.pop()
    }
}

/// A handler.
#[inline(never)]
#[cfg_attr(feature = "traced", capture_lambda_handler(context = header))]
pub fn handler(payload: u32, header: &str) -> Result<u32, ParseIntError> {
    Ok(costly(payload) + header.parse::<u32>()?)
}

/// An async handler.
#[cfg_attr(feature = "traced", capture_lambda_handler(context = header, capture_response = false))]
pub async fn async_handler(payload: u32, header: String) -> Result<u32, ParseIntError> {
    turn().await;
    let order = Order { prices: vec![payload, payload] };
    let number = order.send().await as u32;
    Ok(number + header.parse::<u32>()?)
}

/// Async; what it records is plain values.
#[cfg_attr(feature = "traced", capture_method(annotate("Number" = costly(number))))]
pub async fn load(number: u32) -> u32 {
    #[cfg(feature = "traced")]
    tracer::put_annotation("Number", costly(number));
    #[cfg(not(feature = "traced"))]
    costly(number);
    turn().await;
    costly(number) + 1
}

/// A function that returns a future.
#[inline(never)]
#[cfg_attr(feature = "traced", capture_method)]
pub fn future(number: u32) -> impl Future<Output = u32> {
    let number = costly(number);
    async move { load(number).await }
}

/// A future in a subsegment.
#[cfg_attr(feature = "traced", capture_method)]
pub async fn nested(number: u32) -> u32 {
    let work = load(number);
    #[cfg(feature = "traced")]
    let work = work.in_subsegment("work");
    work.await
}

/// Names arguments and a function in the attribute only, and waits.
#[cfg_attr(
    feature = "traced",
    capture_lambda_handler(
        context = header,
        err = only_named,
        annotate("Number" = costly(number), "Text" = format!("{text}"))
    )
)]
#[cfg_attr(not(feature = "traced"), allow(unused_variables))]
pub async fn arguments_named_only(
    payload: u32,
    number: u32,
    text: String,
    header: &str,
) -> Result<u32, ParseIntError> {
    turn().await;
    turn().await;
    Ok(costly(payload))
}

/// What an `Err` means there.
#[inline(never)]
pub fn only_named(error: &ParseIntError) -> bool {
    costly(1) == 1 && error.to_string().is_empty()
}

/// Names a value in `annotate!` only, before it waits.
#[cfg_attr(feature = "traced", capture_method)]
pub async fn named_before_a_wait(number: u32) -> u32 {
    let _twice = costly(number) * 2;
    #[cfg(feature = "traced")]
    annotate!("Twice" = _twice);
    turn().await;
    costly(number)
}

/// Pending once.
pub async fn turn() {
    let mut is_second = false;
    std::future::poll_fn(|_| {
        if std::mem::replace(&mut is_second, true) { Poll::Ready(()) } else { Poll::Pending }
    })
    .await;
}

macro_rules! polled {
    ($($(#[$doc:meta])* $name:ident($($argument:ident: $type:ty),*) = $future:expr;)*) => {$(
        $(#[$doc])*
        #[inline(never)]
        pub fn $name($($argument: $type,)* task: &mut Context<'_>) -> (bool, usize) {
            let mut future = pin!($future);
            let size = size_of_val(&*future);
            let _ = black_box(future.as_mut().poll(task));
            (future.poll(task).is_ready(), size)
        }
    )*};
}

polled! {
    /// Polls [`async_handler`].
    poll_async_handler(payload: u32, header: String) = async_handler(payload, header);
    /// Polls [`load`].
    poll_load(number: u32) = load(number);
    /// Polls [`arguments_named_only`].
    poll_arguments_named_only(payload: u32, text: String, header: &str) = arguments_named_only(payload, 7, text, header);
    /// Polls [`future`].
    poll_future(number: u32) = future(number);
    /// Polls [`nested`].
    poll_nested(number: u32) = nested(number);
    /// Polls [`named_before_a_wait`].
    poll_named_before_a_wait(number: u32) = named_before_a_wait(number);
    /// Polls [`Order::send`].
    poll_send(order: Order) = order.send();
}
