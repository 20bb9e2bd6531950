//! Histograms of response times.

use postcard::{take_from_bytes, to_extend};
use serde::{Serialize, Serializer};

/// So many values are told to the millisecond; of more, two digits each. Not established, see the fact sheet's 12, 6.
const MOST_EXACT: usize = 100;

/// How many requests took how long: as X-Ray tells it, unless it is told finely.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Histogram {
    /// Microseconds and how many, in order: they are few, and one after the other in memory.
    counts: Vec<(u64, u64)>,
    /// Whether there are more than [`MOST_EXACT`], and so about three digits of each.
    is_rounded: bool,
    is_told_finely: bool,
}

/// A [`Histogram`] that is kept for later, in a few bytes.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct PackedHistogram(Box<[u8]>);

impl PackedHistogram {
    pub(super) fn len(&self) -> usize {
        self.0.len()
    }
}

/// A `HistogramEntry`.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Entry {
    value: f64,
    count: u64,
}

impl Histogram {
    pub(super) fn add(&mut self, micros: i64) {
        let exact = u64::try_from(micros).unwrap_or_default();
        self.count(if self.is_rounded { three_digits(exact) } else { exact }, 1);
        self.round_many();
    }

    fn count(&mut self, value: u64, more: u64) {
        match self.counts.binary_search_by_key(&value, |(known, _)| *known) {
            Ok(at) => self.counts[at].1 += more,
            Err(at) => self.counts.insert(at, (value, more)),
        }
    }

    fn round_many(&mut self) {
        if !self.is_rounded && self.counts.len() > MOST_EXACT {
            self.is_rounded = true;
            self.counts = grouped(&self.counts, three_digits);
        }
    }

    pub(super) fn pack(&self) -> PackedHistogram {
        let (mut bytes, mut before) = (vec![u8::from(self.is_rounded)], 0);
        for (value, count) in &self.counts {
            // Memory takes whatever is written.
            bytes = to_extend(&(value - before, count), bytes).unwrap_or_default();
            before = *value;
        }
        PackedHistogram(bytes.into())
    }

    /// As if all that the other was made of had been added here.
    pub(super) fn merge(&mut self, other: &PackedHistogram) {
        let (is_rounded, mut packed) = match other.0.split_first() {
            Some((flag, packed)) => (*flag != 0, packed),
            None => return,
        };
        if is_rounded && !self.is_rounded {
            self.counts.iter_mut().for_each(|(value, _)| *value = three_digits(*value));
            self.is_rounded = true;
        }
        let known = std::mem::take(&mut self.counts);
        self.counts.reserve(known.len());
        let mut known = known.into_iter().peekable();
        let mut value = 0;
        while let Ok(((step, count), left)) = take_from_bytes::<(u64, u64)>(packed) {
            (packed, value) = (left, value + step);
            let merged = if self.is_rounded { three_digits(value) } else { value };
            while let Some(smaller) = known.next_if(|(known, _)| *known <= merged) {
                self.append(smaller);
            }
            self.append((merged, count));
        }
        known.for_each(|larger| self.append(larger));
        self.round_many();
    }

    /// What is not smaller than all that is there.
    fn append(&mut self, counted: (u64, u64)) {
        append(&mut self.counts, counted);
    }

    /// The same, to be told to the microsecond, or of many values with three digits or milliseconds: for percentiles.
    pub(super) fn told_finely(self) -> Self {
        Self { is_told_finely: true, ..self }
    }

    /// Microseconds and how many, as they are told.
    fn told(&self) -> Vec<(u64, u64)> {
        if self.is_told_finely {
            return self.counts.clone();
        }
        let exact = grouped(&self.counts, to_millisecond);
        if exact.len() > MOST_EXACT {
            grouped(&exact, |micros| two_digits(micros / 1_000) * 1_000)
        } else {
            exact
        }
    }
}

fn append(counts: &mut Vec<(u64, u64)>, (value, count): (u64, u64)) {
    match counts.last_mut() {
        Some((last, counted)) if *last == value => *counted += count,
        _ => counts.push((value, count)),
    }
}

/// The counts by values that are rounded, which stay in order.
fn grouped(counts: &[(u64, u64)], rounded: impl Fn(u64) -> u64) -> Vec<(u64, u64)> {
    let mut grouped = Vec::new();
    counts.iter().for_each(|&(value, count)| append(&mut grouped, (rounded(value), count)));
    grouped
}

impl Serialize for Histogram {
    #[allow(clippy::cast_precision_loss, reason = "microseconds of a request fit into 53 bits")]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let entry = |(micros, count): (u64, u64)| Entry { value: micros as f64 / 1e6, count };
        serializer.collect_seq(self.told().into_iter().map(entry))
    }
}

fn to_millisecond(micros: u64) -> u64 {
    micros.saturating_add(500) / 1_000 * 1_000
}

/// The number with all digits but its first two rounded away.
fn two_digits(number: u64) -> u64 {
    rounded(number, unit_of(number, 100))
}

/// Microseconds with all digits but the first three rounded away; below ten seconds never so that they become another
/// millisecond, so that X-Ray's form is made of them as of exact ones.
fn three_digits(micros: u64) -> u64 {
    // Known units: what is divided by a constant is multiplied.
    match micros {
        0..1_000 => micros,
        1_000..10_000 => within_millisecond::<10>(micros),
        10_000..100_000 => within_millisecond::<100>(micros),
        100_000..10_000_000 => to_millisecond(micros),
        long => rounded(long, unit_of(long, 1_000)),
    }
}

