//! `/tracer/Analysis`: what the traces of any range of time come to, and in what two sets of them differ. An operation of the
//! console's own: X-Ray gives summaries, and who asks folds them.

use std::cmp::Reverse;
use std::collections::{BTreeSet, BinaryHeap, HashSet};
use std::sync::Arc;

use serde::{Deserialize, Serialize};

use super::epoch_seconds::{EpochSeconds, window};
use super::error::ApiError;
use super::request::Request;
use super::response::Response;
use super::{Api, groups, next_token};
use crate::analysis::{Analysis, AnalysisReport, Breakdown, Comparison, micros};
use crate::compiled::CompiledTrace;
use crate::filter::Filter;
use crate::search::{Position, Search, TimeRange, TimeRangeType, visit};
use crate::timestamp::Timestamp;
use crate::trace_id::TraceId;
use crate::trace_outcome::TraceOutcome;

/// In hours: more than a console has kept traces.
const LONGEST_WINDOW: u64 = 100 * 366 * 24;
/// An answer holds so many values or slow traces.
const MOST_SHOWN: usize = 10_000;
const MOST_BREAKDOWNS: usize = 50;
/// Traces of a sample are read at so many places of the range.
const PLACES: usize = 1_000;
/// A sample ends early where it has so many subsegments.
const MOST_SUBSEGMENTS: usize = 2_000_000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    start_time: EpochSeconds,
    end_time: EpochSeconds,
    filter_expression: Option<String>,
    /// Another filter expression: the answer is a comparison then.
    against: Option<String>,
    #[serde(default)]
    by: Vec<Breakdown>,
    /// So many values of each breakdown.
    top: Option<usize>,
    #[serde(default)]
    slowest: usize,
    /// The documents of so many traces are read at most, for breakdowns.
    sample: Option<usize>,
}

const USUAL_TOP: usize = 20;
const USUAL_SAMPLE: usize = 10_000;

pub(super) fn get_analysis(api: &Api, request: &Request) -> Result<Response, ApiError> {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    enum Output {
        Analysis(Box<AnalysisReport>),
        Comparison(Box<Comparison>),
    }
    next_token::refuse(request)?;
    let input: Input = request.read()?;
    let window = window(input.start_time, input.end_time, LONGEST_WINDOW)?;
    let top = input.top.unwrap_or(USUAL_TOP);
    if top.max(input.slowest) > MOST_SHOWN {
        return Err(ApiError::invalid(format!("Top and Slowest are at most {MOST_SHOWN}")));
    }
    if input.by.len() > MOST_BREAKDOWNS {
        return Err(ApiError::invalid(format!("By has at most {MOST_BREAKDOWNS} breakdowns")));
    }
    let analysis = input.by.iter().cloned().fold(Analysis::default(), Analysis::by).top(top);
    let range = TimeRange { from: window.start, to: window.end, by: TimeRangeType::TraceId };
    let sample = input.sample.unwrap_or(USUAL_SAMPLE);
    let fold = |analysis: Analysis, expression: &str| {
        let filter = groups::filter_of(api, expression)?;
        Fold { api, range, filter, analysis }.finish(input.slowest, sample)
    };
    let asked = input.filter_expression.as_deref().unwrap_or_default();
    let Some(against) = &input.against else {
        return Response::of(&Output::Analysis(Box::new(fold(analysis, asked)?.report())));
    };
    let (a, b) = (fold(analysis.clone().by_all(), asked)?, fold(analysis.by_all(), against)?);
    Response::of(&Output::Comparison(Box::new(Comparison::of(&a, &b))))
}

/// The traces that a filter keeps, being folded.
struct Fold<'a> {
    api: &'a Api,
    range: TimeRange,
    filter: Filter,
    analysis: Analysis,
}

