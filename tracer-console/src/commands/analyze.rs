//! `analyze`: how fast and how well the traces of a service went, where their time goes, and in what two sets of them differ.

use serde_json::{Value, json};
use tracer_console::{Analysis, AnalysisReport, Breakdown, Comparison};

use super::Failure;
use super::chosen;
use super::endpoint::{Chosen, Endpoint};
use super::folded::Folded;
use super::screen::Screen;

#[derive(Debug, clap::Args)]
#[command(after_help = MEANINGS)]
pub(crate) struct Analyze {
    /// Only traces that this service is part of
    #[arg(long, value_name = "NAME")]
    service: Option<String>,
    #[command(flatten)]
    chosen: Chosen,
    /// Compare the traces of --filter with those of this filter expression
    #[arg(long, value_name = "FILTER", conflicts_with_all = ["by", "slowest"])]
    against: Option<String>,
    /// Break the figures down by subsegment, annotation.KEY, service, http.url, http.status, http.method or user; may be given
    /// more than once
    #[arg(long, value_name = "WHAT")]
    by: Vec<Breakdown>,
    /// Show so many values of a breakdown, and count the others together
    #[arg(long, value_name = "N", default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=10_000))]
    top: u16,
    /// Show the slowest traces
    #[arg(long, value_name = "N", default_value_t = 0, value_parser = clap::value_parser!(u16).range(0..=10_000))]
    slowest: u16,
    /// For breakdowns, read the documents of so many traces at most, evenly among all
    #[arg(long, value_name = "N", default_value_t = 10_000, value_parser = clap::value_parser!(u32).range(1..))]
    sample: u32,
    /// Print the figures as one JSON object, times in seconds
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    endpoint: Endpoint,
}

const MEANINGS: &str = "P90 is the time at the place N * 90 / 100 among N in order, from 0 on. A trace failed if its entry has an error \
    or a fault. Starts are cold or warm by the annotation ColdStart: a trace with both is cold. A trace counts for each of its values; of a \
    subsegment within another of its name, the total has the outer one's time, and what is its own is in no subsegment below it.";

/// The console's operation.
const ANALYSIS: &str = "/tracer/Analysis";

impl Analyze {
    pub(crate) fn run(self) -> Result<(), Failure> {
        self.chosen.check()?;
        match &self.against {
            None => self.analyze(),
            Some(against) => {
                chosen::check(against)?;
                self.compare(against)
            }
        }
    }

    fn analyze(&self) -> Result<(), Failure> {
        let filter = self.of_service(&self.chosen.filter);
        let request = self.request(&filter);
        let report = match self.endpoint.own(ANALYSIS, &request)? {
            Some(mut answer) => serde_json::from_value(answer["Analysis"].take())?,
            None => self.fold(&filter, self.analysis())?.report(),
        };
        self.report(&report)
    }

    fn report(&self, report: &AnalysisReport) -> Result<(), Failure> {
        if self.json {
            return self.say(json!({ "filter": self.chosen.filter }), report);
        }
        if report.traces() + report.in_progress() == 0 {
            anstream::eprintln!("no trace matches");
            return Ok(());
        }
        Screen::say(&format!("Trace analysis for {}\n{}", self.title(), report.to_text(columns())));
        Ok(())
    }

    fn compare(&self, against: &str) -> Result<(), Failure> {
        let (a, b) = (self.of_service(&self.chosen.filter), self.of_service(against));
        let mut request = self.request(&a);
        request["Against"] = json!(b);
        let comparison: Comparison = match self.endpoint.own(ANALYSIS, &request)? {
            Some(mut answer) => serde_json::from_value(answer["Comparison"].take())?,
            None => {
                let of = |filter: &str| self.fold(filter, self.analysis().by_all());
                Comparison::of(&of(&a)?, &of(&b)?)
            }
        };
        if self.json {
            return self.say(json!({ "filter": self.chosen.filter, "against": against }), &comparison);
        }
        let shown = |filter: &str| match filter.trim() {
            "" => "all of them".to_owned(),
            filter => Screen::printable(filter),
        };
        Screen::say(&format!(
            "Trace analysis for {}\n  A: {}\n  B: {}\n{}",
            self.title(),
            shown(&self.chosen.filter),
            shown(against),
            comparison.to_text(columns())
        ));
        Ok(())
    }

    fn title(&self) -> String {
        self.service.as_deref().map_or_else(|| "all traces".to_owned(), Screen::printable)
    }

    /// What was asked for with what was found, as one object.
    fn say(&self, asked: Value, found: &impl serde::Serialize) -> Result<(), Failure> {
        let (from, to) = self.chosen.range();
        let mut said = json!({ "service": self.service, "from": from.seconds(), "to": to.seconds() });
        if let (Value::Object(said), Value::Object(asked), Value::Object(found)) =
            (&mut said, asked, serde_json::to_value(found)?)
        {
            said.extend(asked);
            said.extend(found);
        }
        Screen::say_json(&said);
        Ok(())
    }

    fn request(&self, filter: &str) -> Value {
        let (from, to) = self.chosen.range();
        json!({
            "StartTime": from.seconds(), "EndTime": to.seconds(), "FilterExpression": filter, "By": self.by,
            "Top": self.top, "Slowest": self.slowest, "Sample": self.sample,
        })
    }

    /// An analysis of no traces yet.
    fn analysis(&self) -> Analysis {
        let analysis = Analysis::default().top(self.top.into()).slowest(self.slowest.into());
        self.by.iter().cloned().fold(analysis, Analysis::by)
    }

    fn fold(&self, filter: &str, analysis: Analysis) -> Result<Analysis, Failure> {
        let chosen = Chosen { filter: filter.to_owned(), ..self.chosen.clone() };
        Folded { endpoint: &self.endpoint, chosen, sample: self.sample as usize }.into(analysis)
    }

    /// A filter expression for the traces of the service that `filter` finds.
    fn of_service(&self, filter: &str) -> String {
        self.service.as_deref().map_or_else(|| filter.to_owned(), |service| of_service(service, filter))
    }
}

/// Where the output is no terminal, as narrow as one.
fn columns() -> usize {
    Screen::terminal_width().unwrap_or(80)
}

fn of_service(service: &str, filter: &str) -> String {
    let name = service.replace('\\', "\\\\").replace('"', "\\\"");
    match filter.trim() {
        "" => format!("service(\"{name}\")"),
        filter => format!("service(\"{name}\") AND ({filter})"),
    }
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
