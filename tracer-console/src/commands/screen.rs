//! How traces are shown.

use std::io::Write as _;

use tracer_console::{Refusal, Trace, Waterfall};

#[derive(Debug, Clone, Copy, clap::Args)]
pub(crate) struct Screen {
    /// Show metadata too
    #[arg(long)]
    metadata: bool,
    /// Columns of a line [default: the terminal's, or 100]
    #[arg(long)]
    width: Option<usize>,
}

impl Screen {
    /// Draws a trace on the standard output; a reader that has gone is no failure.
    pub(crate) fn draw(self, trace: &Trace) {
        let width = self.width.or_else(comfortable_width).unwrap_or(100);
        let waterfall = Waterfall::new(trace).width(width).metadata(self.metadata);
        Self::say(&format!("{waterfall}\n"));
    }

    /// Says on the standard error what was refused, and where it stood.
    pub(crate) fn refuse(place: &str, refusal: &Refusal) {
        anstream::eprintln!("refused: {place}{}", Self::printable(&refusal.to_string()));
    }

    /// Untrusted text with what a terminal would obey as escapes, and quotes as they are.
    pub(crate) fn printable(text: &str) -> String {
        let mut shown = String::with_capacity(text.len());
        for c in text.chars() {
            match c {
                '"' | '\'' | '\\' => shown.push(c),
                _ => shown.extend(c.escape_debug()),
            }
        }
        shown
    }

    /// A line on the standard output, in colour where that is wanted; a reader that has gone is no failure.
    pub(crate) fn say(line: &str) {
        let mut output = anstream::stdout().lock();
        let _ = writeln!(output, "{line}").and_then(|()| output.flush());
    }

    /// The columns of the terminal; `None` where the output is none: a file is as wide as it needs.
    #[cfg(unix)]
    pub(crate) fn terminal_width() -> Option<usize> {
        let size = rustix::termios::tcgetwinsize(std::io::stdout()).ok()?;
        // A terminal that does not know is told from one that is too narrow.
        (size.ws_col > 0).then(|| usize::from(size.ws_col))
    }

    #[cfg(not(unix))]
    pub(crate) fn terminal_width() -> Option<usize> {
        None
    }
}

/// Of a waterfall in this terminal.
fn comfortable_width() -> Option<usize> {
    Screen::terminal_width().map(|columns| columns.clamp(Waterfall::NARROWEST, 160))
}