impl Fold<'_> {
    fn finish(mut self, slowest: usize, sample: usize) -> Result<Analysis, ApiError> {
        self.analysis = self.analysis.slowest(slowest);
        let mut starts = Vec::new();
        let mut slow = Slow { most: slowest, heap: BinaryHeap::new() };
        let search = Search::of(self.range, Arc::new(self.filter.clone()));
        let Self { api, analysis, .. } = &mut self;
        let wants_traces = analysis.wants_traces();
        api.store.outcomes(&search, &mut |outcome| {
            analysis.add_outcome(outcome);
            slow.add(outcome);
            if wants_traces {
                starts.push(outcome.start);
            }
        })?;
        self.sample(&search, &starts, sample)?;
        self.slowest(&slow)?;
        Ok(self.analysis)
    }

    /// Reads all traces where they are few, or else as many as the sample has: a stretch of them somewhere in each of many equal
    /// parts. Not at the same place in each, as what comes again and again would be met always or never; but at the same for
    /// the same question.
    fn sample(&mut self, search: &Search, starts: &[Timestamp], most: usize) -> Result<(), ApiError> {
        let Self { api, analysis, .. } = self;
        let mut seen = HashSet::new();
        let mut add = |trace: &CompiledTrace<'_>| {
            if analysis.subsegments() < MOST_SUBSEGMENTS && seen.insert(trace.id()) {
                analysis.add_sampled(trace);
            }
        };
        if starts.len() <= most {
            // Not more than were counted, though others come meanwhile.
            visit(&*api.store, &search.clone().limit(starts.len()), &mut add)?;
            return Ok(());
        }
        let stretch = most.div_ceil(PLACES).max(1);
        let parts = most / stretch;
        let mut random = fastrand::Rng::with_seed(starts.len() as u64);
        for part in 0..parts {
            let (begin, end) = (part * starts.len() / parts, (part + 1) * starts.len() / parts);
            let place = random.usize(begin..=end.saturating_sub(stretch).max(begin));
            let from = Position { start: starts[place], id: LAST };
            visit(&*api.store, &search.clone().after(from).limit(stretch), &mut add)?;
        }
        Ok(())
    }

    /// The slowest ones: filters know times to the millisecond, so those above the least of their milliseconds are found at once,
    /// and those of just that millisecond by when they began.
    fn slowest(&mut self, slow: &Slow) -> Result<(), ApiError> {
        let Some(least) = slow.least() else { return Ok(()) };
        let above = groups::filter_of(self.api, &format!("responsetime > {:.3}", least as f64 / 1e3))?;
        let search = Search::of(self.range, Arc::new(above.and(self.filter.clone()))).limit(slow.most);
        let (api, analysis) = (self.api, &mut self.analysis);
        visit(&*api.store, &search, &mut |trace| analysis.add_slow(trace))?;
        let of_least = groups::filter_of(api, &format!("responsetime = {:.3}", least as f64 / 1e3))?;
        let of_least = Arc::new(of_least.and(self.filter.clone()));
        for from in slow.starts_of(least) {
            let range =
                TimeRange { from, to: Timestamp::from_micros(from.micros() + 1), by: TimeRangeType::TraceId };
            let search = Search::of(range, Arc::clone(&of_least)).limit(slow.most);
            visit(&*api.store, &search, &mut |trace| analysis.add_slow(trace))?;
        }
        Ok(())
    }
}

/// Before every trace that began at its time: the newest and the greatest come first.
const LAST: TraceId = TraceId::from_bytes([0xff; 16]);

/// The longest response times in microseconds, and when these traces began.
struct Slow {
    most: usize,
    heap: BinaryHeap<Reverse<(u64, Timestamp)>>,
}

impl Slow {
    fn add(&mut self, outcome: &TraceOutcome) {
        let Some(seconds) = outcome.response_time.filter(|_| self.most > 0) else { return };
        let time = (micros(seconds), outcome.start);
        if self.heap.len() < self.most {
            self.heap.push(Reverse(time));
        } else if let Some(mut least) = self.heap.peek_mut()
            && least.0 < time
        {
            *least = Reverse(time);
        }
    }

    /// The shortest of them, in milliseconds as filters have it.
    fn least(&self) -> Option<u64> {
        self.heap.peek().map(|Reverse((micros, _))| milliseconds(*micros))
    }

    /// When those began that took so many milliseconds.
    fn starts_of(&self, least: u64) -> BTreeSet<Timestamp> {
        let of_least = self.heap.iter().filter(|Reverse((micros, _))| milliseconds(*micros) == least);
        of_least.map(|Reverse((_, start))| *start).collect()
    }
}

fn milliseconds(micros: u64) -> u64 {
    micros.saturating_add(500) / 1_000
}

#[cfg(test)]
#[path = "analysis_tests.rs"]
mod tests;
