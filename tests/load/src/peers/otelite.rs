//! otelite: takes OpenTelemetry's traces into SQLite, in Rust.

use std::process::Command;

use anyhow::Result;

use super::{Peer, Place, Protocol};
use crate::machine;

pub(super) struct Otelite;

impl Peer for Otelite {
    fn name(&self) -> &'static str {
        "otelite"
    }

    fn version(&self) -> Option<String> {
        machine::version("otelite")
    }

    fn how_to_get_it(&self) -> &'static str {
        "`cargo install otelite` puts it on the PATH"
    }

    fn protocol(&self) -> Protocol {
        Protocol::Otlp
    }

    fn command(&self, place: &Place) -> Result<Command> {
        let [pages, grpc, _] = place.others;
        let mut command = Command::new("otelite");
        command.args(["serve", "--addr", &format!("127.0.0.1:{pages}"), "--storage-path"]);
        command.arg(&place.directory).env("HOME", &place.directory);
        command.env("OTELITE_OTLP_HTTP_PORT", place.port.to_string());
        command.env("OTELITE_OTLP_GRPC_PORT", grpc.to_string());
        Ok(command)
    }
}
