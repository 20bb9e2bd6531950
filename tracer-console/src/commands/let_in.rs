//! Who may ask a console that serves.

use std::net::SocketAddr;

use tracer_console::Access;

use super::Failure;
use super::misuse::Misuse;
use super::token::GivenToken;

#[derive(Debug, clap::Args)]
pub(crate) struct LetIn {
    #[command(flatten)]
    token: GivenToken,
    /// Without a token, let everybody in who reaches the address: other machines read and write
    #[arg(long)]
    open: bool,
    /// Besides those who know the token, let everybody send documents, over UDP too, and ask for sampling rules
    #[arg(long)]
    open_to_tracers: bool,
    /// A name by which this machine is asked, besides its numbers and localhost; may be given several times
    #[arg(long, value_name = "NAME")]
    allow_host: Vec<String>,
}

impl LetIn {
    /// Why datagrams of other machines are dropped.
    pub(crate) const ONLY_FROM_HERE: &str = "documents over UDP, which carries no token, are taken from this machine only; --open-to-tracers takes them from everywhere";

    /// Whether datagrams of other machines can come and are dropped.
    pub(crate) fn is_closed_to_tracers(&self, address: SocketAddr) -> bool {
        !address.ip().is_loopback() && self.token.text().is_some() && !self.open_to_tracers
    }

    pub(crate) fn access(&self) -> Result<Access, Failure> {
        let mut access = Access::default();
        match self.token.text() {
            Some(_) if self.open => {
                return Err(Misuse::of(
                    "--open lets everybody in, and a token does not: give one of the two",
                ));
            }
            Some(token) => access = access.with_token(token)?,
            None if self.open => access = access.open(),
            None if self.open_to_tracers => {
                return Err(Misuse::of(
                    "--open-to-tracers goes with a token, which is asked of everybody else; --open lets everybody in",
                ));
            }
            None => {}
        }
        if self.open_to_tracers {
            access = access.open_to_tracers();
        }
        for name in &self.allow_host {
            access = access.allow_host(name)?;
        }
        Ok(access)
    }
}
