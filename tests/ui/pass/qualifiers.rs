#![deny(warnings, missing_docs, unsafe_op_in_unsafe_fn)]
//! `unsafe`, `extern`, visibility and every attribute that a function may have, each kept once.

use tracer_runtime::capture_method;

#[capture_method]
unsafe fn unsafe_one(of: *const u8) -> u8 {
    unsafe { *of }
}

#[capture_method]
async unsafe fn async_unsafe_one(of: &u8) -> u8 {
    *of
}

#[capture_method]
extern "C" fn foreign(a: u8) -> u8 {
    a
}

#[capture_method]
unsafe extern "C" fn unsafe_foreign(of: *const u8) -> u8 {
    unsafe { *of }
}

/// Documented.
#[inline]
#[must_use]
#[cfg_attr(all(), capture_method)]
pub fn documented(r#type: u8) -> u8 {
    #![allow(clippy::let_and_return)]
    let value = r#type;
    value
}

#[cfg(any())]
#[capture_method]
fn never_compiled() -> Missing {}

#[deprecated]
#[capture_method]
fn old() {}

#[test]
#[capture_method]
fn test_above() {}

#[capture_method]
#[test]
fn test_below() {}

#[capture_method]
#[expect(unused_variables)]
fn expected(a: u8, #[expect(unused_mut)] mut b: u8) {}

#[capture_method]
fn main() {
    let of = 1;
    assert_eq!(unsafe { unsafe_one(&of) + unsafe_foreign(&of) }, 2);
    drop(unsafe { async_unsafe_one(&of) });
    assert_eq!(foreign(1) + documented(1), 2);
    expected(1, 2);
    #[allow(deprecated)]
    old();
}
