//! Said once while it lasts: that what comes is not stored, or that rows are not written, and why.

use super::error::SqliteError;

/// What a transaction was to write.
#[derive(Debug, Clone, Copy)]
pub(super) enum Written {
    Documents,
    /// Of documents that are in the file.
    Rows,
}

/// What was said last.
#[derive(Debug, Default)]
pub(super) struct Trouble {
    documents: Option<String>,
    rows: Option<String>,
}

impl Trouble {
    /// Whoever watches the console is told, as those who send over UDP are not.
    pub(super) fn begins(&mut self, written: Written, error: &SqliteError) {
        let (last, what) = match written {
            Written::Documents => (&mut self.documents, "what comes is not stored"),
            Written::Rows => {
                (&mut self.rows, "what came last is stored, but no list and no graph has it yet")
            }
        };
        let error = error.to_string();
        if last.as_ref() != Some(&error) {
            eprintln!("tracer-console: {what}: {error}");
            *last = Some(error);
        }
    }

    pub(super) fn is_over(&mut self, written: Written) {
        let (last, what) = match written {
            Written::Documents => (&mut self.documents, "what comes is stored again"),
            Written::Rows => (&mut self.rows, "lists and graphs have again what came last"),
        };
        if last.take().is_some() {
            eprintln!("tracer-console: {what}");
        }
    }
}
