//! SQL: each query is a subsegment, named after its database.
//!
//! | Client | One line |
//! |---|---|
//! | diesel | [`diesel::install`] at the start of the program: every query of every connection |
//! | sqlx with PostgreSQL or MySQL | [`sqlx::layer`] where `tracing` is set up: every query |
//! | tokio-postgres, sqlx with SQLite, any other asynchronous client | [`Database::call`] around a call: that call, with its error |
//!
//! ```
//! use tracer_runtime::sql::Database;
//! # async fn query() -> Result<u32, std::num::ParseIntError> { "42".parse() }
//!
//! # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
//! let orders: Database = "postgres://app:s3cret@db.example.com/orders".parse()?;
//! let count = orders.call(query()).await.unwrap();
//! # assert_eq!(count, 42);
//! # Ok::<(), tracer_runtime::sql::DatabaseError>(())
//! # }).unwrap();
//! ```
//!
//! A subsegment is named `database@host`, has the namespace `remote`, and in its `sql` block the URL without user, password and query,
//! the database's type, the user, and how the query was prepared where the client tells. An error of the query marks it as a
//! fault, with an exception from elsewhere (`remote`). A query that is dropped closes as `Cancelled`.
//!
//! A password is recorded nowhere. The text of a query is recorded only when asked for, by `AWS_XRAY_COLLECT_SQL_QUERIES=true` or
//! [`TracerBuilder::collect_sql_queries`](crate::TracerBuilder::collect_sql_queries): with placeholders as the client sends it,
//! never with the values bound to them. Literals that are written into a text are part of it, so are those of
//! `ALTER ROLE … PASSWORD '…'`. The message of an error is the database's own, and some quote a value
//! (`invalid input syntax for type integer: "…"`): `capture_error = false` leaves it out.

mod call;
mod connect_string;
mod database;
#[cfg(feature = "diesel")]
#[cfg_attr(docsrs, doc(cfg(feature = "diesel")))]
pub mod diesel;
#[cfg(feature = "sqlx")]
#[cfg_attr(docsrs, doc(cfg(feature = "sqlx")))]
pub mod sqlx;
#[cfg(feature = "tokio-postgres")]
#[cfg_attr(docsrs, doc(cfg(feature = "tokio-postgres")))]
pub mod tokio_postgres;

pub use self::call::Call;
pub use self::database::{Database, DatabaseError};
