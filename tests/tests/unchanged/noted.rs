//! Values that note their end, and the notes.

use std::cell::RefCell;

thread_local! {
    static NOTES: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

pub(crate) fn note(text: impl Into<String>) {
    NOTES.with_borrow_mut(|notes| notes.push(text.into()));
}

/// Notes when it is dropped.
#[derive(Debug)]
pub(crate) struct Noted(pub(crate) &'static str);

impl Noted {
    pub(crate) fn touch(&self) -> usize {
        note(format!("touched {}", self.0));
        self.0.len()
    }
}

impl Drop for Noted {
    fn drop(&mut self) {
        note(format!("dropped {}", self.0));
    }
}

/// What was noted while `run` ran, also where it panicked.
pub(crate) fn notes_of<R>(run: impl FnOnce() -> R) -> Vec<String> {
    NOTES.take();
    match std::panic::catch_unwind(std::panic::AssertUnwindSafe(run)) {
        Ok(result) => {
            note("returned");
            drop(result);
        }
        Err(_) => note("panicked"),
    }
    NOTES.take()
}
