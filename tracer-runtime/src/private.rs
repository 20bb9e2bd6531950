//! What the attributes' expansions name. Not for anyone else: it changes with each version.

#![allow(missing_docs, missing_debug_implementations)]

pub use core::convert::Into;
pub use core::option::Option;
pub use core::{concat, file, line, module_path};

pub use crate::ErrorFlag;
pub use crate::annotation::{checked_annotation_key, checked_metadata_key};

#[cfg(not(feature = "enable"))]
pub use crate::compiled_out::put_checked_annotation;

#[cfg(feature = "enable")]
pub use self::enabled::*;

#[cfg(feature = "enable")]
mod enabled {
    use std::pin::Pin;

    pub use crate::recording::callsite::{Callsite, Owner};
    pub use crate::recording::probe::*;
    pub use crate::recording::put_checked_annotation;
    pub use crate::recording::scope::Scope;
    pub use crate::recording::source::{
        Environment, Found, SeekAny, SeekInvocation, Sought, Source, Using, explicit_source, start_from,
    };
    pub use crate::recording::traced::{Annotations, Traced, TracedStream};
    pub use crate::{__find_source as source, __outcome as outcome};

    /// Whether what happens here is recorded.
    #[inline]
    #[must_use]
    pub fn recording() -> bool {
        crate::is_sampled()
    }

    /// Calls the body of a function that returns a future. Asking for `FnOnce` lets the body give its captures away.
    #[inline]
    pub fn once<R>(body: impl FnOnce() -> R) -> R {
        body()
    }

    #[inline]
    pub fn boxed<F>(future: F) -> Pin<Box<F>> {
        Box::pin(future)
    }
}
