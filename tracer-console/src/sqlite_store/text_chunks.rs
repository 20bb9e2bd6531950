//! Texts that filters look into, in the order of the traces: what is asked of a window is read there, and not among all values of a
//! key.

use memchr::memmem::Finder;
use postcard::{take_from_bytes, to_extend};
use rusqlite::{Connection, OptionalExtension as _, Row};

use super::error::SqliteError;
use super::packed_chunk::{ChunkPacker, ChunkUnpacker};
use crate::filter::TextOperator;

/// A text of a trace: the trace's number, the key as [`Table::key`] says it, and the text.
pub(super) type TextRow<'t> = (i64, u64, &'t [u8]);

/// The tables that hold texts by their keys.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Table {
    Annotations,
    Texts,
}

impl Table {
    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Annotations => "annotations",
            Self::Texts => "texts",
        }
    }

    /// The number of a name, told from the same name in the other table.
    pub(super) fn key(self, name: i64) -> u64 {
        name.cast_unsigned() << 1 | u64::from(self == Self::Texts)
    }
}

/// What is looked for in texts of a key; an empty text is in all of them.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Wanted<'f> {
    pub(super) table: Table,
    pub(super) key: &'f str,
    pub(super) operator: TextOperator,
    pub(super) text: &'f str,
}

impl Wanted<'_> {
    fn test(&self) -> impl Fn(&[u8]) -> bool {
        let (text, finder) = (self.text.as_bytes(), Finder::new(self.text));
        move |found| match self.operator {
            TextOperator::Equal => found == text,
            TextOperator::NotEqual => found != text,
            TextOperator::Contains => finder.find(found).is_some(),
            TextOperator::BeginsWith => found.starts_with(text),
            TextOperator::EndsWith => found.ends_with(text),
        }
    }
}

/// A chunk takes no further trace that would give it more bytes: a page of the file.
const FULL: usize = if cfg!(test) { 64 } else { 3_900 };
/// About what a row takes beside its text.
const BESIDE: usize = 5;

/// The texts of the traces from one on and before another.
struct Chunk {
    first: i64,
    next: i64,
    bytes: Vec<u8>,
}

