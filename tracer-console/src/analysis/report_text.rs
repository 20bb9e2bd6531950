//! A report as text.

use std::fmt;

use super::breakdown::Breakdown;
use super::columns::{COLUMNS, Table, grouped, seconds};
use super::report::{AnalysisReport, BreakdownReport, ColdStarts, Starts};
use super::slow_trace::SlowTrace;
use crate::waterfall::text::{cut, printable};

/// Lines of 80 columns.
impl fmt::Display for AnalysisReport {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text(COLUMNS))
    }
}

impl AnalysisReport {
    /// The report in lines of so many columns, 80 at least.
    ///
    /// ```
    /// let report = tracer_console::Analysis::default().report();
    /// assert!(report.to_text(120).starts_with("  Total traces           0\n"));
    /// ```
    #[must_use]
    pub fn to_text(&self, columns: usize) -> String {
        let columns = columns.max(COLUMNS);
        let mut lines = lines_of(self);
        lines.extend(cold_starts(&self.cold_starts));
        for by in &self.by {
            lines.push(String::new());
            lines.extend(breakdown(by, self.traces, columns));
        }
        if !self.slowest.is_empty() {
            lines.extend([String::new(), "Slowest".to_owned()]);
            lines.extend(self.slowest.iter().map(|trace| slow(trace, columns)));
        }
        lines.join("\n")
    }
}

fn lines_of(report: &AnalysisReport) -> Vec<String> {
    let AnalysisReport { traces, in_progress, figures, .. } = report;
    let line = |name: &str, value: String| format!("  {name:<23}{value}");
    let traces = match in_progress {
        0 => traces.to_string(),
        more => format!("{traces} ({} more in progress)", grouped(*more)),
    };
    vec![
        line("Total traces", traces),
        line("Error rate", format!("{:.1}%", figures.error_rate.unwrap_or_default())),
        line("Average response time", seconds(figures.average)),
        line("P50 response time", seconds(figures.p50)),
        line("P90 response time", seconds(figures.p90)),
        line("P99 response time", seconds(figures.p99)),
        line("Max response time", seconds(figures.max)),
    ]
}

/// Nothing where no trace says how its functions started.
fn cold_starts(starts: &ColdStarts) -> Vec<String> {
    let Some(share) = starts.share else { return Vec::new() };
    let line = |name: &str, share: f64, starts: &Starts| {
        let (average, p99) = (seconds(starts.figures.average), seconds(starts.figures.p99));
        format!("  {name:<23}{} ({share:.1}%), average {average}, P99 {p99}", starts.traces)
    };
    vec![line("Cold starts", share, &starts.cold), line("Warm starts", 100.0 - share, &starts.warm)]
}

fn breakdown(of: &BreakdownReport, traces: u64, columns: usize) -> Vec<String> {
    let of_traces = match of.of_traces {
        all if all == traces => format!("all {}", grouped(all)),
        sample => format!("{} of {}", grouped(sample), grouped(traces)),
    };
    let by = printable(&of.by.to_string());
    let mut lines = vec![cut(&format!("By {by}, of {of_traces} traces"), columns)];
    if of.values.is_empty() {
        lines.extend(nothing(of));
        return lines;
    }
    let table = if of.by == Breakdown::Subsegment {
        Table::of_subsegments(columns)
    } else {
        Table::of_values(columns)
    };
    lines.push(table.heading());
    for value in &of.values {
        let name = value.value.as_str().map_or_else(|| value.value.to_string(), str::to_owned);
        lines.push(table.line(&name, &value.row));
    }
    if let Some(rest) = &of.rest {
        lines.push(table.line(
            &format!("({}{} others)", grouped(rest.values), if rest.or_more { "+" } else { "" }),
            &rest.row,
        ));
    }
    if of.without > 0 {
        lines.push(format!("  {} of these traces have none", grouped(of.without)));
    }
    if let Some(open) = of.in_progress.filter(|open| *open > 0) {
        let (subsegments, have) = if open == 1 { ("subsegment", "has") } else { ("subsegments", "have") };
        lines.push(format!("  {} {subsegments} had not ended and {have} no time", grouped(open)));
    }
    lines
}

/// Where no trace has a value.
fn nothing(of: &BreakdownReport) -> Vec<String> {
    const MOST: usize = 10;
    let what = match &of.by {
        Breakdown::Annotation(key) => format!("an annotation {}", printable(key)),
        Breakdown::Subsegment => "a subsegment that ended".to_owned(),
        by => printable(&by.to_string()),
    };
    let mut lines = vec![format!("  no trace has {what}")];
    if !of.known.is_empty() {
        let known: Vec<_> = of.known.iter().take(MOST).map(|key| printable(key)).collect();
        let more = if of.known.len() > MOST { " and others" } else { "" };
        lines.push(format!("  there are {}{more}", known.join(", ")));
    }
    lines
}

fn slow(trace: &SlowTrace, columns: usize) -> String {
    let what = [&trace.entry, &trace.method, &trace.url].into_iter().flatten();
    let what: Vec<_> = what.map(|text| printable(text)).collect();
    let line = format!(
        "  {:<35} {:>9}  {:<8}  {}",
        printable(&trace.id),
        seconds(Some(trace.response_time)),
        printable(&trace.outcome),
        what.join(" ")
    );
    cut(line.trim_end(), columns)
}
