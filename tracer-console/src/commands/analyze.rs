//! `analyze`: how fast and how well the traces of a service went.

use serde_json::{Value, json};

use super::Failure;
use super::endpoint::{Chosen, Endpoint};
use super::screen::Screen;

#[derive(Debug, clap::Args)]
pub(crate) struct Analyze {
    /// Only traces that this service is part of
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    #[command(flatten)]
    chosen: Chosen,
    /// Print the figures as one JSON object, times in seconds
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    endpoint: Endpoint,
}

impl Analyze {
    pub(crate) fn run(mut self) -> Result<(), Failure> {
        self.chosen.check()?;
        if let Some(service) = &self.service {
            self.chosen.filter = of_service(service, &self.chosen.filter);
        }
        let mut report = Report::default();
        self.endpoint.summaries(&self.chosen, |summary| {
            report.add(&summary);
            true
        })?;
        if self.json {
            Screen::say(&report.to_json(self.service.as_deref()).to_string());
            return Ok(());
        }
        if report.times.is_empty() {
            anstream::eprintln!("no trace matches");
            return Ok(());
        }
        Screen::say(&report.to_text(self.service.as_deref()));
        Ok(())
    }
}

/// A filter expression for the traces of `service` that `filter` finds.
fn of_service(service: &str, filter: &str) -> String {
    let name = service.replace('\\', "\\\\").replace('"', "\\\"");
    match filter.trim() {
        "" => format!("service(\"{name}\")"),
        filter => format!("service(\"{name}\") AND ({filter})"),
    }
}

/// What the response times and outcomes of traces come to.
#[derive(Debug, Default)]
struct Report {
    /// Seconds.
    times: Vec<f64>,
    failed: usize,
}

impl Report {
    fn add(&mut self, summary: &Value) {
        self.times.push(summary["ResponseTime"].as_f64().unwrap_or_default());
        self.failed += usize::from(summary["HasFault"] == true || summary["HasError"] == true);
    }

    /// In percent.
    fn error_rate(&self) -> f64 {
        self.failed as f64 / self.times.len().max(1) as f64 * 100.0
    }

    fn average(&self) -> f64 {
        self.times.iter().sum::<f64>() / self.times.len().max(1) as f64
    }

    fn sorted(&self) -> Vec<f64> {
        let mut sorted = self.times.clone();
        sorted.sort_by(f64::total_cmp);
        sorted
    }

    fn to_text(&self, service: Option<&str>) -> String {
        let sorted = self.sorted();
        let title = service.map_or("all traces", |service| service);
        [
            format!("Trace analysis for {}", Screen::printable(title)),
            format!("  Total traces           {}", sorted.len()),
            format!("  Error rate             {:.1}%", self.error_rate()),
            format!("  Average response time  {:.3}s", self.average()),
            format!("  P50 response time      {:.3}s", percentile(&sorted, 50)),
            format!("  P99 response time      {:.3}s", percentile(&sorted, 99)),
            format!("  Max response time      {:.3}s", percentile(&sorted, 100)),
        ]
        .join("\n")
    }

    fn to_json(&self, service: Option<&str>) -> Value {
        let sorted = self.sorted();
        let time = |percent| sorted.first().map(|_| percentile(&sorted, percent));
        json!({
            "service": service,
            "traces": sorted.len(),
            "error_rate": self.error_rate(),
            "average": sorted.first().map(|_| self.average()),
            "p50": time(50),
            "p99": time(99),
            "max": time(100),
        })
    }
}

/// The time that `percent` of the times are below: that at the place `len * percent / 100`, as most scripts have it.
fn percentile(sorted: &[f64], percent: usize) -> f64 {
    let at = sorted.len() * percent / 100;
    sorted.get(at).or(sorted.last()).copied().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_are_those_of_the_well_known_script() {
        let mut report = Report::default();
        for number in 1..=200_u32 {
            let time = f64::from(number) / 100.0;
            report.add(&json!({"ResponseTime": time, "HasFault": number % 50 == 0, "HasError": number == 7}));
        }
        let text = report.to_text(Some("order-service"));
        for line in [
            "Total traces           200",
            "Error rate             2.5%",
            "P50 response time      1.010s",
            "P99 response time      1.990s",
            "Max response time      2.000s",
            "Average response time  1.005s",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn one_trace_and_none_have_figures_too() {
        let mut report = Report::default();
        assert_eq!(report.to_json(None)["p50"], Value::Null);
        report.add(&json!({"ResponseTime": 0.5}));
        assert_eq!(report.to_json(None)["p99"], 0.5);
    }

    #[test]
    fn a_services_name_is_quoted_and_a_filter_narrows_it() {
        assert_eq!(of_service("a\"b", ""), "service(\"a\\\"b\")");
        assert_eq!(of_service("a", "ok OR fault"), "service(\"a\") AND (ok OR fault)");
    }
}
