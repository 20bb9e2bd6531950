//! How long things took and how they went, and what that comes to.

use serde::{Deserialize, Serialize};

/// Times and outcomes of traces or subsegments.
#[derive(Debug, Clone, Default)]
pub(super) struct Times {
    /// Microseconds, in no order.
    micros: Vec<u64>,
    failed: u64,
    faults: u64,
    errors: u64,
    throttles: u64,
}

/// How one went.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Failure {
    pub(super) fault: bool,
    pub(super) error: bool,
    pub(super) throttle: bool,
}

impl Failure {
    pub(super) fn is_failed(self) -> bool {
        self.fault || self.error
    }
}

impl Times {
    pub(super) fn add(&mut self, micros: u64, failure: Failure) {
        self.micros.push(micros);
        self.failed += u64::from(failure.is_failed());
        self.faults += u64::from(failure.fault);
        self.errors += u64::from(failure.error);
        self.throttles += u64::from(failure.throttle);
    }

    pub(super) fn merge(&mut self, other: &Self) {
        self.micros.extend_from_slice(&other.micros);
        self.failed += other.failed;
        self.faults += other.faults;
        self.errors += other.errors;
        self.throttles += other.throttles;
    }

    pub(super) fn count(&self) -> usize {
        self.micros.len()
    }

    /// Microseconds of all of them.
    pub(super) fn total(&self) -> u64 {
        self.micros.iter().fold(0, |sum, micros| sum.saturating_add(*micros))
    }

    pub(super) fn average(&self) -> Option<f64> {
        (self.count() > 0).then(|| self.total() as f64 / (self.count() as f64 * 1e6))
    }

    /// How many of a hundred failed.
    pub(super) fn error_rate(&self) -> Option<f64> {
        (self.count() > 0).then(|| self.failed as f64 * 100.0 / self.count() as f64)
    }

    pub(super) fn percentile(&self, percent: usize) -> Option<f64> {
        let mut micros = self.micros.clone();
        let at = place(micros.len(), percent)?;
        Some(seconds(*micros.select_nth_unstable(at).1))
    }

    pub(super) fn figures(&self) -> Figures {
        let [p50, p90, p99, max] = percentiles(&self.micros, [50, 90, 99, 100]);
        Figures {
            failed: self.failed,
            faults: self.faults,
            errors: self.errors,
            throttles: self.throttles,
            error_rate: self.error_rate(),
            average: self.average(),
            p50,
            p90,
            p99,
            max,
        }
    }
}

/// The times at the places of percentiles, which stand in order: each is looked for among those that are left above the one
/// before, which takes a third of the time of sorting them all.
fn percentiles<const N: usize>(micros: &[u64], percents: [usize; N]) -> [Option<f64>; N] {
    let mut all = micros.to_vec();
    let (mut above, mut before) = (all.as_mut_slice(), 0);
    percents.map(|percent| {
        let at = place(micros.len(), percent)?;
        let left = std::mem::take(&mut above);
        left.select_nth_unstable(at - before);
        above = &mut left[at - before..];
        before = at;
        above.first().copied().map(seconds)
    })
}

/// Where a percentile stands among so many in order: at `count * percent / 100`, as most scripts have it; at the end at most.
fn place(count: usize, percent: usize) -> Option<usize> {
    let last = count.checked_sub(1)?;
    Some((count.saturating_mul(percent) / 100).min(last))
}

pub(super) fn seconds(micros: u64) -> f64 {
    micros as f64 / 1e6
}

/// Seconds as microseconds; what is no length of time is none.
#[allow(
    clippy::cast_possible_truncation,
    clippy::cast_sign_loss,
    reason = "bounded, and a cast ends at the bounds"
)]
pub(crate) fn micros(seconds: f64) -> u64 {
    (seconds * 1e6 + 0.5) as u64
}

/// What times and outcomes come to; times in seconds, `None` of nothing.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Figures {
    /// Faults or errors.
    pub(super) failed: u64,
    pub(super) faults: u64,
    pub(super) errors: u64,
    pub(super) throttles: u64,
    /// Failed ones of a hundred.
    pub(super) error_rate: Option<f64>,
    pub(super) average: Option<f64>,
    pub(super) p50: Option<f64>,
    pub(super) p90: Option<f64>,
    pub(super) p99: Option<f64>,
    pub(super) max: Option<f64>,
}

#[cfg(test)]
mod tests {
    use super::*;

    fn times(micros: impl IntoIterator<Item = u64>) -> Times {
        let mut times = Times::default();
        micros.into_iter().for_each(|micros| times.add(micros, Failure::default()));
        times
    }

    #[test]
    fn a_percentile_is_the_one_at_its_place_in_order() {
        let figures = times((1..=200).rev().map(|hundredths| hundredths * 10_000)).figures();
        assert_eq!(
            (figures.p50, figures.p90, figures.p99, figures.max),
            (Some(1.01), Some(1.81), Some(1.99), Some(2.0))
        );
        assert_eq!(figures.average, Some(1.005));
        let one = times([7]);
        assert_eq!(
            (one.percentile(0), one.percentile(99), one.percentile(400)),
            (Some(7e-6), Some(7e-6), Some(7e-6))
        );
        assert_eq!(times([]).figures(), Figures::default());
    }

    #[test]
    fn percentiles_are_those_of_the_times_in_order_however_they_are_put_there() {
        for count in [0, 1, 2, 3, 99, 100, 101, 5_000_u64] {
            let micros: Vec<u64> = (0..count).map(|at| at * 2_654_435_761 % 900).collect();
            let mut sorted = micros.clone();
            sorted.sort_unstable();
            let percents = [0, 50, 50, 90, 99, 100];
            let expected = percents.map(|percent| place(sorted.len(), percent).map(|at| seconds(sorted[at])));
            assert_eq!(percentiles(&micros, percents), expected, "{count}");
        }
    }

    #[test]
    fn odd_seconds_are_no_time_or_the_longest() {
        assert_eq!([f64::NAN, -1.0, 0.25, f64::INFINITY].map(micros), [0, 0, 250_000, u64::MAX]);
        assert_eq!(times([u64::MAX, u64::MAX]).total(), u64::MAX);
    }

    #[test]
    fn an_error_that_is_a_fault_too_failed_once() {
        let mut times = Times::default();
        times.add(1, Failure { fault: true, error: true, throttle: true });
        times.add(1, Failure { fault: false, error: true, throttle: false });
        let mut both = Times::default();
        both.merge(&times);
        let Figures { failed, faults, errors, throttles, .. } = both.figures();
        assert_eq!((failed, faults, errors, throttles), (2, 1, 2, 1));
    }
}
