//! What stands below a row: annotations, exceptions, links, and the metadata when it is asked for.

use std::collections::{HashMap, HashSet};

use serde_json::Value;

use super::line::Line;
use super::row::Guides;
use super::{BLUE, CYAN, DIM, PLAIN, RED, text};
use crate::entity::Exception;
use crate::link::LinkedFrom;
use crate::trace::{Node, Trace};
use crate::trace_id::EntityId;

/// The widest that a single value is shown.
const WIDEST_VALUE: usize = 60;
/// As many links as AWS puts on one segment.
const MOST_LINKS: usize = 20;
/// As much of a message as can matter in three lines, in characters.
const LONGEST_MESSAGE: usize = 3000;

pub(super) struct Details<'a> {
    /// By id; looking through the trace for each reference would take forever in a large one.
    exceptions: HashMap<&'a str, (Node<'a>, Exception<'a>)>,
    /// By what they link to; those to what has not arrived stand at the first row.
    linked_from: HashMap<EntityId, Vec<&'a LinkedFrom>>,
    width: usize,
    metadata: bool,
}

impl<'a> Details<'a> {
    pub(super) fn new(trace: &'a Trace, width: usize, metadata: bool) -> Self {
        let mut exceptions = HashMap::new();
        for node in trace.nodes() {
            for exception in node.entity().exceptions() {
                exceptions.entry(exception.id()).or_insert((node, exception));
            }
        }
        Self { exceptions, linked_from: linked_from(trace), width, metadata }
    }

    pub(super) fn draw(&self, node: Node<'_>, guides: &Guides) -> Vec<Line> {
        let mut lines = self.annotations(node, guides);
        lines.extend(node.exceptions().flat_map(|exception| self.exception(exception, guides)));
        lines.extend(self.reference(node, guides));
        self.links(node, guides, &mut lines);
        if self.metadata {
            self.metadata(node, guides, &mut lines);
        }
        lines
    }

    /// As many pairs to a line as fit.
    fn annotations(&self, node: Node<'_>, guides: &Guides) -> Vec<Line> {
        let mut lines = Vec::<Line>::new();
        for (key, value) in node.annotations().filter(|(key, _)| self.is_worth_a_look(key)) {
            let mut pair = Line::default();
            pair.push(CYAN, text::printable(key));
            pair.push(DIM, "=");
            pair.push(PLAIN, text::value(value, WIDEST_VALUE));
            match lines.last_mut().filter(|line| line.width() + 2 + pair.width() <= self.width) {
                Some(line) => {
                    line.push(PLAIN, "  ");
                    line.append(pair);
                }
                None => {
                    let mut line = start(guides);
                    line.append(pair);
                    lines.push(line);
                }
            }
        }
        lines
    }

    /// What AWS itself writes is shown with the metadata; `Cancelled` is a mark of the row already.
    fn is_worth_a_look(&self, key: &str) -> bool {
        self.metadata || !(key.starts_with("aws.") || key.starts_with("aws:") || key == "Cancelled")
    }

    fn exception(&self, exception: Exception<'_>, guides: &Guides) -> Vec<Line> {
        let type_name = if exception.type_name().is_empty() { "exception" } else { exception.type_name() };
        let type_name = text::printable(type_name);
        let message = text::printable(&exception.message().chars().take(LONGEST_MESSAGE).collect::<String>());
        let whole = if message.is_empty() { type_name.clone() } else { format!("{type_name}: {message}") };
        let columns = self.width.saturating_sub(text::width(&guides.below) + 2).max(20);
        let lines = text::wrap(&whole, columns, 3).into_iter().enumerate().map(|(at, wrapped)| {
            let mut line = start(guides);
            line.push(RED, if at == 0 { "✗ " } else { "  " });
            match wrapped.strip_prefix(&*type_name).filter(|_| at == 0) {
                Some(message) => {
                    line.push(RED, type_name.clone());
                    line.push(PLAIN, message);
                }
                None => line.push(PLAIN, wrapped),
            }
            line
        });
        lines.collect()
    }

    /// A cause that points at an exception recorded elsewhere.
    fn reference(&self, node: Node<'_>, guides: &Guides) -> Option<Line> {
        let id = node.cause_reference()?;
        let mut line = start(guides);
        match self.exceptions.get(id) {
            Some((place, exception)) => {
                line.push(RED, format!("✗ {}", text::printable(exception.type_name())));
                line.push(DIM, format!(" from {}", text::printable(place.name())));
            }
            None => {
                line.push(
                    DIM,
                    format!("✗ exception {} has not arrived", text::printable(&text::cut(id, 20))),
                );
            }
        }
        Some(line)
    }

    /// The other traces that this one continues in, or that it continues.
    fn links(&self, node: Node<'_>, guides: &Guides, lines: &mut Vec<Line>) {
        let links: Vec<_> = node.links().collect();
        for link in links.iter().take(MOST_LINKS) {
            let mut line = start(guides);
            line.push(BLUE, "→ linked to ");
            line.push(PLAIN, link.trace_id().to_string());
            lines.push(line);
        }
        let linked_from = self.linked_from.get(&node.id()).map_or(&[][..], Vec::as_slice);
        for linked in linked_from.iter().take(MOST_LINKS) {
            let mut line = start(guides);
            line.push(BLUE, "← linked from ");
            line.push(PLAIN, linked.trace_id().to_string());
            line.push(DIM, format!(" {}", text::printable(&text::cut(linked.name(), WIDEST_VALUE))));
            lines.push(line);
        }
        let left_out = [links.len(), linked_from.len()].map(|count| count.saturating_sub(MOST_LINKS));
        if left_out != [0, 0] {
            let mut line = start(guides);
            line.push(DIM, format!("… and {} more links", left_out.iter().sum::<usize>()));
            lines.push(line);
        }
    }

    fn metadata(&self, node: Node<'_>, guides: &Guides, lines: &mut Vec<Line>) {
        for (namespace, value) in node.metadata() {
            let mut entry = |key: String, value: &Value| {
                let mut line = start(guides);
                line.push(DIM, format!("{} ", text::printable(&key)));
                line.push(PLAIN, text::value(value, self.width));
                lines.push(line);
            };
            match value {
                Value::Object(keys) => {
                    keys.iter().for_each(|(key, value)| entry(format!("{namespace} › {key}:"), value));
                }
                other => entry(format!("{namespace}:"), other),
            }
        }
    }
}

fn linked_from(trace: &Trace) -> HashMap<EntityId, Vec<&LinkedFrom>> {
    let mut by_id = HashMap::<_, Vec<_>>::new();
    if trace.linked_from().is_empty() {
        return by_id;
    }
    let arrived: HashSet<_> = trace.nodes().map(|node| node.id()).collect();
    let first = trace.nodes().next().map(|node| node.id());
    for linked in trace.linked_from() {
        let row = if arrived.contains(&linked.id()) { Some(linked.id()) } else { first };
        if let Some(row) = row {
            by_id.entry(row).or_default().push(linked);
        }
    }
    by_id
}

fn start(guides: &Guides) -> Line {
    let mut line = Line::default();
    line.push(DIM, &guides.below);
    line
}
