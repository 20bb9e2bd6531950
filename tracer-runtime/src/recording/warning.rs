//! The few words that the library says: one line on standard error for each kind of mistake, once a process.

use std::sync::{Mutex, PoisonError};

static SAID: Mutex<Vec<String>> = Mutex::new(Vec::new());

/// No more kinds than this are remembered, so that made-up keys cannot fill the log or the memory.
const MOST_KINDS: usize = 32;

/// Says `message` unless something of this `kind` was said before.
pub(crate) fn once(kind: &str, message: impl FnOnce() -> String) {
    if is_first(kind) {
        say(&message());
    }
}

fn is_first(kind: &str) -> bool {
    let mut said = SAID.lock().unwrap_or_else(PoisonError::into_inner);
    if said.len() >= MOST_KINDS || said.iter().any(|known| known == kind) {
        return false;
    }
    said.push(kind.to_owned());
    true
}

fn say(message: &str) {
    // Unlike `eprintln!`, a closed standard error is no panic here.
    let _ =
        std::io::Write::write_all(&mut std::io::stderr(), ["tracer: ", message, "\n"].concat().as_bytes());
}
