//! The store itself: what it is asked, the writer or a reader answers.

use std::path::Path;
use std::sync::mpsc::{SyncSender, channel, sync_channel};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread::JoinHandle;
use std::time::Duration;

use rayon::prelude::*;

use super::batch::Rows;
use super::compression::{Packer, Packing};
use super::error::SqliteError;
use super::fold;
use super::graph_cells::GraphCells;
use super::prepared::Prepared;
use super::progress::Progress;
use super::reader::Readers;
use super::retention::Retention;
use super::unwritten_rows::await_rows;
use super::writer::{Job, Writer};
use crate::compiled::{ServiceGraph, TraceGraph};
use crate::document::Document;
use crate::memory_store::MemoryLimits;
use crate::refusal::{Refusal, RefusalCode};
use crate::search::{Found, Search, visit};
use crate::store::{Revision, StoreError, TraceSize, TraceStore};
use crate::submitted::Submitted;
use crate::trace::Trace;
use crate::trace_id::TraceId;
use crate::trace_outcome::TraceOutcome;

/// A [`TraceStore`] in an SQLite file: what was recorded is durable before it is acknowledged.
///
/// Traces beyond its [`Retention`] are forgotten. Several programs may read the file; one may write it.
///
/// ```
/// use tracer_console::{Document, SqliteStore, TraceStore};
///
/// let directory = tempfile::tempdir()?;
/// let path = directory.path().join("traces.db");
/// let document = Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2}"#)?;
/// let id = document.trace_id();
/// SqliteStore::open(&path)?.record(document)?;
/// assert_eq!(SqliteStore::open(&path)?.trace(id).unwrap().len(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub struct SqliteStore {
    readers: Readers,
    graphs: GraphCells,
    progress: Arc<Progress>,
    packing: Arc<Packing>,
    /// `None` once it is being dropped.
    jobs: Option<SyncSender<Job>>,
    writer: Option<JoinHandle<()>>,
    /// What failed last while something was read.
    read_error: Mutex<Option<String>>,
}

/// So few documents are prepared before another thread has begun to.
const FEW: usize = 13;

/// Jobs that may wait for the writer; who has another one waits.
const WAITING: usize = 1_024;

impl SqliteStore {
    /// Opens the file, or makes it, readable by its owner only; with the default [`Retention`].
    ///
    /// ```
    /// let directory = tempfile::tempdir()?;
    /// let store = tracer_console::SqliteStore::open(&directory.path().join("traces.db"))?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`SqliteError`] when the file cannot be used.
    pub fn open(path: &Path) -> Result<Self, SqliteError> {
        Self::open_with(path, Retention::default())
    }

    /// Opens the file, or makes it, and keeps as much as `retention` says.
    ///
    /// ```
    /// use tracer_console::{Retention, SqliteStore};
    ///
    /// let directory = tempfile::tempdir()?;
    /// let retention = Retention { bytes: 64 << 20, ..Retention::default() };
    /// let store = SqliteStore::open_with(&directory.path().join("traces.db"), retention)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`SqliteError`] when the file cannot be used.
    pub fn open_with(path: &Path, retention: Retention) -> Result<Self, SqliteError> {
        Self::open_limited(path, retention, MemoryLimits::default())
    }

    /// Opens the file, or makes it, and takes no more of a document and a trace than `limits` says; what it says of
    /// the bytes of all traces does not count here.
    ///
    /// ```
    /// use tracer_console::{MemoryLimits, Retention, SqliteStore};
    ///
    /// let directory = tempfile::tempdir()?;
    /// let path = directory.path().join("traces.db");
    /// let store = SqliteStore::open_limited(&path, Retention::default(), MemoryLimits::strict())?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`SqliteError`] when the file cannot be used.
    pub fn open_limited(
        path: &Path,
        retention: Retention,
        limits: MemoryLimits,
    ) -> Result<Self, SqliteError> {
        let progress = Arc::<Progress>::default();
        let writer = Writer::open(path, limits, retention, Arc::clone(&progress))?;
        let (packing, unwritten) = (writer.packing(), writer.unwritten());
        let (jobs, waiting) = sync_channel(WAITING);
        let work = move || writer.run(&waiting);
        let writer = std::thread::Builder::new().name("tracer-write".into()).spawn(work);
        let writer = writer.map_err(SqliteError::Thread)?;
        Ok(Self {
            readers: Readers::new(path.to_owned(), unwritten),
            graphs: GraphCells::default(),
            progress,
            packing,
            jobs: Some(jobs),
            writer: Some(writer),
            read_error: Mutex::default(),
        })
    }

