//! `export`: documents as they arrived, in a file that `import` takes back.

use std::collections::HashSet;
use std::io;
use std::path::{Path, PathBuf};

use serde_json::json;
use tracer_console::{RecordingWriter, TraceId};

use super::Failure;
use super::chosen::Chosen;
use super::destination::Destination;
use super::documents::Source;
use super::endpoint::Endpoint;
use super::screen::Screen;

#[derive(Debug, clap::Args)]
pub(crate) struct Export {
    /// Ids of traces, instead of a filter and a time
    #[arg(value_name = "TRACE", conflicts_with_all = ["filter", "last", "from", "to"])]
    traces: Vec<TraceId>,
    #[command(flatten)]
    chosen: Chosen,
    /// The file [default: the standard output]; what ends with .gz or .zst is compressed
    #[arg(long, short, value_name = "FILE")]
    output: Option<PathBuf>,
    /// One document a line, or one page that opens in any browser [default: by the file's name]
    #[arg(long)]
    format: Option<Format>,
    /// Print how much was written, as one JSON object
    #[arg(long, requires = "output")]
    json: bool,
    /// Read a database instead of asking a console
    #[arg(long, value_name = "PATH", conflicts_with_all = ["endpoint", "aws"])]
    db: Option<PathBuf>,
    #[command(flatten)]
    endpoint: Endpoint,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Format {
    Ndjson,
    Html,
}

/// What was written.
#[derive(Debug, Default)]
struct Written {
    traces: u64,
    documents: u64,
}

impl Export {
    pub(crate) fn run(self) -> Result<(), Failure> {
        if self.traces.is_empty() {
            self.chosen.check()?;
        }
        let source = match &self.db {
            Some(path) => Source::database(path)?,
            None => Source::endpoint(self.endpoint.clone())?,
        };
        let ids = if self.traces.is_empty() { source.ids(&self.chosen)? } else { self.traces.clone() };
        if ids.is_empty() {
            anstream::eprintln!("no trace matches");
        }
        let mut absent: HashSet<TraceId> = self.traces.iter().copied().collect();
        let Some(written) = self.write(&source, &ids, &mut absent)? else { return Ok(()) };
        if !source.is_exact() && written.documents > 0 {
            anstream::eprintln!("this X-Ray keeps no documents as they arrived: exported are its segments");
        }
        self.say(&written);
        if absent.is_empty() {
            return Ok(());
        }
        let absent = ids.iter().filter(|id| absent.contains(id)).map(TraceId::to_string);
        Err(format!("there is no trace {}", absent.collect::<Vec<_>>().join(", nor ")).into())
    }

    /// Writes the traces; `None` when whoever reads has gone.
    fn write(
        &self,
        source: &Source,
        ids: &[TraceId],
        absent: &mut HashSet<TraceId>,
    ) -> Result<Option<Written>, Failure> {
        let destination = Destination::open(self.output.as_deref())?;
        let mut written = Written::default();
        let mut writer = match self.format() {
            Format::Ndjson => RecordingWriter::lines(destination),
            Format::Html => RecordingWriter::page(destination, &title(ids))?,
        };
        let outcome = source.documents(ids, &mut |id, documents| {
            absent.remove(&id);
            written.traces += 1;
            written.documents += documents.len() as u64;
            let documents: Vec<_> = documents.iter().map(String::as_str).collect();
            Ok(writer.write(&documents)?)
        });
        let outcome = outcome.and_then(|()| writer.finish()?.finish());
        match outcome {
            Ok(()) => Ok(Some(written)),
            Err(error) if has_gone(&*error) => Ok(None),
            Err(error) => Err(error),
        }
    }

    fn format(&self) -> Format {
        self.format.unwrap_or_else(|| self.output.as_deref().map_or(Format::Ndjson, Format::of))
    }

    fn say(&self, written: &Written) {
        let Written { traces, documents } = written;
        let Some(path) = &self.output else { return };
        let path = path.display().to_string();
        if self.json {
            Screen::say_json(json!({ "traces": traces, "documents": documents, "file": path }));
        } else {
            let path = Screen::printable(&path);
            anstream::eprintln!(
                "{} and {} in {path}",
                count(*traces, "trace"),
                count(*documents, "document")
            );
        }
    }
}

impl Format {
    fn of(path: &Path) -> Self {
        let name = path.file_name().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let name = name.trim_end_matches(".gz").trim_end_matches(".zst");
        if name.ends_with(".html") || name.ends_with(".htm") { Self::Html } else { Self::Ndjson }
    }
}

fn title(ids: &[TraceId]) -> String {
    match ids {
        [only] => format!("Trace {only}"),
        ids => count(ids.len() as u64, "trace"),
    }
}

/// So many of them, in words.
pub(super) fn count(number: u64, what: &str) -> String {
    if number == 1 { format!("1 {what}") } else { format!("{number} {what}s") }
}

fn has_gone(error: &(dyn std::error::Error + 'static)) -> bool {
    error.downcast_ref::<io::Error>().is_some_and(|error| error.kind() == io::ErrorKind::BrokenPipe)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_of_a_file_says_its_format() {
        let of = |name: &str| Format::of(Path::new(name));
        assert_eq!([of("a.html"), of("b.HTM"), of("c.html.gz"), of("html/d.htm.zst")], [Format::Html; 4]);
        assert_eq!([of("a.ndjson"), of("b"), of("c.json.gz"), of("html"), of("")], [Format::Ndjson; 5]);
    }
}
