//! Free functions: how they return, and what they take.

use std::error::Error;
use std::fmt::Debug;
use std::num::ParseIntError;
use std::sync::Mutex;

mod sync {
    use super::*;

    type Outcome<T> = Result<T, ParseIntError>;

    #[derive(Debug, PartialEq)]
    pub(super) struct Silent;

    both! {
        pub(super) fn unit(numbers: &mut Vec<u8>) { numbers.push(1); }
        pub(super) fn value(a: u8) -> u8 { a }
        pub(super) fn question_mark(text: &str) -> Result<u8, ParseIntError> { let number: u8 = text.parse()?; Ok(number) }
        pub(super) fn alias(text: &str) -> Outcome<u8> { text.parse() }
        pub(super) fn early_return(a: u8) -> u8 { if a > 3 { return 3; } a }
        pub(super) fn labelled(limit: u8) -> u8 {
            let mut n = 0;
            'outer: loop { for step in 1..3 { n += step; if n > limit { break 'outer; } } }
            n
        }
        pub(super) fn let_else(text: Option<&str>) -> usize { let Some(text) = text else { return 0 }; text.len() }
        pub(super) fn option(a: u8) -> Option<u8> { a.checked_add(250) }
        pub(super) fn mutates(mut a: u8) -> u8 { a += 1; a }
        pub(super) fn borrowed<'a>(words: &'a mut Vec<String>, word: &str) -> &'a mut String {
            words.push(word.to_owned());
            words.last_mut().expect("one was pushed")
        }
        pub(super) fn elided(text: &str) -> &str { text.trim() }
        pub(super) fn coerced(text: &str) -> Result<u8, Box<dyn Error + Send + Sync>> { Ok(text.parse()?) }
        pub(super) fn boxed_debug(a: u8) -> Box<dyn Debug> { if a == 0 { return Box::new("zero"); } Box::new(a) }
        pub(super) fn opaque(limit: u8) -> impl Iterator<Item = u64> { (0..limit).map(Into::into) }
        pub(super) fn opaque_in_result(limit: u8) -> Result<impl Iterator<Item = u8>, ParseIntError> { Ok(0..limit) }
        pub(super) fn opaque_closure() -> impl Fn(&str) -> usize { |text| text.len() }
        pub(super) fn unprintable(fails: bool) -> Result<Silent, Silent> { if fails { Err(Silent) } else { Ok(Silent) } }
        pub(super) fn generic<T, const N: usize>(value: &T) -> [T; N] where T: Clone + Debug { std::array::from_fn(|_| value.clone()) }
        pub(super) fn impl_argument(words: impl IntoIterator<Item = impl AsRef<str>>) -> usize { words.into_iter().map(|word| word.as_ref().len()).sum() }
        pub(super) fn tail_temporary(numbers: Mutex<Vec<u8>>) -> usize { numbers.lock().expect("not poisoned").len() }
        pub(super) fn patterns((a, _): (u8, u8), [b, ..]: [u8; 3], &c: &u8, _: u8, ref d: u8) -> u8 { a + b + c + *d }
        pub(super) fn attributes(#[cfg(all())] a: u8, #[cfg(any())] a: u16, #[allow(unused_variables)] b: u8) -> u8 { a }
        pub(super) fn underscored(_unused: String, a: u8) -> u8 { a }
        pub(super) fn recursive(n: u64) -> u64 { if n < 2 { n } else { recursive(n - 1) + recursive(n - 2) } }
        pub(super) fn r#type(r#in: u8) -> u8 { r#in }
        pub(super) extern "C" fn foreign(a: u8) -> u8 { a }
    }

    #[test]
    fn return_the_same() {
        assert_eq!(bare::value(1), traced::value(1));
        assert_eq!(bare::question_mark("x"), traced::question_mark("x"));
        assert_eq!(bare::question_mark("1"), traced::question_mark("1"));
        assert_eq!(bare::alias("x"), traced::alias("x"));
        assert_eq!(bare::early_return(9), traced::early_return(9));
        assert_eq!(bare::labelled(4), traced::labelled(4));
        assert_eq!(bare::let_else(None), traced::let_else(None));
        assert_eq!(bare::option(9), traced::option(9));
        assert_eq!(bare::mutates(9), traced::mutates(9));
        assert_eq!(bare::elided(" a "), traced::elided(" a "));
        assert_eq!(bare::opaque(3).sum::<u64>(), traced::opaque(3).sum::<u64>());
        assert_eq!(bare::opaque_closure()("abc"), traced::opaque_closure()("abc"));
        assert_eq!(bare::unprintable(true), traced::unprintable(true));
        assert_eq!(bare::unprintable(false), traced::unprintable(false));
        assert_eq!(bare::generic::<_, 2>(&'a'), traced::generic::<_, 2>(&'a'));
        assert_eq!(bare::impl_argument(["a", "bc"]), traced::impl_argument(["a", "bc"]));
        assert_eq!(bare::tail_temporary(Mutex::new(vec![1])), traced::tail_temporary(Mutex::new(vec![1])));
        assert_eq!(bare::patterns((1, 2), [3; 3], &4, 5, 6), traced::patterns((1, 2), [3; 3], &4, 5, 6));
        assert_eq!(bare::attributes(1, 2), traced::attributes(1, 2));
        assert_eq!(bare::underscored(String::new(), 2), traced::underscored(String::new(), 2));
        assert_eq!(bare::recursive(9), traced::recursive(9));
        assert_eq!(bare::r#type(9), traced::r#type(9));
        assert_eq!(bare::foreign(9), traced::foreign(9));
    }

    #[test]
    fn coerce_and_borrow_the_same() {
        let text =
            |result: Result<u8, Box<dyn Error + Send + Sync>>| result.map_err(|error| error.to_string());
        assert_eq!(text(bare::coerced("x")), text(traced::coerced("x")));
        assert_eq!(format!("{:?}", bare::boxed_debug(0)), format!("{:?}", traced::boxed_debug(0)));
        let sum = |result: Result<_, ParseIntError>| result.map(Iterator::sum::<u8>);
        assert_eq!(bare::opaque_in_result(3).map(Iterator::sum::<u8>), sum(traced::opaque_in_result(3)));
        let (mut of_bare, mut of_traced) = (vec![], vec![]);
        bare::borrowed(&mut of_bare, "a").push('b');
        traced::borrowed(&mut of_traced, "a").push('b');
        assert_eq!(of_bare, of_traced);
        let (mut of_bare, mut of_traced) = (vec![], vec![]);
        bare::unit(&mut of_bare);
        traced::unit(&mut of_traced);
        assert_eq!(of_bare, of_traced);
    }
}

