//! diesel with a real SQLite, in this process.

use std::thread;

use diesel::connection::{Connection, InstrumentationEvent, SimpleConnection};
use diesel::r2d2::{ConnectionManager, Pool};
use diesel::sql_types::{Integer, Text};
use diesel::{QueryResult, RunQueryDsl, SqliteConnection, prelude::*, sql_query};
use serde_json::Value;
use tracer_runtime::sql::diesel::{QueryTracer, install};
use tracer_runtime::testing::{self, RecordedSubsegment, RecordedTrace};
use tracer_runtime::{Handle, Tracer, capture_method, sql::Database, subsegment};
use tracer_tests_sql::unsampled;

diesel::table! {
    orders (id) {
        id -> Integer,
        customer -> Text,
    }
}

const NAME: &str = ":memory:";

fn connection() -> SqliteConnection {
    install().unwrap();
    let mut connection = SqliteConnection::establish(":memory:").unwrap();
    connection.batch_execute("CREATE TABLE orders (id INTEGER PRIMARY KEY, customer TEXT NOT NULL)").unwrap();
    connection
}

#[capture_method]
fn insert(connection: &mut SqliteConnection, id: i32, customer: &str) -> QueryResult<usize> {
    let row = (orders::id.eq(id), orders::customer.eq(customer));
    diesel::insert_into(orders::table).values(row).execute(connection)
}

fn sql(subsegment: &RecordedSubsegment) -> &Value {
    &subsegment.json()["sql"]
}

/// What each query does beside querying, in their order.
fn operations(trace: &RecordedTrace) -> Vec<&str> {
    trace.find(NAME).iter().map(|query| query.metadata_or("operation")).collect()
}

trait MetadataOr {
    fn metadata_or(&self, key: &str) -> &str;
}

impl MetadataOr for RecordedSubsegment {
    fn metadata_or(&self, key: &str) -> &str {
        self.json()["metadata"]["service_undefined"][key].as_str().unwrap_or("query")
    }
}

#[test]
fn each_query_is_a_subsegment_below_the_function_that_made_it() {
    let trace = testing::capture(|| {
        let connection = &mut connection();
        insert(connection, 1, "a customer").unwrap();
        assert_eq!(orders::table.count().get_result(connection), Ok(1_i64));
    });
    let names: Vec<_> = trace.subsegments().iter().map(RecordedSubsegment::name).collect();
    // The connection, the table, the function, the count.
    assert_eq!(names, [NAME, NAME, "## diesel::insert", NAME]);
    let query = &trace.subsegment("insert").subsegments()[0];
    assert_eq!(query.json()["namespace"], "remote");
    assert_eq!(*sql(query), serde_json::json!({ "database_type": "SQLite" }));
    assert!(!query.is_fault() && !query.is_cancelled());
    assert_eq!(operations(&trace), ["connect", "query", "query", "query"]);
}

#[test]
fn the_text_is_recorded_when_asked_and_the_values_never() {
    let body = || {
        let connection = &mut connection();
        insert(connection, 1, "a secret").unwrap();
        let found = sql_query("SELECT * FROM orders WHERE customer = ? AND 'a -- binds: b' <> ''");
        found.bind::<Text, _>("another secret -- binds: x").execute(connection).unwrap();
    };
    let off = testing::capture(body);
    assert!(!off.documents().concat().contains("sanitized_query"));
    let on = testing::capture_with(Tracer::builder().collect_sql_queries(true), body);
    assert!(!on.documents().concat().contains("secret"), "{on}");
    let query = &on.subsegment("insert").subsegments()[0];
    assert_eq!(sql(query)["sanitized_query"], "INSERT INTO `orders` (`id`, `customer`) VALUES (?, ?)");
    assert_eq!(sql(query)["preparation"], "statement");
    // Not prepared, and without values.
    let created = &on.subsegments()[1];
    assert!(sql(created)["sanitized_query"].as_str().unwrap().starts_with("CREATE TABLE orders"));
    assert_eq!(sql(created)["preparation"], Value::Null);
    // Cut where a value could begin.
    let last = on.subsegments().last().unwrap();
    assert_eq!(sql(last)["sanitized_query"], "SELECT * FROM orders WHERE customer = ? AND 'a");
}

#[test]
fn a_query_that_fails_is_a_fault_whose_error_is_recorded_once() {
    let trace = testing::capture(|| {
        let connection = &mut connection();
        insert(connection, 1, "a").unwrap();
        insert(connection, 1, "b").unwrap_err();
        sql_query("SELECT * FROM nowhere").execute(connection).unwrap_err();
    });
    let failed: Vec<_> = trace.find(NAME).into_iter().filter(|query| query.is_fault()).collect();
    let messages: Vec<_> = failed.iter().map(|query| query.exceptions()[0].message().to_owned()).collect();
    assert_eq!(messages, ["UNIQUE constraint failed: orders.id", "no such table: nowhere"], "{trace}");
    assert_eq!(failed[0].exceptions()[0].json()["remote"], true);
    // The function that returned it refers to it.
    let function = &trace.find("insert")[1];
    assert!(function.is_fault());
    assert_eq!(function.cause_id(), Some(failed[0].exceptions()[0].id()));
}

