//! `show`: draws documents from a file.

use std::io::{BufRead, BufReader};

use serde_json::Value;
use tracer_console::{Document, MemoryStore, Refusal, Revision, TraceStore as _, read_datagram};

use super::Failure;
use super::screen::Screen;

#[derive(Debug, clap::Args)]
pub(crate) struct Show {
    /// One a line: documents, or JSON objects whose member `raw` is a datagram; `-` reads the standard input
    file: String,
    #[command(flatten)]
    screen: Screen,
}

impl Show {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let store = MemoryStore::default();
        for (at, line) in self.input()?.split(b'\n').enumerate() {
            let line = line.map_err(|error| format!("cannot read {}: {error}", self.file))?;
            // Bytes that are not UTF-8 are refused (or shown as such) without the rest of the file.
            let line = String::from_utf8_lossy(&line);
            if line.trim().is_empty() {
                continue;
            }
            if let Err(refusal) = document(&line).and_then(|document| store.record(document)) {
                Screen::refuse(&format!("line {}: ", at + 1), &refusal);
            }
        }
        let traces = store.changed_since(Revision::default());
        if traces.is_empty() {
            return Err(
                format!("{} has no document that can be drawn; one document a line", self.file).into()
            );
        }
        for (id, _) in traces {
            if let Some(trace) = store.trace(id) {
                self.screen.draw(&trace);
            }
        }
        Ok(())
    }

    fn input(&self) -> Result<Box<dyn BufRead>, Failure> {
        if self.file == "-" {
            return Ok(Box::new(std::io::stdin().lock()));
        }
        let file =
            std::fs::File::open(&self.file).map_err(|error| format!("cannot read {}: {error}", self.file))?;
        Ok(Box::new(BufReader::new(file)))
    }
}

fn document(line: &str) -> Result<Document, Refusal> {
    let recorded: Option<Value> = serde_json::from_str(line).ok();
    match recorded.as_ref().and_then(|value| value.get("raw")).and_then(Value::as_str) {
        Some(datagram) => read_datagram(datagram.as_bytes()),
        None => Document::parse(line),
    }
}