    /// Opens the file to read it only, whether or not somebody writes it; whatever is recorded is refused.
    ///
    /// ```
    /// use tracer_console::{Revision, SqliteStore, TraceStore};
    ///
    /// let directory = tempfile::tempdir()?;
    /// let path = directory.path().join("traces.db");
    /// let written = SqliteStore::open(&path)?;
    /// assert!(SqliteStore::open_read_only(&path)?.changed_since(Revision::default()).is_empty());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ///
    /// # Errors
    /// [`SqliteError`] when there is no such file, and when it is not the database of this version.
    pub fn open_read_only(path: &Path) -> Result<Self, SqliteError> {
        let connection = super::schema::open_reader(path)?;
        super::schema::check(&connection, path)?;
        await_rows(&connection, path)
            .map_err(|source| SqliteError::Open { path: path.to_owned(), source })?;
        let progress = Arc::<Progress>::default();
        progress.resume(&connection)?;
        let readers = Readers::new(path.to_owned(), Arc::default());
        let (packing, graphs, read_error) = Default::default();
        Ok(Self { readers, graphs, progress, packing, jobs: None, writer: None, read_error })
    }

    /// Prepares documents and gives them to the writer: on this thread, or on all processors where somebody waits for many that
    /// keep nobody else waiting there.
    fn take(&self, documents: Vec<Document>, is_awaited: bool) -> Submitted {
        let count = documents.len();
        let (done, answer) = channel();
        let prepare = |documents: Vec<Document>| -> Vec<_> {
            let each = |packer: &mut Packer| {
                documents.into_iter().map(|document| Prepared::new(document, packer)).collect()
            };
            self.packing.pack(each)
        };
        let bytes: usize = documents.iter().map(|document| document.text().len()).sum();
        let documents = if is_awaited && count > FEW && bytes <= Document::MOST_TOGETHER {
            let parts: Vec<_> = documents.into_par_iter().chunks(FEW).map(prepare).collect();
            parts.into_iter().flatten().collect()
        } else {
            prepare(documents)
        };
        self.send(Job::Record { documents, is_awaited, done });
        Submitted::new(move || match answer.recv() {
            // The documents are freed here.
            Ok((outcome, _)) => outcome,
            Err(_) => vec![Err(no_writer()); count],
        })
    }

    fn send(&self, job: Job) {
        // Without a writer nobody answers, and who waits for the answer sees that.
        let _ = self.jobs.as_ref().map(|jobs| jobs.send(job));
    }

    /// Has all rows be as the documents are, so that a question to the tables is answered so, too.
    fn derive_late(&self) -> Result<(), StoreError> {
        self.derive(Rows::All)
    }

    /// Has these rows derived, if any of them are not as the documents are.
    fn derive(&self, rows: Rows) -> Result<(), StoreError> {
        let rows = rows.min(self.progress.late());
        if rows == Rows::Few {
            return Ok(());
        }
        let (done, derived) = channel();
        self.send(Job::Derive { rows, done });
        derived.recv().map_err(StoreError::new)?.map_err(StoreError::new)
    }

    /// What a reader found; where the file cannot be read that is said once, and nothing is found.
    fn found<T>(&self, read: Result<T, SqliteError>) -> Option<T> {
        let error = read.map_err(|error| error.to_string());
        let mut last = self.read_error.lock().unwrap_or_else(PoisonError::into_inner);
        match error {
            Ok(found) => {
                *last = None;
                Some(found)
            }
            Err(error) => {
                if last.as_ref() != Some(&error) {
                    eprintln!("tracer-console: {error}");
                    *last = Some(error);
                }
                None
            }
        }
    }
}

impl TraceStore for SqliteStore {
    fn record(&self, document: Document) -> Result<(), Refusal> {
        self.record_all(vec![document]).pop().unwrap_or_else(|| Err(no_writer()))
    }

