//! A panic has the bare function's message and place.

use std::cell::RefCell;
use std::future::Future;
use std::panic::{AssertUnwindSafe, PanicHookInfo, catch_unwind, set_hook, take_hook};
use std::sync::Once;

use crate::executor::{block_on, pause};
use crate::places::assert_unchanged;

/// What a panic hook is told.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Panic {
    pub(crate) message: String,
    pub(crate) place: String,
}

thread_local! {
    /// The last panic of this thread, while it is looked for.
    static SEEN: RefCell<Option<Vec<Panic>>> = const { RefCell::new(None) };
}

fn see(info: &PanicHookInfo<'_>, before: &dyn Fn(&PanicHookInfo<'_>)) {
    let seen = SEEN.with_borrow_mut(|seen| {
        let seen = seen.as_mut()?;
        let payload = info.payload();
        let text = payload.downcast_ref::<&str>().copied();
        let text = text.or_else(|| payload.downcast_ref::<String>().map(String::as_str));
        let message = text.unwrap_or("no text").to_owned();
        seen.push(Panic { message, place: info.location().map(ToString::to_string).unwrap_or_default() });
        Some(())
    });
    if seen.is_none() {
        before(info);
    }
}

/// What `run` returned, or the one panic that it ended with.
pub(crate) fn panic_of<R>(run: impl FnOnce() -> R) -> Result<R, Panic> {
    static HOOK: Once = Once::new();
    HOOK.call_once(|| {
        let before = take_hook();
        set_hook(Box::new(move |info| see(info, &*before)));
    });
    SEEN.set(Some(Vec::new()));
    let outcome = catch_unwind(AssertUnwindSafe(run));
    let seen = SEEN.take().unwrap_or_default();
    outcome.map_err(|_| {
        let [panic] = &seen[..] else { panic!("the hook is called once: {seen:?}") };
        panic.clone()
    })
}

#[track_caller]
fn must_be_even(number: u8) -> u8 {
    assert!(number.is_multiple_of(2), "{number} is odd");
    number
}

struct PanicsWhenDropped;

impl Drop for PanicsWhenDropped {
    fn drop(&mut self) {
        panic!("dropped");
    }
}

both! {
    pub(super) fn says(text: &str) -> u8 { panic!("no {text}") }
    pub(super) fn unwraps(number: Option<u8>) -> u8 { number.unwrap() }
    pub(super) fn expects(text: &str) -> u8 { text.parse().expect("a number") }
    pub(super) fn indexes(numbers: &[u8], at: usize) -> u8 { numbers[at] }
    pub(super) fn overflows(a: u8, b: u8) -> u8 { a + b }
    pub(super) fn divides(a: u8, b: u8) -> u8 { a / b }
    pub(super) fn asserts(a: u8) -> u8 { assert_eq!(a, 1, "not one"); a }
    pub(super) fn of_its_callee(a: u8) -> u8 { must_be_even(a) }
    #[track_caller]
    pub(super) fn of_its_caller(a: u8) -> u8 { must_be_even(a) }
    pub(super) fn between(a: u8) -> u8 { of_its_caller(a) }
    pub(super) fn without_text(a: u8) -> u8 { if a == 1 { std::panic::panic_any(a) } a }
    pub(super) fn with_argument(_dropped: PanicsWhenDropped) -> u8 { 1 }
    pub(super) fn with_local() -> u8 { let _dropped = PanicsWhenDropped; 1 }
    pub(super) fn exhausted(text: &str) -> ! { unreachable!("with {text}") }
    pub(super) fn in_an_iterator() -> impl Iterator<Item = u8> { (0..3).map(must_be_even) }
    pub(super) fn in_a_closure() -> impl Fn(u8) -> u8 { |a| must_be_even(a) }
    pub(super) async fn later(text: &str) -> u8 { pause().await; panic!("no {text}") }
    pub(super) async fn later_unwraps(number: Option<u8>) -> u8 { pause().await; number.unwrap() }
    pub(super) async fn later_of_its_callee(a: u8) -> u8 { pause().await; must_be_even(a) }
    pub(super) async fn later_with_argument(_dropped: PanicsWhenDropped) -> u8 { pause().await; 1 }
    pub(super) async fn later_below(text: &str) -> u8 { pause().await; later(text).await }
    pub(super) fn before_the_future(text: &str) -> impl Future<Output = u8> { let number: u8 = text.parse().expect("a number"); async move { number } }
    pub(super) fn in_the_future(text: &str) -> impl Future<Output = u8> + use<'_> { async move { pause().await; text.parse().expect("a number") } }
}

macro_rules! same {
    ($($function:ident($($argument:expr),*);)*) => {
        $(assert_unchanged(
            || panic_of(|| bare::$function($($argument),*)),
            || panic_of(|| traced::$function($($argument),*)),
        );)*
    };
}

#[test]
fn a_panic_says_the_same_from_the_same_place() {
    same! {
        says("way");
        unwraps(None);
        expects("x");
        indexes(&[1], 3);
        overflows(200, std::hint::black_box(100));
        divides(1, std::hint::black_box(0));
        asserts(2);
        of_its_callee(3);
        between(3);
        without_text(1);
        with_argument(PanicsWhenDropped);
        with_local();
    }
}

#[test]
fn a_panic_in_what_is_returned_says_the_same_from_the_same_place() {
    assert_unchanged(
        || panic_of(|| bare::in_an_iterator().sum::<u8>()),
        || panic_of(|| traced::in_an_iterator().sum::<u8>()),
    );
    assert_unchanged(|| panic_of(|| bare::in_a_closure()(1)), || panic_of(|| traced::in_a_closure()(1)));
}

#[test]
fn a_panic_blames_the_caller_where_the_bare_function_does() {
    let calls: [fn(u8) -> u8; 2] = [|a| bare::of_its_caller(a), |a| traced::of_its_caller(a)];
    let line =
        |call: fn(u8) -> u8| panic_of(|| call(3)).unwrap_err().place.split(':').nth(1).map(str::to_owned);
    assert_unchanged(|| line(calls[0]), || line(calls[1]));
}

#[test]
fn an_endless_function_panics_the_same() {
    let bare = || panic_of(|| -> u8 { bare::exhausted("it") }).unwrap_err();
    assert_unchanged(bare, || panic_of(|| -> u8 { traced::exhausted("it") }).unwrap_err());
}

#[test]
fn a_future_panics_the_same_from_the_same_place() {
    macro_rules! same_later {
        ($($function:ident($($argument:expr),*);)*) => {
            $(assert_unchanged(
                || panic_of(|| block_on(bare::$function($($argument),*))).unwrap_err(),
                || panic_of(|| block_on(traced::$function($($argument),*))).unwrap_err(),
            );)*
        };
    }
    same_later! {
        later("way");
        later_unwraps(None);
        later_of_its_callee(3);
        later_with_argument(PanicsWhenDropped);
        later_below("way");
        before_the_future("x");
        in_the_future("x");
    }
}
