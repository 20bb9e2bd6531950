//! What an analysis says, for people and for scripts.

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::breakdown::Breakdown;
use super::groups::Groups;
use super::slow_trace::SlowTrace;
use super::subsegments::{Named, Subsegments};
use super::times::{Figures, Times, seconds};

/// What an [`Analysis`](crate::Analysis) comes to. As text it has lines of 80 columns; as JSON it has every figure, times in
/// seconds, and what is not known is `null`.
///
/// ```
/// let mut analysis = tracer_console::Analysis::default();
/// analysis.add(0.25, false);
/// analysis.add(1.5, true);
/// let report = analysis.report();
/// assert!(report.to_string().contains("P90 response time      1.500s"));
/// let json = serde_json::to_value(&report)?;
/// assert_eq!((&json["traces"], &json["error_rate"]), (&2.into(), &50.0.into()));
/// # Ok::<(), serde_json::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct AnalysisReport {
    pub(super) traces: u64,
    /// More, in which the entry has not ended: they are in no figure.
    #[serde(default)]
    pub(super) in_progress: u64,
    #[serde(flatten)]
    pub(super) figures: Figures,
    pub(super) cold_starts: ColdStarts,
    pub(super) by: Vec<BreakdownReport>,
    pub(super) slowest: Vec<SlowTrace>,
}

impl AnalysisReport {
    /// How many traces it is of: those whose entry has ended.
    ///
    /// ```
    /// assert_eq!(tracer_console::Analysis::default().report().traces(), 0);
    /// ```
    #[must_use]
    pub fn traces(&self) -> u64 {
        self.traces
    }

    /// How many more there are whose entry has not ended: they are in no figure.
    ///
    /// ```
    /// let mut analysis = tracer_console::Analysis::default();
    /// analysis.add_summary(&serde_json::json!({"IsPartial": true}));
    /// let report = analysis.report();
    /// assert_eq!((report.traces(), report.in_progress()), (0, 1));
    /// assert!(report.to_string().starts_with("  Total traces           0 (1 more in progress)"));
    /// ```
    #[must_use]
    pub fn in_progress(&self) -> u64 {
        self.in_progress
    }
}

/// Traces in which a function had to start, against those whose functions ran already: by the annotation `ColdStart`, which
/// tells of all traces, where subsegments `Init` would tell of those whose documents are read.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct ColdStarts {
    /// Cold ones of a hundred that say which.
    pub(super) share: Option<f64>,
    pub(super) cold: Starts,
    pub(super) warm: Starts,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Starts {
    pub(super) traces: u64,
    #[serde(flatten)]
    pub(super) figures: Figures,
}

impl ColdStarts {
    pub(super) fn of(cold: &Times, warm: &Times) -> Self {
        let starts = |times: &Times| Starts { traces: times.count() as u64, figures: times.figures() };
        let share = percent(cold.count(), cold.count() + warm.count());
        Self { share, cold: starts(cold), warm: starts(warm) }
    }
}

pub(super) fn percent(part: usize, of: usize) -> Option<f64> {
    (of > 0).then(|| part as f64 * 100.0 / of as f64)
}

/// Figures by the values of a breakdown.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct BreakdownReport {
    pub(super) by: Breakdown,
    /// Of how many traces the figures are: all of them, or a sample.
    pub(super) of_traces: u64,
    /// How many of these have none of the values.
    pub(super) without: u64,
    /// Subsegments that had not ended, and so have no time.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub(super) in_progress: Option<u64>,
    pub(super) values: Vec<ValueReport>,
    /// All values that are not among these.
    pub(super) rest: Option<Rest>,
    /// The keys that occur, where there is no annotation of the one that was asked for.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub(super) known: Vec<String>,
}

#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct ValueReport {
    pub(super) value: Value,
    #[serde(flatten)]
    pub(super) row: Row,
}

