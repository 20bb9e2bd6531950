//! Histograms of response times.

use std::collections::BTreeMap;

use serde::{Serialize, Serializer};

use super::measured::milliseconds;

/// So many values are told to the millisecond; of more, two digits each. Not established, see the fact sheet's 12, 6.
const MOST_EXACT: usize = 100;

/// How many requests took how long.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Histogram {
    /// By milliseconds.
    counts: BTreeMap<u64, u64>,
    is_rounded: bool,
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
        let exact = u64::try_from(milliseconds(micros)).unwrap_or_default();
        let value = if self.is_rounded { two_digits(exact) } else { exact };
        *self.counts.entry(value).or_default() += 1;
        if !self.is_rounded && self.counts.len() > MOST_EXACT {
            self.round();
        }
    }

    fn round(&mut self) {
        self.is_rounded = true;
        for (exact, count) in std::mem::take(&mut self.counts) {
            *self.counts.entry(two_digits(exact)).or_default() += count;
        }
    }
}

impl Serialize for Histogram {
    #[allow(clippy::cast_precision_loss, reason = "milliseconds of a request fit into 53 bits")]
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(
            self.counts.iter().map(|(&value, &count)| Entry { value: value as f64 / 1e3, count }),
        )
    }
}

/// The number with all digits but its first two rounded away.
fn two_digits(number: u64) -> u64 {
    let mut unit = 1;
    while number / unit >= 100 {
        unit *= 10;
    }
    (number / unit + u64::from(number % unit * 2 >= unit && unit > 1)) * unit
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn few_values_are_told_to_the_millisecond() {
        let mut histogram = Histogram::default();
        [210_000, 12_499, 12_500, 210_400].into_iter().for_each(|micros| histogram.add(micros));
        let expected =
            json!([{"Value": 0.012, "Count": 1}, {"Value": 0.013, "Count": 1}, {"Value": 0.21, "Count": 2}]);
        assert_eq!(serde_json::to_value(&histogram).unwrap(), expected);
    }

    #[test]
    fn many_values_keep_two_digits_whatever_their_order() {
        let values: Vec<i64> = (1..=2000).map(|milliseconds| milliseconds * 1000).collect();
        let (mut up, mut down) = (Histogram::default(), Histogram::default());
        values.iter().for_each(|&micros| up.add(micros));
        values.iter().rev().for_each(|&micros| down.add(micros));
        assert_eq!(up, down);
        assert_eq!(up.counts.values().sum::<u64>(), 2000);
        assert!(up.counts.len() < 300 && up.counts.contains_key(&1200) && !up.counts.contains_key(&1234));
    }

    #[test]
    fn numbers_are_rounded_to_their_first_two_digits() {
        assert_eq!(
            [0, 7, 99, 104, 105, 995, 1234, 1250].map(two_digits),
            [0, 7, 99, 100, 110, 1000, 1200, 1300]
        );
        assert_eq!(two_digits(u64::MAX / 1000) % 1_000_000, 0);
    }
}
