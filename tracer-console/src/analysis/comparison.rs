//! Two sets of traces against each other, and in what they differ most.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use super::Analysis;
use super::breakdown::Breakdown;
use super::report::{AnalysisReport, percent, read};
use super::subsegments::{Named, Subsegments};

/// Two analyses beside each other, A and B, with the values and subsegments in which they differ most, as X-Ray's Analytics
/// shows them: how many of a hundred traces of A have a value, and how many of B. As text it has lines of 80 columns.
///
/// ```
/// use tracer_console::{Analysis, Comparison};
///
/// let (mut slow, mut fast) = (Analysis::default(), Analysis::default());
/// slow.add(1.5, true);
/// fast.add(0.25, false);
/// let comparison = Comparison::of(&slow, &fast);
/// assert!(comparison.to_string().contains("Average response time      1.500s      0.250s     +1.250s"));
/// ```
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub struct Comparison {
    pub(super) a: AnalysisReport,
    pub(super) b: AnalysisReport,
    /// What is of A less what is of B.
    pub(super) difference: Difference,
    /// Of how many traces values were counted, in A and in B.
    pub(super) of_traces: [u64; 2],
    pub(super) values: Vec<ValueDifference>,
    /// Of how many traces subsegments were counted, in A and in B.
    pub(super) subsegments_of_traces: [u64; 2],
    pub(super) subsegments: Vec<SubsegmentDifference>,
}

/// Seconds, and parts of a hundred.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct Difference {
    pub(super) traces: i64,
    pub(super) error_rate: Option<f64>,
    pub(super) average: Option<f64>,
    pub(super) p50: Option<f64>,
    pub(super) p90: Option<f64>,
    pub(super) p99: Option<f64>,
    pub(super) max: Option<f64>,
    pub(super) cold_start_share: Option<f64>,
}

/// How many of a hundred traces have a value.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct ValueDifference {
    pub(super) by: Breakdown,
    pub(super) value: Value,
    pub(super) a: f64,
    pub(super) b: f64,
    pub(super) difference: f64,
}

/// What subsegments of a name take of a trace.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
pub(super) struct SubsegmentDifference {
    pub(super) name: String,
    pub(super) a: SubsegmentSide,
    pub(super) b: SubsegmentSide,
    /// Of the seconds of a trace.
    pub(super) difference: f64,
}

#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
pub(super) struct SubsegmentSide {
    /// Of a hundred traces, how many have one.
    pub(super) share: f64,
    /// Of a hundred subsegments, how many failed.
    pub(super) error_rate: Option<f64>,
    /// Seconds of a trace on average, also over traces that have none.
    pub(super) seconds_per_trace: f64,
}

impl Comparison {
    /// Compares two analyses; of values and subsegments, those are shown that differ most, as many as `a` shows of each.
    ///
    /// ```
    /// use tracer_console::{Analysis, Comparison};
    ///
    /// let comparison = Comparison::of(&Analysis::default(), &Analysis::default());
    /// assert!(serde_json::to_value(&comparison)?["difference"]["average"].is_null());
    /// # Ok::<(), serde_json::Error>(())
    /// ```
    #[must_use]
    pub fn of(a: &Analysis, b: &Analysis) -> Self {
        let (report_a, report_b) = (a.report(), b.report());
        Self {
            difference: Difference::of(&report_a, &report_b),
            of_traces: [a, b].map(|of| of.groups.traces as u64),
            values: values(a, b),
            subsegments_of_traces: [a, b].map(|of| of.subsegments.traces as u64),
            subsegments: subsegments(&a.subsegments, &b.subsegments, a.top),
            a: report_a,
            b: report_b,
        }
    }
}

impl Difference {
    fn of(a: &AnalysisReport, b: &AnalysisReport) -> Self {
        let less = |a: Option<f64>, b: Option<f64>| Some(a? - b?);
        let (of_a, of_b) = (&a.figures, &b.figures);
        Self {
            traces: i64::try_from(a.traces).unwrap_or(i64::MAX) - i64::try_from(b.traces).unwrap_or(i64::MAX),
            error_rate: less(of_a.error_rate, of_b.error_rate),
            average: less(of_a.average, of_b.average),
            p50: less(of_a.p50, of_b.p50),
            p90: less(of_a.p90, of_b.p90),
            p99: less(of_a.p99, of_b.p99),
            max: less(of_a.max, of_b.max),
            cold_start_share: less(a.cold_starts.share, b.cold_starts.share),
        }
    }
}

fn values(a: &Analysis, b: &Analysis) -> Vec<ValueDifference> {
    let known: BTreeSet<_> = a.groups.all().chain(b.groups.all()).map(|(by, value, _)| (by, value)).collect();
    let share = |of: &Analysis, (by, value): (&Breakdown, &str)| {
        percent(of.groups.count_of(by, value), of.groups.traces).unwrap_or_default()
    };
    let mut differences: Vec<_> = known
        .into_iter()
        .map(|known| {
            let (in_a, in_b) = (share(a, known), share(b, known));
            (known, in_a, in_b)
        })
        .filter(|(_, in_a, in_b)| in_a != in_b)
        .collect();
    differences
        .sort_by(|(_, a, b), (_, other_a, other_b)| (other_a - other_b).abs().total_cmp(&(a - b).abs()));
    differences.truncate(a.top);
    let shown = differences.into_iter().map(|((by, value), a, b)| ValueDifference {
        by: by.clone(),
        value: read(value),
        a,
        b,
        difference: a - b,
    });
    shown.collect()
}

fn subsegments(a: &Subsegments, b: &Subsegments, top: usize) -> Vec<SubsegmentDifference> {
    let names: BTreeSet<_> = a.by_name.keys().chain(b.by_name.keys()).collect();
    let mut differences: Vec<_> = names
        .into_iter()
        .map(|name| {
            let (a, b) = (side(a, name), side(b, name));
            let difference = a.seconds_per_trace - b.seconds_per_trace;
            SubsegmentDifference { name: name.clone(), a, b, difference }
        })
        .filter(|of| of.a != of.b)
        .collect();
    differences.sort_by(|of, other| other.difference.abs().total_cmp(&of.difference.abs()));
    differences.truncate(top);
    differences
}

fn side(of: &Subsegments, name: &str) -> SubsegmentSide {
    let none = Named::default();
    let named = of.by_name.get(name).unwrap_or(&none);
    SubsegmentSide {
        share: percent(named.traces, of.traces).unwrap_or_default(),
        error_rate: named.times.error_rate(),
        seconds_per_trace: named.per_trace(of.traces),
    }
}
