use proptest::prelude::*;
use rusqlite::Connection;

use super::*;
use crate::compiled::{CompiledTrace, fixtures};
use crate::filter::FilterExpression;
use crate::filter::tests::generate;
use crate::sqlite_store::names::Names;
use crate::sqlite_store::row::{Row, Size};
use crate::sqlite_store::row_changes::RowChanges;
use crate::trace::Trace;

/// A database that knows one trace.
fn database(trace: &Trace) -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    connection.execute_batch(include_str!("../../migrations/0001_traces.sql")).unwrap();
    let row = Row::of(trace);
    let number = Row::begin(&connection, trace.id()).unwrap();
    row.write(&connection, number, Size { documents: 1, bytes: 1 }, 1).unwrap();
    let mut changes = RowChanges::default();
    changes.add(number, &Row::default(), &row);
    changes.write(&connection, &mut Names::default()).unwrap();
    connection
}

/// Whether the tables keep the trace, and whether the filter does.
fn kept(trace: &Trace, expression: &str) -> (bool, bool) {
    let filter = FilterExpression::parse(expression).unwrap().with_groups(&[]).unwrap();
    let condition = Condition::of(&filter.prefilter()).unwrap_or(Condition::new("TRUE", []));
    let count = format!("SELECT count(*) FROM traces WHERE {}", condition.text);
    let values = rusqlite::params_from_iter(condition.values);
    let count: i64 = database(trace).query_row(&count, values, |row| row.get(0)).unwrap();
    (count == 1, filter.keeps(&CompiledTrace::of(trace)))
}

#[test]
fn what_is_indexed_is_decided_by_the_tables_alone() {
    let indexed = [
        "ok",
        "!ok",
        "fault",
        "error",
        "throttle",
        "partial",
        "inferred",
        "!inferred",
        "responsetime > 1",
        "duration >= 1.4 AND duration <= 2",
        "http.status != 200",
        "http.status",
        "!http.status",
        "http.method = \"POST\"",
        "http.url CONTAINS \"/api/\"",
        "http.url BEGINSWITH \"http://web.local\"",
        "!(http.url CONTAINS \"o\")",
        "user = \"alice\"",
        "user",
        "!user",
        "user != \"bob\"",
        "annotation.tenant = \"acme\"",
        "annotation.tenant",
        "!annotation.tenant",
        "annotation.ColdStart",
        "annotation.retry",
        "annotation.retry = false",
        "annotation.count = 12",
        "annotation.count > 10",
        "annotation.count < 10",
        "annotation.tenant != \"acme\"",
        "annotation.total != 1",
        "service(\"web\")",
        "!service(\"web\")",
        "service(\"orders\") { fault }",
        "service() { fault }",
        "!(service() { throttle })",
        "edge(\"web\", \"payments.example.com\")",
        "edge(\"web\", \"payments.example.com\") { fault }",
        "!edge(\"web\", \"payments.example.com\")",
    ];
    for name in ["A", "B", "C", "D", "E", "F"] {
        let trace = fixtures::trace(name);
        for expression in indexed {
            let (by_tables, by_filter) = kept(&trace, expression);
            assert_eq!(by_tables, by_filter, "{expression} on {name}");
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn c3_the_tables_never_lose_a_trace_that_the_filter_keeps(
        trace in generate::trace(),
        expression in generate::expression(),
    ) {
        let (by_tables, by_filter) = kept(&trace, &expression.to_string());
        prop_assert!(by_tables || !by_filter, "{expression}");
    }

    #[test]
    fn c3_nor_of_the_worked_examples(name in "[A-F]", expression in generate::expression()) {
        let (by_tables, by_filter) = kept(&fixtures::trace(&name), &expression.to_string());
        prop_assert!(by_tables || !by_filter, "{expression} on {name}");
    }
}
