//! Builds the functions with the cargo that runs the demo.

use std::io;
use std::path::PathBuf;
use std::process::{Command, Stdio};

use serde_json::Value;
use thiserror::Error;

/// The functions could not be built.
#[derive(Debug, Error)]
pub(crate) enum BuildError {
    #[error("cargo could not be started: {0}; run the demo as `cargo demo`")]
    NoCargo(#[from] io::Error),
    #[error("the functions do not build: the reason is above")]
    Failed,
    #[error("cargo named no binary of {0}: build it with `cargo build -p {0}`")]
    NoBinary(&'static str),
}

/// The paths of the freshly built binaries.
pub(crate) struct Functions {
    pub(crate) order_service: PathBuf,
    pub(crate) fulfillment: PathBuf,
}

pub(crate) fn functions() -> Result<Functions, BuildError> {
    let cargo = std::env::var_os("CARGO").unwrap_or_else(|| "cargo".into());
    let mut build = Command::new(cargo);
    build.args(["build", "--quiet", "--message-format", "json"]);
    build.args(["--package", "order-service", "--package", "fulfillment"]);
    if !cfg!(debug_assertions) {
        build.arg("--release");
    }
    let built = build.stderr(Stdio::inherit()).output()?;
    if !built.status.success() {
        return Err(BuildError::Failed);
    }
    let messages = String::from_utf8_lossy(&built.stdout);
    let binary = |name| executable(&messages, name).ok_or(BuildError::NoBinary(name));
    Ok(Functions { order_service: binary("order-service")?, fulfillment: binary("fulfillment")? })
}

/// The binary of this name among cargo's messages.
fn executable(messages: &str, name: &str) -> Option<PathBuf> {
    messages.lines().find_map(|line| {
        let message: Value = serde_json::from_str(line).ok()?;
        let is_named = message["target"]["name"] == name;
        message["executable"].as_str().filter(|_| is_named).map(PathBuf::from)
    })
}
