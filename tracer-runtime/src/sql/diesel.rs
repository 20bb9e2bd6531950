//! diesel: one line, and every query of every connection is a subsegment.
//!
//! ```
//! fn main() -> diesel::QueryResult<()> {
//!     tracer_runtime::sql::diesel::install()?;
//!     // PgConnection::establish(&database_url), a pool, migrations …
//!     Ok(())
//! }
//! ```
//!
//! The database's name, type, URL and user come from the string that a connection is established with; neither its password nor the
//! values that a query binds are recorded. A subsegment begins when diesel starts a query and ends when it says that the query is
//! finished, which for `load_iter` may be when the iterator is dropped. What is a round trip of its own is a subsegment of its own,
//! and the metadata `operation` tells which: `connect`, `begin`, `commit`, `rollback` (of a savepoint, too).
//! An error is what the database or diesel says of it. That no row was found is known only to who asked for one.
//! Where the text of queries is asked for, `preparation` says of which it is `statement`. diesel tells both only by printing the
//! query, so neither is recorded unasked.
//!
//! - A query belongs to what is current on its thread: inside of `spawn_blocking`, use
//!   [`Handle`](crate::Handle) or `tracer_runtime::spawn_blocking`.
//! - A pool establishes connections on threads of its own, and asks before it lends one whether it still works:
//!   that is a query, too.
//! - diesel has one default instrumentation; [`install`] replaces it. A connection's own (`set_instrumentation`) replaces the default for
//!   that connection: give it a [`QueryTracer`], and call that from one's own.

use std::fmt::{self, Write as _};
use std::panic::{AssertUnwindSafe, catch_unwind};

use ::diesel::connection::{DebugQuery, Instrumentation, InstrumentationEvent, set_default_instrumentation};
use ::diesel::result::{ConnectionError, Error, QueryResult};

use super::connect_string::{self, ConnectString};
use super::database::Database;
use crate::error_flag::ErrorFlag;
use crate::recording::downstream::Downstream;

/// Traces every connection that is established from now on. Do it first thing in `main`.
///
/// # Errors
/// Where diesel says that its default instrumentation cannot be set: something panicked while it was.
///
/// ```
/// tracer_runtime::sql::diesel::install()?;
/// # Ok::<(), diesel::result::Error>(())
/// ```
pub fn install() -> QueryResult<()> {
    if !cfg!(feature = "enable") {
        return Ok(());
    }
    set_default_instrumentation(|| Some(Box::new(QueryTracer::default())))
}

/// The instrumentation that [`install`] gives to each connection.
///
/// ```no_run
/// use diesel::connection::{Connection, Instrumentation, InstrumentationEvent};
/// use tracer_runtime::sql::{Database, diesel::QueryTracer};
///
/// fn trace_and_print(connection: &mut impl Connection, database: Database) {
///     let mut tracer = QueryTracer::of(database);
///     connection.set_instrumentation(move |event: InstrumentationEvent<'_>| {
///         println!("{event:?}");
///         tracer.on_connection_event(event);
///     });
/// }
/// ```
#[derive(Debug, Default)]
pub struct QueryTracer {
    database: Option<Database>,
    call: Option<Downstream>,
    /// What the next query does for the transaction.
    operation: Option<&'static str>,
}

impl QueryTracer {
    /// For a connection that is established already, of this database.
    ///
    /// ```
    /// use tracer_runtime::sql::{Database, diesel::QueryTracer};
    ///
    /// let tracer = QueryTracer::of(Database::named("orders@db.example.com"));
    /// ```
    #[must_use]
    pub fn of(database: Database) -> Self {
        Self { database: Some(database), ..Self::default() }
    }

    fn start_connecting(&mut self, connect_string: &str) {
        let database = connect_string.parse().unwrap_or_else(|_| Database::unknown());
        self.call = database.open();
        self.put_operation("connect");
        self.database = Some(database);
    }

