//! One traced call: current while the function runs, closed however it ends.

// Public for the expansions only, through `__private`.
#![allow(missing_docs, missing_debug_implementations)]

use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};

use super::callsite::{Callsite, Owner};
use super::context::{self, Current, Here};
use super::exception::Exceptions;
use super::open::Open;
use super::source::{Source, Using};
use crate::error_flag::ErrorFlag;

/// An open subsegment that is current, or nothing where nothing is recorded.
#[must_use = "the subsegment ends when this is dropped"]
pub struct Scope {
    open: Option<Entered>,
}

struct Entered {
    previous: Current,
    open: Open,
    was_panicking: bool,
}

impl Open {
    /// Makes the subsegment current.
    #[inline]
    pub(crate) fn enter(self) -> Scope {
        let previous = context::replace(Current::At(*self.place));
        Scope { open: Some(Entered { previous, open: self, was_panicking: std::thread::panicking() }) }
    }
}

impl Scope {
    /// A function, as a constant would be copied whole.
    #[inline]
    pub(crate) fn inert() -> Self {
        Self { open: None }
    }

    #[inline]
    pub(crate) fn enter(open: Option<Open>) -> Self {
        open.map_or_else(Self::inert, Open::enter)
    }

    #[inline]
    pub fn method(callsite: &'static Callsite, owner: Owner, using: Using<'_>) -> Self {
        match context::here() {
            Here::Unrecorded => Self::inert(),
            Here::Nowhere if using.is_off() => Self::inert(),
            Here::Nowhere | Here::Recording => Self::of_method(callsite, owner, using),
        }
    }

    fn of_method(callsite: &'static Callsite, owner: Owner, using: Using<'_>) -> Self {
        Self::enter(Open::method(callsite, owner, using))
    }

    // By value, so that an expansion needs no name for it.
    #[allow(clippy::needless_pass_by_value)]
    pub fn handler(callsite: &'static Callsite, owner: Owner, using: Using<'_>, source: Source<'_>) -> Self {
        Self::enter(Open::handler(callsite, owner, using, &source))
    }

    #[inline]
    #[must_use]
    pub fn is_recording(&self) -> bool {
        self.open.as_ref().is_some_and(|entered| entered.open.is_recorded())
    }

    /// Runs the function's body. A panic is recorded with its text and goes on.
    #[inline]
    pub fn call<R>(&self, body: impl FnOnce() -> R) -> R {
        let Some(entered) = self.open.as_ref().filter(|entered| entered.open.is_recorded()) else {
            return body();
        };
        // The panic goes on, so nobody sees what it left half-done here.
        match catch_unwind(AssertUnwindSafe(body)) {
            Ok(result) => result,
            Err(payload) => {
                entered.open.record_panic(&*payload);
                resume_unwind(payload)
            }
        }
    }

    pub(crate) fn open(&self) -> Option<&Open> {
        self.open.as_ref().map(|entered| &entered.open)
    }

    /// Records the value that the function returned.
    #[inline]
    pub fn respond<T: serde::Serialize + ?Sized>(&self, value: &T) {
        if let Some(open) = self.open().filter(|open| open.capture_response) {
            open.put_response(value);
        }
    }

    /// Records the error that the function returned; `flag` is the predicate's word, if there is one.
    pub(crate) fn fail(&self, flag: Option<ErrorFlag>, exceptions: impl FnOnce() -> Exceptions) {
        if let Some(open) = self.open() {
            let of_callsite = || open.callsite.map_or(ErrorFlag::Fault, |callsite| callsite.error_flag);
            open.record_error(flag.unwrap_or_else(of_callsite), exceptions);
        }
    }

    /// Records an error that only prints.
    #[cfg(feature = "lambda")]
    pub(crate) fn fail_with_text<E: std::fmt::Display>(&self, error: &E) {
        self.fail(None, || Exceptions::of_text(error, error));
    }

    /// Stops being current without closing: a future that is not ready.
    pub(crate) fn leave(&mut self) -> Option<Open> {
        let entered = self.open.take()?;
        context::replace(entered.previous);
        Some(entered.open)
    }

    /// Closes the subsegment.
    #[inline]
    pub fn close(&mut self) {
        if self.open.is_some() {
            self.finish();
        }
    }

    fn finish(&mut self) {
        let Some(entered) = self.open.take() else { return };
        if std::thread::panicking() && !entered.was_panicking {
            entered.open.place.flag(ErrorFlag::Fault);
        }
        context::replace(entered.previous);
        entered.open.close();
    }

    /// Closes the subsegment of a future that was dropped before its end (P10).
    pub(crate) fn cancel(self) {
        if let Some(open) = self.open() {
            open.put_cancelled();
        }
    }
}

impl Drop for Scope {
    #[inline]
    fn drop(&mut self) {
        self.close();
    }
}