fn within_millisecond<const UNIT: u64>(micros: u64) -> u64 {
    let nearest = (micros + UNIT / 2) / UNIT * UNIT;
    if to_millisecond(nearest) == to_millisecond(micros) { nearest } else { micros / UNIT * UNIT }
}

/// Of what a number has fewer than `most`.
fn unit_of(number: u64, most: u64) -> u64 {
    let mut unit = 1;
    while number / unit >= most {
        unit *= 10;
    }
    unit
}

fn rounded(number: u64, unit: u64) -> u64 {
    (number / unit + u64::from(number % unit * 2 >= unit && unit > 1)) * unit
}

#[cfg(test)]
mod tests {
    use serde_json::Value;

    use super::*;

    fn of(micros: impl IntoIterator<Item = u64>) -> Histogram {
        let mut histogram = Histogram::default();
        micros.into_iter().for_each(|micros| histogram.add(micros.cast_signed()));
        histogram
    }

    /// Seconds and how many.
    fn told(histogram: &Histogram) -> Vec<(f64, u64)> {
        let told = serde_json::to_value(histogram).unwrap();
        let entry = |entry: &Value| (entry["Value"].as_f64().unwrap(), entry["Count"].as_u64().unwrap());
        told.as_array().unwrap().iter().map(entry).collect()
    }

    #[test]
    fn few_values_are_told_to_the_millisecond() {
        let histogram = of([210_000, 12_499, 12_500, 210_400]);
        assert_eq!(told(&histogram), [(0.012, 1), (0.013, 1), (0.21, 2)]);
        let finely = [(0.012_499, 1), (0.012_5, 1), (0.21, 1), (0.210_4, 1)];
        assert_eq!(told(&histogram.told_finely()), finely);
    }

    #[test]
    fn many_values_keep_two_digits_whatever_their_order() {
        let (up, down) = (of((1..=2000).map(|at| at * 1000)), of((1..=2000).rev().map(|at| at * 1000)));
        assert_eq!(up, down);
        let told = told(&up);
        assert_eq!(told.iter().map(|(_, count)| count).sum::<u64>(), 2000);
        let has = |value| told.iter().any(|(known, _)| *known == value);
        assert!(told.len() < 300 && has(1.2) && !has(1.23));
    }

    #[test]
    fn many_values_that_are_told_finely_keep_three_digits() {
        let told = told(&of((300..=2_000_000).step_by(7)).told_finely());
        assert!(told.len() > 1_000 && told.len() < 4_000, "{}", told.len());
        let has = |value| told.iter().any(|(known, _)| *known == value);
        assert!(has(0.000_307) && has(0.001_24) && has(0.123) && has(1.234) && !has(0.001_235));
    }

    #[test]
    fn however_many_values_there_are_x_ray_tells_the_same_milliseconds() {
        for (most, is_many) in [(60_000, false), (9_900_000, true)] {
            let micros: Vec<u64> = (0..5_000).map(|at| 10_000 + at * 7_919 % most).collect();
            let of_x_ray = |micros: &u64| match to_millisecond(*micros) {
                exact if is_many => two_digits(exact / 1_000) * 1_000,
                exact => exact,
            };
            let mut milliseconds: Vec<u64> = micros.iter().map(of_x_ray).collect();
            milliseconds.sort_unstable();
            let mut expected = Vec::new();
            milliseconds.into_iter().for_each(|value| append(&mut expected, (value, 1)));
            assert_eq!(of(micros).told(), expected);
        }
    }

    #[test]
    fn what_was_packed_is_merged_as_if_each_had_been_added_few_or_many() {
        let of = |values: &[u64]| of(values.iter().copied());
        let few: Vec<u64> = [1, 7, 7, 250, 99_999_449].to_vec();
        let some: Vec<u64> = (12_400..12_490).collect();
        let many: Vec<u64> = (1..3_000_000).step_by(701).collect();
        for one in [&[][..], &few, &some, &many] {
            for other in [&[][..], &few, &some, &many] {
                let mut merged = of(one);
                merged.merge(&of(other).pack());
                let both = of(&[one, other].concat());
                assert_eq!(merged, both, "{one:?} and {other:?}");
            }
        }
    }

    #[test]
    fn numbers_are_rounded_to_their_first_digits() {
        assert_eq!(
            [0, 7, 99, 104, 105, 995, 1234, 1250].map(two_digits),
            [0, 7, 99, 100, 110, 1000, 1200, 1300]
        );
        assert_eq!(two_digits(u64::MAX / 1000) % 1_000_000, 0);
        let exact = [999, 1_234, 1_235, 12_499, 12_500, 123_499, 999_499, 999_500, 1_234_567, 12_345_678];
        let three = [999, 1_230, 1_240, 12_400, 12_500, 123_000, 999_000, 1_000_000, 1_235_000, 12_300_000];
        assert_eq!(exact.map(three_digits), three);
        assert_eq!(three.map(three_digits), three);
        assert!(three_digits(u64::MAX / 2) > 0);
    }
}
