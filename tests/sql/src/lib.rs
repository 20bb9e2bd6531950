//! What the tests of SQL clients share: a real PostgreSQL, and a handler whose trace is not sampled.

mod handler;
mod postgres;

pub use crate::handler::unsampled;
pub use crate::postgres::{PASSWORD, Postgres};
