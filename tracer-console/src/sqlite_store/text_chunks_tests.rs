use std::collections::BTreeSet;

use proptest::prelude::*;

use super::*;
use crate::sqlite_store::schema::open_writer;

fn owned(rows: &[(i64, u64, String)]) -> Vec<TextRow<'_>> {
    rows.iter().map(|(trace, key, text)| (*trace, *key, text.as_bytes())).collect()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 60, ..ProptestConfig::default() })]

    #[test]
    fn what_came_and_is_not_gone_is_found_between_any_traces(
        changes in prop::collection::vec((any::<bool>(), prop::collection::vec((0..40_i64, 0..3_i64, "[ab]{0,12}"), 0..12)), 1..20),
        (from, length) in (0..40_i64, 0..40_i64),
        text in "[ab]{0,2}",
    ) {
        let directory = tempfile::tempdir().unwrap();
        let connection = open_writer(&directory.path().join("traces.db")).unwrap();
        let mut there: BTreeSet<(i64, u64, String)> = BTreeSet::new();
        for (is_new, rows) in changes {
            let rows: Vec<_> = rows.into_iter().map(|(trace, name, text)| (trace, Table::Texts.key(name), text)).collect();
            let (gone, new) = if is_new { (Vec::new(), owned(&rows)) } else { (owned(&rows), Vec::new()) };
            write(&connection, gone, new).unwrap();
            for row in rows {
                if is_new { there.insert(row) } else { there.remove(&row) };
            }
        }
        for operator in [TextOperator::NotEqual, TextOperator::Contains, TextOperator::EndsWith] {
            let wanted = Wanted { table: Table::Texts, key: "", operator, text: &text };
            let (is_meant, range) = (wanted.test(), from..=from + length);
            let meant = there.iter().filter(|(trace, key, found)| {
                range.contains(trace) && *key == Table::Texts.key(1) && is_meant(found.as_bytes())
            });
            let mut meant: Vec<i64> = meant.map(|(trace, ..)| *trace).collect();
            meant.dedup();
            let found = |most| find(&connection, &wanted, 1, (from, from + length), most).unwrap();
            prop_assert_eq!(found(usize::MAX), Some(meant.clone()));
            let annotations = Wanted { table: Table::Annotations, ..wanted.clone() };
            prop_assert_eq!(find(&connection, &annotations, 1, (from, from + length), 9).unwrap(), Some(vec![]));
            if let Some(less) = meant.len().checked_sub(1) {
                prop_assert_eq!(found(less), None);
            }
        }
        let all: Vec<_> = there.into_iter().collect();
        write(&connection, owned(&all), Vec::new()).unwrap();
        let left: i64 = connection.query_row("SELECT count(*) FROM text_chunks", [], |row| row.get(0)).unwrap();
        prop_assert_eq!(left, 0, "nothing is left of what is forgotten");
    }
}

#[test]
fn chunks_are_as_small_as_traces_let_them() {
    let directory = tempfile::tempdir().unwrap();
    let connection = open_writer(&directory.path().join("traces.db")).unwrap();
    let rows: Vec<_> = (0..100).map(|trace| (trace, 2, "a text of some letters".to_owned())).collect();
    for rows in rows.chunks(7) {
        write(&connection, Vec::new(), owned(rows)).unwrap();
    }
    let sizes = "SELECT count(*), max(length(bytes)) FROM text_chunks";
    let (chunks, longest): (i64, i64) =
        connection.query_row(sizes, [], |row| Ok((row.get(0)?, row.get(1)?))).unwrap();
    assert!(chunks > 20 && longest < 2 * FULL as i64, "{chunks} chunks of at most {longest} bytes");
}

#[test]
fn a_large_trace_is_not_written_again_for_small_ones_beside_it() {
    let directory = tempfile::tempdir().unwrap();
    let connection = open_writer(&directory.path().join("traces.db")).unwrap();
    let large = std::iter::repeat_with(fastrand::alphanumeric).take(1_000).collect();
    let small = "a".to_owned();
    write(&connection, Vec::new(), owned(&[(1, 2, small.clone()), (2, 2, large), (3, 2, small)])).unwrap();
    let refuse = "CREATE TRIGGER large BEFORE INSERT ON text_chunks WHEN length(NEW.bytes) > 1000 \
                  BEGIN SELECT RAISE(ABORT, 'the large one is written again'); END";
    connection.execute_batch(refuse).unwrap();
    for trace in [1, 3, 4] {
        write(&connection, Vec::new(), owned(&[(trace, 4, "c".to_owned())])).unwrap();
    }
    write(&connection, owned(&[(3, 2, "a".to_owned()), (3, 4, "c".to_owned())]), Vec::new()).unwrap();
    write(&connection, Vec::new(), owned(&[(3, 4, "c".to_owned())])).unwrap();
}

#[test]
fn texts_that_repeat_themselves_take_little_and_are_found_and_forgotten() {
    let directory = tempfile::tempdir().unwrap();
    let connection = open_writer(&directory.path().join("traces.db")).unwrap();
    let text = |trace: i64| format!("what went wrong with {trace} ").repeat(100);
    let rows: Vec<_> = (0..20).map(|trace| (trace, Table::Texts.key(1), text(trace))).collect();
    write(&connection, Vec::new(), owned(&rows)).unwrap();
    let size = "SELECT sum(length(bytes)) FROM text_chunks";
    let size: i64 = connection.query_row(size, [], |row| row.get(0)).unwrap();
    assert!(size < 20 * 200, "{size} bytes");
    let operator = TextOperator::Contains;
    let found = |text| {
        let wanted = Wanted { table: Table::Texts, key: "", operator, text };
        find(&connection, &wanted, 1, (0, 100), 100).unwrap().unwrap()
    };
    assert_eq!((found("with 7 what"), found("with 1 ").len()), (vec![7], 1));
    write(&connection, owned(&rows[..15]), Vec::new()).unwrap();
    assert_eq!(found("went"), [15, 16, 17, 18, 19]);
}

#[test]
fn what_is_asked_of_some_traces_is_read_in_their_chunks_alone() {
    let directory = tempfile::tempdir().unwrap();
    let connection = open_writer(&directory.path().join("traces.db")).unwrap();
    let mut plan = connection.prepare(&format!("EXPLAIN QUERY PLAN {CHUNKS}")).unwrap();
    let lines = plan.query_map([1, 2], |row| row.get(3)).unwrap();
    let lines: Vec<String> = lines.collect::<Result<_, _>>().unwrap();
    assert_eq!(lines[0], "SEARCH text_chunks USING INTEGER PRIMARY KEY (rowid>? AND rowid<?)", "{lines:#?}");
}
