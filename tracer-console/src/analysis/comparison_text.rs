//! A comparison as text.

use std::fmt;

use super::columns::{COLUMNS, beside, compact, grouped, percent, seconds};
use super::comparison::Comparison;
use crate::waterfall::text::printable;

/// Lines of 80 columns.
impl fmt::Display for Comparison {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_text(COLUMNS))
    }
}

impl Comparison {
    /// The comparison in lines of so many columns, 80 at least.
    ///
    /// ```
    /// let text = tracer_console::Comparison::default().to_text(80);
    /// assert!(text.contains("Total traces"));
    /// ```
    #[must_use]
    pub fn to_text(&self, columns: usize) -> String {
        let columns = columns.clamp(COLUMNS, 120);
        let mut lines = self.figures();
        lines.extend(self.difference_of_values(columns));
        lines.extend(self.difference_of_subsegments(columns));
        lines.join("\n")
    }

    fn figures(&self) -> Vec<String> {
        let Self { a, b, difference, .. } = self;
        let line = |name: &str, cells: [String; 3]| {
            let [a, b, difference] = cells;
            format!("  {name:<23}{a:>10}  {b:>10}  {difference:>10}")
        };
        let time = |name: &str, a: Option<f64>, b: Option<f64>, difference: Option<f64>| {
            let signed =
                |time: f64| format!("{}{}", if time < 0.0 { '-' } else { '+' }, seconds(Some(time.abs())));
            let difference = difference.map_or_else(|| "–".to_owned(), signed);
            line(name, [seconds(a), seconds(b), difference])
        };
        let share = |name: &str, a: Option<f64>, b: Option<f64>, difference: Option<f64>| {
            let shown =
                |share: Option<f64>| share.map_or_else(|| "–".to_owned(), |share| format!("{share:.1}%"));
            let difference = difference.map_or_else(|| "–".to_owned(), |share| format!("{share:+.1}"));
            line(name, [shown(a), shown(b), difference])
        };
        let (of_a, of_b) = (&a.figures, &b.figures);
        let mut lines = vec![
            line("", ["A", "B", "A - B"].map(str::to_owned)),
            line(
                "Total traces",
                [a.traces.to_string(), b.traces.to_string(), format!("{:+}", difference.traces)],
            ),
            share("Error rate", of_a.error_rate, of_b.error_rate, difference.error_rate),
            time("Average response time", of_a.average, of_b.average, difference.average),
            time("P50 response time", of_a.p50, of_b.p50, difference.p50),
            time("P90 response time", of_a.p90, of_b.p90, difference.p90),
            time("P99 response time", of_a.p99, of_b.p99, difference.p99),
            time("Max response time", of_a.max, of_b.max, difference.max),
        ];
        if a.in_progress + b.in_progress > 0 {
            let [of_a, of_b] =
                [a.in_progress, b.in_progress].map(|open| i64::try_from(open).unwrap_or(i64::MAX));
            let difference = format!("{:+}", of_a - of_b);
            lines.insert(2, line("More in progress", [of_a.to_string(), of_b.to_string(), difference]));
        }
        if a.cold_starts.share.or(b.cold_starts.share).is_some() {
            lines.push(share(
                "Cold starts",
                a.cold_starts.share,
                b.cold_starts.share,
                difference.cold_start_share,
            ));
        }
        lines
    }

    fn difference_of_values(&self, columns: usize) -> Vec<String> {
        if self.values.is_empty() {
            return Vec::new();
        }
        let width = columns - 30;
        let heading = format!("Values that differ most, {}", self.sampled(self.of_traces));
        let mut lines = vec![String::new(), heading];
        let heading = format!("{:>10}{:>10}{:>10}", "A", "B", "A - B");
        lines.push(beside("Share of the traces", width, &heading));
        for of in &self.values {
            let value = of.value.as_str().map_or_else(|| of.value.to_string(), str::to_owned);
            let name = printable(&format!("{} = {value}", of.by));
            let [a, b] = [of.a, of.b].map(|share| percent(Some(share)));
            lines.push(beside(&name, width, &format!("{a:>10}{b:>10}{:>+10.1}", of.difference)));
        }
        lines
    }

    fn difference_of_subsegments(&self, columns: usize) -> Vec<String> {
        if self.subsegments.is_empty() {
            return Vec::new();
        }
        let width = columns - 53;
        let heading = format!("Subsegments that differ most, {}", self.sampled(self.subsegments_of_traces));
        let mut lines = vec![String::new(), heading];
        let line = |name: &str, cells: [String; 7]| {
            let [a, b, failed_a, failed_b, time_a, time_b, difference] = cells;
            let cells =
                format!("{a:>7}{b:>7}{failed_a:>8}{failed_b:>8}{time_a:>7}{time_b:>7}{difference:>9}");
            beside(name, width, &cells)
        };
        lines.push(line(
            "Time: average of a trace",
            ["in A", "in B", "fail A", "fail B", "time A", "time B", "A - B"].map(str::to_owned),
        ));
        for of in &self.subsegments {
            let sign = if of.difference < 0.0 { '-' } else { '+' };
            lines.push(line(
                &printable(&of.name),
                [
                    percent(Some(of.a.share)),
                    percent(Some(of.b.share)),
                    percent(of.a.error_rate),
                    percent(of.b.error_rate),
                    compact(Some(of.a.seconds_per_trace)),
                    compact(Some(of.b.seconds_per_trace)),
                    format!("{sign}{}", compact(Some(of.difference.abs()))),
                ],
            ));
        }
        lines
    }

    /// Of how many traces of A and of B.
    fn sampled(&self, [of_a, of_b]: [u64; 2]) -> String {
        let side = |sample: u64, all: u64| {
            if sample == all {
                format!("all {}", grouped(all))
            } else {
                format!("{} of {}", grouped(sample), grouped(all))
            }
        };
        format!("of {} of A and {} of B", side(of_a, self.a.traces), side(of_b, self.b.traces))
    }
}
