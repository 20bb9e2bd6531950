//! X-Ray in an account of AWS: documents, the daemon's telemetry, and everything else that is asked of it.

mod account;
mod proxy;
mod tally;
mod telemetry;

pub(super) use account::Account;
pub(super) use proxy::Proxy;
pub(super) use telemetry::{Telemetry, Totals};
