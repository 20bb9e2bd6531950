//! tokio-postgres: a [`Database`] from its configuration, and what its errors say.
//!
//! The client has no hook, so a call is wrapped where it is made, on a client, a transaction or a pooled connection alike:
//!
//! ```
//! use tokio_postgres::{Client, Error};
//! use tracer_runtime::sql::Database;
//!
//! async fn total(orders: &Database, client: &Client, customer: i32) -> Result<i64, Error> {
//!     let query = "SELECT sum(total) FROM orders WHERE customer = $1";
//!     let row = orders.call(client.query_one(query, &[&customer])).query(query).prepared().await?;
//!     row.try_get(0)
//! }
//!
//! let config: tokio_postgres::Config = "host=db.example.com dbname=orders user=app password=s3cret".parse()?;
//! let orders = Database::from(&config);
//! assert_eq!(orders.name(), "orders@db.example.com");
//! # Ok::<(), Error>(())
//! ```
//!
//! Of an error that the server answered the exception has the SQLSTATE as its type (`42P01`) and the message without its detail:
//! that quotes rows. To connect is a call like any other: `orders.call(config.connect(NoTls)).await`. Of a query that
//! streams (`query_raw`) the subsegment ends when the first row may be read.

use std::error::Error;
use std::net::IpAddr;

use ::tokio_postgres::Config;
use ::tokio_postgres::config::Host;
use ::tokio_postgres::error::DbError;

use super::connect_string;
use super::database::Database;
use crate::error_flag::ErrorFlag;
use crate::recording::downstream::Downstream;

/// The database that a configuration connects to; the password is not looked at.
///
/// ```
/// let mut config = tokio_postgres::Config::new();
/// config.host("db.example.com").dbname("orders").user("app");
/// assert_eq!(tracer_runtime::sql::Database::from(&config).name(), "orders@db.example.com");
/// ```
impl From<&Config> for Database {
    fn from(config: &Config) -> Self {
        let host = match config.get_hosts().first() {
            Some(Host::Tcp(host)) => Some(host.clone()),
            // Of a socket: this machine.
            Some(_) => None,
            None => config.get_hostaddrs().first().map(IpAddr::to_string),
        };
        let port = config.get_ports().first().map(u16::to_string);
        Self::of(connect_string::of_postgres(host, port, config.get_dbname(), config.get_user()))
    }
}

/// Records what PostgreSQL or its client says of an error; false where it is neither's.
pub(super) fn fail(call: &Downstream, error: &(dyn Error + 'static)) -> bool {
    let mut error = error;
    while !error.is::<::tokio_postgres::Error>() {
        // Of a pool's error it is the source.
        let Some(source) = error.source() else { return false };
        error = source;
    }
    match error.source().and_then(|source| source.downcast_ref::<DbError>()) {
        Some(answer) => {
            let message = format!("{}: {}", answer.severity(), answer.message());
            call.fail_by_answer(ErrorFlag::Fault, answer.code().code(), &message);
        }
        // Its sources may quote the connection string.
        None if error.to_string().starts_with("invalid con") => {
            call.fail_by_answer(ErrorFlag::Fault, "tokio_postgres::Error", &error.to_string());
        }
        None => call.fail(ErrorFlag::Fault, error),
    }
    true
}
