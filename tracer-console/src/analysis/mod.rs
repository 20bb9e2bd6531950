//! What many traces come to: how fast they were, how well they went, and where their time goes.
//!
//! One fold for everybody: the console folds what it keeps, and a command that asks another X-Ray folds its summaries and traces.

mod breakdown;
mod columns;
mod comparison;
mod comparison_text;
mod facts;
mod groups;
mod report;
mod report_text;
mod slow_trace;
mod subsegments;
#[cfg(test)]
mod tests;
mod times;

use std::fmt;

use serde_json::Value;

pub use breakdown::{Breakdown, UnknownBreakdown};
pub use comparison::Comparison;
pub use report::AnalysisReport;

use self::facts::{Start, TraceFacts};
use self::groups::Groups;
use self::report::{BreakdownReport, ColdStarts};
use self::slow_trace::SlowTrace;
use self::subsegments::Subsegments;
pub(crate) use self::times::micros;
use self::times::{Failure, Times};
use crate::compiled::CompiledTrace;
use crate::trace::Trace;
use crate::trace_outcome::TraceOutcome;

/// How fast and how well traces went: how many, how many failed, how long they took, and, where it is asked for, by what they
/// differ.
///
/// ```
/// let mut analysis = tracer_console::Analysis::default();
/// analysis.add(0.2, false);
/// analysis.add(1.4, true);
/// assert_eq!(analysis.traces(), 2);
/// assert_eq!(analysis.percentile(100), Some(1.4));
/// assert!(analysis.to_string().contains("Error rate             50.0%"));
/// ```
#[derive(Debug, Clone)]
pub struct Analysis {
    by: Vec<Breakdown>,
    top: usize,
    /// Whether every value counts, for a comparison.
    by_all: bool,
    cold: Times,
    warm: Times,
    others: Times,
    /// Traces whose entry is in progress: nobody knows yet how long they take, and how they go.
    in_progress: usize,
    groups: Groups,
    subsegments: Subsegments,
    most_slow: usize,
    slowest: Vec<SlowTrace>,
}

impl Default for Analysis {
    /// Of no traces, without breakdowns.
    fn default() -> Self {
        Self {
            by: Vec::new(),
            top: 20,
            by_all: false,
            cold: Times::default(),
            warm: Times::default(),
            others: Times::default(),
            in_progress: 0,
            groups: Groups::default(),
            subsegments: Subsegments::default(),
            most_slow: 0,
            slowest: Vec::new(),
        }
    }
}

impl Analysis {
    /// Breaks the figures down, too.
    ///
    /// ```
    /// use serde_json::json;
    /// use tracer_console::{Analysis, Breakdown};
    ///
    /// let mut analysis = Analysis::default().by(Breakdown::Status);
    /// analysis.add_summary(&json!({"ResponseTime": 0.2, "Http": {"HttpStatus": 503}, "HasFault": true}));
    /// assert!(analysis.report().to_string().contains("By http.status, of all 1 traces"));
    /// ```
    #[must_use]
    pub fn by(mut self, by: Breakdown) -> Self {
        if !self.by.contains(&by) {
            self.by.push(by);
        }
        self
    }

    /// Shows so many values of a breakdown, those that most traces have, and counts the others together; 20 unless it is said.
    ///
    /// ```
    /// let analysis = tracer_console::Analysis::default().top(5);
    /// ```
    #[must_use]
    pub fn top(self, top: usize) -> Self {
        Self { top, ..self }
    }

    /// Keeps so many of the slowest traces.
    ///
    /// ```
    /// use serde_json::json;
    ///
    /// let mut analysis = tracer_console::Analysis::default().slowest(1);
    /// for seconds in [0.2, 1.5, 0.3] {
    ///     analysis.add_summary(&json!({"Id": format!("took {seconds}"), "ResponseTime": seconds}));
    /// }
    /// let report = serde_json::to_value(analysis.report())?;
    /// assert_eq!(report["slowest"][0]["id"], "took 1.5");
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn slowest(self, most_slow: usize) -> Self {
        Self { most_slow, ..self }
    }

