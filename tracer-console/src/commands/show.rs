//! `show`: draws a trace that X-Ray has, or documents from a file.

use std::io::{BufRead, BufReader};

use serde_json::{Value, json};
use tracer_console::{Document, MemoryStore, Refusal, Revision, TraceId, TraceStore as _, read_datagram};

use super::Failure;
use super::endpoint::Endpoint;
use super::screen::Screen;

#[derive(Debug, clap::Args)]
pub(crate) struct Show {
    /// A trace's id; or a file with one a line: documents, or JSON objects whose member `raw` is a datagram; `-` reads the
    /// standard input
    #[arg(value_name = "TRACE|FILE")]
    shown: String,
    /// Print the documents of the trace, one a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    screen: Screen,
    #[command(flatten)]
    endpoint: Endpoint,
}

impl Show {
    pub(crate) fn run(self) -> Result<(), Failure> {
        match self.shown.parse::<TraceId>() {
            Ok(id) => self.show_trace(id),
            Err(_) => self.show_file(),
        }
    }

    fn show_trace(&self, id: TraceId) -> Result<(), Failure> {
        let answer = self.endpoint.call("/Traces", &json!({ "TraceIds": [id.to_string()] }))?;
        let segments = answer["Traces"][0]["Segments"].as_array().cloned().unwrap_or_default();
        let absent = || format!("there is no trace {id}");
        if segments.is_empty() {
            return Err(absent().into());
        }
        let documents = segments.iter().filter_map(|segment| segment["Document"].as_str());
        if self.json {
            documents.for_each(Screen::say);
            return Ok(());
        }
        let store = MemoryStore::default();
        for document in documents {
            if let Err(refusal) = Document::parse(document).and_then(|document| store.record(document)) {
                Screen::refuse("", &refusal);
            }
        }
        let trace = store.trace(id).ok_or_else(absent)?;
        self.screen.draw(&trace);
        Ok(())
    }

    fn show_file(&self) -> Result<(), Failure> {
        let store = MemoryStore::default();
        for (at, line) in self.input()?.split(b'\n').enumerate() {
            let line = line.map_err(|error| format!("cannot read {}: {error}", self.shown))?;
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
                format!("{} has no document that can be drawn; one document a line", self.shown).into()
            );
        }
        for (id, _) in traces {
            if self.json {
                store.documents(id).iter().for_each(|document| Screen::say(document));
            } else if let Some(trace) = store.trace(id) {
                self.screen.draw(&trace);
            }
        }
        Ok(())
    }

    fn input(&self) -> Result<Box<dyn BufRead>, Failure> {
        if self.shown == "-" {
            return Ok(Box::new(std::io::stdin().lock()));
        }
        let file = std::fs::File::open(&self.shown)
            .map_err(|error| format!("cannot read {}: {error}{}", self.shown, hint(&self.shown)))?;
        Ok(Box::new(BufReader::new(file)))
    }
}

/// What may be wrong with a name that is no file's and looks like a trace's id.
fn hint(shown: &str) -> &'static str {
    let digits = shown.bytes().filter(u8::is_ascii_hexdigit).count();
    let may_be_id = digits >= 8 && digits + 3 >= shown.len();
    if may_be_id {
        "; nor is it the id of a trace, which is like 1-5759e988-bd862e3fe1be46a994272793: 8 and 24 hexadecimal digits"
    } else {
        "; give a file, or the id of a trace from `tracer-console traces`"
    }
}

fn document(line: &str) -> Result<Document, Refusal> {
    let recorded: Option<Value> = serde_json::from_str(line).ok();
    match recorded.as_ref().and_then(|value| value.get("raw")).and_then(Value::as_str) {
        Some(datagram) => read_datagram(datagram.as_bytes()),
        None => Document::parse(line),
    }
}
