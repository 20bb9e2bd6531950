//! This project, as a user writes it.

use std::net::SocketAddr;

use anyhow::Result;
use tracer_runtime::{
    DaemonAddress, Tracer, UdpSink, annotate, capture_lambda_handler, capture_method, metadata,
};

use crate::case::{Case, Invoke, Work};
use crate::workload::{self, Item};

pub(crate) const SAMPLED: Case = Case {
    name: "tracer",
    of: None,
    datagrams: |_| 1,
    work: Work::Rust(|daemon| {
        install(daemon, true)?;
        Ok(invoke_with(workload::SAMPLED))
    }),
};

pub(crate) const UNSAMPLED: Case = Case {
    name: "tracer-unsampled",
    of: None,
    datagrams: |_| 0,
    work: Work::Rust(|daemon| {
        install(daemon, true)?;
        Ok(invoke_with(workload::UNSAMPLED))
    }),
};

pub(crate) const DISABLED: Case = Case {
    name: "tracer-disabled",
    of: None,
    datagrams: |_| 0,
    work: Work::Rust(|daemon| {
        install(daemon, false)?;
        Ok(invoke_with(workload::SAMPLED))
    }),
};

pub(super) fn install(daemon: SocketAddr, enabled: bool) -> Result<()> {
    let address: DaemonAddress = daemon.to_string().parse()?;
    Tracer::builder().enabled(enabled).service(workload::SERVICE).sink(UdpSink::new(address)).install()?;
    Ok(())
}

fn invoke_with(header: &'static str) -> Invoke {
    Box::new(move |items| handler(header, items))
}

#[capture_lambda_handler(context = header)]
fn handler(header: &str, items: &[Item]) {
    for item in items {
        child(item);
    }
}

#[capture_method]
fn child(item: &Item) {
    annotate!("OrderId" = item.id, "Number" = item.number);
    metadata!("details" = item.details);
}
