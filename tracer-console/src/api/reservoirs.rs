//! Reservoirs: how many requests a second each client of a sampling rule takes, and what clients told of theirs.

use std::collections::{BTreeMap, HashMap, VecDeque};
use std::time::Duration;

use super::sampling_rule::{SamplingRateBoost, SamplingRule};
use crate::timestamp::Timestamp;

/// How long a quota is good. X-Ray says some minutes; programs at home start and end often, and what one took along
/// shall soon belong to the next.
const LIFETIME: Duration = Duration::from_secs(30);
/// So many clients share a reservoir; those that were silent longest leave.
const MOST_CLIENTS: usize = 1_000;
/// Statistics are summed up in windows of so many seconds, and kept for so many of these.
const WINDOW: i64 = 10;
const MOST_WINDOWS: usize = 360;
/// How long a boost lasts.
const BOOST: Duration = Duration::from_secs(60);
/// So many services have boosts of one rule.
const MOST_BOOSTS: usize = 1_000;
/// What the model's integers hold: typed SDKs read no answer that has more.
const MOST_COUNTED: u32 = i32::MAX as u32;

/// What is known of the clients of each rule.
#[derive(Debug, Default)]
pub(super) struct Reservoirs {
    rules: HashMap<String, Reservoir>,
}

#[derive(Debug, Default)]
struct Reservoir {
    /// In the order in which they came.
    clients: Vec<Client>,
    /// By the second in which they began, the earliest first.
    windows: VecDeque<(i64, Counts)>,
    /// When the last boost of each service began.
    boosts: BTreeMap<String, Timestamp>,
}

#[derive(Debug)]
struct Client {
    id: String,
    seen: Timestamp,
}

/// What a client counted since it told last. Some SDKs count a borrowed request among the sampled ones and some do not:
/// both are taken as they are told.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Counts {
    pub(super) requests: u32,
    pub(super) sampled: u32,
    pub(super) borrowed: u32,
}

/// A client's part of a reservoir.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Quota {
    pub(super) requests_a_second: u64,
    pub(super) until: Timestamp,
}

impl Reservoirs {
    /// Takes a client's counts, and gives it its part.
    pub(super) fn report(
        &mut self,
        rule: &SamplingRule,
        client: &str,
        counts: Counts,
        now: Timestamp,
    ) -> Quota {
        let reservoir = self.rules.entry(rule.rule_name.clone()).or_default();
        reservoir.count(counts, now);
        let (position, clients) = reservoir.meet(client, now);
        let size = u64::try_from(rule.reservoir_size).unwrap_or_default();
        // Whoever came first gets what cannot be divided.
        let rest = u64::from(position < size % clients);
        Quota { requests_a_second: size / clients + rest, until: now + LIFETIME }
    }

    /// A boost for a service that told of anomalies, if the rule has one and the last is long enough ago: its rate, and
    /// until when it is good.
    pub(super) fn boost(
        &mut self,
        rule: &SamplingRule,
        service: &str,
        anomalies: u32,
        now: Timestamp,
    ) -> Option<(f64, Timestamp)> {
        let SamplingRateBoost { max_rate, cooldown_window_minutes } = rule.sampling_rate_boost?;
        let boosts = &mut self.rules.entry(rule.rule_name.clone()).or_default().boosts;
        let cooldown = Duration::from_secs(u64::try_from(cooldown_window_minutes).unwrap_or_default() * 60);
        // One that begins in the future began before the clock went back.
        boosts.retain(|_, began| *began <= now && *began + cooldown.max(BOOST) > now);
        let began = match boosts.get(service) {
            Some(began) => *began,
            None if anomalies == 0 || boosts.len() >= MOST_BOOSTS => return None,
            None => {
                boosts.insert(service.to_owned(), now);
                now
            }
        };
        let until = began + BOOST;
        (now < until).then_some((max_rate, until))
    }

    /// The statistics of each rule, the latest windows last.
    pub(super) fn statistics(&self) -> Vec<(&str, Timestamp, Counts)> {
        let mut rules: Vec<_> = self.rules.iter().collect();
        rules.sort_by_key(|(name, _)| name.as_str());
        let of_rule = |(name, reservoir): (_, &'_ Reservoir)| {
            let windows = reservoir.windows.iter().copied();
            windows
                .map(|(start, counts)| (name, Timestamp::from_micros(start * 1_000_000), counts))
                .collect::<Vec<_>>()
        };
        rules.into_iter().map(|(name, reservoir)| (name.as_str(), reservoir)).flat_map(of_rule).collect()
    }

    /// Forgets the rules that are not there any more.
    pub(super) fn keep(&mut self, rules: &[SamplingRule]) {
        self.rules.retain(|name, _| rules.iter().any(|rule| rule.rule_name == *name));
    }
}

impl Reservoir {
    /// The position of a client among those that were seen lately, and how many they are.
    fn meet(&mut self, id: &str, now: Timestamp) -> (u64, u64) {
        // By the distance: a clock that went back leaves clients that were seen in the future.
        let is_there = |seen: Timestamp| now.micros_since(seen).unsigned_abs() < LIFETIME.as_micros() as u64;
        self.clients.retain(|client| client.id == id || is_there(client.seen));
        let position = match self.clients.iter().position(|client| client.id == id) {
            Some(known) => known,
            None => {
                if self.clients.len() >= MOST_CLIENTS {
                    let silent = (0..self.clients.len()).min_by_key(|&at| self.clients[at].seen);
                    silent.map(|at| self.clients.remove(at));
                }
                self.clients.push(Client { id: id.to_owned(), seen: now });
                self.clients.len() - 1
            }
        };
        self.clients[position].seen = now;
        (position as u64, self.clients.len() as u64)
    }

    fn count(&mut self, counts: Counts, now: Timestamp) {
        let start = now.micros().div_euclid(1_000_000 * WINDOW) * WINDOW;
        // Nearly always the latest one; a clock that went back counts into earlier ones.
        let before = self.windows.iter().rposition(|(known, _)| *known <= start);
        let at = match before {
            Some(at) if self.windows[at].0 == start => at,
            _ => {
                let at = before.map_or(0, |at| at + 1);
                self.windows.insert(at, (start, Counts::default()));
                at
            }
        };
        self.windows[at].1.add(counts);
        if self.windows.len() > MOST_WINDOWS {
            self.windows.pop_front();
        }
    }
}

impl Counts {
    fn add(&mut self, other: Self) {
        let sum = |one: u32, other| one.saturating_add(other).min(MOST_COUNTED);
        self.requests = sum(self.requests, other.requests);
        self.sampled = sum(self.sampled, other.sampled);
        self.borrowed = sum(self.borrowed, other.borrowed);
    }
}

#[cfg(test)]
#[path = "reservoirs_tests.rs"]
mod tests;