/// Values that are counted together.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct Rest {
    /// How many of them were told apart.
    pub(super) values: u64,
    /// There are more: too many to tell apart.
    pub(super) or_more: bool,
    #[serde(flatten)]
    pub(super) row: Row,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Row {
    /// Traces, or subsegments.
    pub(super) count: u64,
    /// Of a hundred traces, how many have it.
    pub(super) share: Option<f64>,
    #[serde(flatten)]
    pub(super) figures: Figures,
    /// Of subsegments.
    #[serde(flatten)]
    pub(super) time: Option<TimeSpent>,
}

/// What subsegments took together, in seconds.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct TimeSpent {
    /// Of subsegments within others of their name, the outer count alone.
    pub(super) total: f64,
    /// Without the subsegments that are nested in them.
    #[serde(rename = "self")]
    pub(super) own: f64,
    /// The total of a hundred seconds of the traces' response times.
    pub(super) share_of_time: Option<f64>,
}

impl BreakdownReport {
    /// The `top` values that most traces have.
    pub(super) fn of_values(by: &Breakdown, groups: &Groups, top: usize) -> Self {
        let mut values: Vec<_> = groups.values(by).collect();
        values.sort_unstable_by(|(a, of_a), (b, of_b)| of_b.count().cmp(&of_a.count()).then(a.cmp(b)));
        let row = |times: &Times| Row {
            count: times.count() as u64,
            share: percent(times.count(), groups.traces),
            figures: times.figures(),
            time: None,
        };
        let (shown, hidden) = values.split_at(top.min(values.len()));
        let mut rest = Times::default();
        hidden.iter().map(|(_, times)| *times).chain(groups.others(by)).for_each(|times| rest.merge(times));
        let or_more = groups.others(by).is_some();
        let is_annotation = matches!(by, Breakdown::Annotation(_));
        Self {
            by: by.clone(),
            of_traces: groups.traces as u64,
            without: (groups.traces - groups.having(by)) as u64,
            in_progress: None,
            values: shown
                .iter()
                .map(|(value, times)| ValueReport { value: read(value), row: row(times) })
                .collect(),
            // A trace may have several of them.
            rest: (rest.count() > 0).then(|| Rest {
                values: hidden.len() as u64,
                or_more,
                row: Row { share: None, ..row(&rest) },
            }),
            known: if values.is_empty() && is_annotation { groups.annotation_keys() } else { Vec::new() },
        }
    }

    /// The `top` names of subsegments that took most.
    pub(super) fn of_subsegments(subsegments: &Subsegments, top: usize) -> Self {
        let mut named: Vec<_> = subsegments.by_name.iter().collect();
        named.sort_unstable_by(|(a, of_a), (b, of_b)| of_b.total.cmp(&of_a.total).then(a.cmp(b)));
        let (shown, hidden) = named.split_at(top.min(named.len()));
        let mut rest = Named::default();
        hidden
            .iter()
            .map(|(_, named)| *named)
            .chain([&subsegments.others])
            .for_each(|named| rest.merge(named));
        let or_more = subsegments.others.times.count() > 0;
        let row = |named: &Named| subsegments.row(named);
        Self {
            by: Breakdown::Subsegment,
            of_traces: subsegments.traces as u64,
            without: subsegments.without as u64,
            in_progress: Some(subsegments.in_progress as u64),
            values: shown
                .iter()
                .map(|(name, named)| ValueReport { value: Value::from(name.as_str()), row: row(named) })
                .collect(),
            rest: (rest.times.count() > 0).then(|| Rest {
                values: hidden.len() as u64,
                or_more,
                row: Row { share: None, ..row(&rest) },
            }),
            known: Vec::new(),
        }
    }
}

impl Subsegments {
    fn row(&self, named: &Named) -> Row {
        let share_of_time = (self.response > 0).then(|| named.total as f64 * 100.0 / self.response as f64);
        let time = TimeSpent { total: seconds(named.total), own: seconds(named.own), share_of_time };
        Row {
            count: named.times.count() as u64,
            share: percent(named.traces, self.traces),
            figures: named.times.figures(),
            time: Some(time),
        }
    }
}

/// A value that was kept as JSON.
pub(super) fn read(value: &str) -> Value {
    serde_json::from_str(value).unwrap_or_default()
}
