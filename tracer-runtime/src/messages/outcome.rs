//! What the work on a message comes to: how its error is shown.

use std::error::Error;
use std::ops::Deref;

#[cfg(feature = "enable")]
use crate::recording::exception::Exceptions;
#[cfg(feature = "enable")]
use crate::recording::scope::Scope;

/// What the work on messages may return: `()`, or a `Result` whose error can be recorded.
///
/// That is one that implements [`Error`], a `Box<dyn Error>`, `anyhow::Error` and the like, `String` and `&'static str`. Only this
/// crate implements it; the compiler finds the `Kind`.
///
/// ```
/// use tracer_runtime::messages::{Envelope, record_subsegment};
///
/// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
/// let message = Envelope::default();
/// record_subsegment(&message, async {}).await;
/// record_subsegment(&message, async { "7".parse::<u8>() }).await?;
/// record_subsegment(&message, async { Ok::<_, Box<dyn std::error::Error + Send + Sync>>(7) }).await?;
/// record_subsegment(&message, async { Err::<(), _>("no") }).await.unwrap_err();
/// # Ok::<(), Box<dyn std::error::Error + Send + Sync>>(())
/// # }).unwrap();
/// ```
#[diagnostic::on_unimplemented(
    message = "the work on a message returns `()` or a `Result` whose error can be recorded, and `{Self}` is neither",
    label = "this comes of the work",
    note = "return a `Result` whose error implements `std::error::Error`, or is a `Box<dyn Error>`, an `anyhow::Error`, a \
            `String` or a `&'static str`"
)]
pub trait Outcome<Kind> {
    #[doc(hidden)]
    #[cfg(feature = "enable")]
    fn record_on(&self, scope: &Scope);
}

/// How an outcome tells its error.
pub mod kind {
    #![allow(missing_docs, missing_debug_implementations)]

    pub enum Nothing {}
    pub enum OfError {}
    pub enum OfDynError {}
    pub enum OfSendDynError {}
    pub enum OfSendSyncDynError {}
    pub enum OfText {}
}

impl Outcome<kind::Nothing> for () {
    #[cfg(feature = "enable")]
    fn record_on(&self, _: &Scope) {}
}

impl<T, E: Error> Outcome<kind::OfError> for Result<T, E> {
    #[cfg(feature = "enable")]
    fn record_on(&self, scope: &Scope) {
        if let Err(error) = self {
            scope.fail(None, || Exceptions::of_error(error));
        }
    }
}

/// `Box<dyn Error>`, `anyhow::Error` and the like, which are no `Error` themselves.
macro_rules! dyn_errors {
    ($($kind:ident: $dyn:ty,)*) => {$(
        impl<T, E: Deref<Target = $dyn>> Outcome<kind::$kind> for Result<T, E> {
            #[cfg(feature = "enable")]
            fn record_on(&self, scope: &Scope) {
                if let Err(error) = self {
                    scope.fail(None, || Exceptions::of_dyn_error(&**error));
                }
            }
        }
    )*};
}

dyn_errors! {
    OfDynError: dyn Error + 'static,
    OfSendDynError: dyn Error + Send + 'static,
    OfSendSyncDynError: dyn Error + Send + Sync + 'static,
}

macro_rules! texts {
    ($($text:ty)*) => {$(
        impl<T> Outcome<kind::OfText> for Result<T, $text> {
            #[cfg(feature = "enable")]
            fn record_on(&self, scope: &Scope) {
                if let Err(text) = self {
                    scope.fail(None, || Exceptions::of_text(text, text));
                }
            }
        }
    )*};
}

texts!(String &'static str);
