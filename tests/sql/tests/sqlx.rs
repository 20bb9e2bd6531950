//! sqlx: the layer with a real PostgreSQL, calls with PostgreSQL and SQLite.

use std::future::Future;
use std::pin::pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::task::{Context, Poll, Waker};

use futures_util::future::join_all;
use serde_json::Value;
use sqlx::postgres::{PgPool, PgPoolOptions};
use sqlx::sqlite::{SqlitePool, SqlitePoolOptions};
use sqlx::{Connection, Row};
use tracer_runtime::testing::{self, RecordedSubsegment, RecordedTrace};
use tracer_runtime::{InSubsegment, Tracer, capture_method, sql::Database, subsegment_async};
use tracer_tests_sql::{Postgres, unsampled};
use tracing::subscriber::{DefaultGuard, set_default};
use tracing_subscriber::Layer;
use tracing_subscriber::filter::LevelFilter;
use tracing_subscriber::layer::SubscriberExt;

const NAME: &str = "postgres@127.0.0.1";

/// The layer on this thread, and connections that it hears of.
async fn traced(server: &Postgres) -> (DefaultGuard, PgPool) {
    let database: Database = server.url().parse().unwrap();
    let guard = set_default(tracing_subscriber::registry().with(tracer_runtime::sql::sqlx::layer(database)));
    let pool = PgPoolOptions::new().max_connections(5).connect(&server.url()).await.unwrap();
    (guard, pool)
}

fn number(subsegment: &RecordedSubsegment, key: &str) -> Option<u64> {
    subsegment.json()["metadata"]["service_undefined"][key].as_u64()
}

fn time(subsegment: &RecordedSubsegment, key: &str) -> f64 {
    subsegment.json()[key].as_f64().unwrap()
}

fn has_no_password(trace: &RecordedTrace) -> bool {
    trace.documents().iter().all(|document| !document.contains("hunter2"))
}

#[tokio::test]
async fn each_query_is_a_subsegment_with_its_rows() {
    let Some(server) = Postgres::for_test("each_query_is_a_subsegment_with_its_rows") else { return };
    let (_guard, pool) = traced(&server).await;
    let trace = testing::capture_async(async {
        subsegment_async("reading", async {
            let rows = sqlx::query("SELECT generate_series(1, $1)").bind(3).fetch_all(&pool).await.unwrap();
            assert_eq!(rows.len(), 3);
        })
        .await;
    })
    .await;
    let query = &trace.subsegment("reading").subsegments()[0];
    assert_eq!((query.name(), &query.json()["namespace"]), (NAME, &Value::from("remote")));
    let sql = &query.json()["sql"];
    assert_eq!((&sql["database_type"], &sql["user"]), (&Value::from("PostgreSQL"), &Value::from("app")));
    assert!(sql["url"].as_str().unwrap().starts_with("postgres://127.0.0.1:"));
    assert_eq!(sql["sanitized_query"], Value::Null);
    assert_eq!((number(query, "rows_returned"), number(query, "rows_affected")), (Some(3), Some(3)));
    assert!(has_no_password(&trace));
}

#[tokio::test]
async fn a_query_begins_when_it_began() {
    let Some(server) = Postgres::for_test("a_query_begins_when_it_began") else { return };
    let (_guard, pool) = traced(&server).await;
    let trace = testing::capture_async(
        async { sqlx::query("SELECT pg_sleep(0.05)").execute(&pool).await.unwrap() }
            .in_subsegment("sleeping"),
    )
    .await;
    let sleeping = trace.subsegment("sleeping");
    let query = &sleeping.subsegments()[0];
    assert!(time(query, "end_time") - time(query, "start_time") >= 0.05, "{trace}");
    assert!(time(query, "start_time") >= time(sleeping, "start_time"), "{trace}");
    assert!(time(query, "end_time") <= time(sleeping, "end_time"), "{trace}");
}

#[tokio::test]
async fn the_text_is_recorded_when_asked_and_the_values_are_not() {
    let Some(server) = Postgres::for_test("the_text_is_recorded_when_asked_and_the_values_are_not") else {
        return;
    };
    let (_guard, pool) = traced(&server).await;
    let (short, long) = ("SELECT 1", "SELECT length($1) AS l WHERE true AND true");
    let asked = Tracer::builder().collect_sql_queries(true);
    let trace = testing::capture_async_with(
        asked,
        async {
            sqlx::query(short).execute(&pool).await.unwrap();
            sqlx::query(long).bind("a secret").execute(&pool).await.unwrap();
        }
        .in_subsegment("both"),
    )
    .await;
    let texts: Vec<_> =
        trace.find(NAME).iter().map(|query| query.json()["sql"]["sanitized_query"].clone()).collect();
    assert_eq!(texts, [short, long]);
    assert!(!trace.documents().concat().contains("a secret"));
}

