//! A service graph as text: a tree of calls from the clients on, and a line for each service.

use anstyle::Style;
use unicode_width::UnicodeWidthStr as _;

use super::graph::{Edge, Figures, Graph, Statistics};
use crate::commands::screen::Screen;
use crate::commands::summary_line::{duration, style};
use crate::commands::table::{Cell, Column, Table};

type Row = [Cell; 11];

/// The tree, with figures as callers measure them, and the services, as they measure themselves.
pub(super) fn draw(graph: &Graph, terminal: Option<usize>) -> String {
    let Tree { rows, readable, .. } = Tree::of(graph);
    // At the end of a deep branch, too, but not at the cost of everything else.
    let readable = readable.min(terminal.unwrap_or_default() / 2);
    let calls = Table::new(columns(Column::long("Calls").readable(readable)), rows, terminal);
    let services = graph.services().iter().filter(|service| service.figures.statistics.total_count > 0);
    let services = services.map(|service| {
        let name = Screen::printable(&service.identity.name);
        row(name.into(), service.identity.kind.as_deref(), Some(&service.figures))
    });
    let services =
        Table::new(columns(Column::long("Services").readable(BEGINNING)), services.collect(), terminal);
    format!("{calls}\n\n{services}")
}

fn columns(name: Column) -> [Column; 11] {
    [
        name,
        Column::long("Type").goes_at(0),
        Column::number("Requests"),
        Column::number("OK").goes_at(5),
        Column::number("Error").goes_where_empty(),
        Column::number("Fault").goes_where_empty(),
        Column::number("Throttle").goes_where_empty(),
        Column::number("Average").goes_at(3),
        Column::number("P50").goes_at(1),
        Column::number("P90").goes_at(2),
        Column::number("P99").goes_at(4),
    ]
}

fn row(name: Cell, kind: Option<&str>, figures: Option<&Figures>) -> Row {
    let kind = Screen::printable(kind.unwrap_or_default());
    let Some(figures) = figures else {
        let mut row: Row = Default::default();
        (row[0], row[1]) = (name, kind.into());
        return row;
    };
    let Statistics { ok_count, error_statistics, fault_statistics, total_count, .. } = figures.statistics;
    let share = |count: u64, outcome: &str| match (count, total_count) {
        (0, _) | (_, 0) => Cell::default(),
        (count, total) => Cell::styled(percent(count, total), style(outcome)),
    };
    let percentile = |percent| duration(figures.percentile(percent)).into();
    [
        name,
        kind.into(),
        total_count.to_string().into(),
        share(ok_count, "ok"),
        share(error_statistics.other_count, "error"),
        share(fault_statistics.total_count, "fault"),
        share(error_statistics.throttle_count, "throttle"),
        duration(figures.average()).into(),
        percentile(50),
        percentile(90),
        percentile(99),
    ]
}

/// What is not nothing is not shown as nothing, nor as all what is not.
fn percent(count: u64, total: u64) -> String {
    let share = count as f64 * 100.0 / total as f64;
    match share {
        share if share < 0.1 => "<0.1%".to_owned(),
        share if share < 99.95 || count == total => format!("{share:.1}%"),
        _ => ">99.9%".to_owned(),
    }
}

/// Rows of the tree so far.
struct Tree<'g> {
    graph: &'g Graph,
    rows: Vec<Row>,
    /// So many columns show where every service stands, and the beginning of its name.
    readable: usize,
    is_drawn: Vec<bool>,
    /// From the root to where it is.
    path: Vec<usize>,
}

/// By so much of its name a service is known.
const BEGINNING: usize = 16;
/// Deeper than any architecture; calls further down are drawn as roots of their own.
const DEEPEST: usize = 64;

impl<'g> Tree<'g> {
    fn of(graph: &'g Graph) -> Self {
        let services = graph.services().len();
        let (is_drawn, readable) = (vec![false; services], BEGINNING);
        let mut tree = Self { graph, rows: Vec::new(), readable, is_drawn, path: Vec::new() };
        let roots = (0..services).filter(|&service| !graph.is_called(service));
        // Those that are only reached from each other begin somewhere, too.
        for service in roots.chain(0..services) {
            if !tree.is_drawn[service] {
                tree.root(service);
            }
        }
        tree
    }

    fn root(&mut self, service: usize) {
        let identity = &self.graph.services()[service].identity;
        let name = Screen::printable(&identity.name);
        self.rows.push(row(name.into(), identity.kind.as_deref(), None));
        self.calls(service, "");
    }

    fn calls(&mut self, service: usize, indent: &str) {
        self.is_drawn[service] = true;
        self.path.push(service);
        let mut edges = self.graph.edges_of(service).peekable();
        while let Some(edge) = edges.next() {
            let is_last = edges.peek().is_none();
            self.call(edge, indent, is_last);
        }
        self.path.pop();
    }

