//! HTTP clients: each as it is, in a traced handler, and traced, by this project and by reqwest-tracing.

mod around;
mod canned;
mod hyper;
mod reqwest;
mod ureq;

use std::net::SocketAddr;

use anyhow::Result;

use crate::case::{Case, Invoke, Work};
use crate::http_server;

/// A case, and the one that it is compared with.
pub(crate) struct Compared {
    pub(crate) case: Case,
    pub(crate) over: Option<&'static str>,
}

/// Makes so many requests.
type Requests = Box<dyn FnMut(usize)>;

/// The order is that of the table. `canned` is reqwest with a middleware that answers in place of the network.
pub(crate) static ALL: &[Compared] = &[
    compared("canned-bare", None, |_| 0, |_| around::nothing(canned::plain()?)),
    compared("canned", None, |_| 1, |daemon| around::handler(daemon, canned::plain()?)),
    compared("canned-tracer", Some("canned"), |_| 1, |daemon| around::handler(daemon, canned::traced()?)),
    compared(
        "canned-tracer-unsampled",
        Some("canned-bare"),
        |_| 0,
        |daemon| around::unsampled_handler(daemon, canned::traced()?),
    ),
    compared(
        "canned-tracer-outside",
        Some("canned-bare"),
        |_| 0,
        |daemon| around::disabled(daemon, canned::traced()?),
    ),
    compared_with(
        "reqwest-tracing",
        "canned-otel-header",
        "canned-bare",
        |_| 0,
        |_| around::otel_with_header(canned::otel()?),
    ),
    compared_with(
        "opentelemetry-aws",
        "canned-otel-xray",
        "canned-bare",
        |requests| requests,
        |daemon| around::otel_to_xray(daemon, canned::otel()?),
    ),
    compared("reqwest-bare", None, |_| 0, |_| around::nothing(reqwest::plain()?)),
    compared("reqwest", None, |_| 1, |daemon| around::handler(daemon, reqwest::plain()?)),
    compared("reqwest-tracer", Some("reqwest"), |_| 1, |daemon| around::handler(daemon, reqwest::traced()?)),
    compared(
        "reqwest-tracer-unsampled",
        Some("reqwest-bare"),
        |_| 0,
        |daemon| around::unsampled_handler(daemon, reqwest::traced()?),
    ),
    compared_with(
        "reqwest-tracing",
        "reqwest-otel-header",
        "reqwest-bare",
        |_| 0,
        |_| around::otel_with_header(reqwest::otel()?),
    ),
    compared_with(
        "opentelemetry-aws",
        "reqwest-otel-xray",
        "reqwest-bare",
        |requests| requests,
        |daemon| around::otel_to_xray(daemon, reqwest::otel()?),
    ),
    compared("hyper", None, |_| 1, |daemon| around::handler(daemon, hyper::plain()?)),
    compared("hyper-tracer", Some("hyper"), |_| 1, |daemon| around::handler(daemon, hyper::traced()?)),
    compared("ureq", None, |_| 1, |daemon| around::handler(daemon, ureq::plain()?)),
    compared("ureq-tracer", Some("ureq"), |_| 1, |daemon| around::handler(daemon, ureq::traced()?)),
];

const fn compared(
    name: &'static str,
    over: Option<&'static str>,
    datagrams: fn(usize) -> usize,
    start: fn(SocketAddr) -> Result<Invoke>,
) -> Compared {
    Compared { case: Case { name, of: None, datagrams, work: Work::Rust(start) }, over }
}

const fn compared_with(
    of: &'static str,
    name: &'static str,
    over: &'static str,
    datagrams: fn(usize) -> usize,
    start: fn(SocketAddr) -> Result<Invoke>,
) -> Compared {
    Compared { case: Case { name, of: Some(of), datagrams, work: Work::Rust(start) }, over: Some(over) }
}

fn url() -> Result<String> {
    Ok(format!("http://{}/orders/7", http_server::address()?))
}