#[tokio::test]
async fn each_of_fifty_queries_at_once_has_its_own_parent() {
    let Some(server) = Postgres::for_test("each_of_fifty_queries_at_once_has_its_own_parent") else { return };
    let (_guard, pool) = traced(&server).await;
    let pool = &pool;
    let trace = testing::capture_async(join_all((0..50).map(|number: i32| {
        async move {
            let row = sqlx::query("SELECT $1").bind(number).fetch_one(pool).await.unwrap();
            assert_eq!(row.get::<i32, _>(0), number);
        }
        .in_subsegment(format!("order {number}"))
    })))
    .await;
    for number in 0..50 {
        let parent = trace.subsegment(&format!("order {number}"));
        assert_eq!(parent.subsegments().len(), 1, "{parent:?}");
        assert_eq!(parent.subsegments()[0].name(), NAME);
    }
}

#[capture_method]
async fn query_nowhere(pool: &PgPool) -> Result<(), sqlx::Error> {
    sqlx::query("SELECT * FROM nowhere").execute(pool).await.map(drop)
}

#[tokio::test]
async fn an_event_does_not_tell_of_an_error_and_the_function_does() {
    let Some(server) = Postgres::for_test("an_event_does_not_tell_of_an_error_and_the_function_does") else {
        return;
    };
    let (_guard, pool) = traced(&server).await;
    let trace = testing::capture_async(async { query_nowhere(&pool).await.unwrap_err() }).await;
    let function = trace.subsegment("query_nowhere");
    assert!(function.is_fault());
    assert!(!function.subsegments()[0].is_fault());
}

