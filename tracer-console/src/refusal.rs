//! Why something that arrived was not kept, by name.

use std::collections::VecDeque;
use std::fmt;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};

use crate::timestamp::Timestamp;

/// The name of a reason; those that X-Ray has are spelled as X-Ray spells them.
///
/// ```
/// # use tracer_console::{RefusalCode, read_datagram};
/// assert_eq!(read_datagram(b"nonsense").unwrap_err().code, RefusalCode::MissingHeaderOrSegment);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[non_exhaustive]
pub enum RefusalCode {
    /// The datagram has no line break, or nothing behind it.
    MissingHeaderOrSegment,
    /// The first line is not `{"format":"json","version":1}`.
    InvalidHeader,
    /// The document is not JSON.
    ParseError,
    /// The document is nested more deeply than any tracer nests.
    TooDeep,
    /// The document is JSON but no object.
    InvalidSegment,
    /// No `id`.
    MissingId,
    /// An `id` or `parent_id` that is not 16 hex digits.
    InvalidId,
    /// No `name`. X-Ray refuses that; the console keeps it.
    MissingName,
    /// A `name` that is empty, too long, or has characters that X-Ray does not take. The console keeps it.
    InvalidName,
    /// No `trace_id`.
    MissingTraceId,
    /// A `trace_id` of another form.
    InvalidTraceId,
    /// No `start_time`.
    MissingStartTime,
    /// No `end_time`, and not in progress.
    MissingEndTime,
    /// An independent subsegment without `parent_id`.
    MissingParentId,
    /// The trace has as many segments and subsegments as one trace may have here.
    LimitExceeded,
    /// The store failed: a full disk, a damaged file.
    NotStored,
}

impl fmt::Display for RefusalCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{self:?}")
    }
}

/// A datagram or document that was refused: why, and how it began.
///
/// ```
/// let refusal = tracer_console::Document::parse("[]").unwrap_err();
/// assert_eq!(refusal.to_string(), "InvalidSegment: the document is no JSON object");
/// ```
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{code}: {message}")]
pub struct Refusal {
    /// The reason's name.
    pub code: RefusalCode,
    /// What was wrong and what belongs there.
    pub message: String,
    /// The beginning of what was refused, at most 2,000 bytes; untrusted text.
    pub excerpt: String,
    /// How many bytes were refused.
    pub bytes: usize,
    /// When.
    pub at: Timestamp,
}

impl Refusal {
    pub(crate) fn new(code: RefusalCode, message: impl Into<String>) -> Self {
        Self { code, message: message.into(), excerpt: String::new(), bytes: 0, at: Timestamp::now() }
    }

    /// Remembers how the refused bytes began.
    pub(crate) fn of(mut self, bytes: &[u8]) -> Self {
        let beginning = &bytes[..bytes.len().min(2000)];
        self.excerpt = String::from_utf8_lossy(beginning).into_owned();
        self.bytes = bytes.len();
        self
    }
}

/// The latest refusals, for inspection: at most [`Refusals::KEPT`]; and how many documents were refused, and kept, in all.
///
/// ```
/// # use tracer_console::{Console, ConsoleOptions};
/// let console = Console::start(ConsoleOptions::any_port())?;
/// for refusal in console.refusals().latest() {
///     println!("{}", refusal.to_string().escape_debug());
/// }
/// # Ok::<(), tracer_console::ConsoleError>(())
/// ```
#[derive(Debug, Default)]
pub struct Refusals {
    latest: Mutex<VecDeque<Refusal>>,
    refused: AtomicU64,
    kept: AtomicU64,
}

impl Refusals {
    /// How many refusals are kept; older ones are forgotten (but stay counted).
    ///
    /// ```
    /// assert_eq!(tracer_console::Refusals::KEPT, 256);
    /// ```
    pub const KEPT: usize = 256;

    pub(crate) fn push(&self, refusal: Refusal) {
        self.refused.fetch_add(1, Ordering::Relaxed);
        let mut latest = self.latest.lock().unwrap_or_else(PoisonError::into_inner);
        if latest.len() == Self::KEPT {
            latest.pop_front();
        }
        latest.push_back(refusal);
    }

    /// So many documents more were kept.
    pub(crate) fn count_kept(&self, documents: usize) {
        self.kept.fetch_add(documents as u64, Ordering::Relaxed);
    }

    /// How many documents were kept, whichever way they came.
    pub(crate) fn kept(&self) -> u64 {
        self.kept.load(Ordering::Relaxed)
    }

    /// How many documents, or datagrams without any, were refused, whichever way they came.
    pub(crate) fn refused(&self) -> u64 {
        self.refused.load(Ordering::Relaxed)
    }

    /// The latest refusals, oldest first.
    ///
    /// ```
    /// # use tracer_console::{Console, ConsoleOptions};
    /// let console = Console::start(ConsoleOptions::any_port())?;
    /// assert!(console.refusals().latest().is_empty());
    /// # Ok::<(), tracer_console::ConsoleError>(())
    /// ```
    #[must_use]
    pub fn latest(&self) -> Vec<Refusal> {
        self.latest.lock().unwrap_or_else(PoisonError::into_inner).iter().cloned().collect()
    }
}
