//! A trace in one line: the summary that X-Ray answers, in columns.

use std::time::Duration;

use anstyle::{AnsiColor, Style};
use serde_json::{Value, json};
use tracer_console::{Timestamp, Waterfall};

use super::screen::Screen;
use super::table::{Cell, Column, Layout, Table};
use super::time;

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
        Column::number("Status").goes_at(0),
        Column::number("Response"),
        Column::long("Entry"),
        Column::long("Request").goes_at(1),
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
    /// Of traces that began so long ago at most.
    pub(crate) fn new(last: Duration) -> Self {
        let first = Timestamp::now().seconds() - last.as_secs_f64();
        let usual = json!({
            "Id": "1-5759e988-bd862e3fe1be46a994272793", "StartTime": first, "HasThrottle": true, "ResponseTime": 999.999,
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
        response_time(summary).into(),
        text(&summary["EntryPoint"]["Name"]).into(),
        request.trim().to_owned().into(),
    ]
}

impl When {
    fn shown(self, start: f64) -> String {
        let now = Timestamp::now();
        match self {
            Self::Age => age(now.seconds() - start),
            Self::Time => time::of_day(start, now),
        }
    }
}

/// How long ago; by a clock that is fast it may be still to come.
fn age(seconds: f64) -> String {
    let whole = |seconds: f64| Duration::try_from_secs_f64(seconds.trunc()).unwrap_or(Duration::MAX);
    // Less is the difference of any two clocks.
    if seconds > -2.0 {
        time::roughly(whole(seconds.max(0.0)))
    } else {
        format!("in {}", time::roughly(whole(-seconds)))
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

/// Seconds in the units of `show`; X-Ray says them to the millisecond, so that nothing is less than one.
fn response_time(summary: &Value) -> String {
    match summary["ResponseTime"].as_f64() {
        None => String::new(),
        // Nothing has ended in it yet.
        Some(0.0) if summary["IsPartial"] == true => String::new(),
        Some(seconds) if seconds < 0.000_5 => "<1 ms".to_owned(),
        Some(seconds) if seconds < 0.099_5 => format!("{:.0} ms", seconds * 1e3),
        seconds => duration(seconds),
    }
}

/// Seconds that are known to the microsecond, in the units of `show`.
#[allow(clippy::cast_possible_truncation, reason = "the cast saturates")]
pub(crate) fn duration(seconds: Option<f64>) -> String {
    seconds.map_or_else(String::new, |seconds| Waterfall::duration((seconds * 1e6).round() as i64))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn times_have_the_digits_that_are_known_of_them() {
        let known = [0.0, 0.001, 0.0094, 0.02, 0.245, 1.5, 185.0]
            .map(|seconds| response_time(&json!({ "ResponseTime": seconds })));
        assert_eq!(known, ["<1 ms", "1 ms", "9 ms", "20 ms", "245 ms", "1.50 s", "3 m 05 s"]);
        let exact = [0.000_312, 0.001_234, 1.995].map(|seconds| duration(Some(seconds)));
        assert_eq!(exact, ["312 µs", "1.23 ms", "2.00 s"]);
        assert_eq!([response_time(&json!({})), duration(None)], ["", ""]);
        assert_eq!(response_time(&json!({"ResponseTime": 0.0, "IsPartial": true})), "");
    }

    #[test]
    fn an_age_is_told_in_two_units_and_before_it_began_that_it_is_to_come() {
        let ages = [-0.5, 12.9, 90.0, 40.0 * 86_400.0, 40.0 * 86_400.0 + 48_384.0, -120.0].map(age);
        assert_eq!(ages, ["0s", "12s", "1m 30s", "40d", "40d 13h", "in 2m"]);
    }
}
