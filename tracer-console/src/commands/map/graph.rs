//! Service graphs as X-Ray answers them, folded into one.

use std::collections::{BTreeMap, HashMap};

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

/// Services and the calls between them.
#[derive(Debug, Default)]
pub(crate) struct Graph {
    services: Vec<Service>,
    edges: Vec<Edge>,
}

/// What tells one service from another.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub(crate) struct Identity {
    pub(crate) name: String,
    pub(crate) kind: Option<String>,
    account: Option<String>,
}

#[derive(Debug)]
pub(crate) struct Service {
    pub(crate) identity: Identity,
    /// As it was answered first: what is not added up stays.
    answered: Value,
    pub(crate) figures: Figures,
}

#[derive(Debug)]
pub(crate) struct Edge {
    pub(crate) from: usize,
    pub(crate) to: usize,
    answered: Value,
    pub(crate) figures: Figures,
}

/// How many requests there were, what became of them, and how long they took.
#[derive(Debug, Clone, Default)]
pub(crate) struct Figures {
    pub(crate) statistics: Statistics,
    /// By microseconds.
    times: BTreeMap<u64, u64>,
}

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Statistics {
    pub(crate) ok_count: u64,
    pub(crate) error_statistics: Errors,
    pub(crate) fault_statistics: Faults,
    pub(crate) total_count: u64,
    total_response_time: f64,
}

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Errors {
    pub(crate) throttle_count: u64,
    pub(crate) other_count: u64,
    total_count: u64,
}

#[derive(Debug, Clone, Copy, Default, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase", default)]
pub(crate) struct Faults {
    other_count: u64,
    pub(crate) total_count: u64,
}

#[derive(Debug, Clone, Copy, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    value: f64,
    count: u64,
}

/// The members of an answer that hold response times: of services, and of edges and links.
const HISTOGRAMS: [&str; 2] = ["ResponseTimeHistogram", "ReceivedEventAgeHistogram"];

impl Graph {
    /// Of the answers to several questions, or of the pages of one.
    pub(crate) fn of(answers: impl IntoIterator<Item = Value>) -> Self {
        let mut graph = Self::default();
        let mut by_identity = HashMap::new();
        let mut by_ends = HashMap::new();
        for mut answer in answers {
            let Value::Array(services) = answer["Services"].take() else { continue };
            let numbers: HashMap<_, _> = services
                .iter()
                .map(|service| (reference(service), graph.service(service, &mut by_identity)))
                .collect();
            for service in services {
                let from = numbers[&reference(&service)];
                for edge in service["Edges"].as_array().into_iter().flatten() {
                    if let Some(&to) = numbers.get(&reference(edge)) {
                        graph.edge(from, to, edge, &mut by_ends);
                    }
                }
            }
        }
        graph
    }

    fn service(&mut self, answered: &Value, by_identity: &mut HashMap<Identity, usize>) -> usize {
        let identity = Identity::of(answered);
        let at = *by_identity.entry(identity.clone()).or_insert_with(|| {
            let figures = Figures::default();
            self.services.push(Service { identity, answered: answered.clone(), figures });
            self.services.len() - 1
        });
        let service = &mut self.services[at];
        service.figures.add(answered);
        widen(&mut service.answered, answered);
        if answered["Root"] == true {
            service.answered["Root"] = json!(true);
        }
        at
    }

    fn edge(
        &mut self,
        from: usize,
        to: usize,
        answered: &Value,
        by_ends: &mut HashMap<(usize, usize, bool), usize>,
    ) {
        let is_link = answered["EdgeType"] == "link";
        let at = *by_ends.entry((from, to, is_link)).or_insert_with(|| {
            let figures = Figures::default();
            self.edges.push(Edge { from, to, answered: answered.clone(), figures });
            self.edges.len() - 1
        });
        let edge = &mut self.edges[at];
        edge.figures.add(answered);
        widen(&mut edge.answered, answered);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.services.is_empty()
    }

    pub(crate) fn services(&self) -> &[Service] {
        &self.services
    }

    /// The calls of a service.
    pub(crate) fn edges_of(&self, service: usize) -> impl Iterator<Item = &Edge> {
        self.edges.iter().filter(move |edge| edge.from == service)
    }