/// Brings the chunks up to date: rows that go and rows that come.
pub(super) fn write(
    connection: &Connection,
    mut gone: Vec<TextRow<'_>>,
    mut new: Vec<TextRow<'_>>,
) -> Result<(), SqliteError> {
    gone.sort_unstable();
    new.sort_unstable();
    let (mut gone, mut new) = (&gone[..], &new[..]);
    let (mut packer, mut unpacker) = (ChunkPacker::default(), ChunkUnpacker::default());
    while let Some((trace, ..)) = [gone.first(), new.first()].into_iter().flatten().min() {
        let chunk = Chunk::of(connection, &mut unpacker, *trace)?;
        let of_chunk = |rows: &[TextRow<'_>]| rows.partition_point(|(trace, ..)| *trace < chunk.next);
        let ((goes, later), (comes, latest)) = (gone.split_at(of_chunk(gone)), new.split_at(of_chunk(new)));
        chunk.write(connection, &mut packer, goes, comes)?;
        (gone, new) = (later, latest);
    }
    Ok(())
}

impl Chunk {
    /// That of a trace.
    fn of(connection: &Connection, unpacker: &mut ChunkUnpacker, trace: i64) -> Result<Self, SqliteError> {
        let select = "SELECT first_trace, bytes FROM text_chunks WHERE first_trace <= ?1 ORDER BY first_trace DESC LIMIT 1";
        let mut select = connection.prepare_cached(select)?;
        let read = |row: &Row<'_>| {
            let chunk = row.get_ref(1)?.as_blob().unwrap_or_default();
            Ok((row.get(0)?, unpacker.unpack(chunk).to_vec()))
        };
        let found = select.query_row([trace], read).optional()?;
        let (first, bytes) = found.unwrap_or((trace, Vec::new()));
        let next = "SELECT coalesce(min(first_trace), ?2) FROM text_chunks WHERE first_trace > ?1";
        let next = connection.prepare_cached(next)?.query_row([first, i64::MAX], |row| row.get(0))?;
        Ok(Self { first, next, bytes })
    }

    /// Writes it again, or as many as it becomes, but for one that stays as it is: a small trace beside a large one may grow often.
    fn write(
        &self,
        connection: &Connection,
        packer: &mut ChunkPacker,
        gone: &[TextRow<'_>],
        new: &[TextRow<'_>],
    ) -> Result<(), SqliteError> {
        let mut rows: Vec<TextRow<'_>> = rows(self.first, &self.bytes).collect();
        rows.retain(|row| gone.binary_search(row).is_err());
        rows.extend(new);
        rows.sort_unstable();
        rows.dedup();
        if rows.is_empty() {
            let forget = "DELETE FROM text_chunks WHERE first_trace = ?1";
            connection.prepare_cached(forget)?.execute([self.first])?;
            return Ok(());
        }
        let (mut first, mut bytes) = (self.first, Vec::with_capacity(FULL));
        for of_trace in rows.chunk_by(|(one, ..), (other, ..)| one == other) {
            let more: usize = of_trace.iter().map(|(.., text)| BESIDE + text.len()).sum();
            if !bytes.is_empty() && bytes.len() + more > FULL {
                self.put(connection, packer, first, &bytes)?;
                bytes.clear();
                first = of_trace[0].0;
            }
            for (trace, key, text) in of_trace {
                // Memory takes whatever is written.
                bytes = to_extend(&(trace.abs_diff(first), key, text), bytes).unwrap_or_default();
            }
        }
        self.put(connection, packer, first, &bytes)
    }

    /// Writes what it became, or a part of that.
    fn put(
        &self,
        connection: &Connection,
        packer: &mut ChunkPacker,
        first: i64,
        bytes: &[u8],
    ) -> Result<(), SqliteError> {
        if (first, bytes) != (self.first, &self.bytes) {
            let put = "INSERT OR REPLACE INTO text_chunks (first_trace, bytes) VALUES (?1, ?2)";
            connection.prepare_cached(put)?.execute((first, packer.pack(bytes)))?;
        }
        Ok(())
    }
}

/// The rows of a chunk, as far as it is not damaged.
fn rows(first: i64, mut bytes: &[u8]) -> impl Iterator<Item = TextRow<'_>> {
    std::iter::from_fn(move || {
        let ((step, key, text), left) = take_from_bytes::<(u64, u64, &[u8])>(bytes).ok()?;
        bytes = left;
        Some((first.checked_add_unsigned(step)?, key, text))
    })
}

/// Those of the traces from `?1` to `?2`.
const CHUNKS: &str = "SELECT first_trace, bytes FROM text_chunks WHERE first_trace <= ?2 AND first_trace >= coalesce( \
                      (SELECT max(first_trace) FROM text_chunks WHERE first_trace <= ?1), ?1) ORDER BY first_trace";

/// Those traces, in order, from the first to the last number, that have what is wanted; `None` for more than `most`. `name` is the
/// number of the key's name.
pub(super) fn find(
    connection: &Connection,
    wanted: &Wanted<'_>,
    name: i64,
    (from, to): (i64, i64),
    most: usize,
) -> Result<Option<Vec<i64>>, SqliteError> {
    let mut select = connection.prepare_cached(CHUNKS)?;
    let mut chunks = select.query([from, to])?;
    let (key, is_meant) = (wanted.table.key(name), wanted.test());
    let (mut found, mut unpacker) = (Vec::<i64>::new(), ChunkUnpacker::default());
    while let Some(chunk) = chunks.next()? {
        let bytes = chunk.get_ref(1)?.as_blob().unwrap_or_default();
        for (trace, of, text) in rows(chunk.get(0)?, unpacker.unpack(bytes)) {
            let is_in = of == key && (from..=to).contains(&trace);
            if is_in && found.last() != Some(&trace) && is_meant(text) {
                found.push(trace);
            }
        }
        if found.len() > most {
            return Ok(None);
        }
    }
    Ok(Some(found))
}

#[cfg(test)]
#[path = "text_chunks_tests.rs"]
mod tests;
