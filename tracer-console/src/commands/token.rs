//! The token of a console: what `serve` asks for and the other commands give.

#[derive(Clone, clap::Args)]
pub(crate) struct GivenToken {
    /// The token of the console; the variable TRACER_CONSOLE_TOKEN keeps it out of the list of processes
    #[arg(long, value_name = "TOKEN", env = "TRACER_CONSOLE_TOKEN", hide_env = true)]
    token: Option<String>,
}

impl GivenToken {
    /// An empty variable gives none.
    pub(crate) fn text(&self) -> Option<&str> {
        self.token.as_deref().filter(|token| !token.is_empty())
    }
}

/// Nobody prints it by mistake.
impl std::fmt::Debug for GivenToken {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(if self.token.is_some() { "GivenToken(…)" } else { "GivenToken(none)" })
    }
}
