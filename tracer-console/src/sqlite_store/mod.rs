//! A store in an SQLite file: documents are truth, compressed; tables beside them know what filters look at.
//!
//! Downwards: [`writer`] is the one thread that writes, [`reader`] reads beside it, [`select`] and [`condition`] search;
//! [`row`] and [`marks`] derive what the tables know, [`row_changes`] and [`minutes`] bring them up to date; [`compression`], [`names`], [`retention`], [`progress`], [`log`] and [`schema`] are what these need.

mod compression;
mod condition;
mod error;
mod lock;
mod log;
mod marks;
mod minutes;
mod names;
mod progress;
mod reader;
mod retention;
mod row;
mod row_changes;
mod schema;
mod select;
mod sqlite_trace_store;
mod writer;

pub use error::SqliteError;
pub use retention::Retention;
pub use sqlite_trace_store::SqliteStore;
