//! What the response times and outcomes of many traces come to.

use std::fmt;

/// How fast and how well traces went: how many, how many failed, and how long they took.
///
/// ```
/// let mut analysis = tracer_console::Analysis::default();
/// analysis.add(0.2, false);
/// analysis.add(1.4, true);
/// assert_eq!(analysis.traces(), 2);
/// assert_eq!(analysis.percentile(100), Some(1.4));
/// assert!(analysis.to_string().contains("Error rate             50.0%"));
/// ```
#[derive(Debug, Clone, Default)]
pub struct Analysis {
    /// Seconds, in order.
    times: Vec<f64>,
    failed: usize,
}

impl Analysis {
    /// Takes a trace in: its response time in seconds, and whether it was an error or a fault.
    ///
    /// ```
    /// tracer_console::Analysis::default().add(0.2, false);
    /// ```
    pub fn add(&mut self, response_time: f64, failed: bool) {
        self.times.push(response_time);
        self.failed += usize::from(failed);
    }

    /// How many traces there are.
    ///
    /// ```
    /// assert_eq!(tracer_console::Analysis::default().traces(), 0);
    /// ```
    #[must_use]
    pub fn traces(&self) -> usize {
        self.times.len()
    }

    /// How many of a hundred failed; `None` of no traces, as are the times.
    ///
    /// ```
    /// assert_eq!(tracer_console::Analysis::default().error_rate(), None);
    /// ```
    #[must_use]
    pub fn error_rate(&self) -> Option<f64> {
        self.ratio(self.failed as f64 * 100.0)
    }

    /// The average response time, in seconds.
    ///
    /// ```
    /// assert_eq!(tracer_console::Analysis::default().average(), None);
    /// ```
    #[must_use]
    pub fn average(&self) -> Option<f64> {
        self.ratio(self.times.iter().sum())
    }

    /// The response time in seconds that `percent` of a hundred traces do not exceed: the one at the place `traces * percent
    /// / 100`, as most scripts have it; 100 is the longest.
    ///
    /// ```
    /// let mut analysis = tracer_console::Analysis::default();
    /// (1..=200).for_each(|hundredths| analysis.add(f64::from(hundredths) / 100.0, false));
    /// assert_eq!(analysis.percentile(50), Some(1.01));
    /// ```
    #[must_use]
    pub fn percentile(&self, percent: usize) -> Option<f64> {
        let mut sorted = self.times.clone();
        sorted.sort_unstable_by(f64::total_cmp);
        let at = sorted.len().saturating_mul(percent) / 100;
        sorted.get(at).or(sorted.last()).copied()
    }

    fn ratio(&self, of: f64) -> Option<f64> {
        (!self.times.is_empty()).then(|| of / self.times.len() as f64)
    }
}

/// A line for each figure.
impl fmt::Display for Analysis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let seconds = |time: Option<f64>| time.map_or_else(|| "–".to_owned(), |time| format!("{time:.3}s"));
        writeln!(f, "  Total traces           {}", self.traces())?;
        writeln!(f, "  Error rate             {:.1}%", self.error_rate().unwrap_or_default())?;
        writeln!(f, "  Average response time  {}", seconds(self.average()))?;
        writeln!(f, "  P50 response time      {}", seconds(self.percentile(50)))?;
        writeln!(f, "  P99 response time      {}", seconds(self.percentile(99)))?;
        write!(f, "  Max response time      {}", seconds(self.percentile(100)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_figures_are_those_of_the_well_known_script() {
        let mut analysis = Analysis::default();
        (1..=200_u32).for_each(|number| analysis.add(f64::from(number) / 100.0, number.is_multiple_of(40)));
        let text = analysis.to_string();
        for line in [
            "Total traces           200",
            "Error rate             2.5%",
            "Average response time  1.005s",
            "P50 response time      1.010s",
            "P99 response time      1.990s",
            "Max response time      2.000s",
        ] {
            assert!(text.contains(line), "{line} is not in\n{text}");
        }
    }

    #[test]
    fn one_trace_has_figures_and_none_has_none() {
        let mut analysis = Analysis::default();
        assert_eq!((analysis.percentile(50), analysis.average()), (None, None));
        assert!(analysis.to_string().contains("P99 response time      –"));
        analysis.add(0.5, true);
        assert_eq!((analysis.percentile(99), analysis.error_rate()), (Some(0.5), Some(100.0)));
    }
}