    fn record_all(&self, documents: Vec<Document>) -> Vec<Result<(), Refusal>> {
        self.take(documents, true).wait()
    }

    fn submit(&self, documents: Vec<Document>) -> Submitted {
        self.take(documents, false)
    }

    fn search(&self, search: &Search) -> Result<Found, StoreError> {
        self.derive_late()?;
        self.readers.read(|reader| super::select::search(&reader.connection, search)).map_err(StoreError::new)
    }

    fn outcomes(&self, search: &Search, each: &mut dyn FnMut(&TraceOutcome)) -> Result<(), StoreError> {
        self.derive_late()?;
        let told = self.readers.read(|reader| fold::outcomes(reader, search, each));
        if told.map_err(StoreError::new)? {
            return Ok(());
        }
        visit(self, search, &mut |trace| each(&TraceOutcome::of(trace)))
    }

    fn graphs(&self, search: &Search, each: &mut dyn FnMut(&TraceGraph<'_>)) -> Result<(), StoreError> {
        self.derive_late()?;
        let told = self.readers.read(|reader| fold::graphs(reader, search, each));
        if told.map_err(StoreError::new)? {
            return Ok(());
        }
        visit(self, search, &mut |trace| each(&TraceGraph::of(trace)))
    }

    fn add_to_graph(&self, search: &Search, graph: &mut ServiceGraph) -> Result<u64, StoreError> {
        self.derive_late()?;
        let told = self.readers.read(|reader| self.graphs.add(reader, search, graph));
        if let Some(count) = told.map_err(StoreError::new)? {
            return Ok(count);
        }
        let mut count = 0;
        self.graphs(search, &mut |trace| {
            graph.add_graph(trace);
            count += 1;
        })?;
        Ok(count)
    }

    fn settings(&self, kind: &str) -> Result<Vec<(String, String)>, StoreError> {
        self.readers.read(|reader| reader.settings(kind)).map_err(StoreError::new)
    }

    fn put_setting(&self, kind: &str, name: &str, value: Option<&str>) -> Result<(), StoreError> {
        let (done, outcome) = channel();
        let (kind, name, value) = (kind.to_owned(), name.to_owned(), value.map(str::to_owned));
        self.send(Job::Put { kind, name, value, done });
        outcome.recv().map_err(StoreError::new)?.map_err(StoreError::new)
    }

    fn trace(&self, id: TraceId) -> Option<Trace> {
        // It may be linked from one whose row is late; without that it is said at least what its own documents say.
        let _ = self.derive_late();
        self.found(self.readers.read(|reader| reader.trace(id)))?
    }

    fn traces(&self, ids: &[TraceId], each: &mut dyn FnMut(Trace, TraceSize)) -> Result<(), StoreError> {
        self.derive_late()?;
        self.readers.read(|reader| reader.traces(ids, each)).map_err(StoreError::new)
    }

    fn documents(&self, id: TraceId) -> Vec<Arc<str>> {
        self.found(self.readers.read(|reader| reader.documents(id))).unwrap_or_default()
    }

    fn size(&self, id: TraceId) -> TraceSize {
        let _ = self.derive_late();
        self.found(self.readers.read(|reader| reader.size(id))).unwrap_or_default()
    }

    fn changed_since(&self, since: Revision) -> Vec<(TraceId, Revision)> {
        let _ = self.derive_late();
        self.found(self.readers.read(|reader| reader.changed_since(since))).unwrap_or_default()
    }

    fn revision(&self) -> Revision {
        // What was recorded before is no change after it.
        let _ = self.derive(Rows::Unwritten);
        self.progress.revision()
    }

    fn wait_for_change(&self, seen: Revision, timeout: Duration) -> Revision {
        self.progress.wait_for_change(seen, timeout)
    }
}

fn no_writer() -> Refusal {
    Refusal::new(RefusalCode::NotStored, "the store is closed")
}

/// Writes what waits, and closes the file.
impl Drop for SqliteStore {
    fn drop(&mut self) {
        drop(self.jobs.take());
        if let Some(writer) = self.writer.take() {
            let _ = writer.join();
        }
    }
}

impl std::fmt::Debug for SqliteStore {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("SqliteStore").field("revision", &self.progress.revision()).finish_non_exhaustive()
    }
}
