//! How long the same took, many times.

use std::time::Duration;

#[derive(Debug, Default, Clone)]
pub(crate) struct Latencies(Vec<Duration>);

impl Latencies {
    pub(crate) fn add(&mut self, took: Duration) {
        let at = self.0.partition_point(|other| *other <= took);
        self.0.insert(at, took);
    }

    pub(crate) fn extend(&mut self, other: &Self) {
        other.0.iter().for_each(|took| self.add(*took));
    }

    pub(crate) fn count(&self) -> usize {
        self.0.len()
    }

    /// The one that so many percent do not exceed, in milliseconds.
    pub(crate) fn percentile(&self, percent: usize) -> f64 {
        let at = (self.0.len() * percent).div_ceil(100).saturating_sub(1);
        self.0.get(at).map_or(f64::NAN, |took| took.as_secs_f64() * 1_000.0)
    }

    /// The middle and the largest, in words.
    pub(crate) fn words(&self) -> String {
        format!("p50 {:.2}, max {:.2} of {}", self.percentile(50), self.percentile(100), self.count())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_percentile_is_one_of_what_was_measured() {
        let mut latencies = Latencies::default();
        (1..=20).rev().for_each(|ms| latencies.add(Duration::from_millis(ms)));
        assert_eq!([50, 95, 100].map(|percent| latencies.percentile(percent)), [10.0, 19.0, 20.0]);
        assert!(Latencies::default().percentile(50).is_nan());
    }
}
