//! What a function returned, told apart by its type without asking for a bound: autoref specialisation.
//!
//! Each trait here is implemented for a different number of references, and method resolution takes the first that
//! fits. It sees the concrete types of the function that the attribute stands on, so in a generic function only what
//! the bounds say.

// Public for the expansions only, through `__private`.
#![allow(missing_docs, missing_debug_implementations)]

use std::error::Error;
use std::fmt::{Debug, Display};
use std::ops::Deref;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Mutex, RwLock};

use serde::Serialize;

use super::exception::Exceptions;
use super::scope::Scope;
use crate::error_flag::ErrorFlag;

/// The outcome of a call, as its type tells it.
#[derive(Debug)]
pub enum Seen<'a, V: ?Sized, E: ?Sized> {
    Value(&'a V),
    Failure(&'a E),
    Nothing,
}

/// Stands for the error of a type that has none.
#[derive(Debug)]
pub enum NoError {}

/// A returned value of any type.
#[derive(Debug)]
pub struct Returned<'a, R: ?Sized>(pub &'a R);

pub trait SeeResult<'a> {
    type Value;
    type Failure;
    fn see(&self) -> Seen<'a, Self::Value, Self::Failure>;
}

impl<'a, V, E> SeeResult<'a> for &&Returned<'a, Result<V, E>> {
    type Value = V;
    type Failure = E;

    fn see(&self) -> Seen<'a, V, E> {
        match self.0 {
            Ok(value) => Seen::Value(value),
            Err(error) => Seen::Failure(error),
        }
    }
}

pub trait SeeOption<'a> {
    type Value;
    fn see(&self) -> Seen<'a, Self::Value, NoError>;
}

impl<'a, V> SeeOption<'a> for &Returned<'a, Option<V>> {
    type Value = V;

    fn see(&self) -> Seen<'a, V, NoError> {
        self.0.as_ref().map_or(Seen::Nothing, Seen::Value)
    }
}

pub trait SeeAny<'a> {
    type Value: ?Sized;
    fn see(&self) -> Seen<'a, Self::Value, NoError>;
}

impl<'a, V: ?Sized> SeeAny<'a> for Returned<'a, V> {
    type Value = V;

    fn see(&self) -> Seen<'a, V, NoError> {
        Seen::Value(self.0)
    }
}

/// A value to record as the response.
#[derive(Debug)]
pub struct Value<'a, V: ?Sized>(pub &'a V);

pub trait RespondLocked {
    fn respond(&self, scope: &Scope);
}

/// A lock that others have, too: its `Serialize` waits for whoever holds it, perhaps the caller.
impl<V> RespondLocked for &&Value<'_, V>
where
    V: Deref,
    V::Target: Lock,
{
    fn respond(&self, _: &Scope) {}
}

pub trait Lock {}

impl<T: ?Sized> Lock for Mutex<T> {}
impl<T: ?Sized> Lock for RwLock<T> {}

pub trait RespondSerialized {
    fn respond(&self, scope: &Scope);
}

impl<V: Serialize + ?Sized> RespondSerialized for &Value<'_, V> {
    fn respond(&self, scope: &Scope) {
        scope.respond(self.0);
    }
}

pub trait RespondNothing {
    fn respond(&self, scope: &Scope);
}

impl<V: ?Sized> RespondNothing for Value<'_, V> {
    fn respond(&self, _: &Scope) {}
}

/// The bound behind `capture_response = true`.
#[diagnostic::on_unimplemented(
    message = "`capture_response = true` needs a return value that can be serialised, and `{Self}` cannot",
    label = "implement or derive `serde::Serialize` for `{Self}`, or leave `capture_response = true` out"
)]
pub trait Response: Serialize {}

impl<V: Serialize + ?Sized> Response for V {}

/// Records a value whose function demands that it be recorded.
pub fn respond_required<V: Response + ?Sized>(value: &V, scope: &Scope) {
    scope.respond(value);
}

/// An error to record.
#[derive(Debug)]
pub struct Failure<'a, E: ?Sized>(pub &'a E);

/// What the user's predicate says of an error; nothing where it panics, which must not change the function.
pub fn flag_of(decide: impl FnOnce() -> ErrorFlag) -> Option<ErrorFlag> {
    catch_unwind(AssertUnwindSafe(decide)).ok()
}

pub trait FailDyn {
    fn fail(&self, scope: &Scope, flag: Option<ErrorFlag>);
}

/// `Box<dyn Error>`, `anyhow::Error` and the like, which are no `Error` themselves.
impl<E> FailDyn for &&&&Failure<'_, E>
where
    E: Deref,
    E::Target: DynError,
{
    fn fail(&self, scope: &Scope, flag: Option<ErrorFlag>) {
        scope.fail(flag, || Exceptions::of_dyn_error((**self.0).as_error()));
    }
}

/// `dyn Error` with any mixture of auto traits.
pub trait DynError {
    fn as_error(&self) -> &(dyn Error + '_);
}

macro_rules! dyn_errors {
    ($($dyn:ty)*) => {$(
        impl DynError for $dyn {
            fn as_error(&self) -> &(dyn Error + '_) {
                self
            }
        }
    )*};
}

dyn_errors!(dyn Error + '_ dyn Error + Send + '_ dyn Error + Sync + '_ dyn Error + Send + Sync + '_);

pub trait FailError {
    fn fail(&self, scope: &Scope, flag: Option<ErrorFlag>);
}

impl<E: Error + ?Sized> FailError for &&&Failure<'_, E> {
    fn fail(&self, scope: &Scope, flag: Option<ErrorFlag>) {
        scope.fail(flag, || Exceptions::of_error(self.0));
    }
}

