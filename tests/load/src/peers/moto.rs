//! moto: AWS in memory, in Python. Its X-Ray keeps documents and knows no filter expressions.

use std::process::Command;

use anyhow::{Context, Result};
use tracer_tests_python::Python;

use super::{Peer, Place, Protocol};
use crate::machine;

pub(super) struct Moto(Option<Python>);

impl Moto {
    pub(super) fn new() -> Self {
        Self(Python::with(&["moto", "flask"]))
    }
}

impl Peer for Moto {
    fn name(&self) -> &'static str {
        "moto"
    }

    fn version(&self) -> Option<String> {
        let mut python = self.0.as_ref()?.command();
        Some(machine::said(python.args(["-c", "import moto; print('moto', moto.__version__)"])))
    }

    fn how_to_get_it(&self) -> &'static str {
        "a Python with what tests/requirements.txt names; CONTRIBUTING.md says where it is looked for"
    }

    fn protocol(&self) -> Protocol {
        Protocol::XRay
    }

    fn command(&self, place: &Place) -> Result<Command> {
        let mut command = self.0.as_ref().context("no Python has moto")?.command();
        // It takes times for those of the machine's time zone.
        command.env("TZ", "UTC").args([
            "-m",
            "moto.server",
            "-H",
            "127.0.0.1",
            "-p",
            &place.port.to_string(),
        ]);
        Ok(command)
    }
}
