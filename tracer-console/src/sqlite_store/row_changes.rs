//! What changes in the index tables between two states of traces: sorted, so that each table is walked once.

use std::collections::BTreeSet;

use rusqlite::{Connection, Statement};

use super::error::SqliteError;
use super::names::Names;
use super::row::{Indexed, LinkRow, Row, blob_of};
use super::text_chunks::{self, Table, TextRow};

/// A row of an index table, but for its trace.
trait IndexRow: Ord {
    const INSERT: &'static str;
    const DELETE: &'static str;

    fn execute(&self, trace: i64, statement: &mut Statement<'_>) -> rusqlite::Result<usize>;
}

/// Key and value of an annotation.
impl IndexRow for (i64, &Indexed) {
    const INSERT: &'static str = "INSERT OR IGNORE INTO annotations (key, value, trace) VALUES (?1, ?2, ?3)";
    const DELETE: &'static str = "DELETE FROM annotations WHERE key = ?1 AND value = ?2 AND trace = ?3";

    fn execute(&self, trace: i64, statement: &mut Statement<'_>) -> rusqlite::Result<usize> {
        statement.execute((self.0, self.1, trace))
    }
}

/// Key and text.
impl IndexRow for (i64, &str) {
    const INSERT: &'static str = "INSERT OR IGNORE INTO texts (key, value, trace) VALUES (?1, ?2, ?3)";
    const DELETE: &'static str = "DELETE FROM texts WHERE key = ?1 AND value = ?2 AND trace = ?3";

    fn execute(&self, trace: i64, statement: &mut Statement<'_>) -> rusqlite::Result<usize> {
        statement.execute((self.0, self.1, trace))
    }
}

impl IndexRow for &LinkRow {
    const INSERT: &'static str =
        "INSERT OR IGNORE INTO links (target, trace, segment, id, name) VALUES (?1, ?2, ?3, ?4, ?5)";
    const DELETE: &'static str =
        "DELETE FROM links WHERE target = ?1 AND trace = ?2 AND segment = ?3 AND id = ?4 AND name = ?5";

    fn execute(&self, trace: i64, statement: &mut Statement<'_>) -> rusqlite::Result<usize> {
        statement.execute((blob_of(self.target), trace, self.segment, self.id, &self.name))
    }
}

/// Rows of one table: those that go and those that come, each with its trace.
struct Difference<T> {
    gone: Vec<(T, i64)>,
    new: Vec<(T, i64)>,
}

impl<T> Default for Difference<T> {
    fn default() -> Self {
        Self { gone: Vec::new(), new: Vec::new() }
    }
}

impl<T> Difference<T> {
    /// `of` borrows from a row: most are written once and never copied.
    fn add<'r, O: Ord>(&mut self, trace: i64, (before, after): (&'r [O], &'r [O]), of: impl Fn(&'r O) -> T) {
        self.gone.extend(difference(before, after).map(|row| (of(row), trace)));
        self.new.extend(difference(after, before).map(|row| (of(row), trace)));
    }

    /// The same rows with numbers in place of names.
    fn numbered<R>(
        self,
        mut number: impl FnMut(T) -> Result<R, SqliteError>,
    ) -> Result<Difference<R>, SqliteError> {
        let mut all = |rows: Vec<(T, i64)>| {
            rows.into_iter().map(|(row, trace)| Ok((number(row)?, trace))).collect::<Result<_, SqliteError>>()
        };
        Ok(Difference { gone: all(self.gone)?, new: all(self.new)? })
    }
}

/// What is in the first list and not in the other; both are in order.
fn difference<'r, O: Ord>(one: &'r [O], other: &'r [O]) -> impl Iterator<Item = &'r O> {
    one.iter().filter(|row| other.binary_search(row).is_err())
}

impl<R: IndexRow> Difference<R> {
    fn write(self, connection: &Connection) -> Result<(), SqliteError> {
        execute(self.gone, connection, R::DELETE)?;
        execute(self.new, connection, R::INSERT)
    }
}

fn execute<R: IndexRow>(
    mut rows: Vec<(R, i64)>,
    connection: &Connection,
    statement: &str,
) -> Result<(), SqliteError> {
    let mut statement = connection.prepare_cached(statement)?;
    // In the order of the table: neighbours are on one page.
    rows.sort_unstable();
    for (row, trace) in rows {
        row.execute(trace, &mut statement)?;
    }
    Ok(())
}

/// The changes of a transaction.
#[derive(Default)]
pub(super) struct RowChanges<'r> {
    annotations: Difference<(&'r str, &'r Indexed)>,
    texts: Difference<(&'r str, &'r str)>,
    links: Difference<&'r LinkRow>,
}

impl<'r> RowChanges<'r> {
    pub(super) fn add(&mut self, trace: i64, before: &'r Row, after: &'r Row) {
        let annotation = |(key, value): &'r (String, Indexed)| (key.as_str(), value);
        self.annotations.add(trace, (&before.annotations, &after.annotations), annotation);
        let text = |(key, value): &'r (&'static str, String)| (*key, value.as_str());
        self.texts.add(trace, (&before.texts, &after.texts), text);
        self.links.add(trace, (&before.links, &after.links), |link| link);
    }

    /// Writes what [`RowChanges::add`] collected.
    pub(super) fn write(self, connection: &Connection, names: &mut Names) -> Result<(), SqliteError> {
        let mut number = |text: &str| names.number(connection, text);
        let annotations = self.annotations.numbered(|(key, value)| Ok((number(key)?, value)))?;
        let texts = self.texts.numbered(|(key, value)| Ok((number(key)?, value)))?;
        let gone: BTreeSet<i64> = annotations.gone.iter().map(|((key, _), _)| *key).collect();
        let of_both = |annotations, texts| text_rows(annotations, texts).collect();
        let (went, came) = (of_both(&annotations.gone, &texts.gone), of_both(&annotations.new, &texts.new));
        text_chunks::write(connection, went, came)?;
        annotations.write(connection)?;
        texts.write(connection)?;
        self.links.write(connection)?;
        names.forget(connection, gone)
    }
}

/// The texts among rows of annotations, and those of texts.
fn text_rows<'r>(
    annotations: &[((i64, &'r Indexed), i64)],
    texts: &[((i64, &'r str), i64)],
) -> impl Iterator<Item = TextRow<'r>> {
    let of_annotation = |((key, value), trace): &((i64, &'r Indexed), i64)| match value {
        Indexed::Text(text) => Some((*trace, Table::Annotations.key(*key), text.as_bytes())),
        Indexed::Boolean(_) | Indexed::Number(_) => None,
    };
    let of_text =
        |((key, text), trace): &((i64, &'r str), i64)| (*trace, Table::Texts.key(*key), text.as_bytes());
    annotations.iter().filter_map(of_annotation).chain(texts.iter().map(of_text))
}
