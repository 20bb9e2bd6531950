//! Cells of a report in columns, and figures in as few signs as can be read.

use super::report::Row;
use crate::waterfall::text::{cut, printable, width};

/// A terminal has so many columns at least.
pub(super) const COLUMNS: usize = 80;

/// Columns after a name that takes what they leave.
pub(super) struct Table {
    name: (&'static str, usize),
    columns: &'static [(&'static str, usize)],
}

const OF_SUBSEGMENTS: [(&str, usize); 10] = [
    ("Count", 8),
    ("Failed", 7),
    ("Avg", 6),
    ("P50", 6),
    ("P90", 6),
    ("P99", 6),
    ("Max", 6),
    ("Total", 7),
    ("Self", 7),
    ("Share", 6),
];

const OF_VALUES: [(&str, usize); 8] =
    [("Traces", 9), ("Share", 7), ("Failed", 7), ("Avg", 7), ("P50", 7), ("P90", 7), ("P99", 7), ("Max", 7)];

impl Table {
    fn new(name: &'static str, columns: &'static [(&'static str, usize)], of: usize) -> Self {
        let taken: usize = columns.iter().map(|(_, width)| width).sum();
        Self { name: (name, of.saturating_sub(taken)), columns }
    }

    pub(super) fn of_subsegments(columns: usize) -> Self {
        Self::new("Subsegment", &OF_SUBSEGMENTS, columns.min(120))
    }

    pub(super) fn of_values(columns: usize) -> Self {
        Self::new("Value", &OF_VALUES, columns.min(120))
    }

    pub(super) fn heading(&self) -> String {
        let names: Vec<_> = self.columns.iter().map(|(name, _)| (*name).to_owned()).collect();
        self.cells(self.name.0, &names)
    }

    pub(super) fn line(&self, name: &str, row: &Row) -> String {
        let figures = &row.figures;
        let times = [figures.average, figures.p50, figures.p90, figures.p99, figures.max].map(compact);
        let failed = percent(figures.error_rate);
        let mut cells = vec![row.count.to_string()];
        match &row.time {
            Some(time) => {
                cells.push(failed);
                cells.extend(times);
                cells.extend([
                    compact(Some(time.total)),
                    compact(Some(time.own)),
                    percent(time.share_of_time),
                ]);
            }
            None => {
                cells.extend([percent(row.share), failed]);
                cells.extend(times);
            }
        }
        self.cells(&printable(name), &cells)
    }

    fn cells(&self, name: &str, cells: &[String]) -> String {
        let cells: String =
            self.columns.iter().zip(cells).map(|((_, width), cell)| format!("{cell:>width$}")).collect();
        beside(name, self.name.1, &cells)
    }
}

/// A name in so many columns with what belongs to it; a longer one has a line of its own, as names that are alike often differ
/// at the end.
pub(super) fn beside(name: &str, columns: usize, cells: &str) -> String {
    let wide = width(name);
    if wide <= columns {
        return format!("{name}{}{cells}", " ".repeat(columns - wide));
    }
    let name = cut(name, columns + width(cells));
    format!("{name}\n{}{cells}", " ".repeat(columns))
}

pub(super) fn percent(share: Option<f64>) -> String {
    match share {
        None => "–".to_owned(),
        Some(share) if share >= 99.95 => format!("{share:.0}%"),
        Some(share) => format!("{share:.1}%"),
    }
}

/// A time in five columns.
pub(super) fn compact(time: Option<f64>) -> String {
    let Some(time) = time else { return "–".to_owned() };
    match time {
        t if t < 0.000_999_5 => format!("{:.0}µs", t * 1e6),
        t if t < 0.009_95 => format!("{:.1}ms", t * 1e3),
        t if t < 0.999_5 => format!("{:.0}ms", t * 1e3),
        t if t < 9.995 => format!("{t:.2}s"),
        t if t < 99.95 => format!("{t:.1}s"),
        t if t < 999.5 => format!("{t:.0}s"),
        t if t < 59_970.0 => format!("{:.0}m", t / 60.0),
        t => format!("{:.0}h", t / 3_600.0),
    }
}

/// With commas between thousands.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut grouped = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            grouped.push(',');
        }
        grouped.push(digit);
    }
    grouped
}

/// As the article's script prints times; of what is so short that three digits say little of it, in a smaller unit.
pub(super) fn seconds(time: Option<f64>) -> String {
    const SHORT: f64 = 0.009_95;
    match time {
        None => "–".to_owned(),
        Some(time) if time > 0.0 && time < SHORT => compact(Some(time)),
        Some(time) => format!("{time:.3}s"),
    }
}
