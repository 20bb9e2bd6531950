//! One line of styled text that knows how wide it is.

use std::fmt;

use anstyle::Style;

use super::{PLAIN, text};

/// Pieces of text, each in a style; nothing in it is trusted to be free of control characters but by its makers.
#[derive(Default)]
pub(super) struct Line {
    pieces: Vec<(Style, String)>,
    width: usize,
}

impl Line {
    pub(super) fn push(&mut self, style: Style, piece: impl Into<String>) {
        let piece = piece.into();
        self.width += text::width(&piece);
        self.pieces.push((style, piece));
    }

    pub(super) fn append(&mut self, other: Self) {
        self.width += other.width;
        self.pieces.extend(other.pieces);
    }

    pub(super) fn width(&self) -> usize {
        self.width
    }

    /// Cuts the line to `columns`.
    pub(super) fn fit(&mut self, columns: usize) {
        while self.width > columns {
            let Some((style, last)) = self.pieces.pop() else {
                return;
            };
            self.width -= text::width(&last);
            // One column stays for the mark of the cut.
            if self.width < columns {
                self.push(style, text::cut(&last, columns - self.width));
            } else if self.width == columns {
                // The piece before takes the mark.
                if let Some((style, before)) = self.pieces.pop() {
                    let was = text::width(&before);
                    self.width -= was;
                    self.push(style, text::cut(&format!("{before} "), was));
                }
            }
        }
    }

    /// Fills up with blanks to `columns`, or cuts.
    pub(super) fn pad(&mut self, columns: usize) {
        self.fit(columns);
        let missing = columns - self.width;
        self.push(PLAIN, " ".repeat(missing));
    }

    /// Writes the line without blanks at its end.
    pub(super) fn write(&self, f: &mut fmt::Formatter<'_>, colored: bool) -> fmt::Result {
        let is_visible = |(_, piece): &(Style, String)| !piece.trim_end().is_empty();
        let visible = self.pieces.iter().rposition(is_visible).map_or(0, |last| last + 1);
        for (at, (style, piece)) in self.pieces[..visible].iter().enumerate() {
            let piece = if at + 1 == visible { piece.trim_end() } else { piece };
            if colored {
                write!(f, "{style}{piece}{style:#}")?;
            } else {
                f.write_str(piece)?;
            }
        }
        Ok(())
    }
}
