//! A query where nothing is recorded costs no allocation of ours. (sqlx writes its event for whoever hears it.)

use std::future::{Future, ready};
use std::pin::pin;
use std::task::{Context, Waker};

use allocation_counter::measure;
use diesel::connection::{Connection, InstrumentationEvent};
use diesel::{RunQueryDsl, SqliteConnection, sql_query};
use tracer_runtime::sql::{Database, diesel::install, sqlx::layer};
use tracer_tests_sql::unsampled;
use tracing_subscriber::layer::SubscriberExt;

fn allocations(body: impl FnOnce()) -> u64 {
    measure(body).count_total
}

#[tokio::test]
async fn an_unsampled_query_of_diesel_allocates_as_without_tracing() {
    install().unwrap();
    let mut traced = SqliteConnection::establish(":memory:").unwrap();
    let mut untraced = SqliteConnection::establish(":memory:").unwrap();
    untraced.set_instrumentation(|_: InstrumentationEvent<'_>| {});
    let query = |connection: &mut SqliteConnection| {
        // The first one is prepared.
        sql_query("SELECT 1").execute(connection).unwrap();
        allocations(|| {
            sql_query("SELECT 1").execute(connection).unwrap();
        })
    };
    let ((traced, untraced), _) = unsampled(async { (query(&mut traced), query(&mut untraced)) }).await;
    assert_eq!(traced, untraced);
}

#[tokio::test]
async fn an_unsampled_call_allocates_nothing() {
    let database = Database::named("orders@db");
    let call = || {
        let mut call = pin!(database.call(ready(Ok::<(), std::fmt::Error>(()))).query("SELECT 1").prepared());
        assert!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())).is_ready());
    };
    assert_eq!(unsampled(async { allocations(call) }).await.0, 0);
    // Nor where there is no trace at all, and tracing is off.
    call();
    assert_eq!(allocations(call), 0);
}

#[tokio::test]
async fn an_unsampled_event_of_sqlx_allocates_nothing() {
    let event = || {
        tracing::debug!(
            target: "sqlx::query",
            summary = "SELECT 1",
            db.statement = "",
            rows_affected = 0_u64,
            rows_returned = 1_u64,
            elapsed_secs = 0.001,
        );
    };
    let _guard = tracing::subscriber::set_default(
        tracing_subscriber::registry().with(layer(Database::named("orders@db"))),
    );
    event();
    assert_eq!(unsampled(async { allocations(event) }).await.0, 0);
}
