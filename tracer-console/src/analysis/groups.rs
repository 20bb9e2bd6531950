//! Traces by a value that they have.

use std::collections::{HashMap, HashSet};

use super::breakdown::Breakdown;
use super::facts::TraceFacts;
use super::times::Times;

/// Traces by the values of one breakdown, or of all.
#[derive(Debug, Clone, Default)]
pub(super) struct Groups {
    /// By breakdown, by value as JSON.
    values: HashMap<Breakdown, HashMap<String, Times>>,
    /// Traces whose value came when there were too many already.
    others: HashMap<Breakdown, Times>,
    /// Traces that have any value.
    having: HashMap<Breakdown, usize>,
    count: usize,
    pub(super) traces: usize,
    /// Annotation keys that occur.
    keys: HashSet<String>,
}

/// So many values are told apart.
const MOST_VALUES: usize = 50_000;
/// So many keys are remembered, for who asks for one that is not there.
const MOST_KEYS: usize = 200;

impl Groups {
    /// Counts a trace that took so long for those of its values that are `wanted`.
    pub(super) fn add(&mut self, micros: u64, facts: &TraceFacts, wanted: impl Fn(&Breakdown) -> bool) {
        self.traces += 1;
        let mut latest = None;
        for (by, value) in &facts.values {
            self.remember(by);
            if !wanted(by) {
                continue;
            }
            let times = self.times_of(by, value);
            times.add(micros, facts.failure);
            // Values of a breakdown stand together.
            if latest != Some(by) {
                *self.having.entry(by.clone()).or_default() += 1;
                latest = Some(by);
            }
        }
    }

    fn remember(&mut self, by: &Breakdown) {
        if let Breakdown::Annotation(key) = by
            && self.keys.len() < MOST_KEYS
            && !self.keys.contains(key)
        {
            self.keys.insert(key.clone());
        }
    }

    fn times_of(&mut self, by: &Breakdown, value: &str) -> &mut Times {
        let is_known = self.values.get(by).is_some_and(|values| values.contains_key(value));
        if !is_known && self.count >= MOST_VALUES {
            return self.others.entry(by.clone()).or_default();
        }
        self.count += usize::from(!is_known);
        self.values.entry(by.clone()).or_default().entry(value.to_owned()).or_default()
    }

    /// The values of a breakdown.
    pub(super) fn values(&self, by: &Breakdown) -> impl Iterator<Item = (&str, &Times)> {
        self.values.get(by).into_iter().flatten().map(|(value, times)| (value.as_str(), times))
    }

    /// What became of values that came too late to be told apart.
    pub(super) fn others(&self, by: &Breakdown) -> Option<&Times> {
        self.others.get(by)
    }

    /// How many traces have a value.
    pub(super) fn having(&self, by: &Breakdown) -> usize {
        self.having.get(by).copied().unwrap_or_default()
    }

    /// Every value with how many traces have it.
    pub(super) fn all(&self) -> impl Iterator<Item = (&Breakdown, &str, usize)> {
        let values = self.values.iter().flat_map(|(by, values)| values.iter().map(move |value| (by, value)));
        values.map(|(by, (value, times))| (by, value.as_str(), times.count()))
    }

    /// How many traces have the value.
    pub(super) fn count_of(&self, by: &Breakdown, value: &str) -> usize {
        self.values.get(by).and_then(|values| values.get(value)).map_or(0, Times::count)
    }

    /// The keys of annotations that occur, in order.
    pub(super) fn annotation_keys(&self) -> Vec<String> {
        let mut keys: Vec<_> = self.keys.iter().cloned().collect();
        keys.sort_unstable();
        keys
    }
}
