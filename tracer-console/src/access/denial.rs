//! Why a request is not answered.

/// What is wrong, and what to do.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum Denial {
    #[error(
        "{0:?} is no name of this console: ask it by its number or as localhost, or start it with --allow-host and the name"
    )]
    Host(String),
    #[error("pages of other sites ({0}) get no answers here; ask from a program")]
    Origin(String),
    #[error(
        "this console answers those who know its token: as `Authorization: Bearer TOKEN` (the commands: --token or \
         TRACER_CONSOLE_TOKEN), or as AWS_ACCESS_KEY_ID of a client of AWS"
    )]
    Token,
}
