//! Cells in columns, in colour, as wide as the terminal at most.

use std::fmt;

use anstyle::Style;
use unicode_width::UnicodeWidthStr as _;

/// A column: its name, and where its cells stand in it.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Column {
    name: &'static str,
    is_numeric: bool,
    /// Narrower than its widest cell where the terminal is, but no narrower than this as long as a column can go instead.
    gives_way: Option<usize>,
    goes: Goes,
}

/// Whether a column goes where the terminal is too narrow for all.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Goes {
    Never,
    WhereEmpty,
    /// Those of lower numbers first.
    At(u8),
}

impl Column {
    pub(crate) const fn text(name: &'static str) -> Self {
        Self { name, is_numeric: false, gives_way: None, goes: Goes::Never }
    }

    /// Its cells stand at the right.
    pub(crate) const fn number(name: &'static str) -> Self {
        Self { is_numeric: true, ..Self::text(name) }
    }

    /// Its cells are cut where the terminal is too narrow.
    pub(crate) const fn long(name: &'static str) -> Self {
        Self { gives_way: Some(READABLE), ..Self::text(name) }
    }

    /// It is cut to less than this many columns only once others have gone.
    pub(crate) const fn readable(self, columns: usize) -> Self {
        Self { gives_way: Some(columns), ..self }
    }

    /// It goes where the terminal is too narrow, those of lower numbers first.
    pub(crate) const fn goes_at(self, number: u8) -> Self {
        Self { goes: Goes::At(number), ..self }
    }

    /// It goes where the terminal is too narrow and it has nothing to say.
    pub(crate) const fn goes_where_empty(self) -> Self {
        Self { goes: Goes::WhereEmpty, ..self }
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
    is_shown: [bool; N],
    /// Whether a line may not be wider than all columns.
    is_bounded: bool,
}

const GAP: usize = 2;
/// What gives way keeps so much as long as another column can go instead.
const READABLE: usize = 12;
/// And so much in any case.
const NARROWEST: usize = 8;
const DIM: Style = Style::new().dimmed();

impl<const N: usize> Layout<N> {
    /// As wide as the widest of these rows needs; no wider than the terminal, if there is one.
    pub(crate) fn of(columns: [Column; N], rows: &[[Cell; N]], terminal: Option<usize>) -> Self {
        let widest = |at: usize| {
            let cells = rows.iter().map(|row| row[at].text.width()).max().unwrap_or_default();
            cells.max(columns[at].name.width())
        };
        let (widths, is_shown) = (std::array::from_fn(widest), [true; N]);
        let mut layout = Self { columns, widths, is_shown, is_bounded: terminal.is_some() };
        if let Some(terminal) = terminal {
            layout.fit(rows, terminal);
        }
        layout
    }

    /// Columns go first, and then what is left is cut.
    fn fit(&mut self, rows: &[[Cell; N]], terminal: usize) {
        let is_empty = |at: usize| rows.iter().all(|row| row[at].text.is_empty());
        let mut going: Vec<_> = (0..N)
            .filter_map(|at| match self.columns[at].goes {
                Goes::At(_) | Goes::WhereEmpty if is_empty(at) => Some((0, at)),
                Goes::At(number) => Some((1 + u16::from(number), at)),
                Goes::WhereEmpty | Goes::Never => None,
            })
            .collect();
        going.sort_unstable();
        let mut gone = Vec::new();
        for (_, at) in going {
            if self.is_readable_in(terminal) {
                break;
            }
            self.is_shown[at] = false;
            gone.push(at);
        }
        // What went first may be narrow enough for the room that the last has made.
        for at in gone.into_iter().rev().filter(|at| !is_empty(*at)) {
            self.is_shown[at] = true;
            self.is_shown[at] = self.is_readable_in(terminal);
        }
        self.cut_to(terminal);
    }

    fn is_readable_in(&self, terminal: usize) -> bool {
        let readable = |at: usize| match self.columns[at].gives_way {
            Some(readable) => self.widths[at].min(readable.max(self.columns[at].name.width())),
            None => self.widths[at],
        };
        self.width(readable) <= terminal
    }

    /// Of the columns that are shown, which are so wide each.
    fn width(&self, of: impl Fn(usize) -> usize) -> usize {
        let shown = (0..N).filter(|at| self.is_shown[*at]);
        (shown.clone().map(of).sum::<usize>() + GAP * shown.count()).saturating_sub(GAP)
    }

    /// The last that can give way does first.
    fn cut_to(&mut self, terminal: usize) {
        for is_readable in [true, false] {
            let mut surplus = self.width(|at| self.widths[at]).saturating_sub(terminal);
            for at in (0..N).rev().filter(|at| self.is_shown[*at]) {
                let Some(readable) = self.columns[at].gives_way else { continue };
                let least = if is_readable { readable } else { NARROWEST };
                let given =
                    surplus.min(self.widths[at].saturating_sub(least.max(self.columns[at].name.width())));
                self.widths[at] -= given;
                surplus -= given;
            }
        }
    }

    pub(crate) fn heading(&self) -> String {
        self.line(&self.columns.map(|column| Cell::styled(column.name, DIM)))
    }

    /// One row, without blanks at its end.
    pub(crate) fn line(&self, row: &[Cell; N]) -> String {
        let shown = (0..N).filter(|at| self.is_shown[*at]);
        let last = shown.clone().rfind(|at| !row[*at].text.is_empty()).unwrap_or_default();
        let mut line = String::new();
        for at in shown.take_while(|at| *at <= last) {
            let Column { is_numeric, gives_way, .. } = self.columns[at];
            let (width, cell) = (self.widths[at], &row[at]);
            let is_cut = gives_way.is_some() && self.is_bounded;
            let text = if is_cut { cut(&cell.text, width) } else { cell.text.clone() };
            let blanks = " ".repeat(width.saturating_sub(text.width()));
            let style = cell.style;
            let gap = if line.is_empty() { "" } else { "  " };
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

    #[test]
    fn columns_go_before_a_name_is_cut_that_nobody_could_read() {
        const ORDERS: [Column; 5] = [
            Column::long("Name"),
            Column::text("Type").goes_at(0),
            Column::number("Error").goes_where_empty(),
            Column::number("P50").goes_at(1),
            Column::number("P99"),
        ];
        let lines = |terminal| {
            let rows = vec![["a-service-of-the-shop", "AWS::Lambda", "", "100 ms", "1.00 s"].map(Cell::from)];
            let table = Table::new(ORDERS, rows, Some(terminal)).to_string();
            anstream::adapter::strip_str(&table).to_string().lines().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(lines(80)[1], "a-service-of-the-shop  AWS::Lambda         100 ms  1.00 s");
        assert_eq!(lines(52)[1], "a-service-of-th…  AWS::Lambda         100 ms  1.00 s");
        assert_eq!(lines(48)[1], "a-service-o…  AWS::Lambda         100 ms  1.00 s");
        assert_eq!(
            lines(45),
            [
                "Name              Type            P50     P99",
                "a-service-of-th…  AWS::Lambda  100 ms  1.00 s"
            ]
        );
        assert_eq!(lines(30)[1], "a-service-of-…  100 ms  1.00 s");
        assert_eq!(lines(20), ["Name             P99", "a-service-o…  1.00 s"]);
        assert_eq!(lines(3)[1], "a-servi…  1.00 s");
    }
}
