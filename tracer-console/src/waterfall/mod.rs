//! A trace drawn in the terminal: a tree at the left, a bar on a common time scale at the right.

mod clocks;
mod details;
mod line;
mod row;
mod scale;
pub(crate) mod text;

use std::fmt;

use anstyle::{AnsiColor, Style};

use crate::trace::{Node, Trace};
use details::Details;
use line::Line;
use row::Guides;
pub(crate) use row::{Mark, about};
pub(crate) use scale::Scale;

/// Draws a trace; `Display` writes it, one line per segment or subsegment and what belongs to it below.
///
/// ```
/// use tracer_console::{Document, MemoryStore, TraceStore, Waterfall};
///
/// let store = MemoryStore::default();
/// let document = Document::parse(r#"{"name":"job","id":"cbafb490a105b1f4","start_time":1,"end_time":2,
///     "trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","annotations":{"OrderId":"ORD-1"}}"#)?;
/// let id = document.trace_id();
/// store.record(document)?;
/// let drawn = Waterfall::new(&store.trace(id).unwrap()).width(80).to_string();
/// assert!(drawn.contains("job") && drawn.contains("1.00 s") && drawn.contains("OrderId=ORD-1"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone)]
#[must_use = "a waterfall does nothing until it is displayed"]
pub struct Waterfall<'a> {
    trace: &'a Trace,
    width: usize,
    metadata: bool,
    colored: bool,
}

const PLAIN: Style = Style::new();
const DIM: Style = Style::new().dimmed();
const BOLD: Style = Style::new().bold();
const RED: Style = AnsiColor::Red.on_default();
const YELLOW: Style = AnsiColor::Yellow.on_default();
const MAGENTA: Style = AnsiColor::Magenta.on_default();
const CYAN: Style = AnsiColor::Cyan.on_default();
const GREEN: Style = AnsiColor::Green.on_default();
const BLUE: Style = AnsiColor::Blue.on_default();

impl<'a> Waterfall<'a> {
    /// The narrowest that still can be read; a smaller width is taken as this.
    ///
    /// ```
    /// assert_eq!(tracer_console::Waterfall::NARROWEST, 60);
    /// ```
    pub const NARROWEST: usize = 60;

    /// A length of time in microseconds as it stands in a waterfall: three digits and a unit.
    ///
    /// ```
    /// use tracer_console::Waterfall;
    ///
    /// assert_eq!([312, 1_234_567].map(Waterfall::duration), ["312 µs", "1.23 s"]);
    /// ```
    #[must_use]
    pub fn duration(micros: i64) -> String {
        text::duration(micros)
    }

    /// 100 columns, no metadata, colours when the standard output is a terminal that wants them.
    ///
    /// ```
    /// # use tracer_console::{Document, MemoryStore, TraceStore};
    /// # let store = MemoryStore::default();
    /// # let document = Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2}"#)?;
    /// # let id = document.trace_id();
    /// # store.record(document)?;
    /// let trace = store.trace(id).unwrap();
    /// println!("{}", tracer_console::Waterfall::new(&trace));
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    pub fn new(trace: &'a Trace) -> Self {
        let colored = anstream::AutoStream::choice(&std::io::stdout()) != anstream::ColorChoice::Never;
        Self { trace, width: 100, metadata: false, colored }
    }

    /// How many columns a line may have.
    ///
    /// ```
    /// # use tracer_console::{Document, MemoryStore, TraceStore};
    /// # let store = MemoryStore::default();
    /// # let document = Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2}"#)?;
    /// # let id = document.trace_id();
    /// # store.record(document)?;
    /// let trace = store.trace(id).unwrap();
    /// println!("{}", tracer_console::Waterfall::new(&trace).width(160));
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    pub fn width(mut self, columns: usize) -> Self {
        self.width = columns.clamp(Self::NARROWEST, 1000);
        self
    }

    /// Whether the metadata is shown too.
    ///
    /// ```
    /// # use tracer_console::{Document, MemoryStore, TraceStore};
    /// # let store = MemoryStore::default();
    /// # let document = Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2,"metadata":{"orders":{"total":7}}}"#)?;
    /// # let id = document.trace_id();
    /// # store.record(document)?;
    /// let trace = store.trace(id).unwrap();
    /// let drawn = tracer_console::Waterfall::new(&trace).metadata(true).to_string();
    /// assert!(drawn.contains("orders › total: 7"));
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    pub fn metadata(mut self, shown: bool) -> Self {
        self.metadata = shown;
        self
    }

    /// Whether to colour, whatever the standard output is.
    ///
    /// ```
    /// # use tracer_console::{Document, MemoryStore, TraceStore};
    /// # let store = MemoryStore::default();
    /// # let document = Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2}"#)?;
    /// # let id = document.trace_id();
    /// # store.record(document)?;
    /// let trace = store.trace(id).unwrap();
    /// let drawn = tracer_console::Waterfall::new(&trace).colored(false).to_string();
    /// assert!(!drawn.contains('\u{1b}'));
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    pub fn colored(mut self, colored: bool) -> Self {
        self.colored = colored;
        self
    }

    fn heading(&self, scale: &Scale) -> Line {
        let mut line = Line::default();
        line.push(BOLD, format!("Trace {}", self.trace.id()));
        line.push(DIM, format!(" · {}", text::duration(scale.total())));
        for mark in Mark::ALL {
            let count = self.trace.nodes().filter(|node| mark.is_on(*node)).count();
            if count > 0 {
                line.push(DIM, " · ");
                line.push(mark.style(), format!("{count} {}", mark.word()));
            }
        }
        line
    }

    fn lines(&self) -> Vec<Line> {
        let columns = Columns::of(self.width);
        let scale = Scale::of(self.trace, columns.bar);
        let mut lines = vec![self.heading(&scale)];
        lines.extend(clocks::draw(self.trace));
        lines.push(columns.heading(&scale));
        let details = Details::new(self.trace, self.width, self.metadata);
        for node in self.trace.nodes() {
            let guides = Guides::of(node);
            lines.push(row::draw(node, &guides, &columns, &scale));
            lines.extend(details.draw(node, &guides));
        }
        lines
    }
}

impl fmt::Display for Waterfall<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (at, mut line) in self.lines().into_iter().enumerate() {
            if at > 0 {
                writeln!(f)?;
            }
            line.fit(self.width);
            line.write(f, self.colored)?;
        }
        Ok(())
    }
}

/// How the width is shared out.
struct Columns {
    name: usize,
    start: usize,
    duration: usize,
    bar: usize,
}

impl Columns {
    const GAP: &'static str = "  ";

    fn of(width: usize) -> Self {
        let (start, duration) = (9, 8);
        let name = (width / 2).min(70);
        let bar = width - name - start - duration - 2 * Self::GAP.len();
        Self { name, start, duration, bar }
    }

    fn heading(&self, scale: &Scale) -> Line {
        let mut line = Line::default();
        line.push(DIM, "");
        line.pad(self.name);
        line.push(DIM, Self::GAP);
        line.push(
            DIM,
            format!(
                "{:>start$}{:>duration$}",
                "start",
                "duration",
                start = self.start,
                duration = self.duration + 1
            ),
        );
        line.push(DIM, " ");
        line.push(DIM, scale.ruler());
        line
    }
}

/// The colour of a node: that of the worst that is said about it.
fn color(node: Node<'_>) -> Style {
    Mark::ALL.iter().find(|mark| mark.colors_the_row() && mark.is_on(node)).map_or(PLAIN, |mark| mark.style())
}
