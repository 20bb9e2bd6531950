use std::path::Path;

use proptest::prelude::*;
use rusqlite::Connection;
use serde_json::json;

use super::*;
use crate::compiled::{CompiledTrace, fixtures};
use crate::filter::FilterExpression;
use crate::filter::tests::generate;
use crate::sqlite_store::minutes::Minutes;
use crate::sqlite_store::names::{self, Names};
use crate::sqlite_store::place::of_minute;
use crate::sqlite_store::row::{Row, Size};
use crate::sqlite_store::row_changes::RowChanges;
use crate::sqlite_store::schema::{add_functions, migrate};
use crate::sqlite_store::text_chunks;
use crate::trace::Trace;

/// A database that knows one trace.
fn database(trace: &Trace) -> Connection {
    let connection = Connection::open_in_memory().unwrap();
    add_functions(&connection).unwrap();
    migrate(&connection, Path::new("memory")).unwrap();
    let row = Row::of(trace);
    let number = 1;
    let (nothing, mut names, mut changes) = (Row::default(), Names::default(), RowChanges::default());
    let size = Size { documents: 1, bytes: 1 };
    row.write(&connection, &mut names, (number, trace.id()), size, 1).unwrap();
    changes.add(number, &nothing, &row);
    changes.write(&connection, &mut names).unwrap();
    let mut minutes = Minutes::default();
    minutes.add(number, &row);
    minutes.write(&connection, &mut names).unwrap();
    connection
}

/// Few rows and many, shapes that can be named and too many of them: these are looked up in different ways.
#[derive(Clone, Copy)]
struct Assumed<'c> {
    connection: &'c Connection,
    are_few: bool,
    can_be_named: bool,
    leaves_many: bool,
}

impl Assumed<'_> {
    fn numbers(&self, select: &str, condition: &Condition) -> Vec<i64> {
        let mut select = self.connection.prepare(select).unwrap();
        let numbers = select.query_map(rusqlite::params_from_iter(&condition.values), |row| row.get(0));
        numbers.unwrap().collect::<Result<_, _>>().unwrap()
    }
}

impl Tables for Assumed<'_> {
    fn traces(&self, rows: &Condition) -> Result<Option<Vec<i64>>, SqliteError> {
        let select = format!("SELECT DISTINCT trace FROM {}", rows.text);
        Ok(self.are_few.then(|| self.numbers(&select, rows)))
    }

    fn texts(&self, wanted: &Wanted<'_>) -> Result<Looked, SqliteError> {
        let name = names::find(self.connection, wanted.key)?;
        let find = |name| text_chunks::find(self.connection, wanted, name, (0, i64::MAX), usize::MAX);
        let found = name.map(find).transpose()?.flatten().unwrap_or_default();
        Ok(match (self.are_few, self.can_be_named) {
            (true, true) => Looked::These(found),
            (false, true) => Looked::Many,
            _ => Looked::Nowhere,
        })
    }

    fn rows(&self, condition: &Condition) -> Result<Option<Vec<i64>>, SqliteError> {
        let select = format!("SELECT trace FROM traces WHERE {}", condition.text);
        Ok(self.are_few.then(|| self.numbers(&select, condition)))
    }

    fn shapes(&self, condition: &Condition) -> Result<Option<Vec<i64>>, SqliteError> {
        let select = format!("SELECT shape FROM shapes WHERE {}", condition.text);
        Ok(self.can_be_named.then(|| self.numbers(&select, condition)))
    }

    fn leaves_many(&self) -> bool {
        self.leaves_many
    }
}

/// Whether a row of the table satisfies what is said.
fn holds(connection: &Connection, table: &str, condition: Option<Condition>) -> bool {
    let condition = condition.unwrap_or_else(|| Condition::new("TRUE", []));
    let count = format!("SELECT count(*) FROM {table} WHERE {}", condition.text);
    let values = rusqlite::params_from_iter(condition.values);
    let count: i64 = connection.query_row(&count, values, |row| row.get(0)).unwrap();
    count == 1
}

/// Whether the tables keep the trace, whether they say that they keep no other, and whether the filter keeps it.
fn kept_exactly(trace: &Trace, expression: &str) -> (bool, bool, bool) {
    let filter = FilterExpression::parse(expression).unwrap().with_groups(&[]).unwrap();
    let (database, prefilter) = (database(trace), filter.prefilter());
    let found = |tables: Assumed<'_>| {
        let Said { of_shape, of_trace, listed, is_exact } = Said::of(&prefilter, &tables).unwrap();
        let said = [of_shape.map(among_shapes), of_trace, listed.as_deref().map(Condition::listed)];
        (said.into_iter().all(|said| holds(&database, "traces", said)), is_exact)
    };
    let ways = [(true, true), (true, false), (false, true), (false, false)].map(|(are_few, can_be_named)| {
        let tables = Assumed { connection: &database, are_few, can_be_named, leaves_many: false };
        let (is_found, is_exact) = found(tables);
        let (is_left, _) = found(Assumed { leaves_many: true, ..tables });
        assert!(is_left || !is_found, "{expression}: what is left to others is kept");
        (is_found, is_exact)
    });
    assert!(ways.iter().all(|way| *way == ways[0]), "{expression}: {ways:?}");
    let (is_found, is_exact) = ways[0];
    assert!(!is_found || holds(&database, "minutes", of_minute(&prefilter)), "{expression}: in its minute");
    let is_exact = is_exact && filter.is_prefilter_exact();
    (is_found, is_exact, filter.keeps(&CompiledTrace::of(trace)))
}

