//! `wait`: for tests, until traces that a filter expression finds are there.

use std::collections::{HashMap, HashSet};
use std::num::NonZeroUsize;
use std::time::{Duration, Instant};

use serde_json::{Value, json};

use super::Failure;
use super::changes::{Changes, Found};
use super::chosen::{self, Chosen, some};
use super::endpoint::{CallError, Endpoint};
use super::screen::Screen;
use super::summary_line;
use super::time::{self, duration, some_time};

#[derive(Debug, clap::Args)]
pub(crate) struct Wait {
    /// What is waited for: a filter expression, such as 'annotation.OrderId = "ORD-12345"'
    #[arg(long, default_value = "", hide_default_value = true)]
    filter: String,
    /// Until so many traces match
    #[arg(long, value_name = "N", default_value = "1", value_parser = some)]
    count: NonZeroUsize,
    /// For so long at most; within it a console that is not up yet is waited for, too
    #[arg(long, value_name = "DURATION", default_value = "10s", value_parser = duration)]
    timeout: Duration,
    /// Traces that began so long ago may match already
    #[arg(long, value_name = "DURATION", default_value = "1m", value_parser = some_time)]
    last: Duration,
    /// Take traces that are still in progress, too
    #[arg(long)]
    in_progress: bool,
    /// Print the summaries of the traces as X-Ray answers them, one a line
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    endpoint: Endpoint,
}

/// How often a console that is not up is looked for.
const AGAIN: Duration = Duration::from_millis(50);
const CENTURY: Duration = Duration::from_secs(100 * 365 * 86_400);

impl Wait {
    pub(crate) fn run(mut self) -> Result<(), Failure> {
        chosen::check(&self.filter)?;
        // A timeout beyond what the clock can say is as good as a century.
        let began = Instant::now();
        let deadline = began.checked_add(self.timeout).unwrap_or_else(|| began + CENTURY);
        self.endpoint.until(deadline);
        let (mut seen, mut late) = (Seen::default(), None);
        loop {
            match self.watch(deadline, &mut seen) {
                Err(CallError::Unreachable { .. }) if Instant::now() + AGAIN < deadline => {
                    std::thread::sleep(AGAIN);
                }
                Err(error @ CallError::Late { .. }) => {
                    late = Some(error);
                    break;
                }
                done => {
                    done?;
                    break;
                }
            }
        }
        let matching = seen.matching();
        if self.json {
            matching.iter().for_each(Screen::say_json);
        } else if !matching.is_empty() {
            Screen::say(&summary_line::table(&matching).to_string());
        }
        if matching.len() >= self.count.get() { Ok(()) } else { Err(self.missed(&seen, late).into()) }
    }

    /// Looks at what is there and at what comes, until enough matches or the time is over.
    fn watch(&self, deadline: Instant, seen: &mut Seen) -> Result<(), CallError> {
        let mut changes = Changes::begin(&self.endpoint, &self.filter)?;
        let mut before = Vec::new();
        self.endpoint.summaries(&Chosen::last(self.last, &self.filter), |summary| {
            before.push(summary);
            true
        })?;
        seen.add(changes.judged(before)?, self.in_progress);
        loop {
            let left = deadline.saturating_duration_since(Instant::now());
            if seen.matching.len() >= self.count.get() || left.is_zero() {
                return Ok(());
            }
            let ids = changes.next(left)?;
            seen.forget(&ids);
            seen.add(changes.found(&ids)?, self.in_progress);
        }
    }

    /// Why it was in vain; what the console does not tell at once is left out, for the time is over.
    fn missed(mut self, seen: &Seen, late: Option<CallError>) -> String {
        let matched = seen.matching.len();
        let [timeout, last] = [self.timeout, self.last].map(time::shown);
        let mut said = format!("{matched} of {} traces matched within {timeout}", self.count);
        if let Some(late) = late {
            return format!("{said}; {late}");
        }
        self.endpoint.until(Instant::now());
        let arrived = match self.arrived() {
            Ok(None) => None,
            Ok(Some((0, _))) => Some("no trace at all".to_owned()),
            Ok(Some((1, _))) => Some("one trace".to_owned()),
            Ok(Some((arrived, true))) => Some(format!("{arrived} traces and more")),
            Ok(Some((arrived, false))) => Some(format!("{arrived} traces")),
            Err(why) => Some(why.to_string()),
        };
        if let Some(arrived) = arrived {
            said.push_str(&format!("; in that time and the {last} before began: {arrived}"));
        }
        if !seen.unsettled.is_empty() {
            let unsettled = seen.unsettled.len();
            said.push_str(&format!("; {unsettled} more would match, still in progress: see --in-progress"));
        }
        for refusal in self.refusals() {
            said.push_str(&format!("\nrefused: {refusal}"));
        }
        said
    }

    /// All traces that might have matched.
    fn all(&self) -> Chosen {
        Chosen::last(self.last.saturating_add(self.timeout), "")
    }

    /// How many traces there are that might have matched, and whether there are more; `None` where another X-Ray answers, which
    /// would have to summarise them all.
    fn arrived(&self) -> Result<Option<(usize, bool)>, CallError> {
        let (from, to) = self.all().range();
        let request = json!({ "StartTime": from.seconds(), "EndTime": to.seconds() });
        let answer = self.endpoint.own("/tracer/TraceIds", &request)?;
        Ok(answer.map(|answer| {
            (answer["TraceIds"].as_array().map_or(0, Vec::len), answer["NextToken"].is_string())
        }))
    }

    /// The latest that the console refused meanwhile, if it can tell: what was waited for may be among them.
    fn refusals(&self) -> Vec<String> {
        let answer = self.endpoint.own("/tracer/Refusals", &json!({})).ok().flatten().unwrap_or_default();
        let (from, _) = self.all().range();
        let is_new = |refusal: &&Value| refusal["Time"].as_f64().is_none_or(|time| time >= from.seconds());
        let new: Vec<_> = answer["Refusals"].as_array().into_iter().flatten().filter(is_new).collect();
        let text = |value: &Value| Screen::printable(value.as_str().unwrap_or_default());
        let latest = &new[new.len().saturating_sub(3)..];
        latest
            .iter()
            .map(|refusal| format!("{}: {}", text(&refusal["Code"]), text(&refusal["Message"])))
            .collect()
    }
}

/// What was seen while waiting.
#[derive(Debug, Default)]
struct Seen {
    /// Summaries by the traces' ids.
    matching: HashMap<String, Value>,
    /// Would match if they were not in progress.
    unsettled: HashSet<String>,
}

impl Seen {
    /// These changed: whether they match is open again.
    fn forget(&mut self, changed: &[String]) {
        for id in changed {
            self.matching.remove(id);
            self.unsettled.remove(id);
        }
    }

    fn add(&mut self, found: Vec<Found>, in_progress: bool) {
        for Found { summary, is_settled } in found {
            let id = summary["Id"].as_str().unwrap_or_default().to_owned();
            if is_settled || in_progress {
                self.matching.insert(id, summary);
            } else {
                self.unsettled.insert(id);
            }
        }
    }

    /// The summaries of those that match, newest first.
    fn matching(&self) -> Vec<Value> {
        let mut all: Vec<_> = self.matching.values().cloned().collect();
        all.sort_by(|one, other| {
            let start = |summary: &Value| summary["StartTime"].as_f64().unwrap_or_default();
            start(other).total_cmp(&start(one))
        });
        all
    }
}