    fn call(&mut self, edge: &Edge, indent: &str, is_last: bool) {
        let identity = &self.graph.services()[edge.to].identity;
        let branch = if is_last { "└─" } else { "├─" };
        let sort = if edge.is_link() { " linked:" } else { "" };
        let name = Screen::printable(&identity.name);
        let mark = match () {
            () if self.path.contains(&edge.to) => " ↺",
            () if self.is_drawn[edge.to] => " ↑",
            () => "",
        };
        self.readable = self.readable.max(indent.width() + branch.width() + 1 + name.width().min(BEGINNING));
        let name = Cell::styled(format!("{indent}{branch}{sort} {name}{mark}"), Style::new());
        self.rows.push(row(name, identity.kind.as_deref(), Some(&edge.figures)));
        if mark.is_empty() && self.path.len() < DEEPEST {
            let indent = format!("{indent}{}", if is_last { "   " } else { "│  " });
            self.calls(edge.to, &indent);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;

    /// Edges as pairs of services.
    fn graph(services: &[&str], edges: &[(usize, usize)]) -> Value {
        let statistics = json!({"OkCount": 3, "FaultStatistics": {"TotalCount": 1, "OtherCount": 1}, "TotalCount": 4, "TotalResponseTime": 1.0});
        let services = services.iter().enumerate().map(|(at, name)| {
            let edges = edges.iter().filter(|(from, _)| *from == at);
            let edges = edges.map(|(_, to)| {
                json!({
                    "ReferenceId": to, "SummaryStatistics": statistics,
                    "ResponseTimeHistogram": [{"Value": 0.2, "Count": 3}, {"Value": 0.4, "Count": 1}],
                })
            });
            json!({"ReferenceId": at, "Name": name, "Type": "T", "Edges": edges.collect::<Vec<_>>()})
        });
        json!({"Services": services.collect::<Vec<_>>()})
    }

    fn names(graph: Value) -> Vec<String> {
        let graph = Graph::of([graph]);
        let drawn = anstream::adapter::strip_str(&draw(&graph, None)).to_string();
        let lines = drawn.lines().skip(1).take_while(|line| !line.is_empty());
        lines.map(|line| line.split("  T").next().unwrap_or_default().trim_end().to_owned()).collect()
    }

    #[test]
    fn each_service_stands_below_who_calls_it() {
        let drawn = names(graph(&["client", "web", "table", "mail"], &[(0, 1), (1, 2), (1, 3)]));
        assert_eq!(drawn, ["client", "└─ web", "   ├─ table", "   └─ mail"]);
    }

    #[test]
    fn a_service_is_drawn_once_and_circles_are_marked() {
        let drawn =
            names(graph(&["client", "a", "b", "c"], &[(0, 1), (1, 2), (2, 1), (1, 3), (2, 3), (3, 3)]));
        assert_eq!(
            drawn,
            ["client", "└─ a", "   ├─ b", "   │  ├─ a ↺", "   │  └─ c", "   │     └─ c ↺", "   └─ c ↑"]
        );
        assert_eq!(names(graph(&["a", "b"], &[(0, 1), (1, 0)])), ["a", "└─ b", "   └─ a ↺"]);
    }

    #[test]
    fn a_long_chain_is_drawn_whole() {
        let services = vec!["s"; 200];
        let edges: Vec<_> = (0..199).map(|at| (at, at + 1)).collect();
        // All have the same identity but for their names.
        let names: Vec<String> = (0..200).map(|at| format!("s{at}")).collect();
        let mut chain = graph(&services, &edges);
        for (service, name) in chain["Services"].as_array_mut().unwrap().iter_mut().zip(&names) {
            service["Name"] = json!(name);
        }
        let drawn = draw(&Graph::of([chain]), None);
        assert!(names.iter().all(|name| drawn.contains(name)));
    }

    #[test]
    fn graphs_of_several_answers_are_added_up() {
        let one = graph(&["client", "web"], &[(0, 1)]);
        let other = graph(&["web", "client"], &[(1, 0)]);
        let folded = Graph::of([one, other]).to_json();
        assert_eq!(folded["Services"].as_array().unwrap().len(), 2);
        let edge = &folded["Services"][0]["Edges"][0];
        assert_eq!((&edge["ReferenceId"], &edge["SummaryStatistics"]["TotalCount"]), (&json!(1), &json!(8)));
        let histogram = json!([{"Value": 0.2, "Count": 6}, {"Value": 0.4, "Count": 2}]);
        assert_eq!(edge["ResponseTimeHistogram"], histogram);
    }

    #[test]
    fn figures_are_shares_and_percentiles() {
        let drawn = draw(&Graph::of([graph(&["client", "web"], &[(0, 1)])]), None);
        let drawn = anstream::adapter::strip_str(&drawn).to_string();
        let words: Vec<_> = drawn.lines().nth(2).unwrap().split_whitespace().skip(3).collect();
        let expected = ["4", "75.0%", "25.0%", "250", "ms", "200", "ms", "400", "ms", "400", "ms"];
        assert_eq!(words, expected);
        assert_eq!([percent(1, 2_000), percent(1_999, 2_000), percent(3, 3)], ["<0.1%", ">99.9%", "100.0%"]);
    }
}
