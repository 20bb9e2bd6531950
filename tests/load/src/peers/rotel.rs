//! rotel: passes OpenTelemetry's traces on, in Rust; here to nowhere, so that it keeps nothing.

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};
use tracer_tests_python::Python;

use super::{Peer, Place, Protocol};
use crate::machine;

/// The program that the package brings.
pub(super) struct Rotel(Option<PathBuf>);

const WHERE: &str = "import rotel, pathlib; print(pathlib.Path(rotel.__file__).parent / 'rotel-agent')";

impl Rotel {
    pub(super) fn new() -> Self {
        let said = Python::with(&["rotel"]).map(|python| machine::said(python.command().args(["-c", WHERE])));
        Self(said.map(PathBuf::from).filter(|program| program.is_file()))
    }
}

impl Peer for Rotel {
    fn name(&self) -> &'static str {
        "rotel, to nowhere"
    }

    fn version(&self) -> Option<String> {
        Some(machine::said(Command::new(self.0.as_ref()?).arg("--version")))
    }

    fn how_to_get_it(&self) -> &'static str {
        "`pip install rotel` into the Python that has moto"
    }

    fn protocol(&self) -> Protocol {
        Protocol::Otlp
    }

    fn command(&self, place: &Place) -> Result<Command> {
        let mut command = Command::new(self.0.as_ref().context("no rotel")?);
        let [grpc, ..] = place.others;
        command.args(["start", "--exporter", "blackhole"]);
        command.args(["--otlp-http-endpoint", &format!("127.0.0.1:{}", place.port)]);
        command.args(["--otlp-grpc-endpoint", &format!("127.0.0.1:{grpc}")]);
        Ok(command)
    }
}