    /// Whether anything calls a service, itself left out.
    pub(crate) fn is_called(&self, service: usize) -> bool {
        self.edges.iter().any(|edge| edge.to == service && edge.from != service)
    }

    /// As X-Ray answers it.
    pub(crate) fn to_json(&self) -> Value {
        let services = self.services.iter().enumerate().map(|(at, service)| {
            let mut answer = service.answered.clone();
            answer["ReferenceId"] = json!(at);
            service.figures.write(&mut answer);
            let edges = self.edges_of(at).map(|edge| {
                let mut answer = edge.answered.clone();
                answer["ReferenceId"] = json!(edge.to);
                edge.figures.write(&mut answer);
                answer
            });
            answer["Edges"] = edges.collect();
            answer
        });
        json!({ "Services": services.collect::<Vec<_>>() })
    }
}

fn reference(answered: &Value) -> i64 {
    answered["ReferenceId"].as_i64().unwrap_or_default()
}

/// From the first to the last of both.
fn widen(times: &mut Value, other: &Value) {
    for (member, take) in [("StartTime", f64::min as fn(f64, f64) -> f64), ("EndTime", f64::max)] {
        if let (Some(one), Some(two)) = (times[member].as_f64(), other[member].as_f64()) {
            times[member] = json!(take(one, two));
        }
    }
}

impl Identity {
    fn of(service: &Value) -> Self {
        let text = |member: &str| service[member].as_str().map(str::to_owned);
        Self { name: text("Name").unwrap_or_default(), kind: text("Type"), account: text("AccountId") }
    }
}

impl Edge {
    /// Between traces, such as through a queue.
    pub(crate) fn is_link(&self) -> bool {
        self.answered["EdgeType"] == "link"
    }
}

impl Figures {
    fn add(&mut self, answered: &Value) {
        let other: Statistics = Deserialize::deserialize(&answered["SummaryStatistics"]).unwrap_or_default();
        self.statistics.add(&other);
        let histogram = HISTOGRAMS.iter().find_map(|member| answered[member].as_array());
        let entries = histogram.into_iter().flatten().filter_map(|entry| Entry::deserialize(entry).ok());
        for Entry { value, count } in entries {
            #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "the cast saturates")]
            let micros = (value * 1e6).round() as u64;
            *self.times.entry(micros).or_default() += count;
        }
    }

    /// In the members where an answer has them: clients have none.
    fn write(&self, answer: &mut Value) {
        if !answer["SummaryStatistics"].is_null() {
            answer["SummaryStatistics"] = json!(self.statistics);
        }
        let entry = |(&micros, &count): (&u64, &u64)| Entry { value: micros as f64 / 1e6, count };
        let histogram: Vec<_> = self.times.iter().map(entry).collect();
        for member in HISTOGRAMS.into_iter().chain(["DurationHistogram"]) {
            if answer[member].is_array() {
                answer[member] = json!(histogram);
            }
        }
    }

    /// In seconds.
    pub(crate) fn average(&self) -> Option<f64> {
        let Statistics { total_count, total_response_time, .. } = self.statistics;
        (total_count > 0).then(|| total_response_time / total_count as f64)
    }

    /// The response time in seconds that `percent` of a hundred requests do not exceed, as `analyze` has it.
    pub(crate) fn percentile(&self, percent: u64) -> Option<f64> {
        let total: u64 = self.times.values().sum();
        let mut before = 0;
        let place = total.saturating_mul(percent) / 100;
        let found = self.times.iter().find(|(_, count)| {
            before += *count;
            before > place
        });
        found.or(self.times.last_key_value()).map(|(&micros, _)| micros as f64 / 1e6)
    }
}

impl Statistics {
    fn add(&mut self, other: &Self) {
        self.ok_count += other.ok_count;
        self.error_statistics.throttle_count += other.error_statistics.throttle_count;
        self.error_statistics.other_count += other.error_statistics.other_count;
        self.error_statistics.total_count += other.error_statistics.total_count;
        self.fault_statistics.other_count += other.fault_statistics.other_count;
        self.fault_statistics.total_count += other.fault_statistics.total_count;
        self.total_count += other.total_count;
        self.total_response_time += other.total_response_time;
    }
}
