//! fakecloud: AWS in memory, in Rust. Only run, never linked: its licence is the AGPL.

use std::process::Command;

use anyhow::Result;

use super::{Peer, Place, Protocol};
use crate::machine;

pub(super) struct Fakecloud;

impl Peer for Fakecloud {
    fn name(&self) -> &'static str {
        "fakecloud"
    }

    fn version(&self) -> Option<String> {
        machine::version("fakecloud")
    }

    fn how_to_get_it(&self) -> &'static str {
        "`cargo install fakecloud` puts it on the PATH"
    }

    fn protocol(&self) -> Protocol {
        Protocol::XRay
    }

    fn command(&self, place: &Place) -> Result<Command> {
        let mut command = Command::new("fakecloud");
        command.args(["--addr", &format!("127.0.0.1:{}", place.port)]);
        Ok(command)
    }
}
