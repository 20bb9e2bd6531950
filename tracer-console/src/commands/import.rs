//! `import`: documents of a file into a console, another X-Ray, or a database.

use std::collections::HashSet;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use serde_json::{Value, json};
use tracer_console::{
    Document, Entity, MemoryLimits, Recorded, Recording, Refusal, RefusalCode, Retention, SqliteStore,
    Timestamp, TraceId, TraceStore as _, shift,
};

use super::Failure;
use super::endpoint::Endpoint;
use super::export::count;
use super::misuse::Misuse;
use super::screen::Screen;

#[derive(Debug, clap::Args)]
pub(crate) struct Import {
    /// What `export` wrote, lines or page; or documents of X-Ray as others write them: one a line, JSON arrays, answers of
    /// BatchGetTraces; compressed or not. `-` reads the standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Write a database that no console has open, instead of sending to one
    #[arg(long, value_name = "PATH", conflicts_with_all = ["endpoint", "aws"])]
    db: Option<PathBuf>,
    /// Move all times, so that the last of them is now: X-Ray takes nothing that is older than 30 days
    #[arg(long)]
    shift_to_now: bool,
    /// Print what was taken and refused, as one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    endpoint: Endpoint,
}

/// X-Ray takes so many documents at once.
const AT_ONCE: usize = 50;
/// A database is faster with more.
const AT_ONCE_IN_DATABASE: usize = 1_000;
/// Bytes of them, and JSON objects and arrays in them; a document that has more goes alone.
const BYTES_AT_ONCE: usize = 4 << 20;
const OBJECTS_AT_ONCE: usize = 100_000;
/// A console takes no more in one request, in which quotes and line breaks are escaped.
const MOST_BYTES: usize = 15 << 20;
const MOST_OBJECTS: usize = 380_000;
/// Refusals that are told one by one.
const MOST_TOLD: usize = 1_000;
/// How a console says that it kept what X-Ray would not have taken.
const KEPT: &str = "it is kept here";

/// A document that is to be taken, and where it stands.
struct Waiting {
    line: u64,
    document: Document,
}

/// Why a document was not taken, and where it stands.
struct Refused {
    line: u64,
    code: String,
    message: String,
}

/// What became of the documents.
#[derive(Default)]
struct Outcome {
    taken: u64,
    refused: u64,
    told: Vec<Refused>,
    traces: HashSet<TraceId>,
}

/// Who takes documents.
enum Taker<'e> {
    Endpoint(&'e Endpoint),
    Database(Box<SqliteStore>),
}

impl Import {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let name = self.file.display().to_string();
        let cannot = |error: std::io::Error| format!("cannot read {}: {error}", Screen::printable(&name));
        let later = if self.shift_to_now { until_now(&self.file)?.map_err(cannot)? } else { 0 };
        let recording = Recording::new(input(&self.file).map_err(cannot)?).map_err(cannot)?;
        // After the file: a wrong name of it makes no database.
        let taker = match &self.db {
            Some(path) => Taker::Database(Box::new(open(path)?)),
            None => Taker::Endpoint(&self.endpoint),
        };
        let mut outcome = Outcome::default();
        let done = take_all(recording, later, &taker, &mut outcome);
        let has_begun = outcome.taken + outcome.refused > 0;
        // Where nothing became of anything, why is all that there is to say.
        if has_begun || (self.json && done.is_ok()) {
            self.say(&outcome);
        }
        done.map_err(|error| match error {
            Stopped::Reading(error) => cannot(error),
            Stopped::Taking(error) if outcome.taken > 0 => {
                format!("{error}; what was taken before is kept, and may be taken again")
            }
            Stopped::Taking(error) => error.to_string(),
        })?;
        match (outcome.taken, outcome.refused) {
            (0, 0) => Err(format!("{} holds no document", Screen::printable(&name)).into()),
            (_, 0) => Ok(()),
            (_, refused) => Err(format!("{} refused", count(refused, "document")).into()),
        }
    }

    fn say(&self, outcome: &Outcome) {
        let traces = outcome.traces.len() as u64;
        if self.json {
            let refusals: Vec<_> = outcome.told.iter().map(Refused::to_json).collect();
            let said = json!({
                "taken": outcome.taken, "traces": traces, "refused": outcome.refused, "refusals": refusals,
            });
            Screen::say_json(&said);
            return;
        }
        for Refused { line, code, message } in &outcome.told {
            anstream::eprintln!("refused: line {line}: {code}: {}", Screen::printable(message));
        }
        let untold = outcome.refused - outcome.told.len() as u64;
        if untold > 0 {
            anstream::eprintln!("refused: {untold} more");
        }
        anstream::eprintln!("{} of {}", count(outcome.taken, "document"), count(traces, "trace"));
    }
}

