//! Writes recordings: lines, or a page.

use std::io::{self, Write};

use super::{line, page};
use crate::document::Document;
use crate::entities::Entities;
use crate::trace::Trace;

/// Writes the documents of one trace after the other, so that a [`Recording`](crate::Recording) reads them byte for byte.
///
/// ```
/// use tracer_console::{Recording, RecordingWriter};
///
/// let documents = ["{\"trace_id\":\"1-6b02e002-9311b20839c1ed87c6cec943\"}", "{\n\"trace_id\": \"1-6b02e002-9311b20839c1ed87c6cec943\"}"];
/// let mut writer = RecordingWriter::lines(Vec::new());
/// writer.write(&documents)?;
/// let recorded = writer.finish()?;
/// let read = Recording::new(&*recorded)?.map(|recorded| recorded.unwrap().text.unwrap());
/// assert_eq!(read.collect::<Vec<_>>(), documents);
/// # Ok::<(), std::io::Error>(())
/// ```
#[derive(Debug)]
pub struct RecordingWriter<W> {
    output: W,
    form: Form,
    traces: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Lines,
    Page,
}

impl<W: Write> RecordingWriter<W> {
    /// Writes a line for each document: the document itself, or, where it holds line breaks, a JSON object with the document as
    /// the text of its member `document`.
    ///
    /// ```
    /// let writer = tracer_console::RecordingWriter::lines(Vec::new());
    /// assert!(writer.finish()?.is_empty());
    /// # Ok::<(), std::io::Error>(())
    /// ```
    pub fn lines(output: W) -> Self {
        Self { output, form: Form::Lines, traces: 0 }
    }

    /// Writes one HTML page that shows the traces and holds the documents, and needs nothing else. `title` is untrusted text.
    ///
    /// ```
    /// let writer = tracer_console::RecordingWriter::page(Vec::new(), "3 traces")?;
    /// assert!(writer.finish()?.starts_with(b"<!doctype html>"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of writing.
    pub fn page(mut output: W, title: &str) -> io::Result<Self> {
        page::begin(&mut output, title)?;
        Ok(Self { output, form: Form::Page, traces: 0 })
    }

    /// Writes the documents of a trace, in the order in which they arrived.
    ///
    /// ```
    /// let mut writer = tracer_console::RecordingWriter::lines(Vec::new());
    /// writer.write(&[r#"{"trace_id":"1-6b02e002-9311b20839c1ed87c6cec943"}"#])?;
    /// assert!(writer.finish()?.ends_with(b"}\n"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of writing.
    pub fn write(&mut self, documents: &[&str]) -> io::Result<()> {
        self.traces += 1;
        match self.form {
            Form::Lines => {
                documents.iter().try_for_each(|document| writeln!(self.output, "{}", line::of(document)))
            }
            // One trace alone is what the reader wants to see.
            Form::Page => match trace(documents) {
                Some(trace) => page::write_trace(&mut self.output, &trace, documents, self.traces == 1),
                None => Ok(()),
            },
        }
    }

    /// Writes what stands behind the traces, and gives the output back.
    ///
    /// ```
    /// let writer = tracer_console::RecordingWriter::page(Vec::new(), "no trace")?;
    /// assert!(writer.finish()?.ends_with(b"</html>\n"));
    /// # Ok::<(), std::io::Error>(())
    /// ```
    ///
    /// # Errors
    /// Those of writing.
    pub fn finish(mut self) -> io::Result<W> {
        if self.form == Form::Page {
            page::end(&mut self.output)?;
        }
        self.output.flush()?;
        Ok(self.output)
    }
}

/// The trace that documents make; `None` where none of them can be read.
fn trace(documents: &[&str]) -> Option<Trace> {
    let mut entities = Entities::default();
    let mut id = None;
    for document in documents {
        // One that cannot be read was never taken, and is not shown.
        let Ok(document) = Document::parse(document) else { continue };
        id = id.or(Some(document.trace_id()));
        document.into_entities().into_iter().for_each(|entity| entities.upsert(entity));
    }
    Some(Trace::compile(id?, entities.to_vec(), Vec::new()))
}
