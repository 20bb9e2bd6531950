//! One call of a database, as a future in a subsegment.

use std::error::Error;
use std::future::Future;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::pin::Pin;
use std::task::{Context, Poll};

use pin_project_lite::pin_project;

use super::database::Database;
use crate::error_flag::ErrorFlag;
use crate::recording::downstream::Downstream;

impl Database {
    /// Traces one call of this database: a subsegment from the first poll to the end, below what is current at the first poll.
    ///
    /// An `Err` marks it as a fault and is recorded, of PostgreSQL with the SQLSTATE as its type (feature `tokio-postgres`).
    /// Dropped before its end it closes with the annotation `Cancelled`. Where nothing is recorded only the future runs.
    ///
    /// ```
    /// use tracer_runtime::{sql::Database, testing};
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let orders = Database::named("orders@db.example.com");
    /// let trace = testing::capture_async(async {
    ///     let failing = async { "x".parse::<u32>() };
    ///     assert!(orders.call(failing).query("SELECT count(*) FROM orders").await.is_err());
    /// }).await;
    /// assert!(trace.subsegment("orders@db.example.com").is_fault());
    /// # });
    /// ```
    pub fn call<F, T, E>(&self, future: F) -> Call<'_, F>
    where
        F: Future<Output = Result<T, E>>,
        E: Error + 'static,
    {
        Call {
            future,
            database: self,
            query: None,
            is_prepared: false,
            state: State::Unpolled,
            dropping: None,
        }
    }
}

pin_project! {
    /// A call of a database in its subsegment: what [`Database::call`] returns.
    ///
    /// ```
    /// use tracer_runtime::sql::{Call, Database};
    ///
    /// let orders = Database::named("orders@db.example.com");
    /// let call: Call<'_, _> = orders.call(std::future::ready("42".parse::<u32>()));
    /// ```
    #[derive(Debug)]
    #[must_use = "futures do nothing unless polled"]
    pub struct Call<'a, F> {
        #[pin]
        future: F,
        database: &'a Database,
        query: Option<&'a str>,
        is_prepared: bool,
        state: State,
        // Behind the future, so that it is dropped after that.
        dropping: Option<Running>,
    }

    impl<F> PinnedDrop for Call<'_, F> {
        fn drop(this: Pin<&mut Self>) {
            let this = this.project();
            if let State::Open(_) = this.state {
                *this.dropping = Some(Running::enter());
            }
        }
    }
}

#[derive(Debug)]
enum State {
    Unpolled,
    Open(Downstream),
    /// Nothing is recorded, or the end was.
    Bare,
}

impl<'a, F> Call<'a, F> {
    /// The text of the query, recorded only where that is asked for, as `sql.sanitized_query`. Give it with placeholders.
    ///
    /// ```
    /// use tracer_runtime::{Tracer, sql::Database, testing};
    /// # async fn ran() -> Result<(), std::fmt::Error> { Ok(()) }
    ///
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let orders = Database::named("orders@db.example.com");
    /// let asked = Tracer::builder().collect_sql_queries(true);
    /// let trace = testing::capture_async_with(asked, async {
    ///     orders.call(ran()).query("DELETE FROM orders WHERE id = $1").await
    /// }).await;
    /// let sql = &trace.subsegment("orders@db.example.com").json()["sql"];
    /// assert_eq!(sql["sanitized_query"], "DELETE FROM orders WHERE id = $1");
    /// # });
    /// ```
    pub fn query(mut self, text: &'a str) -> Self {
        self.query = Some(text);
        self
    }

    /// Says that the query is a prepared statement: `sql.preparation`.
    ///
    /// ```
    /// # use tracer_runtime::{sql::Database, testing};
    /// # async fn ran() -> Result<(), std::fmt::Error> { Ok(()) }
    /// # tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(async {
    /// let orders = Database::named("orders@db.example.com");
    /// let trace = testing::capture_async(orders.call(ran()).prepared()).await;
    /// assert_eq!(trace.subsegment("orders@db.example.com").json()["sql"]["preparation"], "statement");
    /// # });
    /// ```
    pub fn prepared(mut self) -> Self {
        self.is_prepared = true;
        self
    }
}

impl<F, T, E> Future for Call<'_, F>
where
    F: Future<Output = Result<T, E>>,
    E: Error + 'static,
{
    type Output = Result<T, E>;

    fn poll(self: Pin<&mut Self>, task: &mut Context<'_>) -> Poll<Self::Output> {
        let this = self.project();
        if let State::Unpolled = this.state {
            *this.state = match this.database.open() {
                Some(call) => {
                    describe(&call, *this.query, *this.is_prepared);
                    State::Open(call)
                }
                None => State::Bare,
            };
        }
        if let State::Bare = this.state {
            return this.future.poll(task);
        }
        let polled = {
            let _running = Running::enter();
            catch_unwind(AssertUnwindSafe(|| this.future.poll(task)))
        };
        if let Ok(Poll::Pending) = polled {
            return Poll::Pending;
        }
        let call = match std::mem::replace(this.state, State::Bare) {
            State::Open(call) => Some(call),
            State::Unpolled | State::Bare => None,
        };
        if let Some(call) = call {
            match &polled {
                Ok(Poll::Ready(Err(error))) => fail(&call, error),
                // What the panic says is recorded by the function that it goes through.
                Err(_) => call.flag(ErrorFlag::Fault),
                Ok(_) => {}
            }
            call.close();
        }
        polled.unwrap_or_else(|panic| resume_unwind(panic))
    }
}

fn describe(call: &Downstream, query: Option<&str>, is_prepared: bool) {
    if is_prepared {
        call.put_sql("preparation", "statement");
    }
    if let Some(query) = query.filter(|_| call.collects_sql_queries()) {
        call.put_sql("sanitized_query", query);
    }
}

/// Records why a call failed.
fn fail(call: &Downstream, error: &(dyn Error + 'static)) {
    #[cfg(feature = "tokio-postgres")]
    if super::tokio_postgres::fail(call, error) {
        return;
    }
    call.fail(ErrorFlag::Fault, error);
}

use self::running::Running;
#[cfg(feature = "sqlx")]
pub(super) use self::running::is_running;

/// Whether a [`Call`] is being polled or dropped on this thread: what its client tells of the same query is not recorded again.
#[cfg(feature = "sqlx")]
mod running {
    use std::cell::Cell;

    thread_local! {
        static IS_RUNNING: Cell<bool> = const { Cell::new(false) };
    }

    pub(in crate::sql) fn is_running() -> bool {
        IS_RUNNING.get()
    }

    #[derive(Debug)]
    pub(super) struct Running {
        before: bool,
    }

    impl Running {
        pub(super) fn enter() -> Self {
            Self { before: IS_RUNNING.replace(true) }
        }
    }

    impl Drop for Running {
        fn drop(&mut self) {
            IS_RUNNING.set(self.before);
        }
    }
}

/// No client tells of its queries.
#[cfg(not(feature = "sqlx"))]
mod running {
    #[derive(Debug)]
    pub(super) struct Running;

    impl Running {
        pub(super) const fn enter() -> Self {
            Self
        }
    }
}
