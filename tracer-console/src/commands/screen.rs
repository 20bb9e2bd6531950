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
        let width = self.width.unwrap_or_else(terminal_width);
        let waterfall = Waterfall::new(trace).width(width).metadata(self.metadata);
        let _ = writeln!(std::io::stdout(), "{waterfall}\n");
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

    /// A line on the standard output; a reader that has gone is no failure.
    pub(crate) fn say(line: &str) {
        let mut output = std::io::stdout();
        let _ = writeln!(output, "{line}").and_then(|()| output.flush());
    }
}

#[cfg(unix)]
fn terminal_width() -> usize {
    rustix::termios::tcgetwinsize(std::io::stdout())
        .map_or(100, |size| usize::from(size.ws_col).clamp(60, 160))
}

#[cfg(not(unix))]
fn terminal_width() -> usize {
    100
}
