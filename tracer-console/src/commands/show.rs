//! `show`: draws traces that X-Ray has, or documents from files.

use std::io::{BufRead, BufReader};

use tracer_console::{Document, MemoryStore, Recorded, Recording, Revision, TraceId, TraceStore as _};

use super::Failure;
use super::endpoint::Endpoint;
use super::screen::Screen;
use super::stored;

#[derive(Debug, clap::Args)]
pub(crate) struct Show {
    /// Ids of traces, as X-Ray or OpenTelemetry writes them; or files: documents, one a line, answers of BatchGetTraces, or what
    /// `export` wrote; `-` reads the standard input
    #[arg(value_name = "TRACE|FILE", required = true)]
    shown: Vec<String>,
    /// Print the documents of the traces, one a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    screen: Screen,
    #[command(flatten)]
    endpoint: Endpoint,
}

impl Show {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let ids: Vec<_> = self.shown.iter().filter_map(|shown| shown.parse::<TraceId>().ok()).collect();
        let ids: Vec<_> = ids.iter().map(TraceId::to_string).collect();
        let found = if ids.is_empty() { Vec::new() } else { stored::traces(&self.endpoint, &ids)? };
        let (mut absent, mut is_whole) = (Vec::new(), true);
        for shown in &self.shown {
            let Ok(id) = shown.parse::<TraceId>() else {
                self.show_file(shown)?;
                continue;
            };
            match found.iter().find(|trace| trace.id == id.to_string()) {
                None => absent.push(id.to_string()),
                Some(trace) if self.json => trace.documents.iter().for_each(Screen::say_json),
                Some(trace) => is_whole &= trace.draw(self.screen),
            }
        }
        match absent.as_slice() {
            [] if !is_whole => Err("not all of it could be drawn; --json prints what X-Ray has".into()),
            [] => Ok(()),
            absent => Err(format!("there is no trace {}", absent.join(", nor ")).into()),
        }
    }

    fn show_file(&self, name: &str) -> Result<(), Failure> {
        let store = MemoryStore::default();
        let broken = |error: std::io::Error| format!("cannot read {name}: {error}");
        for recorded in Recording::new(input(name)?).map_err(broken)? {
            let Recorded { line, text, .. } = recorded.map_err(broken)?;
            let taken =
                text.and_then(|text| Document::parse(&text)).and_then(|document| store.record(document));
            if let Err(refusal) = taken {
                Screen::refuse(&format!("line {line}: "), &refusal);
            }
        }
        let traces = store.changed_since(Revision::default());
        if traces.is_empty() {
            return Err(format!("{name} has no document that can be drawn").into());
        }
        for (id, _) in traces {
            if self.json {
                store.documents(id).iter().for_each(Screen::say_json);
            } else if let Some(trace) = store.trace(id) {
                self.screen.draw(&trace);
            }
        }
        Ok(())
    }
}

fn input(name: &str) -> Result<Box<dyn BufRead>, Failure> {
    if name == "-" {
        return Ok(Box::new(std::io::stdin().lock()));
    }
    let file =
        std::fs::File::open(name).map_err(|error| format!("cannot read {name}: {error}{}", hint(name)))?;
    Ok(Box::new(BufReader::new(file)))
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
