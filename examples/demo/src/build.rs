//! Builds the function with the cargo that runs the demo.

use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;
use thiserror::Error;

/// The order service could not be built.
#[derive(Debug, Error)]
pub(crate) enum BuildError {
    #[error("cargo could not be started: {0}; run the demo as `cargo demo`")]
    NoCargo(#[from] io::Error),
    #[error("the order service does not build: the reason is above")]
    Failed,
    #[error("cargo named no binary of the order service: build it with `cargo build -p order-service`")]
    NoBinary,
}

/// The path of the freshly built order service.
pub(crate) fn order_service() -> Result<PathBuf, BuildError> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "--quiet", "--package", "order-service", "--message-format", "json"]);
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    let built = build.stderr(Stdio::inherit()).output()?;
    if !built.status.success() {
        return Err(BuildError::Failed);
    }
    let messages = String::from_utf8_lossy(&built.stdout);
    let executable = |line: &str| {
        let message: Value = serde_json::from_str(line).ok()?;
        let is_service = message["target"]["name"] == "order-service";
        message["executable"].as_str().filter(|_| is_service).map(PathBuf::from)
    };
    messages.lines().find_map(executable).ok_or(BuildError::NoBinary)
}