/// Nothing is forgotten while documents are taken; whoever serves the database says how much it keeps.
fn open(path: &Path) -> Result<SqliteStore, Failure> {
    let retention = Retention { age: Duration::MAX, bytes: u64::MAX };
    Ok(SqliteStore::open_limited(path, retention, MemoryLimits::default())?)
}

fn input(path: &Path) -> std::io::Result<Box<dyn Read>> {
    if path.as_os_str() == "-" {
        return Ok(Box::new(std::io::stdin().lock()));
    }
    Ok(Box::new(File::open(path)?))
}

enum Stopped {
    Reading(std::io::Error),
    Taking(Failure),
}

/// From the last time of a recording until now, in microseconds: whole seconds, as the ids of traces hold them.
fn until_now(path: &Path) -> Result<std::io::Result<i64>, Failure> {
    if path.as_os_str() == "-" {
        return Err(Misuse::of(
            "--shift-to-now reads the recording twice: give a file instead of the standard input",
        ));
    }
    let read = || -> std::io::Result<i64> {
        let mut last = None;
        for recorded in Recording::new(input(path)?)? {
            let document = recorded?.text.and_then(|text| Document::parse(&text));
            let ends = |entity: &Entity| entity.end().unwrap_or(entity.start());
            last = last.max(document.iter().flat_map(Document::entities).map(ends).max());
        }
        let until = last.map_or(0, |last| Timestamp::now().micros_since(last));
        Ok(until.div_euclid(1_000_000) * 1_000_000)
    };
    Ok(read())
}

/// The document of a text, so many microseconds later.
fn document(text: &str, later: i64) -> Result<Document, Refusal> {
    if later == 0 { Document::parse(text) } else { Document::parse(&shift(text, later)?) }
}

fn take_all(
    recording: Recording<'_>,
    later: i64,
    taker: &Taker<'_>,
    outcome: &mut Outcome,
) -> Result<(), Stopped> {
    let mut waiting = Vec::new();
    let (mut bytes, mut objects, mut ids) = (0, 0, HashSet::new());
    for recorded in recording {
        let Recorded { line, text, .. } = recorded.map_err(Stopped::Reading)?;
        let document = match text.and_then(|text| document(&text, later)) {
            Ok(document) => document,
            Err(refusal) => {
                outcome.refuse(Refused::new(line, &refusal));
                continue;
            }
        };
        if let Some(refused) = taker.cannot_be_given(&document, line) {
            outcome.refuse(refused);
            continue;
        }
        let (length, more) = (document.text().len(), objects_in(document.text()));
        // What is refused is named by its id.
        let id = document.entities()[0].id();
        let is_full = waiting.len() == taker.at_once()
            || bytes + length > BYTES_AT_ONCE
            || objects + more > OBJECTS_AT_ONCE
            || !ids.insert(id);
        if !waiting.is_empty() && is_full {
            taker.take(&mut waiting, outcome).map_err(Stopped::Taking)?;
            (bytes, objects, ids) = (0, 0, HashSet::from([id]));
        }
        bytes += length;
        objects += more;
        waiting.push(Waiting { line, document });
    }
    taker.take(&mut waiting, outcome).map_err(Stopped::Taking)
}

/// About as many as there are: those in texts are counted, too.
fn objects_in(text: &str) -> usize {
    text.bytes().filter(|byte| matches!(byte, b'{' | b'[')).count()
}

impl Taker<'_> {
    /// Why no request can hold the document.
    fn cannot_be_given(&self, document: &Document, line: u64) -> Option<Refused> {
        let text = document.text();
        // As JSON writes it in a text.
        let escaped = text.len() + text.bytes().filter(|byte| matches!(byte, b'"' | b'\\' | ..=0x1f)).count();
        let fits = escaped < MOST_BYTES && objects_in(text) < MOST_OBJECTS;
        if fits || matches!(self, Self::Database(_)) {
            return None;
        }
        let message =
            format!("the document has {} bytes, more than a request can hold; --db takes it", text.len());
        Some(Refused { line, code: RefusalCode::LimitExceeded.to_string(), message })
    }

    fn at_once(&self) -> usize {
        match self {
            Self::Endpoint(_) => AT_ONCE,
            Self::Database(_) => AT_ONCE_IN_DATABASE,
        }
    }

    /// Takes what waits: what has been taken when this returns is durable.
    fn take(&self, waiting: &mut Vec<Waiting>, outcome: &mut Outcome) -> Result<(), Failure> {
        let waiting = std::mem::take(waiting);
        let traces: Vec<_> = waiting.iter().map(|waiting| waiting.document.trace_id()).collect();
        let refused = match self {
            _ if waiting.is_empty() => return Ok(()),
            Self::Endpoint(endpoint) => put(endpoint, &waiting)?,
            Self::Database(store) => record(store, waiting)?,
        };
        for (trace, refused) in traces.into_iter().zip(refused) {
            match refused {
                Some(refused) => outcome.refuse(refused),
                None => {
                    outcome.taken += 1;
                    outcome.traces.insert(trace);
                }
            }
        }
        Ok(())
    }
}