#[tokio::test]
async fn a_call_takes_the_place_of_the_layers_subsegment_and_has_the_error() {
    let Some(server) =
        Postgres::for_test("a_call_takes_the_place_of_the_layers_subsegment_and_has_the_error")
    else {
        return;
    };
    let (_guard, pool) = traced(&server).await;
    let database = Database::named("a_call@here");
    let trace = testing::capture_async(async {
        database.call(query_nowhere(&pool)).await.unwrap_err();
        database.call(sqlx::query("SELECT 1").execute(&pool)).await.unwrap();
        sqlx::query("SELECT 1").execute(&pool).in_subsegment("without").await.unwrap();
    })
    .await;
    let calls = trace.find("a_call@here");
    assert_eq!(calls.len(), 2, "{trace}");
    assert!(calls[0].is_fault() && !calls[1].is_fault());
    assert!(calls[0].exceptions()[0].message().contains(r#"relation "nowhere" does not exist"#));
    assert_eq!(trace.find(NAME).len(), 1, "{trace}");
}

#[tokio::test]
async fn a_transaction_is_its_queries_and_its_end() {
    let Some(server) = Postgres::for_test("a_transaction_is_its_queries_and_its_end") else { return };
    let (_guard, pool) = traced(&server).await;
    let asked = Tracer::builder().collect_sql_queries(true);
    let trace = testing::capture_async_with(
        asked,
        async {
            let mut transaction = pool.begin().await.unwrap();
            sqlx::query("SELECT 1").execute(&mut *transaction).await.unwrap();
            let mut inner = transaction.begin().await.unwrap();
            sqlx::query("SELECT 2").execute(&mut *inner).await.unwrap();
            inner.commit().await.unwrap();
            transaction.commit().await.unwrap();
        }
        .in_subsegment("all"),
    )
    .await;
    let texts: Vec<_> =
        trace.find(NAME).iter().map(|query| query.json()["sql"]["sanitized_query"].clone()).collect();
    // sqlx gives no event of a beginning.
    assert_eq!(texts, ["SELECT 1", "SELECT 2", "RELEASE SAVEPOINT _sqlx_savepoint_1", "COMMIT"]);
}

#[tokio::test]
async fn a_dropped_query_is_recorded_until_then() {
    let Some(server) = Postgres::for_test("a_dropped_query_is_recorded_until_then") else { return };
    let (_guard, pool) = traced(&server).await;
    let mut connection = pool.acquire().await.unwrap();
    let trace = testing::capture_async(async {
        let query = sqlx::query("SELECT pg_sleep(600)").execute(&mut *connection);
        let mut query = pin!(Box::pin(query.in_subsegment("dropped")));
        assert!(matches!(query.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending));
    })
    .await;
    let dropped = trace.subsegment("dropped");
    assert!(dropped.is_cancelled());
    assert_eq!(dropped.subsegments()[0].name(), NAME);
    // The server still sleeps for it.
    drop(connection.detach());
}

#[tokio::test]
async fn a_dropped_call_is_cancelled_and_the_layer_adds_nothing() {
    let Some(server) = Postgres::for_test("a_dropped_call_is_cancelled_and_the_layer_adds_nothing") else {
        return;
    };
    let (_guard, pool) = traced(&server).await;
    let mut connection = pool.acquire().await.unwrap();
    let database = Database::named("a_call@here");
    let trace = testing::capture_async(
        async {
            let query = sqlx::query("SELECT pg_sleep(600)").execute(&mut *connection);
            let mut call = Box::pin(database.call(query));
            assert!(matches!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending));
        }
        .in_subsegment("around"),
    )
    .await;
    let [call] = trace.subsegment("around").subsegments() else { panic!("one call: {trace}") };
    assert!(call.is_cancelled() && !call.is_fault(), "{trace}");
    // The server still sleeps for it.
    drop(connection.detach());
}

#[tokio::test]
async fn nothing_is_recorded_outside_of_subsegments_and_where_nothing_is_sampled() {
    let Some(server) = Postgres::for_test("nothing_is_recorded_outside_of_subsegments") else { return };
    let (_guard, pool) = traced(&server).await;
    sqlx::query("SELECT 1").execute(&pool).await.unwrap();
    let (row, documents) = unsampled(sqlx::query("SELECT 42").fetch_one(&pool)).await;
    assert_eq!((row.unwrap().get::<i32, _>(0), documents.len()), (42, 0));
}

/// Counts the events that it is given.
#[derive(Clone, Default)]
struct Counting(Arc<AtomicUsize>);

impl<S: tracing::Subscriber> Layer<S> for Counting {
    fn on_event(&self, _: &tracing::Event<'_>, _: tracing_subscriber::layer::Context<'_, S>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }
}

#[tokio::test]
async fn other_layers_are_given_no_more_and_no_less() {
    let Some(server) = Postgres::for_test("other_layers_are_given_no_more_and_no_less") else { return };
    let database: Database = server.url().parse().unwrap();
    let (info, debug) = (Counting::default(), Counting::default());
    let of_queries = tracing_subscriber::filter::filter_fn(|of| of.target() == "sqlx::query");
    let subscriber = tracing_subscriber::registry()
        .with(info.clone().with_filter(LevelFilter::INFO))
        .with(tracer_runtime::sql::sqlx::layer(database))
        .with(debug.clone().with_filter(of_queries));
    let _guard = set_default(subscriber);
    let mut connection = sqlx::PgConnection::connect(&server.url()).await.unwrap();
    let trace = testing::capture_async(
        async {
            tracing::debug!("for nobody");
            tracing::info!("for the first");
            sqlx::query("SELECT 1").execute(&mut connection).await.unwrap();
        }
        .in_subsegment("all"),
    )
    .await;
    assert_eq!((info.0.load(Ordering::Relaxed), debug.0.load(Ordering::Relaxed)), (1, 1));
    assert_eq!(trace.find(NAME).len(), 1);
}

async fn sqlite() -> (Database, SqlitePool) {
    let url = "sqlite::memory:";
    let pool = SqlitePoolOptions::new().max_connections(5).connect(url).await.unwrap();
    (url.parse().unwrap(), pool)
}

#[tokio::test]
async fn each_of_fifty_calls_of_sqlite_at_once_has_its_own_parent() {
    let (database, pool) = sqlite().await;
    let (database, pool) = (&database, &pool);
    let _guard =
        set_default(tracing_subscriber::registry().with(tracer_runtime::sql::sqlx::layer(database.clone())));
    let trace = testing::capture_async(join_all((0..50).map(|number: i32| {
        async move {
            let query = sqlx::query("SELECT ?").bind(number).fetch_one(pool);
            assert_eq!(database.call(query).await.unwrap().get::<i32, _>(0), number);
        }
        .in_subsegment(format!("order {number}"))
    })))
    .await;
    for number in 0..50 {
        let parent = trace.subsegment(&format!("order {number}"));
        assert_eq!(parent.subsegments().len(), 1, "{parent:?}");
        assert_eq!(parent.subsegments()[0].name(), ":memory:");
    }
}

#[tokio::test]
async fn a_call_of_sqlite_that_fails_is_a_fault() {
    let (database, pool) = sqlite().await;
    let trace = testing::capture_async(async {
        database.call(sqlx::query("SELECT * FROM nowhere").execute(&pool)).await.unwrap_err();
        sqlx::query("SELECT 1").execute(&pool).in_subsegment("without").await.unwrap();
    })
    .await;
    let call = trace.subsegment(":memory:");
    assert!(call.is_fault());
    assert!(call.exceptions()[0].message().contains("no such table: nowhere"), "{trace}");
    // The connection's own thread is in no trace: the layer guesses no parent.
    assert!(trace.subsegment("without").subsegments().is_empty());
}
