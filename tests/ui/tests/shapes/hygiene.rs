//! Nothing in the user's scope disturbs the expansion, and nothing in the expansion disturbs the user.

use tracer_runtime::capture_method;

use crate::executor::block_on;

#[capture_method(annotate("A" = __arg0))]
fn named_like_ours(__scope: u8, __ret: u8, __guard: u8, __arg0: u8) -> u8 {
    __scope + __ret + __guard + __arg0
}

#[capture_method]
async fn named_like_ours_async(__pin: u8, __ret: u8, (__arg0, __arg2): (u8, u8)) -> u8 {
    __pin + __ret + __arg0 + __arg2
}

mod shadowed {
    #![allow(dead_code, non_camel_case_types)]

    pub(super) struct Ok;
    pub(super) struct Err;
    pub(super) struct Some;
    pub(super) struct None;
    pub(super) struct Result;
    pub(super) struct Option;
    pub(super) struct Box;
    pub(super) struct String;
    pub(super) struct Clone;
    mod core {}
    mod std {}
    mod tracer_runtime {}

    #[::tracer_runtime::capture_method(annotate("A" = a))]
    pub(super) fn sync(a: u8) -> ::std::result::Result<u8, ::std::string::String> {
        ::std::result::Result::Ok(a)
    }

    #[::tracer_runtime::capture_method]
    pub(super) async fn asynchronous(a: u8) -> u8 {
        a
    }

    #[::tracer_runtime::capture_lambda_handler(context = env)]
    pub(super) async fn handler() -> u8 {
        1
    }
}

#[test]
fn names_do_not_clash() {
    assert_eq!(named_like_ours(1, 2, 3, 4), 10);
    assert_eq!(block_on(named_like_ours_async(1, 2, (3, 4))), 10);
    assert_eq!(shadowed::sync(1), Ok(1));
    assert_eq!(block_on(shadowed::asynchronous(1)), 1);
    assert_eq!(block_on(shadowed::handler()), 1);
}

macro_rules! written_by_a_macro {
    ($name:ident, $argument:ident: $ty:ty, $body:block) => {
        #[capture_method(name = "made")]
        fn $name($argument: $ty) -> $ty $body
    };
    (expression $name:ident, $value:expr) => {
        #[capture_method(annotate("Value" = $value))]
        fn $name() -> u8 {
            let a = 1;
            a + $value
        }
    };
}

written_by_a_macro!(doubled, number: u8, { number * 2 });
written_by_a_macro!(expression added, 2);

macro_rules! tracer {
    ($($rest:tt)*) => { #[capture_method(crate = ::tracer_runtime)] $($rest)* };
}

tracer! {
    /// Documented once.
    #[must_use]
    #[inline]
    fn through_tokens(a: u8) -> u8 { #![allow(unused_parens)] (a) }
}

#[test]
fn functions_may_be_written_by_macros() {
    assert_eq!(doubled(2), 4);
    assert_eq!(added(), 3);
    assert_eq!(through_tokens(5), 5);
}
