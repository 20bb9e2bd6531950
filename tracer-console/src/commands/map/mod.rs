//! `map`: which services call which, how often, how well and how fast.

mod drawing;
mod graph;

use serde_json::{Value, json};
use tracer_console::TraceId;

use self::graph::Graph;
use super::Failure;
use super::chosen::Chosen;
use super::endpoint::{CallError, Endpoint, windows};
use super::screen::Screen;

#[derive(Debug, clap::Args)]
pub(crate) struct Map {
    #[command(flatten)]
    chosen: Chosen,
    /// Only the traces of a group of X-Ray's
    #[arg(long, value_name = "NAME", conflicts_with = "traces")]
    group: Option<String>,
    /// Only this trace; may be given more than once
    #[arg(long = "trace", value_name = "TRACE", conflicts_with_all = ["filter", "last", "from", "to"])]
    traces: Vec<TraceId>,
    /// Print the graph as X-Ray answers it, as one JSON object
    #[arg(long)]
    json: bool,
    #[command(flatten)]
    endpoint: Endpoint,
}

/// X-Ray answers with the graph of so many traces at once, or of so many hours.
const TRACES: usize = 5;
const LONGEST_WINDOW: std::time::Duration = std::time::Duration::from_secs(6 * 3600);

impl Map {
    pub(crate) fn run(self) -> Result<(), Failure> {
        self.chosen.check()?;
        let graph = self.graph()?;
        if graph.is_empty() && !self.traces.is_empty() {
            let traces: Vec<_> = self.traces.iter().map(TraceId::to_string).collect();
            return Err(format!("there is no trace {}", traces.join(", nor ")).into());
        }
        if self.json {
            Screen::say_json(graph.to_json());
        } else if graph.is_empty() {
            anstream::eprintln!("no trace matches");
        } else {
            Screen::say(&drawing::draw(&graph, Screen::terminal_width()));
        }
        Ok(())
    }

    fn graph(&self) -> Result<Graph, CallError> {
        if !self.traces.is_empty() {
            let ids: Vec<_> = self.traces.iter().map(TraceId::to_string).collect();
            return self.of_traces(&ids);
        }
        let (from, to) = self.chosen.range();
        let mut request = json!({"StartTime": from.seconds(), "EndTime": to.seconds()});
        if let Some(group) = &self.group {
            request["GroupName"] = json!(group);
        }
        request["FilterExpression"] = json!(self.chosen.filter);
        if let Some(answer) = self.endpoint.own("/tracer/ServiceGraph", &request)? {
            return Ok(Graph::of([answer]));
        }
        if self.chosen.filter.trim().is_empty() { self.of_windows() } else { self.of_matching() }
    }

    /// Of all traces, some hours at a time.
    fn of_windows(&self) -> Result<Graph, CallError> {
        let mut graphs = Vec::new();
        for (from, to) in windows(self.endpoint.range(&self.chosen), LONGEST_WINDOW) {
            let mut request = json!({"StartTime": from.seconds(), "EndTime": to.seconds()});
            if let Some(group) = &self.group {
                request["GroupName"] = json!(group);
            }
            graphs.extend(self.pages("/ServiceGraph", request)?);
        }
        Ok(Graph::of(graphs))
    }

    /// Of the traces that match, some at a time: X-Ray itself has no graph of a filter.
    fn of_matching(&self) -> Result<Graph, CallError> {
        if self.group.is_some() {
            let said = "this X-Ray has graphs of a group or of a filter; --filter 'group.name = \"…\" AND …' is both";
            return Err(CallError::Refused(said.to_owned()));
        }
        let mut ids = Vec::new();
        self.endpoint.summaries(&self.chosen, |summary| {
            ids.extend(summary["Id"].as_str().map(str::to_owned));
            true
        })?;
        self.of_traces(&ids)
    }

    fn of_traces(&self, ids: &[String]) -> Result<Graph, CallError> {
        let mut graphs = Vec::new();
        for ids in ids.chunks(TRACES) {
            graphs.extend(self.pages("/TraceGraph", json!({ "TraceIds": ids }))?);
        }
        Ok(Graph::of(graphs))
    }

    fn pages(&self, path: &str, mut request: Value) -> Result<Vec<Value>, CallError> {
        let mut pages = Vec::new();
        loop {
            let answer = self.endpoint.call(path, &request)?;
            let next = answer["NextToken"].as_str().map(str::to_owned);
            pages.push(answer);
            let Some(next) = next else { return Ok(pages) };
            request["NextToken"] = json!(next);
        }
    }
}
