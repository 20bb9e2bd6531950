//! What a function that is about to die says of itself, in a file that outlives it.

use std::fs::File;
use std::io::{self, Write};
use std::path::Path;
use std::sync::Mutex;
use std::time::Instant;

/// What happened to a subsegment.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Event {
    /// It is about to be opened.
    Opening,
    /// It is open.
    Opened,
    /// It is about to be closed.
    Closing,
    /// It is closed.
    Closed,
    /// The process is about to end.
    Dying,
}

impl Event {
    const ALL: [Self; 5] = [Self::Opening, Self::Opened, Self::Closing, Self::Closed, Self::Dying];
}

/// A line of a diary.
#[derive(Debug, Clone)]
pub struct Entry {
    /// What happened.
    pub event: Event,
    /// To which subsegment.
    pub name: String,
    /// When, in microseconds by the function's monotonic clock.
    pub micros: u64,
}

/// Writes each line with one system call: what was written stays, however the process ends.
#[derive(Debug)]
pub struct Diary {
    file: Mutex<File>,
    start: Instant,
}

impl Diary {
    /// Begins a diary at `path`.
    ///
    /// # Errors
    /// If the file cannot be made.
    pub fn create(path: &Path) -> io::Result<Self> {
        Ok(Self { file: Mutex::new(File::create(path)?), start: Instant::now() })
    }

    /// Notes what happens now.
    pub fn note(&self, event: Event, name: &str) {
        let mut file = self.file.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let micros = self.start.elapsed().as_micros();
        let _ = file.write_all(format!("{event:?}\t{name}\t{micros}\n").as_bytes());
    }

    /// Runs `body` in a subsegment and notes its life.
    pub fn subsegment<R>(&self, name: &str, body: impl FnOnce() -> R) -> R {
        self.note(Event::Opening, name);
        let result = tracer_runtime::subsegment(name, || {
            self.note(Event::Opened, name);
            let result = body();
            self.note(Event::Closing, name);
            result
        });
        self.note(Event::Closed, name);
        result
    }
}

/// Reads a diary; a line that its writer did not finish is left out.
///
/// # Panics
/// If there is no diary, or a line is none of its.
#[must_use]
pub fn entries(path: &Path) -> Vec<Entry> {
    let text = std::fs::read_to_string(path).expect("the function wrote a diary");
    let whole = text.rsplit_once('\n').map_or("", |(whole, _)| whole);
    whole.lines().map(entry).collect()
}

fn entry(line: &str) -> Entry {
    let mut parts = line.split('\t');
    let mut next = || parts.next().unwrap_or_else(|| panic!("`{line}` is no entry"));
    let (event, name, micros) = (next(), next(), next());
    let event = Event::ALL.into_iter().find(|known| format!("{known:?}") == event);
    Entry {
        event: event.unwrap_or_else(|| panic!("`{line}` is no entry")),
        name: name.to_owned(),
        micros: micros.parse().expect("a time in microseconds"),
    }
}
