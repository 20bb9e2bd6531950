//! How long to wait before something that failed is tried again.

use std::time::Duration;

/// Waits that grow to a limit, each a random part of what it may be, so that not all come back at once.
#[derive(Debug, Clone, Copy)]
pub(super) struct Backoff {
    /// The first wait is at most so long.
    pub(super) first: Duration,
    /// No wait is longer.
    pub(super) longest: Duration,
}

impl Backoff {
    /// The wait after so many failures in a row; never shorter than the far end asks for, but for its asking for more than an hour.
    pub(super) fn wait(self, failures: u32, asked: Option<Duration>) -> Duration {
        let doubled = 1_u32.checked_shl(failures.saturating_sub(1)).unwrap_or(u32::MAX);
        let most = self.first.saturating_mul(doubled).min(self.longest);
        let wait = most.mul_f64(fastrand::f64());
        asked.map_or(wait, |asked| asked.min(LONGEST_ASKED) + wait)
    }
}

/// A far end that asks for more than this is asked again sooner.
const LONGEST_ASKED: Duration = Duration::from_secs(3600);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn waits_grow_to_the_longest_and_differ() {
        let backoff = Backoff { first: Duration::from_millis(200), longest: Duration::from_secs(30) };
        for (failures, most) in
            [(1, 200), (2, 400), (5, 3_200), (9, 30_000), (100, 30_000), (u32::MAX, 30_000)]
        {
            let waits: Vec<_> = (0..200).map(|_| backoff.wait(failures, None)).collect();
            assert!(waits.iter().all(|wait| *wait <= Duration::from_millis(most)), "{failures}");
            assert!(waits.iter().any(|wait| *wait > Duration::from_millis(most / 2)), "{failures}");
            assert!(waits.iter().any(|wait| *wait < Duration::from_millis(most / 2)), "{failures}");
        }
    }

    #[test]
    fn what_the_far_end_asks_for_is_waited_at_least() {
        let backoff = Backoff { first: Duration::from_millis(1), longest: Duration::from_millis(1) };
        let asked = Duration::from_secs(7);
        assert!(backoff.wait(1, Some(asked)) >= asked);
        assert!(backoff.wait(1, Some(Duration::MAX)) < Duration::from_secs(3601));
    }
}
