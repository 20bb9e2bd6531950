//! Errors with sources, of which some panic where they are shown.

use std::error::Error;
use std::fmt;

use arbitrary::Arbitrary;

use crate::plan::Text;
use crate::recording::planned_panic;

#[derive(Debug, Arbitrary)]
pub(crate) struct FailurePlan<'a> {
    message: Text<'a>,
    sources: u8,
    panics: bool,
}

impl FailurePlan<'_> {
    pub(crate) fn failure(&self) -> Failure {
        let message = self.message.get();
        let link =
            |source: Option<Box<Failure>>| Failure { message: message.clone(), panics: self.panics, source };
        (0..self.sources % 16).fold(link(None), |source, _| link(Some(Box::new(source))))
    }
}

#[derive(Debug)]
pub(crate) struct Failure {
    message: String,
    panics: bool,
    source: Option<Box<Failure>>,
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)?;
        if self.panics { planned_panic("while it is shown".to_owned()) } else { Ok(()) }
    }
}

impl Error for Failure {
    fn source(&self) -> Option<&(dyn Error + 'static)> {
        self.source.as_deref().map(|source| source as _)
    }
}