    fn finish_connecting(&mut self, connect_string: &str, error: Option<&ConnectionError>) {
        let Some(call) = self.call.take() else { return };
        if let Some(error) = error {
            fail_to_connect(&call, connect_string, error);
        }
        call.close();
    }

    fn start_query(&mut self, query: &dyn DebugQuery) {
        let operation = self.operation.take();
        self.call = self.database.get_or_insert_with(Database::unknown).open();
        let Some(call) = &self.call else { return };
        if let Some(text) = call.collects_sql_queries().then(|| QueryText::of(query)).flatten() {
            call.put_sql("sanitized_query", &text.text);
            if text.has_binds {
                call.put_sql("preparation", "statement");
            }
        }
        if let Some(operation) = operation {
            self.put_operation(operation);
        }
    }

    fn finish_query(&mut self, error: Option<&Error>) {
        let Some(call) = self.call.take() else { return };
        if let Some(error) = error {
            call.fail(ErrorFlag::Fault, error);
        }
        call.close();
    }

    fn put_operation(&self, operation: &'static str) {
        if let Some(call) = &self.call {
            call.put_metadata("operation", operation);
        }
    }
}

impl Instrumentation for QueryTracer {
    fn on_connection_event(&mut self, event: InstrumentationEvent<'_>) {
        match event {
            InstrumentationEvent::StartEstablishConnection { url, .. } => self.start_connecting(url),
            InstrumentationEvent::FinishEstablishConnection { url, error, .. } => {
                self.finish_connecting(url, error);
            }
            InstrumentationEvent::StartQuery { query, .. } => self.start_query(query),
            InstrumentationEvent::FinishQuery { error, .. } => self.finish_query(error),
            InstrumentationEvent::BeginTransaction { .. } => self.operation = Some("begin"),
            InstrumentationEvent::CommitTransaction { .. } => self.operation = Some("commit"),
            InstrumentationEvent::RollbackTransaction { .. } => self.operation = Some("rollback"),
            // Of a prepared statement's place in the cache, and what a later diesel tells.
            _ => {}
        }
    }
}

/// Records why no connection was made. Clients quote from the string that they were given: no text that could hold its password.
fn fail_to_connect(call: &Downstream, connect_string: &str, error: &ConnectionError) {
    let text = error.to_string();
    let may_show = |string: ConnectString| string.may_show(&text);
    if connect_string::parse(connect_string).is_ok_and(may_show) {
        call.fail(ErrorFlag::Fault, error);
    } else {
        call.fail_by_answer(
            ErrorFlag::Fault,
            "ConnectionError",
            "[not shown: it may quote the connection string, whose password cannot be told from the rest]",
        );
    }
}

/// A query as diesel prints it, up to the values that it binds.
struct QueryText {
    text: String,
    has_binds: bool,
}

impl QueryText {
    /// What diesel puts between the query and its values, of a prepared statement always.
    const BINDS: &str = " -- binds: ";

    /// `None` where it cannot be printed.
    fn of(query: &dyn DebugQuery) -> Option<Self> {
        let mut text = Self { text: String::new(), has_binds: false };
        // To print a query runs code of its author's, to print a value that of the value's: the latter is not reached.
        let printed = catch_unwind(AssertUnwindSafe(|| write!(text, "{query}"))).ok()?;
        (printed.is_ok() || text.has_binds).then_some(text)
    }
}

impl fmt::Write for QueryText {
    fn write_str(&mut self, more: &str) -> fmt::Result {
        let seen = self.text.len();
        self.text.push_str(more);
        // The mark may come in two pieces. The first one counts: a value may look like it, too.
        let from =
            (0..=seen.saturating_sub(Self::BINDS.len())).rev().find(|at| self.text.is_char_boundary(*at));
        let from = from.unwrap_or(0);
        if let Some(at) = self.text[from..].find(Self::BINDS) {
            self.text.truncate(from + at);
            self.has_binds = true;
            // Stops the printing.
            return Err(fmt::Error);
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests;
