//! How traces are shown.

use std::fmt;
use std::io::{self, Write as _};
use std::sync::OnceLock;

use tracer_console::{Refusal, Trace, Waterfall};

use super::Failure;

/// Why the standard output took no more, once it did not.
static UNSAID: OnceLock<io::Error> = OnceLock::new();

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

    /// A line on the standard output, in colour where that is wanted; [`Self::all_said`] tells whether it was taken.
    pub(crate) fn say(line: &str) {
        let mut output = anstream::stdout().lock();
        if let Err(error) = writeln!(output, "{line}").and_then(|()| output.flush()) {
            // The first says why; who goes on without a reader may fail often.
            let _ = UNSAID.set(error);
        }
    }

    /// JSON on one line of the standard output: what a terminal would obey is escaped, which changes no value.
    pub(crate) fn say_json(json: impl fmt::Display) {
        Self::say(&one_line(&json.to_string()));
    }

    /// Whether the standard output has taken all so far.
    pub(crate) fn is_heard() -> bool {
        UNSAID.get().is_none()
    }

    /// Fails where the standard output did not take all, as on a full disk; a reader that has gone is no failure.
    pub(crate) fn all_said() -> Result<(), Failure> {
        match UNSAID.get() {
            Some(error) if error.kind() != io::ErrorKind::BrokenPipe => {
                Err(format!("cannot write to the standard output: {error}").into())
            }
            _ => Ok(()),
        }
    }

    /// The columns of the terminal; `None` where the output is none: a file is as wide as it needs.
    #[cfg(unix)]
    pub(crate) fn terminal_width() -> Option<usize> {
        let size = rustix::termios::tcgetwinsize(io::stdout()).ok()?;
        // A terminal that does not know is told from one that is too narrow.
        (size.ws_col > 0).then(|| usize::from(size.ws_col))
    }

    #[cfg(not(unix))]
    pub(crate) fn terminal_width() -> Option<usize> {
        None
    }
}

/// JSON without line breaks, which stand between its values alone, and with escapes for what a terminal obeys.
fn one_line(json: &str) -> String {
    let mut line = String::with_capacity(json.len());
    for c in json.chars() {
        match c {
            '\n' | '\r' => line.push(' '),
            c if is_obeyed(c) => line.push_str(&format!("\\u{:04x}", u32::from(c))),
            c => line.push(c),
        }
    }
    line
}

/// The controls of C1, and what turns the direction of a text around.
fn is_obeyed(c: char) -> bool {
    matches!(c, '\u{7f}'..='\u{9f}' | '\u{61c}' | '\u{200e}' | '\u{200f}')
        || matches!(c, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}')
}

/// Of a waterfall in this terminal.
fn comfortable_width() -> Option<usize> {
    Screen::terminal_width().map(|columns| columns.clamp(Waterfall::NARROWEST, 160))
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    #[test]
    fn json_is_one_line_that_says_the_same_and_no_terminal_obeys() {
        let value = json!({"name": "a\u{9b}31m\u{202e}b\u{2066}\u{7f}\u{1b}[0m\r\n", "日本": "é 👩"});
        let line = one_line(&serde_json::to_string_pretty(&value).unwrap());
        assert_eq!(serde_json::from_str::<Value>(&line).unwrap(), value);
        assert!(line.contains("日本") && line.contains("\\u009b31m\\u202eb"), "{line}");
        assert!(!line.contains(|c: char| c.is_control() || is_obeyed(c)), "{line:?}");
    }
}
