//! What stands below a row: annotations, exceptions, and the metadata when it is asked for.

use std::collections::HashMap;

use serde_json::Value;

use super::line::Line;
use super::row::Guides;
use super::{CYAN, DIM, PLAIN, RED, text};
use crate::entity::Exception;
use crate::trace::{Node, Trace};

/// The widest that a single value is shown.
const WIDEST_VALUE: usize = 60;
/// As much of a message as can matter in three lines, in characters.
const LONGEST_MESSAGE: usize = 3000;

pub(super) struct Details<'a> {
    /// By id; looking through the trace for each reference would take forever in a large one.
    exceptions: HashMap<&'a str, (Node<'a>, Exception<'a>)>,
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
        Self { exceptions, width, metadata }
    }

    pub(super) fn draw(&self, node: Node<'_>, guides: &Guides) -> Vec<Line> {
        let mut lines = self.annotations(node, guides);
        lines.extend(node.exceptions().flat_map(|exception| self.exception(exception, guides)));
        lines.extend(self.reference(node, guides));
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

fn start(guides: &Guides) -> Line {
    let mut line = Line::default();
    line.push(DIM, &guides.below);
    line
}
