//! A trace in one line: the summary that X-Ray answers, in columns.

use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};
use tracer_console::Timestamp;

use super::screen::Screen;
use super::table::{Cell, Column, Layout, Table};

/// When a trace began: how long ago, or at which time of day.
#[derive(Debug, Clone, Copy)]
enum When {
    Age,
    Time,
}

type Row = [Cell; 7];

fn columns(when: When) -> [Column; 7] {
    [
        Column::text("Trace"),
        match when {
            When::Age => Column::number("Age"),
            When::Time => Column::text("Time (UTC)"),
        },
        Column::text("Outcome"),
        Column::number("Status"),
        Column::number("Response"),
        Column::long("Entry"),
        Column::long("Request"),
    ]
}

/// Summaries below each other.
pub(crate) fn table(summaries: &[Value]) -> Table<7> {
    let rows = summaries.iter().map(|summary| row(summary, When::Age)).collect();
    Table::new(columns(When::Age), rows, Screen::terminal_width())
}

/// Summaries one at a time, in columns that are set before any is known.
#[derive(Debug, Clone)]
pub(crate) struct Lines {
    layout: Layout<7>,
}

impl Lines {
    pub(crate) fn new() -> Self {
        let usual = json!({
            "Id": "1-5759e988-bd862e3fe1be46a994272793", "StartTime": 0.0, "HasThrottle": true, "ResponseTime": 999.999,
            "EntryPoint": {"Name": "a-service-of-the-shop"},
            "Http": {"HttpMethod": "POST", "HttpURL": "https://shop.example.com/orders/ORD-12345/items"},
        });
        let usual = row(&usual, When::Time);
        Self { layout: Layout::of(columns(When::Time), &[usual], Screen::terminal_width()) }
    }

    pub(crate) fn heading(&self) -> String {
        self.layout.heading()
    }

    pub(crate) fn line(&self, summary: &Value) -> String {
        self.layout.line(&row(summary, When::Time))
    }
}

fn row(summary: &Value, when: When) -> Row {
    let http = &summary["Http"];
    let text = |value: &Value| Screen::printable(value.as_str().unwrap_or_default());
    let request = format!("{} {}", text(&http["HttpMethod"]), text(&http["HttpURL"]));
    let start = summary["StartTime"].as_f64();
    let outcome = outcome(summary);
    [
        text(&summary["Id"]).into(),
        start.map_or_else(String::new, |start| when.shown(start)).into(),
        Cell::styled(outcome, style(outcome)),
        http["HttpStatus"].as_u64().map_or_else(String::new, |status| status.to_string()).into(),
        seconds(summary["ResponseTime"].as_f64()).into(),
        text(&summary["EntryPoint"]["Name"]).into(),
        request.trim().to_owned().into(),
    ]
}

impl When {
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "times are shown in seconds")]
    fn shown(self, start: f64) -> String {
        match self {
            Self::Age => {
                let age = (Timestamp::now().seconds() - start).max(0.0) as u64;
                // Two units are as exact as anybody wants to know.
                let exact = match age {
                    0..3_600 => 1,
                    3_600..86_400 => 60,
                    _ => 3_600,
                };
                let age = std::time::Duration::from_secs(age - age % exact);
                humantime::format_duration(age).to_string()
            }
            Self::Time => {
                let second = start.max(0.0) as u64 % 86_400;
                format!("{:02}:{:02}:{:02}", second / 3_600, second / 60 % 60, second % 60)
            }
        }
    }
}

/// What became of a trace, the worst first.
pub(crate) fn outcome(summary: &Value) -> &'static str {
    let is = |flag: &str| summary[flag] == true;
    match () {
        () if is("HasFault") => "fault",
        () if is("HasThrottle") => "throttle",
        () if is("HasError") => "error",
        () if is("IsPartial") => "partial",
        () => "ok",
    }
}

/// X-Ray's colours: fault red, error yellow, throttle purple.
pub(crate) fn style(outcome: &str) -> Style {
    match outcome {
        "fault" => AnsiColor::Red.on_default(),
        "error" => AnsiColor::Yellow.on_default(),
        "throttle" => AnsiColor::Magenta.on_default(),
        "partial" => AnsiColor::Cyan.on_default(),
        "ok" => AnsiColor::Green.on_default(),
        _ => Style::new(),
    }
}

/// As X-Ray's console shows a time.
pub(crate) fn seconds(time: Option<f64>) -> String {
    time.map_or_else(String::new, |time| format!("{time:.3} s"))
}