    /// Counts every value and every subsegment, so that it can be seen in what two analyses differ.
    ///
    /// ```
    /// use serde_json::json;
    /// use tracer_console::{Analysis, Comparison};
    ///
    /// let summary = |tenant: &str| json!({"ResponseTime": 1, "Annotations": {"tenant": [{"AnnotationValue": {"StringValue": tenant}}]}});
    /// let [mut a, mut b] = [(), ()].map(|()| Analysis::default().by_all());
    /// a.add_summary(&summary("acme"));
    /// b.add_summary(&summary("beta"));
    /// assert!(Comparison::of(&a, &b).to_string().contains("annotation.tenant = acme"));
    /// ```
    #[must_use]
    pub fn by_all(self) -> Self {
        Self { by_all: true, ..self }
    }

    /// Takes a trace in: its response time in seconds, and whether it failed, which counts as a fault.
    ///
    /// ```
    /// tracer_console::Analysis::default().add(0.2, false);
    /// ```
    pub fn add(&mut self, response_time: f64, failed: bool) {
        let failure = Failure { fault: failed, ..Failure::default() };
        self.count(micros(response_time), failure, Start::NotSaid);
    }

    /// Takes a trace in by its summary, as `GetTraceSummaries` answers it, for everything but subsegments.
    ///
    /// ```
    /// let mut analysis = tracer_console::Analysis::default();
    /// analysis.add_summary(&serde_json::json!({"ResponseTime": 0.2, "HasError": true}));
    /// assert_eq!(analysis.error_rate(), Some(100.0));
    /// ```
    pub fn add_summary(&mut self, summary: &Value) {
        let facts = TraceFacts::read(summary);
        let Some(micros) = facts.micros else {
            self.in_progress += 1;
            return;
        };
        self.count(micros, facts.failure, facts.start);
        self.group(micros, &facts);
        self.keep_if_slow(micros, || SlowTrace::read(summary));
    }

    /// Takes a trace's subsegments in, unless its entry is in progress; the trace itself is not counted.
    ///
    /// ```
    /// # use tracer_console::{Analysis, Breakdown, Document, MemoryStore, TraceStore};
    /// # let store = MemoryStore::default();
    /// # let document = Document::parse(r#"{"id":"cbafb490a105b1f4","trace_id":"1-6b02e002-9311b20839c1ed87c6cec943","start_time":1,"name":"job","end_time":2,"subsegments":[{"name":"load","id":"8e7fb6825d14ff63","start_time":1.2,"end_time":1.4}]}"#)?;
    /// # let id = document.trace_id();
    /// # store.record(document)?;
    /// let trace = store.trace(id).unwrap();
    /// let mut analysis = Analysis::default().by(Breakdown::Subsegment);
    /// analysis.add_subsegments(&trace);
    /// assert!(analysis.report().to_string().contains("load"));
    /// # Ok::<(), tracer_console::Refusal>(())
    /// ```
    pub fn add_subsegments(&mut self, trace: &Trace) {
        if let Some(micros) = CompiledTrace::of(trace).response_micros() {
            self.subsegments.add(trace, micros.cast_unsigned());
        }
    }

    /// Whether subsegments count, and so traces have to be read.
    ///
    /// ```
    /// use tracer_console::{Analysis, Breakdown};
    ///
    /// assert!(Analysis::default().by(Breakdown::Subsegment).wants_subsegments());
    /// ```
    #[must_use]
    pub fn wants_subsegments(&self) -> bool {
        self.by_all || self.by.contains(&Breakdown::Subsegment)
    }

    /// How many subsegments were taken in: whoever reads traces for them may have enough.
    ///
    /// ```
    /// assert_eq!(tracer_console::Analysis::default().subsegments(), 0);
    /// ```
    #[must_use]
    pub fn subsegments(&self) -> usize {
        self.subsegments.count
    }

    /// How many traces there are whose entry has ended.
    ///
    /// ```
    /// assert_eq!(tracer_console::Analysis::default().traces(), 0);
    /// ```
    #[must_use]
    pub fn traces(&self) -> usize {
        self.cold.count() + self.warm.count() + self.others.count()
    }

