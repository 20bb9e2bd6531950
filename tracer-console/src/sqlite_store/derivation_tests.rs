use rusqlite::types::Value;
use serde_json::json;

use super::*;
use crate::document::Document;
use crate::filter::FilterExpression;
use crate::search::Search;
use crate::sqlite_store::SqliteStore;
use crate::sqlite_store::row::blob_of;
use crate::sqlite_store::schema::{MIGRATIONS, open_writer};
use crate::store::TraceStore as _;
use crate::timestamp::Timestamp;

const TRACES: u64 = 2_500;

fn document(trace: u64) -> Document {
    let (start, service) = (1_700_000_000 + trace, if trace.is_multiple_of(5) { "pay" } else { "web" });
    let call = json!({"name": "DynamoDB", "id": "00000000000000b2", "namespace": "aws", "start_time": start, "end_time": start + 1});
    let link = json!({"trace_id": format!("1-6b02e002-{:024x}", trace / 2), "id": "00000000000000b2", "attributes": {}});
    let document = json!({
        "name": service, "id": "00000000000000a1", "trace_id": format!("1-6b02e002-{trace:024x}"), "start_time": start,
        "end_time": start + 2 + trace % 7, "fault": trace.is_multiple_of(9), "user": format!("u-{}", trace % 3), "http": {"request": {"url": format!("/{}", trace % 50)}},
        "annotations": {"n": trace, "ColdStart": trace.is_multiple_of(4)}, "subsegments": [call], "links": [link],
    });
    Document::parse(&document.to_string()).unwrap()
}

/// A file as the first versions of the program wrote it.
fn old_file(path: &Path) {
    let old = Connection::open(path).unwrap();
    old.execute_batch(MIGRATIONS[0]).unwrap();
    old.execute_batch(MIGRATIONS[1]).unwrap();
    old.pragma_update(None, "user_version", 2).unwrap();
    old.execute_batch("BEGIN").unwrap();
    for trace in 0..TRACES {
        let (id, number) = (document(trace).trace_id(), trace as i64 + 1);
        let insert = "INSERT INTO traces (trace, id, start, latest, arrived, duration, response_time, flags, documents, \
                      any_marks, bytes, revision) VALUES (?1, ?2, 0, 0, 7, 0, 0, 0, 1, 0, 99, ?1)";
        old.execute(insert, (number, blob_of(id))).unwrap();
        let text = zstd::bulk::compress(document(trace).text().as_bytes(), 3).unwrap();
        let insert = "INSERT INTO documents (trace, number, dictionary, text) VALUES (?1, 0, 0, ?2)";
        old.execute(insert, (number, text)).unwrap();
    }
    old.execute_batch("INSERT INTO names (text) VALUES ('of old'); COMMIT").unwrap();
}

/// A file as this program writes it, with the same traces.
fn new_file(path: &Path) {
    let store = SqliteStore::open(path).unwrap();
    let documents = (0..TRACES).map(document).collect();
    assert!(store.record_all(documents).iter().all(Result::is_ok));
}

/// What a file knows of its traces.
fn derived(path: &Path) -> Vec<Vec<Vec<Value>>> {
    let connection = Connection::open(path).unwrap();
    let named = "SELECT traces.id, names.text, value FROM";
    let shaped = "SELECT traces.id, shapes.bytes,";
    let selects = [
        format!("{named} annotations JOIN names ON name = key JOIN traces USING (trace)"),
        format!("{named} texts JOIN names ON name = key JOIN traces USING (trace)"),
        "SELECT traces.id, target, segment, links.id, name FROM links JOIN traces USING (trace)".to_owned(),
        format!(
            "{shaped} start, response_time, duration, latest, first_end, last_end, url, graph FROM traces JOIN shapes USING (shape)"
        ),
        format!(
            "{shaped} name, kind, account, marks FROM services JOIN traces USING (shape) JOIN shapes USING (shape)"
        ),
        format!(
            "{shaped} caller, callee, marks FROM calls JOIN traces USING (shape) JOIN shapes USING (shape)"
        ),
        format!("{shaped} key FROM keys JOIN traces USING (shape) JOIN shapes USING (shape)"),
        "SELECT bytes, traces, flags, any_marks, texts, status, method FROM shapes".to_owned(),
        "SELECT minute, traces, first_trace, last_trace, latest, first_end, last_end, shortest_response, longest_response, \
         shortest, longest FROM minutes"
            .to_owned(),
        "SELECT sum(length(bytes)) FROM text_chunks".to_owned(),
        "SELECT * FROM minute_urls".to_owned(),
        "SELECT bytes, minute, minute_shapes.traces FROM minute_shapes JOIN shapes USING (shape)".to_owned(),
        "SELECT text FROM names".to_owned(),
    ];
    let rows = |select: &String| {
        let mut select = connection
            .prepare(&format!("{select} ORDER BY 1, 2, 3, 4"))
            .unwrap_or_else(|_| connection.prepare(&format!("{select} ORDER BY 1")).unwrap());
        let columns = select.column_count();
        let rows = select.query_map([], |row| (0..columns).map(|at| row.get(at)).collect()).unwrap();
        rows.collect::<Result<_, _>>().unwrap()
    };
    selects.iter().map(rows).collect()
}

fn found(path: &Path, expression: &str) -> usize {
    let store = SqliteStore::open(path).unwrap();
    let search = Search::between(Timestamp::from_micros(0), Timestamp::from_micros(i64::MAX));
    let search = search.matching(&FilterExpression::parse(expression).unwrap()).unwrap();
    store.search(&search).unwrap().traces.len()
}

#[test]
fn an_old_file_knows_all_that_a_new_one_does_once_it_is_opened() {
    let directory = tempfile::tempdir().unwrap();
    let [old, new] = ["old.db", "new.db"].map(|name| directory.path().join(name));
    old_file(&old);
    new_file(&new);
    for expression in ["service(\"pay\") { fault }", "user CONTAINS \"-2\""] {
        assert_eq!(found(&old, expression), found(&new, expression), "{expression}");
    }
    assert_eq!(derived(&old), derived(&new));
    let arrived = "SELECT min(start + arrived), max(start + arrived) FROM traces";
    let arrived: (i64, i64) =
        Connection::open(&old).unwrap().query_row(arrived, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert_eq!(arrived, (7, 7), "when something of it came last is not derived");
}

#[test]
fn who_was_interrupted_goes_on_where_it_was() {
    let directory = tempfile::tempdir().unwrap();
    let [path, other] = ["traces.db", "other.db"].map(|name| directory.path().join(name));
    new_file(&path);
    new_file(&other);
    let mut connection = open_writer(&path).unwrap();
    begin(&mut connection).unwrap();
    let transaction = connection.transaction().unwrap();
    let next = derive(&transaction, &mut Unpacker::default(), &mut Names::default(), 0).unwrap();
    assert_eq!(next, Some(AT_ONCE + 1));
    transaction.execute("UPDATE derivation SET next = ?1", [next]).unwrap();
    transaction.commit().unwrap();
    assert!(!is_up_to_date(&connection).unwrap());
    drop(connection);
    assert!(SqliteStore::open_read_only(&path).is_err(), "half of it is not to be read");
    assert_eq!(found(&path, "annotation.n = 2400"), 1);
    assert_eq!(derived(&path), derived(&other));
}
