//! Runs `doomed-function` in the local Lambda and brings back what it wrote and what it sent.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::Value;
use tracer_console::{Invocation, InvocationResult, LocalLambda};

use crate::{Arrivals, Entry, Event, Mailbox, entries};

/// The end of one doomed invocation.
#[derive(Debug)]
pub struct Doom {
    /// What Lambda said.
    pub result: InvocationResult,
    /// What the function did until its end, by its own diary.
    pub diary: Vec<Entry>,
    /// What reached the daemon.
    pub arrivals: Arrivals,
}

impl Doom {
    /// Invokes the function at `binary` with `event`; its diary is a file called `name` in `directory`.
    ///
    /// # Panics
    /// If the function cannot be run.
    #[must_use]
    pub fn of(binary: &str, directory: &str, name: &str, mut event: Value, timeout: Duration) -> Self {
        let mailbox = Mailbox::start();
        let lambda = LocalLambda::builder().start().expect("a local Lambda");
        let function = lambda
            .function(name, binary)
            .env("AWS_XRAY_DAEMON_ADDRESS", mailbox.address().to_string())
            .start()
            .expect("the function's binary is there");
        let path: PathBuf = Path::new(directory).join(format!("{name}.diary"));
        event["diary"] = path.to_string_lossy().into();
        let invocation = Invocation::json(event).timeout(timeout);
        let result = function.invoke(invocation).expect("the function is reached");
        let doom = Self { result, diary: entries(&path), arrivals: mailbox.arrivals() };
        doom.arrivals.assert_each_once();
        doom.assert_nothing_arrived_that_had_not_happened();
        doom
    }

    /// When the function last wrote something, in microseconds by its clock: at most a moment before its end.
    #[must_use]
    pub fn end(&self) -> u64 {
        self.diary.iter().map(|entry| entry.micros).max().unwrap_or(0)
    }

    /// The names of what was closed more than `age` before the end.
    pub fn closed_before(&self, age: Duration) -> impl Iterator<Item = &str> {
        self.before(age, Event::Closed)
    }

    /// The names of what was opened more than `age` before the end and never closed.
    pub fn open_before(&self, age: Duration) -> impl Iterator<Item = &str> {
        self.before(age, Event::Opened).filter(|name| !self.happened(Event::Closing, name))
    }

    fn before(&self, age: Duration, event: Event) -> impl Iterator<Item = &str> {
        let last = u128::from(self.end()).saturating_sub(age.as_micros());
        let counts = move |entry: &&Entry| entry.event == event && u128::from(entry.micros) <= last;
        self.diary.iter().filter(counts).map(|entry| entry.name.as_str())
    }

    fn happened(&self, event: Event, name: &str) -> bool {
        self.diary.iter().any(|entry| entry.event == event && entry.name == name)
    }

    fn assert_nothing_arrived_that_had_not_happened(&self) {
        // What the attributes opened is not in the diary.
        for arrival in self.arrivals.all.iter().filter(|arrival| !arrival.name.starts_with("## ")) {
            let happened = match arrival.is_complete {
                true => self.happened(Event::Closing, &arrival.name),
                false => {
                    self.happened(Event::Opening, &arrival.name)
                        || self.happened(Event::Opened, &arrival.name)
                }
            };
            assert!(happened, "{arrival:?} arrived and had not happened");
        }
    }

    /// Each of `names` arrived complete, once.
    ///
    /// # Panics
    /// If one did not.
    pub fn assert_complete<'a>(&self, names: impl Iterator<Item = &'a str>) {
        for name in names {
            assert_eq!(self.arrivals.complete(name).count(), 1, "`{name}` was closed: {:?}", self.arrivals);
        }
    }

    /// Each of `names` arrived in progress, once, and not complete.
    ///
    /// # Panics
    /// If one did not.
    pub fn assert_in_progress<'a>(&self, names: impl Iterator<Item = &'a str>) {
        for name in names {
            assert_eq!(self.arrivals.in_progress(name).count(), 1, "`{name}` is open: {:?}", self.arrivals);
            assert_eq!(self.arrivals.complete(name).count(), 0, "`{name}` is open");
        }
    }
}
