//! How the errors of a client are recorded: with their sources, or as they print.

use std::any::Any;
use std::error::Error;
use std::fmt::{self, Display};

/// The errors of the client and of its bodies implement [`std::error::Error`], and are recorded with their sources.
///
/// ```
/// use tracer_runtime::http_client::{TracerLayer, Typed};
///
/// let layer: TracerLayer<Typed> = TracerLayer::new();
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Typed;

/// The errors of the client or of its bodies only print; boxed ones are recorded with their sources all the same.
///
/// ```
/// use tracer_runtime::http_client::{Printed, TracerLayer};
///
/// let layer: TracerLayer<Printed> = TracerLayer::new().printed_errors();
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct Printed;

/// Whether errors of type `E` can be recorded in this way: [`Typed`] or [`Printed`].
///
/// ```
/// use tracer_runtime::http_client::{Describe, Printed, Typed};
///
/// fn describes<K: Describe<E>, E>() {}
///
/// describes::<Typed, std::io::Error>();
/// describes::<Printed, Box<dyn std::error::Error + Send + Sync>>();
/// ```
#[diagnostic::on_unimplemented(
    message = "`{E}` is not an error whose sources can be recorded",
    note = "put the layer directly around the client, or say `TracerLayer::new().printed_errors()`"
)]
pub trait Describe<E>: sealed::Way {
    #[doc(hidden)]
    fn describe(error: &E, record: impl FnOnce(&(dyn Error + '_)));
}

mod sealed {
    pub trait Way {}
    impl Way for super::Typed {}
    impl Way for super::Printed {}
}

impl<E: Error> Describe<E> for Typed {
    fn describe(error: &E, record: impl FnOnce(&(dyn Error + '_))) {
        record(error);
    }
}

impl<E: Display + 'static> Describe<E> for Printed {
    fn describe(error: &E, record: impl FnOnce(&(dyn Error + '_))) {
        type Boxed = Box<dyn Error + Send + Sync>;
        match (error as &dyn Any).downcast_ref::<Boxed>() {
            Some(error) => record(&**error),
            None => record(&Text(error)),
        }
    }
}

/// Something printed, as an error.
struct Text<'a, E>(&'a E);

impl<E: Display> Display for Text<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.fmt(f)
    }
}

/// The name of the type, which is what is read from an error's `Debug`.
impl<E> fmt::Debug for Text<'_, E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = std::any::type_name::<E>();
        let path = name.split('<').next().unwrap_or(name);
        f.write_str(path.rsplit("::").next().unwrap_or(path))
    }
}

impl<E: Display> Error for Text<'_, E> {}

#[cfg(test)]
mod tests {
    use super::*;

    fn chain<K: Describe<E>, E>(error: &E) -> Vec<String> {
        let mut texts = Vec::new();
        K::describe(error, |error| {
            texts.push(format!("{error:?}: {error}"));
            let mut source = error.source();
            while let Some(error) = source {
                texts.push(error.to_string());
                source = error.source();
            }
        });
        texts
    }

    #[derive(Debug, thiserror::Error)]
    #[error("outside")]
    struct Outside(#[source] std::num::ParseIntError);

    #[test]
    fn typed_and_boxed_errors_are_described_with_their_sources() {
        let error = || Outside("x".parse::<u8>().unwrap_err());
        assert_eq!(chain::<Typed, _>(&error())[1..], ["invalid digit found in string"]);
        let boxed: Box<dyn Error + Send + Sync> = error().into();
        assert_eq!(chain::<Printed, _>(&boxed)[1..], ["invalid digit found in string"]);
    }

    #[test]
    fn what_only_prints_is_described_by_its_type_and_text() {
        assert_eq!(chain::<Printed, _>(&"busy".to_owned()), ["String: busy"]);
    }
}