    /// How many of a hundred failed; `None` of no traces, as are the times.
    ///
    /// ```
    /// assert_eq!(tracer_console::Analysis::default().error_rate(), None);
    /// ```
    #[must_use]
    pub fn error_rate(&self) -> Option<f64> {
        self.all().error_rate()
    }

    /// The average response time, in seconds.
    ///
    /// ```
    /// assert_eq!(tracer_console::Analysis::default().average(), None);
    /// ```
    #[must_use]
    pub fn average(&self) -> Option<f64> {
        self.all().average()
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
        self.all().percentile(percent)
    }

    /// Everything that was asked for.
    ///
    /// ```
    /// assert_eq!(tracer_console::Analysis::default().report().traces(), 0);
    /// ```
    #[must_use]
    pub fn report(&self) -> AnalysisReport {
        let of = |by: &Breakdown| match by {
            Breakdown::Subsegment => BreakdownReport::of_subsegments(&self.subsegments, self.top),
            by => BreakdownReport::of_values(by, &self.groups, self.top),
        };
        AnalysisReport {
            traces: self.traces() as u64,
            in_progress: self.in_progress as u64,
            figures: self.all().figures(),
            cold_starts: ColdStarts::of(&self.cold, &self.warm),
            by: self.by.iter().map(of).collect(),
            slowest: self.slowest.clone(),
        }
    }

    fn all(&self) -> Times {
        let mut all = self.others.clone();
        all.merge(&self.cold);
        all.merge(&self.warm);
        all
    }
}

impl Analysis {
    /// Takes a trace in for the figures of all traces alone.
    fn count(&mut self, micros: u64, failure: Failure, start: Start) {
        let times = match start {
            Start::Cold => &mut self.cold,
            Start::Warm => &mut self.warm,
            Start::NotSaid => &mut self.others,
        };
        times.add(micros, failure);
    }

    fn group(&mut self, micros: u64, facts: &TraceFacts) {
        let Self { by, by_all, .. } = self;
        if *by_all || by.iter().any(|by| *by != Breakdown::Subsegment) {
            self.groups.add(micros, facts, |value| *by_all || by.contains(value));
        }
    }

    /// Takes a trace in that a store knows without its documents, for the figures of all traces.
    pub(crate) fn add_outcome(&mut self, outcome: &TraceOutcome) {
        let Some(response_time) = outcome.response_time else {
            self.in_progress += 1;
            return;
        };
        let failure =
            Failure { fault: outcome.has_fault, error: outcome.has_error, throttle: outcome.has_throttle };
        let start = Start::of(outcome.has_cold_start, outcome.has_warm_start);
        self.count(micros(response_time), failure, start);
    }

    /// Takes a trace of a sample in for breakdowns, unless its entry is in progress; the trace itself is counted elsewhere.
    pub(crate) fn add_sampled(&mut self, trace: &CompiledTrace<'_>) {
        let facts = TraceFacts::of(trace);
        let Some(micros) = facts.micros else { return };
        self.group(micros, &facts);
        if self.wants_subsegments() {
            self.subsegments.add(trace.trace(), micros);
        }
    }

    /// Whether traces have to be read for breakdowns.
    pub(crate) fn wants_traces(&self) -> bool {
        self.by_all || !self.by.is_empty()
    }

    fn keep_if_slow(&mut self, micros: u64, trace: impl FnOnce() -> SlowTrace) {
        let is_slower = |kept: &SlowTrace| times::micros(kept.response_time) < micros;
        let place = self.slowest.iter().position(is_slower).unwrap_or(self.slowest.len());
        if place < self.most_slow {
            self.slowest.insert(place, trace());
            self.slowest.truncate(self.most_slow);
        }
    }

    /// One of the slowest traces.
    pub(crate) fn add_slow(&mut self, trace: &CompiledTrace<'_>) {
        if let Some(micros) = trace.response_micros() {
            self.keep_if_slow(micros.cast_unsigned(), || SlowTrace::of(trace));
        }
    }
}

/// A line for each figure.
impl fmt::Display for Analysis {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let plain = AnalysisReport { by: Vec::new(), slowest: Vec::new(), ..self.report() };
        write!(f, "{plain}")
    }
}
