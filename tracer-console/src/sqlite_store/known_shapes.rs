//! The shapes that a reader used lately.

use std::collections::HashMap;
use std::sync::Arc;

use rusqlite::{Connection, OptionalExtension as _};

use super::error::SqliteError;
use super::shape::Shape;
use crate::compiled::GraphShape;
use crate::filter::Mark;
use crate::timestamp::Timestamp;
use crate::trace_outcome::TraceOutcome;

/// Those that senders make up must not fill the memory.
const MOST_KEPT: usize = 5_000;

/// Their numbers are never used again for others.
#[derive(Default)]
pub(super) struct KnownShapes(HashMap<i64, KnownShape>);

/// What is read of a shape.
#[derive(Clone)]
pub(super) struct KnownShape {
    pub(super) graph: Arc<GraphShape<'static>>,
    /// Of a trace at the beginning of all, in which nothing has ended.
    pub(super) outcome: TraceOutcome,
}

impl KnownShape {
    fn of(shape: &Shape) -> Self {
        let outcome = TraceOutcome {
            start: Timestamp::from_micros(0),
            response_time: None,
            duration: None,
            is_ok: shape.flags.has(Mark::Ok),
            has_error: shape.flags.has(Mark::Error),
            has_fault: shape.flags.has(Mark::Fault),
            has_throttle: shape.flags.has(Mark::Throttle),
            is_partial: shape.flags.has(Mark::Partial),
            has_cold_start: shape.has_cold_start,
            has_warm_start: shape.has_warm_start,
            http_status: shape.http_status,
        };
        Self { graph: Arc::new(shape.graph()), outcome }
    }
}

impl KnownShapes {
    /// A shape by its number; `None` where the file is damaged.
    pub(super) fn get(
        &mut self,
        connection: &Connection,
        number: i64,
    ) -> Result<Option<&KnownShape>, SqliteError> {
        if !self.0.contains_key(&number) {
            let mut select = connection.prepare_cached("SELECT bytes FROM shapes WHERE shape = ?1")?;
            let bytes: Option<Vec<u8>> = select.query_row([number], |row| row.get(0)).optional()?;
            let Some(shape) = bytes.and_then(|bytes| Shape::read(&bytes)) else { return Ok(None) };
            if self.0.len() >= MOST_KEPT {
                self.0.clear();
            }
            self.0.insert(number, KnownShape::of(&shape));
        }
        Ok(self.0.get(&number))
    }
}
