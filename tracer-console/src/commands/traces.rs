//! `traces`: the traces that a filter expression finds, newest first.

use std::num::NonZeroUsize;

use comfy_table::{CellAlignment, ContentArrangement, Table, presets};
use serde_json::Value;
use tracer_console::Timestamp;

use super::Failure;
use super::endpoint::{Chosen, Endpoint};
use super::screen::Screen;

#[derive(Debug, clap::Args)]
pub(crate) struct Traces {
    #[command(flatten)]
    chosen: Chosen,
    /// At most so many
    #[arg(long, default_value = "100")]
    limit: NonZeroUsize,
    /// Print the summaries as X-Ray answers them, one a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    endpoint: Endpoint,
}

impl Traces {
    pub(crate) fn run(self) -> Result<(), Failure> {
        self.chosen.check()?;
        let mut found = Vec::new();
        self.endpoint.summaries(&self.chosen, |summary| {
            found.push(summary);
            found.len() < self.limit.get()
        })?;
        if self.json {
            found.iter().for_each(|summary| Screen::say(&summary.to_string()));
            return Ok(());
        }
        if found.is_empty() {
            anstream::eprintln!("no trace matches");
            return Ok(());
        }
        Screen::say(&table(&found).to_string());
        Ok(())
    }
}

fn table(summaries: &[Value]) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING).set_content_arrangement(ContentArrangement::Disabled);
    table.set_header(["Trace", "Age", "Outcome", "Status", "Response", "Entry", "Request"]);
    table.add_rows(summaries.iter().map(row));
    for numeric in [1, 3, 4] {
        if let Some(column) = table.column_mut(numeric) {
            column.set_cell_alignment(CellAlignment::Right);
        }
    }
    table
}

fn row(summary: &Value) -> [String; 7] {
    let http = &summary["Http"];
    let text = |value: &Value| Screen::printable(value.as_str().unwrap_or_default());
    let request = format!("{} {}", text(&http["HttpMethod"]), text(&http["HttpURL"]));
    [
        text(&summary["Id"]),
        age(summary["StartTime"].as_f64()),
        outcome(summary).to_owned(),
        http["HttpStatus"].as_u64().map_or_else(String::new, |status| status.to_string()),
        seconds(summary["ResponseTime"].as_f64()),
        text(&summary["EntryPoint"]["Name"]),
        request.trim().to_owned(),
    ]
}

fn outcome(summary: &Value) -> &'static str {
    let is = |flag: &str| summary[flag] == true;
    match () {
        () if is("HasFault") => "fault",
        () if is("HasThrottle") => "throttle",
        () if is("HasError") => "error",
        () if is("IsPartial") => "partial",
        () => "ok",
    }
}

fn age(start: Option<f64>) -> String {
    let Some(start) = start else { return String::new() };
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "shown in seconds")]
    let age = (Timestamp::now().seconds() - start).max(0.0) as u64;
    humantime::format_duration(std::time::Duration::from_secs(age)).to_string()
}

/// As X-Ray's console shows a time.
pub(super) fn seconds(time: Option<f64>) -> String {
    time.map_or_else(String::new, |time| format!("{time:.3} s"))
}
