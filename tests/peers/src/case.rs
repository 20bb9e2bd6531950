//! What is compared.

use std::net::SocketAddr;
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::cases::{
    fastrace, http, lambda_otel_lite, limit, otel_xray, powertools, tracer, tracing_disabled, xray_lite,
};
use crate::workload::Item;

/// One way to trace the work.
pub(crate) struct Case {
    pub(crate) name: &'static str,
    /// The crate that is measured, where it is not this project's.
    pub(crate) of: Option<&'static str>,
    /// How many datagrams an invocation with so many children sends.
    pub(crate) datagrams: fn(usize) -> usize,
    pub(crate) work: Work,
}

/// What runs in the case's process.
pub(crate) enum Work {
    /// Sets up what sends to the daemon at this address.
    Rust(fn(SocketAddr) -> Result<Invoke>),
    /// A script that answers tasks as `worker::serve` does.
    Python(&'static str),
}

/// Does one invocation, a child for each item.
pub(crate) type Invoke = Box<dyn FnMut(&[Item])>;

pub(crate) const PYTHON: &str = "python3";

/// All cases, in the order of the table.
pub(crate) static ALL: &[Case] = &[
    limit::CASE,
    tracer::SAMPLED,
    xray_lite::CASE,
    otel_xray::SIMPLE,
    otel_xray::BATCH,
    fastrace::CASE,
    lambda_otel_lite::CASE,
    powertools::CASE,
    tracer::UNSAMPLED,
    tracer::DISABLED,
    tracing_disabled::CASE,
];

pub(crate) fn named(name: &str) -> Result<&'static Case> {
    let all = || ALL.iter().chain(http::ALL.iter().map(|compared| &compared.case));
    let names = || all().map(|case| case.name).collect::<Vec<_>>().join(", ");
    all().find(|case| case.name == name).with_context(|| format!("no case {name}; there are {}", names()))
}

impl Case {
    pub(crate) fn start(&self, daemon: SocketAddr) -> Result<Invoke> {
        match self.work {
            Work::Rust(start) => start(daemon),
            Work::Python(_) => bail!("`{}` is a script: it runs in the comparison only", self.name),
        }
    }

    /// Why it cannot run here.
    pub(crate) fn missing(&self) -> Option<String> {
        let Work::Python(_) = self.work else { return None };
        let imports = Command::new(PYTHON)
            .args(["-c", "import aws_lambda_powertools, aws_xray_sdk"])
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .status();
        match imports {
            Ok(status) if status.success() => None,
            Ok(_) => Some(format!("{PYTHON} -m pip install 'aws-lambda-powertools[tracer]' brings it")),
            Err(_) => Some(format!("there is no {PYTHON}")),
        }
    }
}
