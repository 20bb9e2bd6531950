//! tokio-postgres against a real PostgreSQL.

use std::future::Future;
use std::pin::pin;
use std::task::{Context, Poll, Waker};

use futures_util::future::join_all;
use serde_json::Value;
use tokio_postgres::{Client, Config, Error, NoTls};
use tracer_runtime::testing::{self, RecordedSubsegment, RecordedTrace};
use tracer_runtime::{InSubsegment, Tracer, capture_method, sql::Database};
use tracer_tests_sql::{PASSWORD, Postgres, unsampled};

const NAME: &str = "postgres@127.0.0.1";

async fn connect(url: &str) -> Result<Client, Error> {
    let (client, connection) = tokio_postgres::connect(url, NoTls).await?;
    tokio::spawn(connection);
    Ok(client)
}

fn database(server: &Postgres) -> Database {
    server.url().parse().expect("a URL of a database")
}

fn has_no_password(trace: &RecordedTrace) -> bool {
    trace.documents().iter().all(|document| !document.contains("hunter2"))
}

fn sql(subsegment: &RecordedSubsegment) -> &Value {
    &subsegment.json()["sql"]
}

#[tokio::test]
async fn a_query_is_a_subsegment_of_its_database() {
    let Some(server) = Postgres::for_test("a_query_is_a_subsegment_of_its_database") else { return };
    let database = database(&server);
    let trace = testing::capture_async(async {
        let client = database.call(connect(&server.url())).await.unwrap();
        let query = "SELECT $1::int + 1";
        let row = database.call(client.query_one(query, &[&41])).query(query).prepared().await.unwrap();
        assert_eq!(row.get::<_, i32>(0), 42);
    })
    .await;
    let calls = trace.subsegments();
    assert_eq!(calls.len(), 2);
    for call in calls {
        assert_eq!((call.name(), &call.json()["namespace"]), (NAME, &Value::from("remote")));
        assert!(!call.is_fault() && !call.is_cancelled());
        assert_eq!(sql(call)["user"], "app");
        assert_eq!(sql(call)["database_type"], "PostgreSQL");
        assert!(sql(call)["url"].as_str().unwrap().starts_with("postgres://127.0.0.1:"), "{trace}");
        assert!(sql(call)["url"].as_str().unwrap().ends_with("/postgres"));
        assert_eq!(sql(call)["sanitized_query"], Value::Null);
    }
    assert_eq!(sql(&calls[0])["preparation"], Value::Null);
    assert_eq!(sql(&calls[1])["preparation"], "statement");
    assert!(has_no_password(&trace));
}

#[tokio::test]
async fn the_text_is_recorded_when_asked_and_the_values_are_not() {
    let Some(server) = Postgres::for_test("the_text_is_recorded_when_asked_and_the_values_are_not") else {
        return;
    };
    let database = database(&server);
    let client = connect(&server.url()).await.unwrap();
    let query = "SELECT length($1)";
    let asked = Tracer::builder().collect_sql_queries(true);
    let trace = testing::capture_async_with(asked, async {
        database.call(client.query(query, &[&"a value"])).query(query).await.unwrap();
    })
    .await;
    assert_eq!(sql(trace.subsegment(NAME))["sanitized_query"], query);
    assert!(!trace.documents().concat().contains("a value"));
}

#[capture_method]
async fn insert(database: &Database, client: &Client, id: i32) -> Result<u64, Error> {
    database.call(client.execute("INSERT INTO kept VALUES ($1, 'a secret of row')", &[&id])).await
}

