//! What many rows share, as numbers: texts, and the shapes of traces.

use std::collections::{HashMap, HashSet};

use rusqlite::{Connection, OptionalExtension as _};

use super::error::SqliteError;
use super::shapes::Shapes;

/// The numbers that the writer used lately.
#[derive(Default)]
pub(super) struct Names {
    texts: HashMap<String, i64>,
    pub(super) shapes: Shapes,
}

impl Names {
    /// Forgets those of `numbers` that no row uses any more: keys that senders make up must not fill the disk.
    pub(super) fn forget(
        &mut self,
        connection: &Connection,
        numbers: impl IntoIterator<Item = i64>,
    ) -> Result<(), SqliteError> {
        let unused = "DELETE FROM names WHERE name = ?1 \
                      AND NOT EXISTS (SELECT 1 FROM annotations WHERE key = ?1) \
                      AND NOT EXISTS (SELECT 1 FROM texts WHERE key = ?1)";
        let mut delete = connection.prepare_cached(unused)?;
        let mut gone = HashSet::new();
        for number in numbers {
            if delete.execute([number])? > 0 {
                gone.insert(number);
            }
        }
        if !gone.is_empty() {
            self.texts.retain(|_, number| !gone.contains(number));
        }
        Ok(())
    }
}

/// Keys that senders make up must not fill the memory.
const MOST_KEPT: usize = 50_000;

impl Names {
    /// The text's number; a new text gets one.
    pub(super) fn number(&mut self, connection: &Connection, text: &str) -> Result<i64, SqliteError> {
        if let Some(number) = self.texts.get(text) {
            return Ok(*number);
        }
        let number = match find(connection, text)? {
            Some(number) => number,
            None => {
                connection.prepare_cached("INSERT INTO names (text) VALUES (?1)")?.execute([text])?;
                connection.last_insert_rowid()
            }
        };
        if self.texts.len() >= MOST_KEPT {
            self.texts.clear();
        }
        self.texts.insert(text.to_owned(), number);
        Ok(number)
    }
}

/// The text's number, if any row ever used it.
pub(super) fn find(connection: &Connection, text: &str) -> Result<Option<i64>, SqliteError> {
    let mut select = connection.prepare_cached("SELECT name FROM names WHERE text = ?1")?;
    Ok(select.query_row([text], |row| row.get(0)).optional()?)
}
