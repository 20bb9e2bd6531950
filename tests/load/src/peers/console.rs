//! The console itself, for the same work.

use std::path::PathBuf;
use std::process::Command;

use anyhow::Result;

use super::{Peer, Place, Protocol};
use crate::machine;

pub(super) struct Console {
    pub(super) program: PathBuf,
    pub(super) protocol: Protocol,
}

impl Peer for Console {
    fn name(&self) -> &'static str {
        match self.protocol {
            Protocol::XRay => "tracer-console",
            Protocol::Otlp => "tracer-console, OTLP",
        }
    }

    fn version(&self) -> Option<String> {
        Some(machine::said(Command::new(&self.program).arg("--version")))
    }

    fn how_to_get_it(&self) -> &'static str {
        "it is part of this workspace"
    }

    fn protocol(&self) -> Protocol {
        self.protocol
    }

    fn command(&self, place: &Place) -> Result<Command> {
        let mut command = Command::new(&self.program);
        command.args(["serve", "--quiet", "--listen", &format!("127.0.0.1:{}", place.port), "--db"]);
        command.arg(place.directory.join("traces.db"));
        Ok(command)
    }
}
