//! The sinks beside the daemon: memory and standard output.

use std::io::{self, Write};
use std::sync::{Arc, Mutex, PoisonError};

use crate::sink::{NotSent, Sink};

/// The line before each document (facts 3.1).
pub(crate) const HEADER_LINE: &[u8] = b"{\"format\":\"json\",\"version\":1}\n";

/// Keeps datagrams in memory, for tests.
///
/// Clones share what they keep.
///
/// ```
/// use tracer_runtime::{MemorySink, Sink};
///
/// let sink = MemorySink::default();
/// sink.send(b"{\"format\":\"json\",\"version\":1}\n{}")?;
/// assert_eq!(sink.documents(), ["{}"]);
/// # Ok::<(), tracer_runtime::NotSent>(())
/// ```
#[derive(Debug, Clone, Default)]
pub struct MemorySink {
    datagrams: Arc<Mutex<Vec<Vec<u8>>>>,
}

impl MemorySink {
    /// Everything sent so far, header lines included, oldest first.
    ///
    /// ```
    /// assert!(tracer_runtime::MemorySink::default().datagrams().is_empty());
    /// ```
    #[must_use]
    pub fn datagrams(&self) -> Vec<Vec<u8>> {
        self.datagrams.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// The documents sent so far, without their header lines, oldest first.
    ///
    /// ```
    /// assert!(tracer_runtime::MemorySink::default().documents().is_empty());
    /// ```
    #[must_use]
    pub fn documents(&self) -> Vec<String> {
        let document = |datagram: &Vec<u8>| {
            let text = String::from_utf8_lossy(datagram);
            text.split_once('\n').map_or_else(String::new, |(_, document)| document.to_owned())
        };
        self.datagrams.lock().unwrap_or_else(PoisonError::into_inner).iter().map(document).collect()
    }
}

impl Sink for MemorySink {
    fn send(&self, datagram: &[u8]) -> Result<(), NotSent> {
        self.datagrams.lock().unwrap_or_else(PoisonError::into_inner).push(datagram.to_vec());
        Ok(())
    }
}

/// Prints each document as a line on standard output.
///
/// ```
/// use tracer_runtime::{StdoutSink, Tracer};
///
/// let tracer = Tracer::builder().enabled(true).sink(StdoutSink).build();
/// ```
#[derive(Debug, Clone, Copy, Default)]
pub struct StdoutSink;

impl Sink for StdoutSink {
    fn send(&self, datagram: &[u8]) -> Result<(), NotSent> {
        let document = datagram.strip_prefix(HEADER_LINE).unwrap_or(datagram);
        let mut out = io::stdout().lock();
        out.write_all(document).and_then(|()| out.write_all(b"\n")).map_err(|_| NotSent::Unavailable)
    }
}
