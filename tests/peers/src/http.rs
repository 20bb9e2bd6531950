//! What it costs to trace an HTTP request: each client traced beside the same untraced.

use anyhow::Result;
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use serde_json::json;

use crate::arguments::Arguments;
use crate::cases::http::{ALL, Compared};
use crate::daemon::Daemon;
use crate::measure::{Subject, measure, median};
use crate::{http_server, instructions, machine};

/// What one request costs.
struct Row {
    compared: &'static Compared,
    wall_ns: f64,
    cpu_ns: f64,
    allocations: Option<f64>,
    instructions: Option<f64>,
    datagrams: f64,
    /// More than the one that it is compared with, round by round.
    over_wall_ns: Option<Spread>,
    over_cpu_ns: Option<Spread>,
}

/// The median and the quartiles of the rounds. Where the quartiles are far apart, something disturbed the measurement.
#[derive(Clone, Copy)]
struct Spread {
    low: f64,
    median: f64,
    high: f64,
}

impl Spread {
    fn of(mut values: Vec<f64>) -> Self {
        values.sort_by(f64::total_cmp);
        let at = |quarters: usize| values.get(values.len() * quarters / 4).copied().unwrap_or(f64::NAN);
        Self { low: at(1), median: at(2), high: at(3) }
    }
}

pub(crate) fn run(requests: usize, rounds: usize, arguments: &Arguments) -> Result<()> {
    let daemon = Daemon::start()?;
    http_server::start()?;
    let chosen = |compared: &&Compared| {
        let is_named = |name: &String| {
            let of_this = ALL.iter().find(|other| other.case.name == *name).and_then(|other| other.over);
            *name == compared.case.name || of_this == Some(compared.case.name)
        };
        arguments.only.is_empty() || arguments.only.iter().any(is_named)
    };
    let compared: Vec<&'static Compared> = ALL.iter().filter(chosen).collect();
    let mut subjects = Vec::new();
    for compared in &compared {
        subjects.push(Subject::start(&compared.case, &daemon)?);
    }
    measure(requests, &mut subjects, rounds, &daemon)?;
    let mut rows: Vec<Row> =
        compared.into_iter().map(|compared| Row::of(compared, &subjects, requests)).collect();
    drop(subjects);
    if !arguments.no_instructions && instructions::are_countable() {
        for row in &mut rows {
            let counted = instructions::of_one(&row.compared.case, requests, daemon.address())?;
            row.instructions = counted.map(|counted| counted as f64 / requests as f64);
        }
    }
    if arguments.json {
        rows.iter().for_each(|row| println!("{}", row.json(&rows)));
    } else {
        let machine = machine::line(&daemon);
        println!(
            "{machine}\nOf one request in an invocation with {requests}; `over` is the same client untraced\n"
        );
        println!("{}", table(&rows));
    }
    rows.iter().filter_map(|row| row.losses(requests)).for_each(|losses| eprintln!("{losses}"));
    Ok(())
}

impl Row {
    fn of(compared: &'static Compared, subjects: &[Subject], requests: usize) -> Self {
        let subject = |name: &str| subjects.iter().find(|subject| subject.case.name == name);
        let medians = |name: &str, of| subject(name).map(|subject| subject.medians(of)).unwrap_or_default();
        let one = |medians: Vec<f64>| median(medians) / requests as f64;
        let over = |of| {
            let (own, other) = (medians(compared.case.name, of), medians(compared.over?, of));
            let each = own.iter().zip(&other).map(|(own, other)| (own - other) / requests as f64);
            Some(Spread::of(each.collect()))
        };
        let own = subject(compared.case.name);
        Self {
            compared,
            wall_ns: one(medians(compared.case.name, |cost| cost.wall_ns)),
            cpu_ns: one(medians(compared.case.name, |cost| cost.cpu_ns)),
            allocations: own.and_then(|own| own.allocations).map(|count| count / requests as f64),
            instructions: None,
            datagrams: own.map_or(0.0, Subject::datagrams),
            over_wall_ns: over(|cost| cost.wall_ns),
            over_cpu_ns: over(|cost| cost.cpu_ns),
        }
    }

    /// How much more it is of this than the one that it is compared with.
    fn over(&self, rows: &[Self], of: fn(&Self) -> Option<f64>) -> Option<f64> {
        let over = self.compared.over?;
        let other = rows.iter().find(|row| row.compared.case.name == over)?;
        Some(of(self)? - of(other)?)
    }

    fn losses(&self, requests: usize) -> Option<String> {
        let sent = (self.compared.case.datagrams)(requests) as f64;
        let (name, received) = (self.compared.case.name, self.datagrams);
        let lost =
            || format!("! {name}: sends {sent} datagrams an invocation, of which {received:.2} arrived");
        (received != sent).then(lost)
    }

    fn json(&self, rows: &[Self]) -> String {
        json!({
            "case": self.compared.case.name,
            "over": self.compared.over,
            "wall_ns": self.wall_ns,
            "over_wall_ns": self.over_wall_ns.map(|over| [over.low, over.median, over.high]),
            "cpu_ns": self.cpu_ns,
            "over_cpu_ns": self.over_cpu_ns.map(|over| [over.low, over.median, over.high]),
            "instructions": self.instructions,
            "over_instructions": self.over(rows, |row| row.instructions),
            "allocations": self.allocations,
            "over_allocations": self.over(rows, |row| row.allocations),
            "datagrams": self.datagrams,
        })
        .to_string()
    }

    fn cells(&self, rows: &[Self]) -> Vec<String> {
        let micros = |nanos: f64| format!("{:.2}", nanos / 1000.0);
        let spread = |over: Option<Spread>| {
            let text = |over: Spread| {
                format!("{} ({}…{})", micros(over.median), micros(over.low), micros(over.high))
            };
            over.map_or_else(|| "–".to_owned(), text)
        };
        let text =
            |value: Option<f64>, show: &dyn Fn(f64) -> String| value.map_or_else(|| "–".to_owned(), show);
        let count = |value: f64| format!("{value:.1}");
        let whole = |value: f64| format!("{value:.0}");
        vec![
            self.compared.case.name.to_owned(),
            micros(self.wall_ns),
            spread(self.over_wall_ns),
            micros(self.cpu_ns),
            spread(self.over_cpu_ns),
            text(self.instructions, &whole),
            text(self.over(rows, |row| row.instructions), &whole),
            text(self.allocations, &count),
            text(self.over(rows, |row| row.allocations), &count),
            count(self.datagrams),
            self.compared.over.unwrap_or("–").to_owned(),
        ]
    }
}

fn table(rows: &[Row]) -> Table {
    let mut table = Table::new();
    table.load_preset(NOTHING).set_header([
        "case",
        "wall µs",
        "over",
        "CPU µs",
        "over",
        "instructions",
        "over",
        "allocations",
        "over",
        "datagrams",
        "compared with",
    ]);
    table.column_iter_mut().skip(1).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    for row in rows {
        table.add_row(row.cells(rows));
    }
    table
}
