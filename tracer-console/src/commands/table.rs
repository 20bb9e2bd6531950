//! Cells in columns, in colour, as wide as the terminal at most.

use std::fmt;

use anstyle::Style;
use unicode_width::UnicodeWidthStr as _;

/// A column: its name, and where its cells stand in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    name: &'static str,
    is_numeric: bool,
    /// Narrower than its widest cell where the terminal is.
    gives_way: bool,
}

impl Column {
    pub(crate) const fn text(name: &'static str) -> Self {
        Self { name, is_numeric: false, gives_way: false }
    }

    /// Its cells stand at the right.
    pub(crate) const fn number(name: &'static str) -> Self {
        Self { name, is_numeric: true, gives_way: false }
    }

    /// Its cells are cut where the terminal is too narrow.
    pub(crate) const fn long(name: &'static str) -> Self {
        Self { name, is_numeric: false, gives_way: true }
    }
}

/// A text that is fit to print, in a style.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    pub(crate) fn styled(text: impl Into<String>, style: Style) -> Self {
        Self { text: text.into(), style }
    }
}

impl<T: Into<String>> From<T> for Cell {
    fn from(text: T) -> Self {
        Self::styled(text, Style::new())
    }
}

/// Columns with their widths.
#[derive(Debug, Clone)]
pub(crate) struct Layout<const N: usize> {
    columns: [Column; N],
    widths: [usize; N],
    /// Whether a line may not be wider than all columns.
    is_bounded: bool,
}

const GAP: usize = 2;
/// What gives way keeps so much.
const NARROWEST: usize = 8;
const DIM: Style = Style::new().dimmed();

impl<const N: usize> Layout<N> {
    /// As wide as the widest of these rows needs; no wider than the terminal, if there is one.
    pub(crate) fn of(columns: [Column; N], rows: &[[Cell; N]], terminal: Option<usize>) -> Self {
        let widest = |at: usize| {
            let cells = rows.iter().map(|row| row[at].text.width()).max().unwrap_or_default();
            cells.max(columns[at].name.width())
        };
        let widths = std::array::from_fn(widest);
        let mut layout = Self { columns, widths, is_bounded: terminal.is_some() };
        if let Some(terminal) = terminal {
            layout.narrow(terminal);
        }
        layout
    }

    /// The last that can give way does first.
    fn narrow(&mut self, terminal: usize) {
        let mut surplus = (self.widths.iter().sum::<usize>() + GAP * (N - 1)).saturating_sub(terminal);
        for (column, width) in self.columns.iter().zip(&mut self.widths).rev() {
            if column.gives_way {
                let given = surplus.min(width.saturating_sub(NARROWEST.max(column.name.width())));
                *width -= given;
                surplus -= given;
            }
        }
    }

    pub(crate) fn heading(&self) -> String {
        self.line(&self.columns.map(|column| Cell::styled(column.name, DIM)))
    }

    /// One row, without blanks at its end.
    pub(crate) fn line(&self, row: &[Cell; N]) -> String {
        let last = row.iter().rposition(|cell| !cell.text.is_empty()).unwrap_or_default();
        let mut line = String::new();
        for (at, cell) in row.iter().enumerate().take(last + 1) {
            let Column { is_numeric, gives_way, .. } = self.columns[at];
            let width = self.widths[at];
            let is_cut = gives_way && self.is_bounded;
            let text = if is_cut { cut(&cell.text, width) } else { cell.text.clone() };
            let blanks = " ".repeat(width.saturating_sub(text.width()));
            let style = cell.style;
            let gap = if at == 0 { "" } else { "  " };
            let before = if is_numeric { blanks.as_str() } else { "" };
            line.push_str(&format!("{gap}{before}{style}{text}{style:#}"));
            if !is_numeric && at < last {
                line.push_str(&blanks);
            }
        }
        line
    }
}

/// The text in at most `width` columns; what is cut off ends with `…`.
fn cut(text: &str, width: usize) -> String {
    if text.width() <= width {
        return text.to_owned();
    }
    let mut kept = String::new();
    for c in text.chars() {
        if kept.width() + c.to_string().width() >= width {
            break;
        }
        kept.push(c);
    }
    kept.push('…');
    kept
}

/// A heading and all rows, a line each.
#[derive(Debug, Clone)]
pub(crate) struct Table<const N: usize> {
    layout: Layout<N>,
    rows: Vec<[Cell; N]>,
}

impl<const N: usize> Table<N> {
    pub(crate) fn new(columns: [Column; N], rows: Vec<[Cell; N]>, terminal: Option<usize>) -> Self {
        Self { layout: Layout::of(columns, &rows, terminal), rows }
    }
}

impl<const N: usize> fmt::Display for Table<N> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.layout.heading())?;
        self.rows.iter().try_for_each(|row| write!(f, "\n{}", self.layout.line(row)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const COLUMNS: [Column; 3] = [Column::text("Id"), Column::number("Count"), Column::long("Request")];

    fn shown(rows: &[[&str; 3]], terminal: Option<usize>) -> Vec<String> {
        let rows = rows.iter().map(|row| row.map(Cell::from)).collect();
        let table =
            anstream::adapter::strip_str(&Table::new(COLUMNS, rows, terminal).to_string()).to_string();
        table.lines().map(str::to_owned).collect()
    }

    #[test]
    fn columns_are_as_wide_as_their_widest_cell_and_numbers_stand_at_the_right() {
        let lines = shown(&[["日本", "7", "GET /"], ["a", "1000000", ""]], None);
        assert_eq!(lines, ["Id      Count  Request", "日本        7  GET /", "a     1000000"]);
    }

    #[test]
    fn where_the_terminal_is_narrow_only_long_columns_give_way() {
        let url = "http://shop.example/orders";
        assert_eq!(shown(&[["a", "1", url]], Some(24)), ["Id  Count  Request", "a       1  http://shop.…"]);
        assert_eq!(shown(&[["a", "1", url]], Some(3))[1], "a       1  http://…");
        assert_eq!(shown(&[["a", "1", "日本語のテキスト"]], Some(20))[1], "a       1  日本語の…");
        assert!(shown(&[["a", "1", url]], None)[1].ends_with("/orders"));
    }

    #[test]
    fn a_style_takes_no_room() {
        let red = Style::new().bold();
        let layout = Layout::of(COLUMNS, &[[Cell::styled("fault", red), "1".into(), "x".into()]], None);
        let line = layout.line(&[Cell::styled("ok", red), "1".into(), "x".into()]);
        assert!(line.contains('\u{1b}'));
        assert_eq!(anstream::adapter::strip_str(&line).to_string(), "ok         1  x");
    }
}