#[tokio::test]
async fn an_answer_of_error_is_a_fault_with_the_sqlstate() {
    let Some(server) = Postgres::for_test("an_answer_of_error_is_a_fault_with_the_sqlstate") else { return };
    let database = database(&server);
    let client = connect(&server.url()).await.unwrap();
    client.batch_execute("CREATE TEMPORARY TABLE kept (id int PRIMARY KEY, note text)").await.unwrap();
    let trace = testing::capture_async(async {
        insert(&database, &client, 1).await.unwrap();
        insert(&database, &client, 1).await.unwrap_err();
        database.call(client.query("SELECT * FROM nowhere", &[])).await.unwrap_err();
    })
    .await;
    let failed: Vec<_> = trace.find(NAME).into_iter().filter(|call| call.is_fault()).collect();
    assert_eq!(failed.len(), 2, "{trace}");
    let told = |call: &RecordedSubsegment| {
        let exceptions = call.exceptions();
        assert_eq!(exceptions.len(), 1);
        assert_eq!(exceptions[0].json()["remote"], true);
        (exceptions[0].type_name().to_owned(), exceptions[0].message().to_owned())
    };
    let is = |code: &str, message: &str| (code.to_owned(), message.to_owned());
    let unique = r#"ERROR: duplicate key value violates unique constraint "kept_pkey""#;
    assert_eq!(told(failed[0]), is("23505", unique));
    assert_eq!(told(failed[1]), is("42P01", r#"ERROR: relation "nowhere" does not exist"#));
    // The detail, which quotes the row, is in what the function returned, whose attribute decides about that.
    assert!(!failed[0].json().to_string().contains("already exists"));
}

/// Ends the other connection's process once that runs a query.
async fn end_while_active(client: &Client, pid: i32) {
    let end = "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE pid = $1 AND state = 'active'";
    while client.query(end, &[&pid]).await.unwrap().is_empty() {}
}

#[tokio::test]
async fn an_error_without_an_answer_is_a_fault_too() {
    let Some(server) = Postgres::for_test("an_error_without_an_answer_is_a_fault_too") else { return };
    let database = database(&server);
    let client = connect(&server.url()).await.unwrap();
    let other = connect(&server.url()).await.unwrap();
    let pid: i32 = client.query_one("SELECT pg_backend_pid()", &[]).await.unwrap().get(0);
    let trace = testing::capture_async(async {
        let sleeping = database.call(client.query("SELECT pg_sleep(600)", &[]));
        let (ended, ()) = futures_util::future::join(sleeping, end_while_active(&other, pid)).await;
        ended.unwrap_err();
        database.call(client.query("SELECT 1", &[])).await.unwrap_err();
    })
    .await;
    let calls = trace.find(NAME);
    assert_eq!(calls[0].exceptions()[0].type_name(), "57P01", "{trace}");
    assert!(calls[1].is_fault());
    assert_eq!(calls[1].exceptions()[0].message(), "connection closed");
}

#[tokio::test]
async fn a_connection_that_fails_tells_no_password() {
    let Some(server) = Postgres::for_test("a_connection_that_fails_tells_no_password") else { return };
    let nobody = "postgres://app:hunter2@127.0.0.1:1/orders".to_owned();
    let wrong = server.url().replace(":%", ":hunter2%");
    let malformed = ["host=db password=hunter2 hunter2", "host=db hunter2=x", "password='hunter2"];
    let strings = [nobody, wrong].into_iter().chain(malformed.map(str::to_owned));
    for string in strings {
        let database = Database::named(string.clone());
        let trace = testing::capture_async(async {
            assert!(database.call(connect(&string)).await.is_err());
        })
        .await;
        let call = &trace.subsegments()[0];
        assert!(call.is_fault() && !call.exceptions().is_empty(), "{string}: {trace}");
        assert!(has_no_password(&trace), "{string}: {trace}");
    }
}

#[tokio::test]
async fn a_dropped_query_is_cancelled_and_no_fault() {
    let Some(server) = Postgres::for_test("a_dropped_query_is_cancelled_and_no_fault") else { return };
    let database = database(&server);
    let client = connect(&server.url()).await.unwrap();
    let trace = testing::capture_async(async {
        let mut call = pin!(Box::pin(database.call(client.query("SELECT pg_sleep(600)", &[]))));
        assert!(matches!(call.as_mut().poll(&mut Context::from_waker(Waker::noop())), Poll::Pending));
    })
    .await;
    let call = trace.subsegment(NAME);
    assert!(call.is_cancelled() && !call.is_fault());
    // One that was never polled is none.
    let trace = testing::capture_async(async { drop(database.call(client.query("SELECT 1", &[]))) }).await;
    assert!(trace.subsegments().is_empty());
}

#[tokio::test]
async fn each_of_fifty_pipelined_queries_has_its_own_parent() {
    let Some(server) = Postgres::for_test("each_of_fifty_pipelined_queries_has_its_own_parent") else {
        return;
    };
    let database = database(&server);
    let client = connect(&server.url()).await.unwrap();
    let (database, client) = (&database, &client);
    let trace = testing::capture_async(join_all((0..50).map(|number: i32| {
        async move {
            let row = database.call(client.query_one("SELECT $1::int", &[&number])).await.unwrap();
            assert_eq!(row.get::<_, i32>(0), number);
        }
        .in_subsegment(format!("order {number}"))
    })))
    .await;
    assert_eq!(trace.subsegments().len(), 50);
    for number in 0..50 {
        let parent = trace.subsegment(&format!("order {number}"));
        assert_eq!(parent.subsegments().len(), 1);
        assert_eq!(parent.subsegments()[0].name(), NAME);
    }
}

#[tokio::test]
async fn a_transaction_is_traced_like_a_client() {
    let Some(server) = Postgres::for_test("a_transaction_is_traced_like_a_client") else { return };
    let config: Config = server.pairs().parse().unwrap();
    let database = Database::from(&config);
    let trace = testing::capture_async(async {
        let (mut client, connection) = database.call(config.connect(NoTls)).await.unwrap();
        tokio::spawn(connection);
        let transaction = database.call(client.transaction()).await.unwrap();
        database.call(transaction.execute("SELECT 1", &[])).await.unwrap();
        database.call(transaction.commit()).await.unwrap();
    })
    .await;
    // By the socket: on this machine.
    assert_eq!(trace.find("postgres@localhost").len(), 4, "{trace}");
    assert!(has_no_password(&trace));
    assert!(!trace.documents().concat().contains(PASSWORD));
}

#[tokio::test]
async fn a_panic_in_a_call_is_a_fault() {
    let database = Database::named("orders@db");
    let trace = testing::capture_async(async {
        let call = database.call(async { if true { panic!("no") } else { Ok::<(), Error>(()) } });
        let call = std::panic::AssertUnwindSafe(call);
        assert!(futures_util::FutureExt::catch_unwind(call).await.is_err());
    })
    .await;
    let call = trace.subsegment("orders@db");
    assert!(call.is_fault() && !call.is_cancelled());
}

#[test]
fn a_call_is_as_sendable_as_its_future() {
    fn is_sendable<T: Send + Sync + Unpin>(_: &T) {}
    let database = Database::named("orders@db");
    is_sendable(&database.call(std::future::ready(Ok::<(), Error>(()))));
}

#[tokio::test]
async fn an_unsampled_query_runs_and_sends_nothing() {
    let Some(server) = Postgres::for_test("an_unsampled_query_runs_and_sends_nothing") else { return };
    let database = database(&server);
    let client = connect(&server.url()).await.unwrap();
    let (row, documents) = unsampled(database.call(client.query_one("SELECT 42", &[]))).await;
    assert_eq!((row.unwrap().get::<_, i32>(0), documents.len()), (42, 0));
}
