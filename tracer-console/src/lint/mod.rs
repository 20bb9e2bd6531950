//! Whether X-Ray would take documents, and what it would drop of them.
//!
//! The rules are those of X-Ray's published schema and of its documentation, as far as they are established; what the service
//! does with a text that is too long, for one, is not, and is counted as lost here. The time in a trace's id is not looked at:
//! X-Ray does not, either. The console itself takes more than X-Ray: all that it refuses is refused here, by the same name.

mod entity;
mod file;
mod finding;
mod inspection;
mod schema;
mod shape;
#[cfg(test)]
mod tests;
mod times;
mod trace;
mod values;

use serde_json::Value;

pub use finding::{Finding, LintLevel};

use self::inspection::Inspection;
use self::trace::Traces;
use crate::document::Document;
use crate::lenient_json;
use crate::memory_store::MemoryLimits;
use crate::refusal::{Refusal, RefusalCode};
use crate::timestamp::Timestamp;

/// What X-Ray would refuse, drop or take for something else in the documents of a text; empty where it takes all of them
/// whole.
///
/// The text may hold documents one a line, in an array, over several lines, behind the daemon's header lines, as recorded
/// datagrams (objects with a member `raw`), as `tracer-console export` writes them, or as requests of `PutTraceSegments`.
///
/// ```
/// use tracer_console::{LintLevel, RefusalCode, lint};
///
/// let document = r#"{"name":"web","id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943",
///     "start_time":1795348812.34,"annotations":{"tenant":["a","b"]}}"#;
/// let findings = lint(document);
/// assert_eq!(findings[0].code, Some(RefusalCode::MissingEndTime));
/// assert_eq!((findings[1].path.as_str(), findings[1].level), ("/annotations/tenant", LintLevel::Dropped));
/// ```
#[must_use]
pub fn lint(text: &str) -> Vec<Finding> {
    Linted::of(text).findings().to_vec()
}

/// The documents of a file under X-Ray's rules: what was found, and how many documents are taken.
///
/// ```
/// use tracer_console::Linted;
///
/// let file = "{\"name\":\"web\"}\n{\"name\":\"job\",\"id\":\"cbafb490a105b1f4\",\
///     \"trace_id\":\"1-6b02e002-9311b20839c1ed87c6cec943\",\"start_time\":1795348812.34,\"end_time\":1795348812.44}\n";
/// let linted = Linted::of(file);
/// assert_eq!((linted.documents(), linted.refused(), linted.taken_whole()), (2, 1, 1));
/// assert_eq!(linted.to_string(), "2 documents: 1 taken whole, 0 taken with losses, 1 refused");
/// ```
#[derive(Debug, Clone, Default)]
pub struct Linted {
    documents: usize,
    lossy: usize,
    refused: usize,
    findings: Vec<Finding>,
}

impl Linted {
    /// Looks at all documents of a file; see [`lint`].
    ///
    /// ```
    /// assert_eq!(tracer_console::Linted::of(b"\xff").refused(), 1);
    /// ```
    #[must_use]
    pub fn of(file: impl AsRef<[u8]>) -> Self {
        Self::at(file.as_ref(), Timestamp::now())
    }

    /// As if it were now `now`.
    fn at(file: &[u8], now: Timestamp) -> Self {
        let mut linted = Self::default();
        let mut traces = Traces::default();
        for piece in file::pieces(file) {
            linted.documents += 1;
            let mut inspection = Inspection::new(piece.line, linted.documents, now);
            match &piece.text {
                Ok(text) => document(&mut inspection, text, linted.documents, &mut traces),
                Err(refusal) => refused_as_it_is(&mut inspection, refusal),
            }
            linted.add(inspection.findings);
        }
        linted
    }

    fn add(&mut self, findings: Vec<Finding>) {
        match findings.iter().map(|finding| finding.level).max() {
            Some(LintLevel::Refused) => self.refused += 1,
            Some(LintLevel::Dropped) => self.lossy += 1,
            Some(LintLevel::Changed | LintLevel::Advice) | None => {}
        }
        self.findings.extend(findings);
    }

