//! diesel with a real PostgreSQL, by its C library.
#![cfg(feature = "libpq")]

use diesel::connection::{Connection, SimpleConnection};
use diesel::sql_types::Text;
use diesel::{PgConnection, RunQueryDsl, sql_query};
use tracer_runtime::sql::diesel::install;
use tracer_runtime::{subsegment, testing};
use tracer_tests_sql::Postgres;

#[test]
fn each_query_is_a_subsegment_named_by_the_connection_string() {
    let Some(server) = Postgres::for_test("each_query_is_a_subsegment_named_by_the_connection_string") else {
        return;
    };
    install().unwrap();
    for (string, name) in [(server.url(), "postgres@127.0.0.1"), (server.pairs(), "postgres@localhost")] {
        let trace = testing::capture(|| {
            let connection = &mut PgConnection::establish(&string).unwrap();
            connection.batch_execute("SELECT 1").unwrap();
            let query = sql_query("SELECT length($1)").bind::<Text, _>("a value");
            subsegment("reading", || query.execute(connection)).unwrap();
            sql_query("SELECT * FROM nowhere").execute(connection).unwrap_err();
        });
        let queries = trace.find(name);
        assert_eq!(queries.len(), 4, "{trace}");
        assert_eq!(trace.subsegment("reading").subsegments().len(), 1);
        for query in &queries {
            let sql = &query.json()["sql"];
            assert_eq!((&sql["user"], &sql["database_type"]), (&"app".into(), &"PostgreSQL".into()));
        }
        assert_eq!(queries[3].exceptions()[0].message(), r#"relation "nowhere" does not exist"#);
        assert!(!trace.documents().concat().contains("hunter2"));
    }
}

#[test]
fn a_connection_that_fails_tells_no_password() {
    let Some(server) = Postgres::for_test("a_connection_that_fails_tells_no_password") else { return };
    install().unwrap();
    let wrong = server.url().replace(":%", ":hunter2%");
    let strings = [
        wrong.as_str(),
        "postgres://app:hunter2@127.0.0.1:1/orders",
        "postgres://app:a@b:hunter2@127.0.0.1:1/orders",
        "postgres://app:hunter2%zz@127.0.0.1:1/orders",
        "postgres://app:hunter2@127.0.0.1:1/orders?hunter2=hunter2",
        "postgres://app:hun/ter2@127.0.0.1:1/orders",
        "host=127.0.0.1 port=1 password=x hunter2",
        "host=127.0.0.1 port=1 password='hunter2",
        "host=127.0.0.1 port=1 password=x hunter2=x",
        "host=127.0.0.1 port=hunter2 password=hunter2",
    ];
    for string in strings {
        let trace = testing::capture(|| assert!(PgConnection::establish(string).is_err(), "{string}"));
        let connecting = &trace.subsegments()[0];
        assert!(connecting.is_fault() && connecting.exceptions().len() == 1, "{trace}");
        assert!(!trace.documents().concat().contains("hunter2"), "{string}: {trace}");
    }
    // What cannot hold one is told.
    let trace = testing::capture(|| PgConnection::establish(strings[1]).map(drop).unwrap_err());
    assert!(trace.subsegments()[0].exceptions()[0].message().contains("Connection refused"), "{trace}");
}