pub trait FailDisplay {
    fn fail(&self, scope: &Scope, flag: Option<ErrorFlag>);
}

impl<E: Display + ?Sized> FailDisplay for &&Failure<'_, E> {
    fn fail(&self, scope: &Scope, flag: Option<ErrorFlag>) {
        scope.fail(flag, || Exceptions::of_text(self.0, self.0));
    }
}

pub trait FailDebug {
    fn fail(&self, scope: &Scope, flag: Option<ErrorFlag>);
}

impl<E: Debug + ?Sized> FailDebug for &Failure<'_, E> {
    fn fail(&self, scope: &Scope, flag: Option<ErrorFlag>) {
        scope.fail(flag, || Exceptions::of_text(self.0, format_args!("{:?}", self.0)));
    }
}

pub trait FailUnknown {
    fn fail(&self, scope: &Scope, flag: Option<ErrorFlag>);
}

impl<E: ?Sized> FailUnknown for Failure<'_, E> {
    fn fail(&self, scope: &Scope, flag: Option<ErrorFlag>) {
        scope.fail(flag, || Exceptions::of_text(self.0, "an error that prints nothing"));
    }
}

/// Most returned values: the scope ends where the function returns.
#[derive(Debug)]
pub struct AsIs;

impl AsIs {
    #[inline]
    pub fn end<R>(self, scope: &mut Scope, returned: R) -> R {
        scope.close();
        returned
    }
}

/// A response whose body is streamed after the function returned; the feature `lambda` implements it.
pub trait EndsOfBody {
    type Kind;
    fn kind(&self) -> Self::Kind;
}

/// A response of any stream, where the function's signature hides its type; the feature `lambda` implements it.
pub trait EndsOfStream {
    type Kind;
    fn kind(&self) -> Self::Kind;
}

pub trait EndsHere {
    fn kind(&self) -> AsIs;
}

impl<R: ?Sized> EndsHere for Returned<'_, R> {
    fn kind(&self) -> AsIs {
        AsIs
    }
}

/// Closes the scope, or hands it to the body that is still to be streamed.
#[doc(hidden)]
#[macro_export]
macro_rules! __end {
    (opaque, $scope:expr, $returned:expr) => {{
        use $crate::__private::{EndsHere as _, EndsOfBody as _, EndsOfStream as _};
        let kind = (&&&&$crate::__private::Returned(&$returned)).kind();
        kind.end(&mut $scope, $returned)
    }};
    (named, $scope:expr, $returned:expr) => {{
        use $crate::__private::{EndsHere as _, EndsOfBody as _};
        let kind = (&&&&$crate::__private::Returned(&$returned)).kind();
        kind.end(&mut $scope, $returned)
    }};
}

/// Records what a call returned and closes its scope. `opaque` first where the return type contains `impl Stream`.
#[doc(hidden)]
#[macro_export]
macro_rules! __outcome {
    (opaque, $scope:expr, $returned:expr, $response:ident, none) => {
        $crate::__outcome!(@ opaque, $scope, $returned, $response, none)
    };
    (opaque, $scope:expr, $returned:expr, $response:ident, $predicate:path) => {
        $crate::__outcome!(@ opaque, $scope, $returned, $response, ($predicate))
    };
    ($scope:expr, $returned:expr, $response:ident, none) => {
        $crate::__outcome!(@ named, $scope, $returned, $response, none)
    };
    ($scope:expr, $returned:expr, $response:ident, $predicate:path) => {
        $crate::__outcome!(@ named, $scope, $returned, $response, ($predicate))
    };
    (@ $kind:ident, $scope:expr, $returned:expr, $response:ident, $predicate:tt) => {{
        use $crate::__private::{
            FailDebug as _, FailDisplay as _, FailDyn as _, FailError as _, FailUnknown as _, RespondLocked as _,
            RespondNothing as _, RespondSerialized as _, SeeAny as _, SeeOption as _, SeeResult as _,
        };
        // The scope stays where it is: moving it would copy it, also where nothing is recorded.
        let returned = $returned;
        if $scope.is_recording() {
            match (&&&$crate::__private::Returned(&returned)).see() {
                $crate::__private::Seen::Value(value) => $crate::__respond!($response, value, $scope),
                $crate::__private::Seen::Failure(error) => {
                    let flag = $crate::__flag!($predicate, error);
                    (&&&&&$crate::__private::Failure(error)).fail(&$scope, flag)
                }
                $crate::__private::Seen::Nothing => {}
            }
        }
        $crate::__end!($kind, $scope, returned)
    }};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __respond {
    (detect, $value:expr, $scope:expr) => {
        (&&&$crate::__private::Value($value)).respond(&$scope)
    };
    (required, $value:expr, $scope:expr) => {
        $crate::__private::respond_required($value, &$scope)
    };
    (skip, $value:expr, $scope:expr) => {{
        let _ = $value;
    }};
}

#[doc(hidden)]
#[macro_export]
macro_rules! __flag {
    (none, $error:expr) => {
        $crate::__private::Option::None
    };
    (($predicate:path), $error:expr) => {
        $crate::__private::flag_of(|| $crate::__private::Into::into($predicate($error)))
    };
}
