//! The common time scale and the bars on it.

use super::text;
use crate::entity::EntityKind;
use crate::timestamp::Timestamp;
use crate::trace::{Node, Trace};

/// Maps times to half columns.
pub(crate) struct Scale {
    start: Timestamp,
    end: Timestamp,
    columns: usize,
}

impl Scale {
    pub(crate) fn of(trace: &Trace, columns: usize) -> Self {
        let beginnings = || trace.nodes().filter(|node| node.kind() != EntityKind::Subsegment);
        // Where there are segments they say when the trace began: an environment may have been initialised hours before.
        let start = beginnings().map(|node| node.start()).min().or_else(|| trace.start());
        let start = start.unwrap_or(Timestamp::from_micros(0));
        Self { start, end: trace.end().unwrap_or(start).max(start), columns }
    }

    /// Microseconds from the beginning to the end.
    pub(crate) fn total(&self) -> i64 {
        self.end.micros_since(self.start)
    }

    pub(crate) fn offset(&self, node: Node<'_>) -> i64 {
        node.start().micros_since(self.start)
    }

    /// What stands above the bars.
    pub(super) fn ruler(&self) -> String {
        let (left, right) = ("0 ", format!(" {}", text::duration(self.total())));
        let Some(line) = self.columns.checked_sub(text::width(left) + text::width(&right)) else {
            // Too narrow for both ends: the heading of the trace says how long it took.
            return "─".repeat(self.columns);
        };
        format!("{left}{}{right}", "─".repeat(line))
    }

    /// A bar of at most as many columns as there are, blanks before it.
    pub(super) fn bar(&self, node: Node<'_>) -> String {
        let open = node.is_in_progress();
        let from = self.half(node.start());
        let to = self.half(node.end().unwrap_or(self.end));
        let mut bar = String::new();
        for column in 0..self.columns {
            let (left, right) = (2 * column, 2 * column + 1);
            let covers = |half: usize| (from..to).contains(&half);
            bar.push(match (covers(left), covers(right)) {
                (true, true) if open => '▒',
                (true, true) => '█',
                (true, false) => '▌',
                (false, true) => '▐',
                // What is too short for half a column still has its place.
                (false, false) if from == to && from.min(2 * self.columns - 1) / 2 == column => {
                    if from.is_multiple_of(2) { '▏' } else { '▕' }
                }
                (false, false) => ' ',
            });
        }
        if node.start() < self.start {
            bar.replace_range(0..bar.chars().next().map_or(0, char::len_utf8), "◂");
        }
        bar
    }

    /// The half column where a time lies, rounded.
    fn half(&self, time: Timestamp) -> usize {
        let offset = i128::from(time.micros_since(self.start).max(0));
        let total = i128::from(self.total().max(1));
        let halves = i128::try_from(2 * self.columns).unwrap_or_default();
        let half = (offset * halves * 2 + total) / (total * 2);
        usize::try_from(half.clamp(0, halves)).unwrap_or_default()
    }
}