    /// What was found, in the order of the file.
    ///
    /// ```
    /// assert_eq!(tracer_console::Linted::of("{}").findings()[0].document, 1);
    /// ```
    #[must_use]
    pub fn findings(&self) -> &[Finding] {
        &self.findings
    }

    /// How many documents there are.
    ///
    /// ```
    /// assert_eq!(tracer_console::Linted::of("{}{}").documents(), 2);
    /// ```
    #[must_use]
    pub fn documents(&self) -> usize {
        self.documents
    }

    /// How many X-Ray would take without loss.
    ///
    /// ```
    /// assert_eq!(tracer_console::Linted::of("{}").taken_whole(), 0);
    /// ```
    #[must_use]
    pub fn taken_whole(&self) -> usize {
        self.documents - self.lossy - self.refused
    }

    /// How many it would take and drop something of.
    ///
    /// ```
    /// assert_eq!(tracer_console::Linted::of("{}").taken_with_losses(), 0);
    /// ```
    #[must_use]
    pub fn taken_with_losses(&self) -> usize {
        self.lossy
    }

    /// How many it would refuse.
    ///
    /// ```
    /// assert_eq!(tracer_console::Linted::of("{}").refused(), 1);
    /// ```
    #[must_use]
    pub fn refused(&self) -> usize {
        self.refused
    }
}

/// One line: how many there are, and what becomes of them.
impl std::fmt::Display for Linted {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let (documents, lossy, refused) = (self.documents, self.lossy, self.refused);
        let plural = if documents == 1 { "" } else { "s" };
        let whole = self.taken_whole();
        write!(
            f,
            "{documents} document{plural}: {whole} taken whole, {lossy} taken with losses, {refused} refused"
        )
    }
}

/// The largest document that a datagram holds behind its header line.
const LARGEST_DATAGRAM: usize = 65_507 - "{\"format\":\"json\",\"version\":1}\n".len();

fn document(inspection: &mut Inspection, text: &str, number: usize, traces: &mut Traces) {
    let lenient = match lenient_json::read(text) {
        Ok(lenient) => lenient,
        Err(refusal) => return refused_as_it_is(inspection, &refusal),
    };
    let Value::Object(members) = lenient.value else {
        let remedy = "write an object with name, id, trace_id, start_time and end_time";
        return inspection.refused(RefusalCode::InvalidSegment, "it is JSON, and no object", remedy);
    };
    size(inspection, text.len());
    if lenient.repaired {
        let message =
            "a bare NaN or Infinity is no JSON: the value is lost, and X-Ray may refuse the document";
        inspection.dropped(message, "leave such values out, or write them as strings");
    }
    let mut trace = traces.add(inspection, &members, (number, text.len()));
    entity::document(inspection, &members, &mut trace);
    // What the console refuses is never said to be taken, whatever rule may be missing above.
    if let Err(refusal) = Document::parse(text)
        && !inspection.is_refused_as(refusal.code)
    {
        refused_as_it_is(inspection, &refusal);
    }
}

fn refused_as_it_is(inspection: &mut Inspection, refusal: &Refusal) {
    let remedy = match refusal.code {
        RefusalCode::ParseError => "write it as JSON, in UTF-8",
        RefusalCode::InvalidHeader | RefusalCode::MissingHeaderOrSegment => {
            "the daemon takes nothing else over UDP"
        }
        RefusalCode::TooDeep => "this is the console's own limit; nobody has looked for X-Ray's",
        _ => "see X-Ray's segment documents",
    };
    inspection.refused(refusal.code, refusal.message.clone(), remedy);
}

fn size(inspection: &mut Inspection, bytes: usize) {
    let (most, _) = MemoryLimits::OF_XRAY;
    if bytes > most {
        inspection.refused(
            RefusalCode::InvalidSegment,
            format!("it has {bytes} bytes, and X-Ray takes {most}"),
            "send subtrees as subsegments of their own, and keep large values elsewhere",
        );
    } else if bytes > LARGEST_DATAGRAM {
        inspection.advice(
            format!("it has {bytes} bytes, and no datagram holds more than {LARGEST_DATAGRAM} of a document"),
            "send it with PutTraceSegments, or in parts",
        );
    }
}
