//! `GetTraceSummaries`: which traces of a range of time match a filter expression (fact sheet 7.3 to 7.5).

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::value::{RawValue, to_raw_value};

use super::epoch_seconds::{EpochSeconds, window};
use super::error::ApiError;
use super::request::Request;
use super::response::Response;
use super::{Api, groups, next_token};
use crate::compiled::CompiledTrace;
use crate::filter::Filter;
use crate::search::{Found, Position, Search, TimeRange, TimeRangeType};
use crate::store::TraceSize;
use crate::timestamp::Timestamp;
use crate::trace::Trace;
use crate::trace_id::TraceId;

/// Not established: see the fact sheet's 12, 4.
const LONGEST_WINDOW: u64 = 24;
/// A page has about so many summaries. Not established either.
const PAGE: usize = 100;
/// Traces are read so many at a time at least.
const BATCH: usize = 20;
/// A page ends behind so many traces that were read, so that an answer comes in time: it may be empty, and not the last.
const MOST_READ: usize = 5_000;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Input {
    start_time: EpochSeconds,
    end_time: EpochSeconds,
    time_range_type: Option<RangeType>,
    filter_expression: Option<String>,
    /// Permits to leave traces out. None is left out here, whatever is permitted.
    #[serde(rename = "Sampling")]
    _sampling: Option<bool>,
    #[serde(rename = "SamplingStrategy")]
    _sampling_strategy: Option<SamplingStrategy>,
}

#[derive(Debug, Clone, Copy, Deserialize)]
enum RangeType {
    TraceId,
    Event,
    Service,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SamplingStrategy {
    #[serde(rename = "Name")]
    _name: Option<SamplingStrategyName>,
    #[serde(rename = "Value")]
    _value: Option<f64>,
}

#[derive(Debug, Deserialize)]
enum SamplingStrategyName {
    PartialScan,
    FixedRate,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Output {
    trace_summaries: Vec<Box<RawValue>>,
    approximate_time: EpochSeconds,
    traces_processed_count: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    next_token: Option<String>,
}

pub(super) fn get_trace_summaries(api: &Api, request: &Request) -> Result<Response, ApiError> {
    let input: Input = request.read()?;
    let window = window(input.start_time, input.end_time, LONGEST_WINDOW)?;
    let by = match input.time_range_type {
        None | Some(RangeType::TraceId) => TimeRangeType::TraceId,
        Some(RangeType::Event) => TimeRangeType::Event,
        Some(RangeType::Service) => TimeRangeType::Service,
    };
    let filter = groups::filter_of(api, input.filter_expression.as_deref().unwrap_or_default())?;
    let after: Option<(i64, String)> = next_token::read(request)?;
    let after = after.and_then(|(start, id)| {
        Some(Position { start: Timestamp::from_micros(start), id: id.parse::<TraceId>().ok()? })
    });
    let range = TimeRange { from: window.start, to: window.end, by };
    let page = Page::of(api, range, filter, after)?;
    let approximate = page.next.map_or(window.start, |next| next.start);
    Response::of(&Output {
        trace_summaries: page.summaries,
        approximate_time: EpochSeconds(approximate),
        traces_processed_count: page.scanned,
        next_token: page
            .next
            .map(|next| next_token::write(request, &(next.start.micros(), next.id.to_string())))
            .transpose()?,
    })
}

/// Summaries, newest first.
struct Page {
    summaries: Vec<Box<RawValue>>,
    scanned: u64,
    next: Option<Position>,
}

impl Page {
    fn of(api: &Api, range: TimeRange, filter: Filter, after: Option<Position>) -> Result<Self, ApiError> {
        let mut search = Search::of(range, Arc::new(filter));
        let mut page = Self { summaries: Vec::new(), scanned: 0, next: after };
        let mut read = 0;
        loop {
            search.limit = PAGE.saturating_sub(page.summaries.len()).max(BATCH);
            search.after = page.next;
            let found = api.store.search(&search)?;
            page.scanned = page.scanned.max(found.scanned);
            read += found.traces.len();
            page.add_all(api, &search, &found)?;
            page.next = found.next;
            if page.next.is_none() || page.summaries.len() >= PAGE || read >= MOST_READ {
                return Ok(page);
            }
        }
    }

    /// Adds those of the traces that are meant.
    fn add_all(&mut self, api: &Api, search: &Search, found: &Found) -> Result<(), ApiError> {
        // By other times it is told when the trace was in the range.
        let may_be_kept = found.is_exact && search.range.by == TimeRangeType::TraceId;
        let kept = |id: &TraceId| api.summaries.get(&*api.store, *id).filter(|_| may_be_kept);
        let mut left = &found.traces[..];
        while !left.is_empty() {
            let next_kept = left.iter().enumerate().find_map(|(at, id)| Some((at, kept(id)?)));
            let (at, summary) = next_kept.map_or((left.len(), None), |(at, summary)| (at, Some(summary)));
            self.read(api, search, &left[..at], found.is_exact)?;
            self.summaries.extend(summary);
            left = left.get(at + 1..).unwrap_or_default();
        }
        Ok(())
    }

    fn read(&mut self, api: &Api, search: &Search, ids: &[TraceId], is_exact: bool) -> Result<(), ApiError> {
        let mut summaries = Ok(());
        // One that was forgotten meanwhile is not there.
        api.read_each(ids, &mut |trace, size| {
            let added = self.add(api, search, trace, size, is_exact);
            summaries = std::mem::replace(&mut summaries, Ok(())).and(added);
        })?;
        summaries
    }

    /// Adds a trace if it is meant, of which those that are found exactly need not be asked.
    fn add(
        &mut self,
        api: &Api,
        search: &Search,
        trace: &Trace,
        size: TraceSize,
        is_exact: bool,
    ) -> Result<(), ApiError> {
        let compiled = CompiledTrace::of(trace);
        let moment =
            if is_exact { search.range.moment(trace, &compiled) } else { search.moment(trace, &compiled) };
        let Some(moment) = moment else { return Ok(()) };
        let matched = (search.range.by != TimeRangeType::TraceId).then_some(moment);
        let summary = summary(&compiled, size, matched)?;
        if matched.is_none() {
            api.summaries.put(trace.id(), size, &summary);
        }
        self.summaries.push(summary);
        Ok(())
    }
}

/// The summary of a trace of which so much has arrived, and which was active in the range that was asked for at the `matched`
/// moment.
pub(super) fn summary(
    trace: &CompiledTrace<'_>,
    size: TraceSize,
    matched: Option<Timestamp>,
) -> Result<Box<RawValue>, ApiError> {
    let summary = trace.summary(size.documents, matched);
    to_raw_value(&summary).map_err(|error| ApiError::internal(error.to_string()))
}

#[cfg(test)]
#[path = "trace_summaries_tests.rs"]
mod tests;
