//! The compiler finds the same traits and the same lifetimes.

use std::cell::Cell;
use std::future::Future;
use std::marker::PhantomData;
use std::panic::{RefUnwindSafe, UnwindSafe};
use std::rc::Rc;
use std::sync::{Mutex, MutexGuard};

use futures_util::{Stream, stream};

use crate::executor::{block_on, pause};
use crate::places::assert_unchanged;

/// A type that is asked for its auto traits: its own methods say yes, where there are any.
struct Asked<T>(PhantomData<T>);

fn ask<T>(_: &T) -> Asked<T> {
    Asked(PhantomData)
}

trait Otherwise {
    fn is_send(&self) -> bool {
        false
    }
    fn is_sync(&self) -> bool {
        false
    }
    fn is_unpin(&self) -> bool {
        false
    }
    fn is_unwind_safe(&self) -> bool {
        false
    }
    fn is_ref_unwind_safe(&self) -> bool {
        false
    }
}

impl<T> Otherwise for Asked<T> {}

impl<T: Send> Asked<T> {
    fn is_send(&self) -> bool {
        true
    }
}

impl<T: Sync> Asked<T> {
    fn is_sync(&self) -> bool {
        true
    }
}

impl<T: Unpin> Asked<T> {
    fn is_unpin(&self) -> bool {
        true
    }
}

impl<T: UnwindSafe> Asked<T> {
    fn is_unwind_safe(&self) -> bool {
        true
    }
}

impl<T: RefUnwindSafe> Asked<T> {
    fn is_ref_unwind_safe(&self) -> bool {
        true
    }
}

both! {
    pub(super) async fn nothing() -> u8 { pause().await; 1 }
    pub(super) async fn text(text: &str) -> usize { pause().await; text.len() }
    pub(super) async fn counted(number: Rc<u8>) -> u8 { pause().await; *number }
    pub(super) async fn counted_before(number: Rc<u8>) -> u8 { let number = *number; number }
    pub(super) async fn cell(number: Cell<u8>) -> u8 { pause().await; number.get() }
    pub(super) async fn guard(guard: MutexGuard<'_, u8>) -> u8 { pause().await; *guard }
    pub(super) async fn generic<T: Clone>(value: T) -> T { pause().await; value }
    pub(super) async fn returns_local() -> Rc<u8> { pause().await; Rc::new(1) }
    pub(super) async fn below() -> u8 { nothing().await }
    pub(super) fn opaque(number: u8) -> impl Future<Output = u8> { async move { pause().await; number } }
    pub(super) fn ready(number: u8) -> impl Future<Output = u8> { std::future::ready(number) }
    pub(super) fn local(number: Rc<u8>) -> impl Future<Output = Rc<u8>> { std::future::ready(number) }
    pub(super) fn items(number: u8) -> impl Stream<Item = u8> { stream::iter(0..number) }
    pub(super) fn later_items(number: u8) -> impl Stream<Item = u8> { stream::once(nothing_of(number)) }
    pub(super) fn iterator(number: Rc<u8>) -> impl Iterator<Item = u8> { (0..*number).map(move |n| n + *number) }
    pub(super) fn closure(number: Cell<u8>) -> impl Fn() -> u8 { move || number.get() }
    pub(super) fn elided(text: &str) -> &str { text.trim() }
    pub(super) fn named<'a>(text: &'a str, _other: &str) -> &'a str { text }
    pub(super) fn late<'a, 'b>(text: &'a str, numbers: &'b [u8]) -> (&'b u8, &'a str) { (&numbers[0], text) }
}

async fn nothing_of(number: u8) -> u8 {
    pause().await;
    number
}

macro_rules! same_traits {
    ($($method:ident: $($function:ident($($argument:expr),*),)*;)*) => {$($({
        let of_bare = ask(&bare::$function($($argument),*)).$method();
        let of_traced = ask(&traced::$function($($argument),*)).$method();
        assert_eq!(of_traced, of_bare, "{} of {}", stringify!($method), stringify!($function));
    })*)*};
}

macro_rules! of_each_function {
    ($($method:ident)*) => {
        same_traits! {$(
            $method:
                nothing(), text("a"), counted(Rc::new(1)), counted_before(Rc::new(1)), cell(Cell::new(1)),
                guard(Mutex::new(1).lock().unwrap()), generic(1), generic(Rc::new(1)), returns_local(), below(),
                opaque(1), ready(1), local(Rc::new(1)), items(1), later_items(1), iterator(Rc::new(1)),
                closure(Cell::new(1)),;
        )*}
    };
}

#[test]
fn what_is_returned_is_send_sync_and_unpin_where_the_bare_functions_is() {
    of_each_function!(is_send is_sync is_unpin);
}

#[test]
fn what_is_returned_is_unwind_safe_where_the_bare_functions_is() {
    of_each_function!(is_unwind_safe is_ref_unwind_safe);
}

#[test]
fn the_question_for_traits_knows_yes_and_no() {
    assert!(ask(&1).is_send() && ask(&1).is_sync() && ask(&1).is_unpin());
    assert!(!ask(&Rc::new(1)).is_send() && !ask(&Cell::new(1)).is_sync());
    assert!(!ask(&bare::nothing()).is_unpin() && !ask(&&mut 1).is_unwind_safe());
}

#[test]
fn lifetimes_are_as_general_as_the_bare_functions() {
    type Elided = for<'a> fn(&'a str) -> &'a str;
    type Named = for<'a, 'b> fn(&'a str, &'b str) -> &'a str;
    type Late = for<'a, 'b> fn(&'a str, &'b [u8]) -> (&'b u8, &'a str);
    let (elided, named, late): (Elided, Named, Late) = (traced::elided, traced::named, traced::late);
    assert_unchanged(|| bare::elided(" a "), || elided(" a "));
    assert_unchanged(|| bare::named("a", "b"), || named("a", &String::from("b")));
    assert_unchanged(|| bare::late("a", &[1]), || late("a", &[1]));
    let lengths = async |length: &dyn AsyncLength| length.of(&String::from("abc")).await;
    assert_unchanged(|| 3, || block_on(lengths(&())));
}

/// An `async fn` that is called with a borrow that ends before the caller does.
trait AsyncLength {
    fn of<'a>(&self, text: &'a str) -> std::pin::Pin<Box<dyn Future<Output = usize> + Send + 'a>> {
        Box::pin(traced::text(text))
    }
}

impl AsyncLength for () {}
