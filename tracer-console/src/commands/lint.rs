//! `lint`: whether X-Ray would take documents, and what it would drop of them.

use std::io::Read as _;

use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};
use tracer_console::{Finding, LintLevel, Linted, Recording, TraceId};

use super::Failure;
use super::endpoint::Endpoint;
use super::misuse::Misuse;
use super::screen::Screen;

#[derive(Debug, clap::Args)]
pub(crate) struct Lint {
    /// A file with documents: one a line, in an array, over several lines, datagrams with their header lines, or what `export`
    /// wrote; `-` reads the standard input. Or the id of a trace: its documents as the console received them
    #[arg(value_name = "FILE|TRACE|-")]
    linted: String,
    /// End well also where X-Ray would drop something, as long as it refuses nothing
    #[arg(long, value_name = "WHAT")]
    allow: Option<Allowed>,
    /// Print what was found, one JSON object a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    endpoint: Endpoint,
}

/// What is no failure.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
enum Allowed {
    Dropped,
}

impl Lint {
    pub(crate) fn run(self) -> Result<(), Failure> {
        let linted = match self.linted.parse::<TraceId>() {
            Ok(id) => Linted::of(self.documents(id)?),
            Err(_) => Linted::of(self.read()?),
        };
        for finding in linted.findings() {
            if self.json {
                Screen::say_json(serde_json::to_string(finding)?);
            } else {
                Screen::say(&shown(finding));
            }
        }
        if linted.documents() == 0 {
            return Err(Misuse::of(format!("{} has no document", self.linted)));
        }
        let is_well = linted.refused() == 0
            && (linted.taken_with_losses() == 0 || self.allow == Some(Allowed::Dropped));
        if !is_well {
            return Err(linted.to_string().into());
        }
        anstream::eprintln!("{linted}");
        Ok(())
    }

    fn read(&self) -> Result<Vec<u8>, Failure> {
        if self.linted == "-" {
            let mut bytes = Vec::new();
            std::io::stdin().lock().read_to_end(&mut bytes)?;
            return self.unpacked(bytes);
        }
        let read = std::fs::read(&self.linted).map_err(|error| {
            Misuse::of(format!("cannot read {}: {error}; give a file, - or the id of a trace", self.linted))
        });
        self.unpacked(read?)
    }

    fn unpacked(&self, file: Vec<u8>) -> Result<Vec<u8>, Failure> {
        unpacked(file).map_err(|error| Misuse::of(format!("cannot unpack {}: {error}", self.linted)))
    }

    /// The documents of a trace as they arrived, in an array of strings.
    fn documents(&self, id: TraceId) -> Result<Vec<u8>, Failure> {
        let mut request = json!({ "TraceIds": [id.to_string()] });
        let mut documents = Vec::new();
        loop {
            let answer = self.endpoint.own("/tracer/Documents", &request)?.ok_or(
                "X-Ray gives no documents as they arrived, and neither does what answers here: lint those of a file",
            )?;
            let traces = answer["Traces"].as_array().into_iter().flatten();
            documents.extend(traces.filter_map(|trace| trace["Documents"].as_array()).flatten().cloned());
            match &answer["NextToken"] {
                Value::String(token) => request["NextToken"] = json!(token),
                _ => break,
            }
        }
        if documents.is_empty() {
            return Err(format!("there is no trace {id}").into());
        }
        Ok(one_a_line(&documents))
    }
}

/// A packed file, or a page, as its documents; every other as it is.
fn unpacked(file: Vec<u8>) -> std::io::Result<Vec<u8>> {
    const GZIP: &[u8] = b"\x1f\x8b";
    const ZSTD: &[u8] = b"\x28\xb5\x2f\xfd";
    let is_page = file.trim_ascii_start().starts_with(b"<");
    if !is_page && !file.starts_with(GZIP) && !file.starts_with(ZSTD) {
        return Ok(file);
    }
    let mut documents = Vec::new();
    for recorded in Recording::new(file.as_slice())? {
        // What is refused already is refused again, as no JSON.
        documents.push(Value::from(recorded?.text.unwrap_or_else(|refusal| refusal.excerpt)));
    }
    Ok(one_a_line(&documents))
}

/// What is found is in the line that has the document's number.
fn one_a_line(documents: &[Value]) -> Vec<u8> {
    let lines: Vec<_> = documents.iter().map(Value::to_string).collect();
    format!("[{}]", lines.join(",\n")).into_bytes()
}

/// Where, what becomes of it, what is wrong and what to do.
fn shown(finding: &Finding) -> String {
    let style = style(finding.level);
    let code = finding.code.map_or_else(String::new, |code| format!(" {code}"));
    let path = if finding.path.is_empty() { String::new() } else { format!(" {}", finding.path) };
    format!(
        "line {}: {style}{}{style:#}{code}{}\n    {}\n    {}",
        finding.line,
        finding.level,
        Screen::printable(&path),
        Screen::printable(&finding.message),
        Screen::printable(&finding.remedy),
    )
}

fn style(level: LintLevel) -> Style {
    match level {
        LintLevel::Refused => AnsiColor::Red.on_default(),
        LintLevel::Dropped => AnsiColor::Yellow.on_default(),
        LintLevel::Changed => AnsiColor::Cyan.on_default(),
        _ => Style::new().dimmed(),
    }
}
