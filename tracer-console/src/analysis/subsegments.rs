//! Where a trace's time goes: its subsegments by their names, and what each took itself.

use std::collections::HashMap;

use super::facts::clip;
use super::times::{Failure, Times, seconds};
use crate::compiled::Outcome;
use crate::entity::EntityKind;
use crate::trace::{Node, Trace};

/// All subsegments of some traces, by name.
#[derive(Debug, Clone, Default)]
pub(super) struct Subsegments {
    pub(super) by_name: HashMap<String, Named>,
    /// Those whose name came when there were too many already.
    pub(super) others: Named,
    pub(super) traces: usize,
    /// Traces that have none.
    pub(super) without: usize,
    /// Of all, by their names or not.
    pub(super) count: usize,
    /// Those that had not ended: they have no time.
    pub(super) in_progress: usize,
    /// Microseconds of the traces' response times.
    pub(super) response: u64,
}

/// Subsegments of one name.
#[derive(Debug, Clone, Default)]
pub(super) struct Named {
    pub(super) times: Times,
    /// Traces that have one.
    pub(super) traces: usize,
    /// Microseconds, where one is nested in another of the name, of the outer alone.
    pub(super) total: u64,
    /// Microseconds, without those of subsegments nested in them.
    pub(super) own: u64,
    /// The number of the trace that was counted last.
    latest: usize,
}

/// So many names are told apart.
const MOST_NAMES: usize = 20_000;

impl Named {
    pub(super) fn merge(&mut self, other: &Self) {
        self.times.merge(&other.times);
        self.total = self.total.saturating_add(other.total);
        self.own = self.own.saturating_add(other.own);
        self.traces += other.traces;
    }

    /// Seconds of a trace, on average over `traces`.
    pub(super) fn per_trace(&self, traces: usize) -> f64 {
        if traces == 0 { 0.0 } else { seconds(self.total) / traces as f64 }
    }
}

impl Subsegments {
    pub(super) fn add(&mut self, trace: &Trace, response: u64) {
        self.traces += 1;
        self.response = self.response.saturating_add(response);
        let before = self.count;
        // Names of subsegments on the way from the root to where one is.
        let mut way = Vec::<Option<&str>>::new();
        let mut on_way = HashMap::<&str, usize>::new();
        for node in trace.nodes() {
            while way.len() > node.depth() {
                if let Some(count) = way.pop().flatten().and_then(|name| on_way.get_mut(name)) {
                    *count -= 1;
                }
            }
            let name = (node.kind() == EntityKind::Subsegment).then(|| clip(node.entity().name()));
            if let Some(name) = name {
                let above = on_way.entry(name).or_default();
                self.subsegment(node, *above > 0);
                *above += 1;
            }
            way.push(name);
        }
        self.without += usize::from(self.count == before);
    }

    fn subsegment(&mut self, node: Node<'_>, is_within_its_like: bool) {
        self.count += 1;
        let Some(micros) = node.duration_micros() else {
            self.in_progress += 1;
            return;
        };
        let micros = micros.cast_unsigned();
        let name = clip(node.entity().name());
        if !self.by_name.contains_key(name) && self.by_name.len() < MOST_NAMES {
            self.by_name.insert(name.to_owned(), Named::default());
        }
        let named = self.by_name.get_mut(name).unwrap_or(&mut self.others);
        let Outcome { fault, error, throttle } = Outcome::of(node.entity());
        named.times.add(micros, Failure { fault, error, throttle });
        named.own = named.own.saturating_add(own_micros(node, micros));
        if !is_within_its_like {
            named.total = named.total.saturating_add(micros);
        }
        if named.latest != self.traces {
            named.latest = self.traces;
            named.traces += 1;
        }
    }
}

/// What a subsegment took without those that are nested in it; they may overlap each other, and outlive it.
fn own_micros(node: Node<'_>, micros: u64) -> u64 {
    let start = node.start();
    let end = node.end().unwrap_or(start).max(start);
    let (mut covered, mut until) = (0, start);
    // The earliest first.
    for child in node.children().filter(|child| child.kind() == EntityKind::Subsegment) {
        let from = child.start().max(until);
        let to = child.end().unwrap_or(end).min(end);
        if to > from {
            covered += to.micros_since(from);
            until = to;
        }
    }
    micros.saturating_sub(covered.cast_unsigned())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::*;
    use crate::compiled::fixtures;

    fn subsegment(id: u64, name: &str, (start, end): (f64, f64), nested: &[Value]) -> Value {
        json!({"id": format!("{id:016x}"), "name": name, "start_time": fixtures::BEGIN + start,
            "end_time": fixtures::BEGIN + end, "subsegments": nested})
    }

    fn of(nested: &[Value]) -> Subsegments {
        let document = fixtures::segment("web", 1, (0.0, 4.0), json!({ "subsegments": nested }));
        let trace = fixtures::from_documents(&[document]);
        let mut subsegments = Subsegments::default();
        subsegments.add(&trace, 4_000_000);
        subsegments
    }

    /// Count, total and own time in seconds.
    fn named(subsegments: &Subsegments, name: &str) -> (usize, f64, f64) {
        let named = &subsegments.by_name[name];
        (named.times.count(), seconds(named.total), seconds(named.own))
    }

    #[test]
    fn what_a_subsegment_took_itself_is_what_none_below_it_took() {
        let parallel = [
            subsegment(12, "query", (0.5, 1.5), &[]),
            subsegment(13, "query", (1.0, 2.0), &[]),
            subsegment(14, "late", (2.5, 3.5), &[]),
        ];
        let found = of(&[subsegment(11, "load", (0.0, 3.0), &parallel)]);
        assert_eq!(named(&found, "load"), (1, 3.0, 1.0));
        assert_eq!(named(&found, "query"), (2, 2.0, 2.0));
        assert_eq!(named(&found, "late"), (1, 1.0, 1.0));
        assert_eq!((found.traces, found.count, found.by_name["query"].traces), (1, 4, 1));
    }

    #[test]
    fn recursion_counts_each_call_and_its_time_once() {
        let inner = subsegment(12, "walk", (1.0, 2.0), &[]);
        let other = subsegment(13, "other", (2.0, 3.0), &[subsegment(14, "walk", (2.5, 3.0), &[])]);
        let found = of(&[
            subsegment(11, "walk", (0.0, 3.5), &[inner, other]),
            subsegment(15, "walk", (3.5, 4.0), &[]),
        ]);
        assert_eq!(named(&found, "walk"), (4, 4.0, 1.5 + 1.0 + 0.5 + 0.5));
    }

    #[test]
    fn what_has_not_ended_is_counted_and_has_no_time() {
        let mut open = subsegment(11, "open", (0.0, 1.0), &[]);
        open["end_time"] = Value::Null;
        let found = of(&[open]);
        assert_eq!((found.count, found.in_progress, found.by_name.len()), (1, 1, 0));
    }
}
