//! Stack traces as OpenTelemetry's SDKs write them: the text of the language, read back into frames.

mod dotnet;
mod go;
mod java;
mod javascript;
mod python;

use std::collections::VecDeque;

use serde_json::{Value, json};

/// Frames of an exception that are kept; how many were left out is said.
const MOST_FRAMES: usize = 200;
/// Exceptions of a chain that are kept.
const MOST_CAUSES: usize = 20;

/// An exception: what was thrown, and where, the innermost frame first.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct Thrown {
    type_name: String,
    message: String,
    frames: Vec<Frame>,
    /// Frames that are not kept.
    truncated: usize,
}

#[derive(Debug, Default, PartialEq, Eq)]
struct Frame {
    label: String,
    path: String,
    line: u64,
}

/// The exceptions that a stack trace tells of: the first is the one that was recorded, each is caused by the next. Only the
/// causes have a type and a message; empty where nothing was understood.
pub(super) fn parse(language: &str, text: &str) -> VecDeque<Thrown> {
    let read = reader(language).filter(|_| !text.is_empty());
    let mut chain = read.map(|read| read(text)).unwrap_or_default();
    chain.truncate(MOST_CAUSES);
    chain.into()
}

fn reader(language: &str) -> Option<fn(&str) -> Vec<Thrown>> {
    Some(match language {
        // PHP's SDK writes Java's form.
        "java" | "php" => java::read,
        "python" => python::read,
        "nodejs" | "webjs" | "javascript" => javascript::read,
        "dotnet" => dotnet::read,
        "go" => go::read,
        _ => return None,
    })
}

impl Thrown {
    /// One that was caught elsewhere on the way to what was recorded.
    fn new(type_name: &str, message: &str) -> Self {
        Self { type_name: type_name.to_owned(), message: message.to_owned(), ..Self::default() }
    }

    /// The same by what the event says of it.
    pub(super) fn named(self, type_name: &str, message: &str) -> Self {
        Self { type_name: type_name.to_owned(), message: message.to_owned(), ..self }
    }

    pub(super) fn has_frames(&self) -> bool {
        !self.frames.is_empty()
    }

    fn push(&mut self, frame: Frame) {
        if self.frames.len() < MOST_FRAMES {
            self.frames.push(frame);
        } else {
            self.truncated += 1;
        }
    }

    /// An exception of `cause`, without an id.
    pub(super) fn into_json(self, is_remote: bool) -> Value {
        let frame = |frame: Frame| json!({"label": frame.label, "path": frame.path, "line": frame.line});
        let mut exception = json!({"type": self.type_name, "message": self.message, "remote": is_remote});
        if !self.frames.is_empty() {
            exception["stack"] = self.frames.into_iter().map(frame).collect();
        }
        if self.truncated > 0 {
            exception["truncated"] = self.truncated.into();
        }
        exception
    }
}

/// A path and a line number behind its last colon.
fn split_line(place: &str) -> Option<(&str, u64)> {
    let (path, line) = place.rsplit_once(':')?;
    Some((path, line.parse().ok()?))
}

#[cfg(test)]
fn frames(thrown: &Thrown) -> Vec<(&str, &str, u64)> {
    thrown.frames.iter().map(|frame| (&*frame.label, &*frame.path, frame.line)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endless_recursion_is_cut_and_counted() {
        let text = format!("java.lang.StackOverflowError\n{}", "\tat io.A.b(A.java:1)\n".repeat(1_024));
        let exception = parse("java", &text).pop_front().unwrap().into_json(false);
        assert_eq!(
            (exception["stack"].as_array().unwrap().len(), &exception["truncated"]),
            (200, &json!(824))
        );
        let causes =
            parse("java", &format!("A\n{}", "Caused by: B: c\n\tat io.A.b(A.java:1)\n".repeat(1_000)));
        assert_eq!(causes.len(), MOST_CAUSES);
    }

    #[test]
    fn a_language_that_is_not_known_has_no_frames() {
        assert!(parse("rust", "0: main").is_empty());
        assert!(parse("php", "E\n\tat a(b.php:1)").front().is_some_and(Thrown::has_frames));
    }

    proptest::proptest! {
        #[test]
        fn no_text_makes_a_reader_panic(text in "(\t|    )?(at |File \"|Caused by: |During |goroutine | in |:line |é|[a-z]|\\(|\\)|:|1|\n|,)*") {
            for language in ["java", "python", "nodejs", "dotnet", "go"] {
                let _ = parse(language, &text);
            }
        }
    }
}