#[test]
fn without_the_text_of_errors_the_fault_stays() {
    let trace = testing::capture_with(Tracer::builder().capture_error(false), || {
        sql_query("SELECT * FROM nowhere").execute(&mut connection()).unwrap_err();
    });
    let failed: Vec<_> = trace.find(NAME).into_iter().filter(|query| query.is_fault()).collect();
    assert_eq!((failed.len(), failed[0].exceptions().len()), (1, 0));
    assert!(!trace.documents().concat().contains("nowhere"));
}

#[test]
fn a_transaction_is_its_queries_its_begin_and_its_end() {
    let trace = testing::capture(|| {
        let connection = &mut connection();
        connection
            .transaction(|connection| {
                insert(connection, 1, "a")?;
                let inner: QueryResult<()> =
                    connection.transaction(|_| Err(diesel::result::Error::RollbackTransaction));
                inner.unwrap_err();
                QueryResult::Ok(())
            })
            .unwrap();
    });
    assert_eq!(
        operations(&trace),
        ["connect", "query", "begin", "query", "begin", "rollback", "commit"],
        "{trace}"
    );
    assert!(trace.find(NAME).iter().all(|query| !query.is_fault()));
}

#[test]
fn a_connection_that_fails_is_a_fault_without_its_password() {
    install().unwrap();
    for url in
        ["/nowhere/at/all.db", "file:/nowhere/at/all.db?key=hunter2", "postgres://app:hunter2@db/orders"]
    {
        let trace = testing::capture(|| assert!(SqliteConnection::establish(url).is_err()));
        let connecting = &trace.subsegments()[0];
        assert!(connecting.is_fault(), "{trace}");
        assert_eq!(connecting.exceptions().len(), 1);
        assert!(!trace.documents().concat().contains("hunter2"), "{trace}");
    }
}

#[test]
fn rows_that_are_not_all_read_end_their_query() {
    let trace = testing::capture(|| {
        let connection = &mut connection();
        for id in 0..3 {
            insert(connection, id, "a").unwrap();
        }
        subsegment("reading", || {
            let mut rows = orders::table.load_iter::<(i32, String), _>(connection).unwrap();
            rows.next().unwrap().unwrap();
        });
    });
    let query = &trace.subsegment("reading").subsegments()[0];
    assert!(!query.is_cancelled() && !query.is_in_progress() && !query.is_fault());
}

#[test]
fn each_of_fifty_threads_of_a_pool_has_its_own_parent() {
    install().unwrap();
    let pool =
        Pool::builder().max_size(5).build(ConnectionManager::<SqliteConnection>::new(":memory:")).unwrap();
    let query = |number: i32| {
        let connection = &mut pool.get().unwrap();
        let query = sql_query("SELECT ?").bind::<Integer, _>(number);
        subsegment(&format!("order {number}"), || query.execute(connection)).unwrap();
    };
    let trace = testing::capture(|| {
        let handle = &Handle::current();
        thread::scope(|scope| {
            for number in 0..50 {
                scope.spawn(move || handle.enter(|| query(number)));
            }
        });
    });
    for number in 0..50 {
        let parent = trace.subsegment(&format!("order {number}"));
        assert_eq!(parent.subsegments().len(), 1);
        assert_eq!(parent.subsegments()[0].name(), NAME);
    }
}

#[tokio::test]
async fn a_query_on_a_blocking_thread_has_its_parent() {
    let trace = testing::capture_async(async {
        let blocking = || {
            let connection = &mut connection();
            insert(connection, 1, "a").unwrap();
        };
        tracer_runtime::spawn_blocking(blocking).await.unwrap();
    })
    .await;
    assert_eq!(trace.subsegment("insert").subsegments()[0].name(), NAME);
}

#[test]
fn a_tracer_of_ones_own_names_the_database_and_leaves_the_events() {
    let mut connection = connection();
    let mut tracer = QueryTracer::of(Database::named("orders@here"));
    let (heard, events) = std::sync::mpsc::channel();
    connection.set_instrumentation(move |event: InstrumentationEvent<'_>| {
        heard.send(()).unwrap();
        diesel::connection::Instrumentation::on_connection_event(&mut tracer, event);
    });
    let trace = testing::capture(|| insert(&mut connection, 1, "a").unwrap());
    assert_eq!(trace.subsegment("insert").subsegments()[0].name(), "orders@here");
    assert!(events.try_iter().count() >= 2);
}

#[tokio::test]
async fn an_unsampled_query_runs_and_sends_nothing() {
    let mut connection = connection();
    let (inserted, documents) = unsampled(async { insert(&mut connection, 1, "a") }).await;
    assert_eq!((inserted, documents.len()), (Ok(1), 0));
}
