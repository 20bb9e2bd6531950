//! The traces that change, as they do: a console tells at once, another X-Ray is asked again and again.

use std::collections::HashMap;
use std::time::{Duration, Instant};

use serde_json::{Value, json};
use tracer_console::Timestamp;

use super::chosen::AHEAD;
use super::endpoint::{CallError, Endpoint};

/// What changes of the traces that a filter expression finds.
#[derive(Debug)]
pub(crate) struct Changes<'e> {
    endpoint: &'e Endpoint,
    filter: String,
    way: Way,
}

#[derive(Debug)]
enum Way {
    /// By the console, up to this revision.
    Told(String),
    /// The summaries of those that changed lately, by their ids.
    Asked { latest: HashMap<String, Value>, at: Instant },
}

/// A trace that matches.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    pub(crate) summary: Value,
    /// Whether nothing more of it is expected.
    pub(crate) is_settled: bool,
}

impl Found {
    /// As far as a summary tells.
    fn of(summary: Value) -> Self {
        Self { is_settled: summary["IsPartial"] != true, summary }
    }
}

/// How often another X-Ray is asked.
const INTERVAL: Duration = Duration::from_secs(2);
/// What X-Ray takes in may take so long until it can be found.
const DELAY: Duration = Duration::from_secs(120);
/// A console summarises so many at once.
const AT_ONCE: usize = 100;

impl<'e> Changes<'e> {
    /// Changes from now on.
    pub(crate) fn begin(endpoint: &'e Endpoint, filter: &str) -> Result<Self, CallError> {
        let way = match endpoint.own("/tracer/Changes", &json!({}))? {
            Some(answer) => Way::Told(revision(&answer)),
            None => Way::Asked { latest: lately(endpoint, filter)?, at: Instant::now() },
        };
        Ok(Self { endpoint, filter: filter.to_owned(), way })
    }

    /// Waits for a change, not longer than `wait`; the ids of the traces that changed, which may be none.
    pub(crate) fn next(&mut self, wait: Duration) -> Result<Vec<String>, CallError> {
        match &mut self.way {
            Way::Told(since) => {
                let request = json!({"Since": since, "Wait": wait.as_secs_f64().min(20.0)});
                let answer = self.endpoint.call("/tracer/Changes", &request)?;
                *since = revision(&answer);
                let ids = answer["TraceIds"].as_array().into_iter().flatten();
                Ok(ids.filter_map(|id| id.as_str().map(str::to_owned)).collect())
            }
            Way::Asked { latest, at } => {
                let turn = INTERVAL.saturating_sub(at.elapsed());
                std::thread::sleep(turn.min(wait));
                if wait < turn {
                    return Ok(Vec::new());
                }
                *at = Instant::now();
                let now = lately(self.endpoint, &self.filter)?;
                let is_new = |(id, summary): &(&String, &Value)| latest.get(*id) != Some(summary);
                let changed = now.iter().filter(is_new).map(|(id, _)| id.clone()).collect();
                *latest = now;
                Ok(changed)
            }
        }
    }

    /// Which of the traces that were found otherwise are settled.
    pub(crate) fn judged(&self, summaries: Vec<Value>) -> Result<Vec<Found>, CallError> {
        match &self.way {
            Way::Told(_) => {
                let ids = summaries.iter().filter_map(|summary| summary["Id"].as_str());
                self.found(&ids.map(str::to_owned).collect::<Vec<_>>())
            }
            Way::Asked { .. } => Ok(summaries.into_iter().map(Found::of).collect()),
        }
    }

    /// Those of these traces that match, in their order.
    pub(crate) fn found(&self, ids: &[String]) -> Result<Vec<Found>, CallError> {
        match &self.way {
            Way::Told(_) => {
                let mut all = Vec::new();
                for ids in ids.chunks(AT_ONCE) {
                    let request = json!({"TraceIds": ids, "FilterExpression": self.filter});
                    let mut answer = self.endpoint.call("/tracer/Summaries", &request)?;
                    let traces = answer["Traces"].as_array_mut().into_iter().flatten();
                    all.extend(traces.map(|found| Found {
                        is_settled: found["IsSettled"] == true,
                        summary: found["Summary"].take(),
                    }));
                }
                Ok(all)
            }
            Way::Asked { latest, .. } => {
                let known = ids.iter().filter_map(|id| latest.get(id));
                Ok(known.cloned().map(Found::of).collect())
            }
        }
    }
}

fn revision(answer: &Value) -> String {
    answer["Revision"].as_str().unwrap_or_default().to_owned()
}

/// What matches and changed so lately that it may not have been found before.
fn lately(endpoint: &Endpoint, filter: &str) -> Result<HashMap<String, Value>, CallError> {
    let now = Timestamp::now();
    let start = now.seconds() - DELAY.as_secs_f64();
    let request = json!({"StartTime": start, "EndTime": (now + AHEAD).seconds(), "TimeRangeType": "Event"});
    let mut found = HashMap::new();
    endpoint.summaries_of(request, filter, &mut |mut summary| {
        if let Value::Object(members) = &mut summary {
            // It differs from one question to the next.
            members.remove("MatchedEventTime");
        }
        if let Some(id) = summary["Id"].as_str().map(str::to_owned) {
            found.insert(id, summary);
        }
        true
    })?;
    Ok(found)
}