/// Whether the tables keep the trace, and whether the filter does.
fn kept(trace: &Trace, expression: &str) -> (bool, bool) {
    let (by_tables, is_exact, by_filter) = kept_exactly(trace, expression);
    assert!(!is_exact || by_tables == by_filter, "{expression} is said to be exact");
    (by_tables, by_filter)
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
        "http.url ENDSWITH \"/pay\"",
        "annotation.tenant ENDSWITH \"e\"",
        "service(id(name: \"web\", type: \"AWS::EC2::Instance\"))",
        "!service(id(type: \"AWS::DynamoDB::Table\")) { fault }",
        "edge(id(type: \"client\"), \"web\") { ok }",
        "edge(\"web\", \"payments.example.com\") { inferred }",
        "account.id = \"123456789012\"",
        "!account.id",
        "(fault OR responsetime > 1) AND !annotation.none",
    ];
    for name in ["A", "B", "C", "D", "E", "F"] {
        let trace = fixtures::trace(name);
        for expression in indexed {
            let (by_tables, is_exact, by_filter) = kept_exactly(&trace, expression);
            assert_eq!(by_tables, by_filter, "{expression} on {name}");
            assert!(is_exact, "{expression}: nothing need be evaluated");
        }
    }
}

/// Both must say that the trace is kept.
fn is_kept(trace: &Trace, expression: &str) {
    assert_eq!(kept(trace, expression), (true, true), "{expression}");
}

#[test]
fn a_status_from_400_is_not_ok_whatever_the_flags_say() {
    let more = json!({"error": false, "fault": false, "http": {"response": {"status": 404}}});
    let trace = fixtures::from_documents(&[fixtures::segment("web", 1, (0.0, 1.0), more)]);
    is_kept(&trace, "!ok");
    is_kept(&trace, "!(service(\"web\") { ok })");
    is_kept(&trace, "!(service() { ok })");
    is_kept(&trace, "!(edge(id(name: \"web\", type: \"client\"), \"web\") { ok })");
}

#[test]
fn a_call_whose_callee_reports_is_not_inferred() {
    let call = json!({"subsegments": [{"name": "api", "id": fixtures::id(2).to_string(), "namespace": "remote",
        "start_time": fixtures::BEGIN, "end_time": fixtures::BEGIN + 1.0}]});
    let trace = fixtures::from_documents(&[
        fixtures::segment("web", 1, (0.0, 1.0), call),
        fixtures::segment("api", 3, (0.2, 0.4), json!({"parent_id": fixtures::id(2).to_string()})),
    ]);
    is_kept(&trace, "!(edge(\"web\", \"api\") { inferred })");
    is_kept(&trace, "!(service(\"web\") { inferred })");
}

#[test]
fn statuses_and_numbers_beyond_all_bounds_are_compared_as_the_filter_does() {
    for status in [u64::MAX, i64::MAX as u64 + 1, (1 << 53) + 1] {
        let more = json!({"http": {"response": {"status": status}}, "annotations": {"n": status}});
        let trace = fixtures::from_documents(&[fixtures::segment("web", 1, (0.0, 1.0), more)]);
        for expression in ["http.status > 599", "http.status = 9007199254740992 OR http.status > 1e18"] {
            let (by_tables, by_filter) = kept(&trace, expression);
            assert_eq!(by_tables, by_filter, "{expression} of {status}");
        }
        is_kept(&trace, &format!("annotation.n = {status}"));
    }
    let more = json!({"annotations": {"a": 1e308, "b": -0.0, "c": 5e-324, "d": -1e308}});
    let trace = fixtures::from_documents(&[fixtures::segment("web", 1, (0.0, 1.0), more)]);
    for expression in ["a > 1e307", "a = 1e308", "b = 0", "b = -0.0", "c > 0", "c != 0", "d < 0"] {
        is_kept(&trace, &format!("annotation.{expression}"));
    }
}

#[test]
fn texts_with_any_characters_are_found() {
    let texts =
        ["a\0b", "\0", "100%_\\", "O'Hara \"x\"", "É", "E\u{301}", "ß", "日本", "\u{feff}", "\u{10ffff}"];
    for text in texts {
        let more = json!({"annotations": {"k": text}, "user": text,
            "http": {"request": {"url": text, "method": text}}, "subsegments": []});
        let mut document = fixtures::segment("web", 1, (0.0, 1.0), more);
        document["name"] = json!(text);
        let trace = fixtures::from_documents(&[document]);
        let quoted = text.replace('\\', "\\\\").replace('"', "\\\"");
        for operator in ["=", "CONTAINS", "BEGINSWITH", "ENDSWITH"] {
            for keyword in ["annotation.k", "user", "http.url", "http.method"] {
                is_kept(&trace, &format!("{keyword} {operator} \"{quoted}\""));
            }
        }
        is_kept(&trace, &format!("service(\"{quoted}\")"));
        let (by_tables, by_filter) = kept(&trace, "annotation.k = \"é\" OR user CONTAINS \"\u{c9}\"");
        assert_eq!(by_tables, by_filter, "{text:?}: neither case nor normal form is ignored");
    }
}

#[test]
fn the_longest_expressions_are_looked_up() {
    let trace = fixtures::trace("A");
    let long = |piece: &str, between: &str| {
        let count = 16_000 / (piece.len() + between.len());
        vec![piece; count].join(between)
    };
    let flat = [
        long("ok", " "),
        long("ok", " OR "),
        long("annotation.a", " OR ") + " OR ok",
        long("!annotation.a", " "),
        long("!edge(\"a\",\"b\")", " "),
    ];
    let nested = format!("{}ok{}", "(!!ok AND ok (partial OR ".repeat(20), "))".repeat(20));
    for expression in flat.iter().chain([&nested]) {
        let (by_tables, by_filter) = kept(&trace, expression);
        assert!(by_tables && by_filter, "{}", &expression[..60]);
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
