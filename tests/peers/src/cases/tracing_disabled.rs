//! `tracing` without a subscriber: what instrumented code costs where nobody listens.
//!
//! With its feature `log`, which `lambda_runtime` brings, it evaluates the fields even so.

use crate::case::{Case, Work};
use crate::cases::instrumented;

pub(crate) const CASE: Case = Case {
    name: "tracing",
    of: Some("tracing"),
    datagrams: |_| 0,
    work: Work::Rust(|_| Ok(Box::new(instrumented::handler))),
};
