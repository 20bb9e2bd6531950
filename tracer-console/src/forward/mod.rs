//! Forwarding: documents that a console receives go into a queue on disk and from there to where they belong, in place of the X-Ray
//! daemon.
//!
//! [`queue`] is the file, and holds each document until every target has it; [`ledger`] counts. Each target has a [`lane`], which says
//! what is sent when, and `couriers`, who send it to the far end ([`far`]): [`plain`] X-Ray, [`otlp`], or `aws`. A [`Forwarder`] is all of them
//! behind a console whose store is the queue.

mod agent;
#[cfg(feature = "aws")]
mod aws;
mod backoff;
mod counts;
mod courier;
mod crew;
mod error;
mod far;
mod forwarder;
mod itself;
mod lane;
mod ledger;
mod options;
mod otlp;
mod plain;
mod queue;
mod seldom;
mod store;
mod target;
mod target_name;
mod xray;

pub use counts::{ForwardCounts, TargetCounts};
pub use error::ForwardError;
pub use forwarder::{Forwarded, Forwarder};
pub use options::ForwardOptions;
pub use queue::QueueError;
pub use target::ForwardTarget;
