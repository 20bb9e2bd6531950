//! One self-contained HTML page with traces: it opens without a server, without a network and without JavaScript, and
//! [`document_of`] reads its documents again.
//!
//! `document` writes them, `step` lays out the rows of a waterfall, `told` what belongs to each, and `shown` bounds untrusted text.

mod document;
mod shown;
mod step;
#[cfg(test)]
mod tests;
mod told;

use std::io::{self, Write};
use std::time::{Duration, UNIX_EPOCH};

use askama::Template;

use self::document::DocumentLine;
pub(super) use self::document::document_of;
use self::step::{Step, WIDTH};
use crate::compiled::CompiledTrace;
use crate::timestamp::Timestamp;
use crate::trace::Trace;
use crate::waterfall::text::duration;

const STYLE: &str = include_str!("../../../templates/page.css");
/// The policy of the page lets this style in and nothing else: no script, no picture, no address.
const STYLE_HASH: &str = "sha256-OWqmEU6AWn3xPjAj61ajO1K67dPvGBvKakql3WWv4zE=";
/// Of the year 9999.
const LAST_MICROSECOND: u64 = 253_402_300_799_999_999;

#[derive(Template)]
#[template(path = "page_begin.html")]
struct Begin<'a> {
    title: &'a str,
    exported: String,
    version: &'static str,
    style: &'static str,
    style_hash: &'static str,
}

#[derive(Template)]
#[template(path = "page_end.html")]
struct End;

#[derive(Template)]
#[template(path = "trace.html")]
struct Drawn<'a> {
    id: String,
    is_open: bool,
    outcome: &'static str,
    begun: String,
    duration: String,
    entry: String,
    request: String,
    steps: Vec<Step>,
    left_out: usize,
    documents: Vec<DocumentLine<'a>>,
}

/// Writes what stands before the traces.
pub(super) fn begin(output: &mut dyn Write, title: &str) -> io::Result<()> {
    let exported = time(Timestamp::now());
    let title = &shown::name(title);
    write(
        output,
        &Begin { title, exported, version: env!("CARGO_PKG_VERSION"), style: STYLE, style_hash: STYLE_HASH },
    )
}

/// Writes a trace and the documents that it was made of.
pub(super) fn write_trace(
    output: &mut dyn Write,
    trace: &Trace,
    documents: &[&str],
    is_open: bool,
) -> io::Result<()> {
    let compiled = CompiledTrace::of(trace);
    let request = |key| shown::name(compiled.http_request(key).unwrap_or_default());
    let status = compiled.http_status().map_or_else(String::new, |status| status.to_string());
    let request = [status, request("method"), request("url")];
    let micros = trace.end().zip(trace.start()).map_or(0, |(end, start)| end.micros_since(start));
    let (steps, left_out) = step::of(trace);
    let drawn = Drawn {
        id: trace.id().to_string(),
        is_open,
        outcome: outcome(&compiled),
        begun: time(compiled.start()),
        duration: duration(micros),
        entry: shown::name(trace.roots().next().map_or("", |root| root.entity().name())),
        request: request.into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join(" "),
        steps,
        left_out,
        documents: documents.iter().map(|document| DocumentLine(document)).collect(),
    };
    write(output, &drawn)
}

/// Writes what stands behind the traces.
pub(super) fn end(output: &mut dyn Write) -> io::Result<()> {
    write(output, &End)
}

fn write(output: &mut dyn Write, template: &impl Template) -> io::Result<()> {
    Template::write_into(template, output)?;
    // Templates end without the line break that their file ends with.
    output.write_all(b"\n")
}

fn outcome(trace: &CompiledTrace<'_>) -> &'static str {
    match () {
        () if trace.has_fault() => "fault",
        () if trace.has_throttle() => "throttle",
        () if trace.has_error() => "error",
        () if trace.is_partial() => "partial",
        () => "ok",
    }
}

/// A point in time as people write it.
fn time(time: Timestamp) -> String {
    // Documents cannot say a time beyond; what writes it knows years of four digits only.
    let micros = u64::try_from(time.micros()).unwrap_or_default().min(LAST_MICROSECOND);
    humantime::format_rfc3339_millis(UNIX_EPOCH + Duration::from_micros(micros)).to_string()
}