mod asynchronous {
    use super::*;
    use crate::executor::{block_on, pause};

    both! {
        pub(super) async fn unit() { pause().await; }
        pub(super) async fn question_mark(text: &str) -> Result<u8, Box<dyn Error>> { pause().await; Ok(text.parse()?) }
        pub(super) async fn early_coercion(a: u8) -> Box<dyn Debug> { if a == 0 { return Box::new("zero"); } pause().await; Box::new(a) }
        pub(super) async fn borrowed<'a>(words: &'a mut Vec<String>) -> &'a mut String { pause().await; words.push(String::new()); words.last_mut().expect("pushed") }
        pub(super) async fn patterns((a, _): (u8, u8), mut b: u8, _: u8) -> u8 { b += a; pause().await; b }
        pub(super) async fn tail_temporary(numbers: Mutex<Vec<u8>>) -> usize { numbers.lock().expect("not poisoned").len() }
        pub(super) async fn opaque(limit: u8) -> impl Iterator<Item = u8> { pause().await; 0..limit }
        pub(super) async fn asks(ask: impl AsyncFn(u8) -> u8) -> u8 { ask(1).await }
        pub(super) async fn generic<T: Clone>(value: &T) -> (T, T) { pause().await; (value.clone(), value.clone()) }
        pub(super) async fn recursive(n: u8) -> u8 { if n == 0 { 0 } else { Box::pin(recursive(n - 1)).await + 1 } }
    }

    #[test]
    fn resolve_to_the_same() {
        block_on(async {
            bare::unit().await;
            traced::unit().await;
            for text in ["1", "x"] {
                let outcomes = (bare::question_mark(text).await, traced::question_mark(text).await);
                assert_eq!(format!("{:?}", outcomes.0), format!("{:?}", outcomes.1));
            }
            let (of_bare, of_traced) = (bare::early_coercion(0).await, traced::early_coercion(0).await);
            assert_eq!(format!("{of_bare:?}"), format!("{of_traced:?}"));
            assert_eq!(bare::patterns((1, 2), 3, 4).await, traced::patterns((1, 2), 3, 4).await);
            let numbers = || Mutex::new(vec![1]);
            assert_eq!(bare::tail_temporary(numbers()).await, traced::tail_temporary(numbers()).await);
            assert_eq!(bare::opaque(3).await.count(), traced::opaque(3).await.count());
            assert_eq!(bare::asks(async |a| a + 1).await, traced::asks(async |a| a + 1).await);
            assert_eq!(bare::generic(&1).await, traced::generic(&1).await);
            assert_eq!(bare::recursive(5).await, traced::recursive(5).await);
            let (mut of_bare, mut of_traced) = (vec![], vec![]);
            bare::borrowed(&mut of_bare).await.push('a');
            traced::borrowed(&mut of_traced).await.push('a');
            assert_eq!(of_bare, of_traced);
        });
    }
}
