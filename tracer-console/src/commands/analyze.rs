//! `analyze`: how fast and how well the traces of a service went.

use serde_json::{Value, json};
use tracer_console::Analysis;

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
        let mut analysis = Analysis::default();
        self.endpoint.summaries(&self.chosen, |summary| {
            add(&mut analysis, &summary);
            true
        })?;
        let service = self.service.as_deref();
        if self.json {
            Screen::say(&to_json(&analysis, service).to_string());
        } else if analysis.traces() == 0 {
            anstream::eprintln!("no trace matches");
        } else {
            let title = service.map_or("all traces", |service| service);
            Screen::say(&format!("Trace analysis for {}\n{analysis}", Screen::printable(title)));
        }
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

fn add(analysis: &mut Analysis, summary: &Value) {
    let failed = summary["HasFault"] == true || summary["HasError"] == true;
    analysis.add(summary["ResponseTime"].as_f64().unwrap_or_default(), failed);
}

fn to_json(analysis: &Analysis, service: Option<&str>) -> Value {
    json!({
        "service": service,
        "traces": analysis.traces(),
        "error_rate": analysis.error_rate(),
        "average": analysis.average(),
        "p50": analysis.percentile(50),
        "p99": analysis.percentile(99),
        "max": analysis.percentile(100),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_services_name_is_quoted_and_a_filter_narrows_it() {
        assert_eq!(of_service("a\"b", ""), "service(\"a\\\"b\")");
        assert_eq!(of_service("a", "ok OR fault"), "service(\"a\") AND (ok OR fault)");
    }
}
