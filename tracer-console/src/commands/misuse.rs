//! What was asked for in a wrong way: the program ends with 2, as where a flag is unknown.

use std::process::ExitCode;

use super::Failure;

/// A request that makes no sense, whatever is there.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub(crate) struct Misuse(String);

/// What clap ends with.
const MISUSED: u8 = 2;

impl Misuse {
    pub(crate) fn of(said: impl Into<String>) -> Failure {
        Box::new(Self(said.into()))
    }
}

/// What the program ends with.
pub(crate) fn exit_code(failure: &Failure) -> ExitCode {
    if failure.is::<Misuse>() { ExitCode::from(MISUSED) } else { ExitCode::FAILURE }
}
