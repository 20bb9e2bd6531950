//! The numbers of the shapes that the writer used lately.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _};

use super::error::SqliteError;
use super::shape::Shape;

/// Shapes that senders make up must not fill the memory.
const MOST_KEPT: usize = 20_000;

#[derive(Default)]
pub(super) struct Shapes(HashMap<Arc<[u8]>, i64>);

impl Shapes {
    /// The shape's number; a new shape gets one.
    pub(super) fn number(&mut self, connection: &Connection, bytes: &Arc<[u8]>) -> Result<i64, SqliteError> {
        if let Some(number) = self.0.get(bytes) {
            return Ok(*number);
        }
        let hash = hash(bytes);
        let select = "SELECT shape FROM shapes WHERE hash = ?1 AND bytes = ?2";
        let find = |row: &rusqlite::Row<'_>| row.get(0);
        let found = connection.prepare_cached(select)?.query_row((hash, &**bytes), find).optional()?;
        let number = match found {
            Some(number) => number,
            None => Shape::read(bytes).unwrap_or_default().write(connection, hash, bytes)?,
        };
        if self.0.len() >= MOST_KEPT {
            self.0.clear();
        }
        self.0.insert(Arc::clone(bytes), number);
        Ok(number)
    }

    /// Forgets a shape that no trace has any more.
    pub(super) fn forget(&mut self, connection: &Connection, number: i64) -> Result<(), SqliteError> {
        self.0.retain(|_, known| *known != number);
        Shape::forget(connection, number)
    }
}

/// FNV-1a: files outlive programs, so it must stay the same in all of them.
fn hash(bytes: &[u8]) -> i64 {
    let step = |hash: u64, byte: &u8| (hash ^ u64::from(*byte)).wrapping_mul(0x0100_0000_01b3);
    bytes.iter().fold(0xcbf2_9ce4_8422_2325, step).cast_signed()
}
