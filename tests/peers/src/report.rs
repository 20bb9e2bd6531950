//! What was measured, as a table or as JSON.

use anyhow::Result;
use comfy_table::presets::NOTHING;
use comfy_table::{CellAlignment, Table};
use serde_json::json;

use crate::case::Case;
use crate::machine;

/// What one invocation of a case costs.
pub(crate) struct Row {
    pub(crate) case: &'static Case,
    /// How many captured children the invocation has.
    pub(crate) n: usize,
    pub(crate) wall_ns: f64,
    pub(crate) cpu_ns: f64,
    pub(crate) instructions: Option<u64>,
    pub(crate) allocations: Option<f64>,
    /// As received.
    pub(crate) datagrams: f64,
    pub(crate) bytes: f64,
    /// To `limit`, whose instructions are the last column's unit too.
    pub(crate) ratio_wall: Option<f64>,
}

impl Row {
    fn ratio_instructions(&self, rows: &[Self]) -> Option<f64> {
        let limit = rows.iter().find(|row| row.case.name == "limit" && row.n == self.n)?;
        Some(self.instructions? as f64 / limit.instructions? as f64)
    }

    /// What to say where not everything arrived.
    fn losses(&self) -> Option<String> {
        let sent = (self.case.datagrams)(self.n);
        if self.datagrams == sent as f64 {
            return None;
        }
        let (name, n, received) = (self.case.name, self.n, self.datagrams);
        Some(format!("! {name}, N={n}: sends {sent} datagrams an invocation, of which {received:.2} arrived"))
    }

    fn json(&self, rows: &[Self]) -> String {
        json!({
            "case": self.case.name,
            "n": self.n,
            "wall_ns": rounded(self.wall_ns, 1),
            "cpu_ns": rounded(self.cpu_ns, 1),
            "instructions": self.instructions,
            "allocations": self.allocations.map(|allocations| rounded(allocations, 2)),
            "datagrams": rounded(self.datagrams, 2),
            "bytes": rounded(self.bytes, 1),
            "ratio_wall": self.ratio_wall.map(|ratio| rounded(ratio, 4)),
            "ratio_instructions": self.ratio_instructions(rows).map(|ratio| rounded(ratio, 4)),
        })
        .to_string()
    }

    fn cells(&self, rows: &[Self]) -> Vec<String> {
        vec![
            self.case.name.to_owned(),
            self.n.to_string(),
            micros(self.wall_ns),
            micros(self.cpu_ns),
            self.instructions.map_or_else(unknown, grouped),
            self.allocations.map_or_else(unknown, |allocations| format!("{allocations:.1}")),
            format!("{:.1}", self.datagrams),
            format!("{:.0}", self.bytes),
            self.ratio_wall.map_or_else(unknown, ratio),
            self.ratio_instructions(rows).map_or_else(unknown, ratio),
        ]
    }
}

pub(crate) fn print(machine: &str, rows: &[Row], as_json: bool) -> Result<()> {
    if as_json {
        rows.iter().for_each(|row| println!("{}", row.json(rows)));
    } else {
        println!(
            "{machine}\nOf one invocation with N captured children; × is to `limit` in the same round\n"
        );
        println!("{}\n", table(rows));
        println!("{}", versions(rows));
    }
    rows.iter().filter_map(Row::losses).for_each(|losses| eprintln!("{losses}"));
    Ok(())
}

fn versions(rows: &[Row]) -> String {
    let mut packages: Vec<_> = rows.iter().filter_map(|row| row.case.of).collect();
    packages.sort_unstable();
    packages.dedup();
    let version = |package: &str| Some(format!("{package} {}", machine::version_of(package)?));
    packages.into_iter().filter_map(version).collect::<Vec<_>>().join(" · ")
}

fn table(rows: &[Row]) -> Table {
    let mut table = Table::new();
    table.load_preset(NOTHING).set_header([
        "case",
        "N",
        "wall µs",
        "CPU µs",
        "instructions",
        "allocations",
        "datagrams",
        "bytes",
        "× wall",
        "× instr.",
    ]);
    table.column_iter_mut().skip(1).for_each(|column| column.set_cell_alignment(CellAlignment::Right));
    for (at, row) in rows.iter().enumerate() {
        if at > 0 && rows[at - 1].n != row.n {
            table.add_row([""]);
        }
        table.add_row(row.cells(rows));
    }
    table
}

fn unknown() -> String {
    "–".to_owned()
}

fn micros(nanos: f64) -> String {
    let micros = nanos / 1000.0;
    if micros < 10.0 { format!("{micros:.3}") } else { format!("{micros:.1}") }
}

fn ratio(ratio: f64) -> String {
    if ratio < 10.0 { format!("{ratio:.2}") } else { format!("{ratio:.1}") }
}

fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let (first, rest) = digits.split_at((digits.len() - 1) % 3 + 1);
    let groups = rest.as_bytes().chunks(3).map(|group| String::from_utf8_lossy(group).into_owned());
    std::iter::once(first.to_owned()).chain(groups).collect::<Vec<_>>().join(" ")
}

fn rounded(number: f64, decimals: i32) -> f64 {
    let unit = 10_f64.powi(decimals);
    (number * unit).round() / unit
}
