//! Said once while it lasts: that what comes is not stored, and why.

use super::error::SqliteError;

/// What was said last.
#[derive(Debug, Default)]
pub(super) struct Trouble(Option<String>);

impl Trouble {
    /// Whoever watches the console is told, as those who send over UDP are not.
    pub(super) fn begins(&mut self, error: &SqliteError) {
        let error = error.to_string();
        if self.0.as_ref() != Some(&error) {
            eprintln!("tracer-console: what comes is not stored: {error}");
            self.0 = Some(error);
        }
    }

    pub(super) fn is_over(&mut self) {
        if self.0.take().is_some() {
            eprintln!("tracer-console: what comes is stored again");
        }
    }
}