fn record(store: &SqliteStore, waiting: Vec<Waiting>) -> Result<Vec<Option<Refused>>, Failure> {
    let (lines, documents): (Vec<_>, Vec<_>) = waiting.into_iter().map(|it| (it.line, it.document)).unzip();
    let outcomes = store.record_all(documents);
    let mut refused = Vec::with_capacity(lines.len());
    for (line, outcome) in lines.into_iter().zip(outcomes) {
        refused.push(match outcome {
            Ok(()) => None,
            // Nothing is wrong with the document.
            Err(refusal) if refusal.code == RefusalCode::NotStored => {
                return Err(refusal.message.into());
            }
            Err(refusal) => Some(Refused::new(line, &refusal)),
        });
    }
    Ok(refused)
}

fn put(endpoint: &Endpoint, waiting: &[Waiting]) -> Result<Vec<Option<Refused>>, Failure> {
    let texts: Vec<_> = waiting.iter().map(|waiting| waiting.document.text()).collect();
    let answer = endpoint.call("/TraceSegments", &json!({ "TraceSegmentDocuments": texts }))?;
    let unprocessed = answer["UnprocessedTraceSegments"].as_array().map(Vec::as_slice).unwrap_or_default();
    Ok(refused_of(waiting, unprocessed))
}

/// Which of the documents were refused, by their ids. One that is not named may be any that nothing was said of.
fn refused_of(waiting: &[Waiting], unprocessed: &[Value]) -> Vec<Option<Refused>> {
    let mut refused: Vec<_> = waiting.iter().map(|_| None).collect();
    let mut unnamed = Vec::new();
    for unprocessed in unprocessed {
        let is_it =
            |waiting: &Waiting| waiting.document.entities()[0].member("id") == Some(&unprocessed["Id"]);
        let text = |name: &str| unprocessed[name].as_str().unwrap_or_default().to_owned();
        let (code, message) = (text("ErrorCode"), text("Message"));
        match waiting.iter().position(is_it) {
            _ if message.ends_with(KEPT) => {}
            Some(at) => refused[at] = Some(Refused { line: waiting[at].line, code, message }),
            None => unnamed.push((code, message)),
        }
    }
    for (code, message) in unnamed {
        let Some(at) = refused.iter().position(Option::is_none) else { break };
        let message = match waiting.len() {
            1 => message,
            count => {
                format!("{message} (said without an id: of any of the {count} documents from this line on)")
            }
        };
        refused[at] = Some(Refused { line: waiting[at].line, code, message });
    }
    refused
}

impl Outcome {
    fn refuse(&mut self, refused: Refused) {
        self.refused += 1;
        if self.told.len() < MOST_TOLD {
            self.told.push(refused);
        }
    }
}

impl Refused {
    fn new(line: u64, refusal: &Refusal) -> Self {
        Self { line, code: refusal.code.to_string(), message: refusal.message.clone() }
    }

    fn to_json(&self) -> Value {
        json!({ "line": self.line, "code": self.code, "message": self.message })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn waiting(line: u64) -> Waiting {
        let text = format!(
            r#"{{"name":"job","id":"{line:016x}","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"end_time":2}}"#
        );
        Waiting { line, document: Document::parse(&text).unwrap() }
    }

    /// The lines that were refused, with the codes.
    fn refused(waiting: &[Waiting], unprocessed: &Value) -> Vec<(u64, String)> {
        let refused = refused_of(waiting, unprocessed.as_array().unwrap());
        refused.into_iter().flatten().map(|refused| (refused.line, refused.code)).collect()
    }

    #[test]
    fn what_an_x_ray_refuses_without_its_id_is_refused_all_the_same() {
        let sent: Vec<_> = (1..=3).map(waiting).collect();
        let named =
            |line: u64, code| json!({"Id": format!("{line:016x}"), "ErrorCode": code, "Message": "no"});
        let unnamed = [json!({"ErrorCode": "A"}), json!({"Id": "", "ErrorCode": "A"}), named(9, "A")];
        for unnamed in unnamed {
            let said = refused(&sent, &json!([unnamed, named(1, "B")]));
            assert_eq!(said, [(1, "B".to_owned()), (2, "A".to_owned())], "{unnamed}");
            assert_eq!(refused(&sent, &json!([unnamed, unnamed, unnamed, unnamed])).len(), 3);
        }
        let kept = json!([{"Id": "", "ErrorCode": "A", "Message": format!("too old; {KEPT}")}]);
        assert_eq!(refused(&sent, &kept), []);
    }
}
