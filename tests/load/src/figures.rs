//! What was measured, beside what was aimed at: as a table, or as one JSON object a line.

use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use serde_json::{Value, json};

/// What a number counts.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Unit {
    Milliseconds,
    /// Of a million bytes.
    Megabytes,
    Bytes,
    PerSecond,
    Count,
}

impl Unit {
    fn name(self) -> &'static str {
        match self {
            Self::Milliseconds => "ms",
            Self::Megabytes => "MB",
            Self::Bytes => "bytes",
            Self::PerSecond => "per second",
            Self::Count => "",
        }
    }

    fn write(self, number: f64) -> String {
        let number = match self {
            Self::Milliseconds | Self::Megabytes if number < 100.0 => format!("{number:.2}"),
            _ => grouped(number.round() as u64),
        };
        format!("{number} {}", self.name()).trim_end().to_owned()
    }
}

/// What issue and documentation promise.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Target {
    AtMost(f64),
    AtLeast(f64),
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Measured {
    Is(f64),
    /// It was given up after so much.
    MoreThan(f64),
    /// Why it was not measured.
    Missing(String),
}

#[derive(Debug, Clone)]
pub(crate) struct Figure {
    pub(crate) name: String,
    pub(crate) target: Option<Target>,
    pub(crate) measured: Measured,
    pub(crate) unit: Unit,
    /// What else was seen.
    pub(crate) beside: String,
}

impl Figure {
    pub(crate) fn new(name: impl Into<String>, number: f64, unit: Unit) -> Self {
        Self { name: name.into(), target: None, measured: Measured::Is(number), unit, beside: String::new() }
    }

    pub(crate) fn missing(name: impl Into<String>, why: String) -> Self {
        let measured = Measured::Missing(why);
        Self { measured, ..Self::new(name, 0.0, Unit::Count) }
    }

    pub(crate) fn more_than(self) -> Self {
        match self.measured {
            Measured::Is(number) => Self { measured: Measured::MoreThan(number), ..self },
            _ => self,
        }
    }

    pub(crate) fn at_most(self, most: f64) -> Self {
        Self { target: Some(Target::AtMost(most)), ..self }
    }

    /// The same where there is a target.
    pub(crate) fn aimed_at(self, most: Option<f64>) -> Self {
        Self { target: most.map(Target::AtMost), ..self }
    }

    pub(crate) fn at_least(self, least: f64) -> Self {
        Self { target: Some(Target::AtLeast(least)), ..self }
    }

    pub(crate) fn beside(self, beside: impl Into<String>) -> Self {
        Self { beside: beside.into(), ..self }
    }

    /// `None` where there is no target, or nothing was measured.
    pub(crate) fn is_met(&self) -> Option<bool> {
        match (self.target?, &self.measured) {
            (Target::AtMost(most), Measured::Is(number)) => Some(*number <= most),
            (Target::AtLeast(least), Measured::Is(number)) => Some(*number >= least),
            (Target::AtMost(_), Measured::MoreThan(_)) => Some(false),
            _ => None,
        }
    }

    fn target(&self) -> String {
        match self.target {
            Some(Target::AtMost(0.0)) => "0".to_owned(),
            Some(Target::AtMost(most)) => format!("≤ {}", self.unit.write(most)),
            Some(Target::AtLeast(least)) => format!("≥ {}", self.unit.write(least)),
            None => String::new(),
        }
    }

    fn cells(&self) -> Vec<String> {
        let measured = match &self.measured {
            Measured::Is(number) => self.unit.write(*number),
            Measured::MoreThan(number) => format!("> {}", self.unit.write(*number)),
            Measured::Missing(_) => "–".to_owned(),
        };
        let met = match self.is_met() {
            Some(true) => "met",
            Some(false) => "missed",
            None => "",
        };
        let beside = match &self.measured {
            Measured::Missing(why) => why,
            _ => &self.beside,
        };
        // A server may have said many lines why.
        let beside = beside.split_whitespace().collect::<Vec<_>>().join(" ");
        vec![self.name.clone(), self.target(), measured, met.to_owned(), beside.chars().take(300).collect()]
    }

    fn json(&self, subject: &str) -> Value {
        let (number, why) = match &self.measured {
            Measured::Is(number) => (json!(number), Value::Null),
            Measured::MoreThan(number) => (Value::Null, json!(format!("more than {number}"))),
            Measured::Missing(why) => (Value::Null, json!(why)),
        };
        let (at_most, at_least) = match self.target {
            Some(Target::AtMost(most)) => (json!(most), Value::Null),
            Some(Target::AtLeast(least)) => (Value::Null, json!(least)),
            None => (Value::Null, Value::Null),
        };
        json!({
            "subject": subject, "figure": self.name, "measured": number, "not_measured": why, "unit": self.unit.name(),
            "at_most": at_most, "at_least": at_least, "met": self.is_met(), "beside": self.beside,
        })
    }
}

/// The figures of one subject.
#[derive(Debug)]
pub(crate) struct Section {
    pub(crate) subject: &'static str,
    pub(crate) title: String,
    pub(crate) figures: Vec<Figure>,
}

impl Section {
    pub(crate) fn print(&self, as_json: bool) {
        if as_json {
            self.figures.iter().for_each(|figure| println!("{}", figure.json(self.subject)));
        } else {
            println!("{}\n{}\n", self.title, table(&self.figures));
        }
    }

    /// Whether something that has a target was not measured.
    pub(crate) fn is_incomplete(&self) -> bool {
        let is_missing = |figure: &Figure| matches!(figure.measured, Measured::Missing(_));
        self.figures.iter().any(|figure| figure.target.is_some() && is_missing(figure))
    }
}

fn table(figures: &[Figure]) -> Table {
    let mut table = Table::new();
    table.load_style(NOTHING).set_header(["figure", "target", "measured", "", "beside it"]);
    table.add_rows(figures.iter().map(Figure::cells));
    table.column_iter_mut().skip(1).take(2).for_each(|column| {
        column.set_cell_alignment(CellAlignment::Right);
    });
    table
}

pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let (first, rest) = digits.split_at((digits.len() - 1) % 3 + 1);
    let groups = rest.as_bytes().chunks(3).map(|group| String::from_utf8_lossy(group).into_owned());
    std::iter::once(first.to_owned()).chain(groups).collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_target_is_met_up_to_itself_and_missed_by_what_was_given_up() {
        let figure = |number| Figure::new("ready", number, Unit::Milliseconds).at_most(50.0);
        assert_eq!(figure(50.0).is_met(), Some(true));
        assert_eq!(figure(50.1).is_met(), Some(false));
        assert_eq!(figure(1.0).more_than().is_met(), Some(false));
        assert_eq!(Figure::new("rate", 1.0, Unit::PerSecond).at_least(2.0).is_met(), Some(false));
        assert_eq!(Figure::missing("rate", "not here".to_owned()).at_least(2.0).is_met(), None);
        assert_eq!(Figure::new("rate", 1.0, Unit::PerSecond).is_met(), None);
    }

    #[test]
    fn numbers_are_written_with_their_units() {
        assert_eq!(Unit::PerSecond.write(1_234_567.4), "1 234 567 per second");
        assert_eq!(Unit::Milliseconds.write(1.234), "1.23 ms");
        assert_eq!(Unit::Count.write(0.0), "0");
    }
}
