//! Statistics by the minute or so (fact sheet 7.10).

use std::collections::BTreeMap;

use serde::Serialize;

use super::histogram::Histogram;
use super::measured::Measurement;
use super::statistics::Statistics;
use super::window::Window;
use crate::timestamp::Timestamp;

/// The periods in seconds that can be asked for: not established, see the fact sheet's 12, 6.
const PERIODS: [u32; 2] = [60, 300];

/// A period that X-Ray has no statistics of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("Period {0} is not one of 60 and 300 seconds")]
pub(crate) struct InvalidPeriod(u32);

/// Statistics of services or of edges, by period.
#[derive(Debug)]
pub(crate) struct TimeSeries {
    window: Window,
    period: i64,
    periods: BTreeMap<i64, Period>,
}

#[derive(Debug, Default)]
struct Period {
    services: Option<Statistics>,
    edges: Option<Statistics>,
    histogram: Histogram,
}

/// A `TimeSeriesServiceStatistics`, to be written as JSON.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[serde(rename_all = "PascalCase")]
pub(crate) struct TimeSeriesEntry {
    timestamp: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    edge_summary_statistics: Option<Statistics>,
    #[serde(skip_serializing_if = "Option::is_none")]
    service_summary_statistics: Option<Statistics>,
    response_time_histogram: Histogram,
}

impl TimeSeries {
    /// Of `window`, in periods of so many seconds.
    ///
    /// # Errors
    /// [`InvalidPeriod`] when X-Ray has no such period.
    pub(crate) fn new(window: Window, period: u32) -> Result<Self, InvalidPeriod> {
        if !PERIODS.contains(&period) {
            return Err(InvalidPeriod(period));
        }
        Ok(Self { window, period: i64::from(period) * 1_000_000, periods: BTreeMap::new() })
    }

    /// Counts a request to a service.
    pub(crate) fn add_segment(&mut self, request: Measurement) {
        self.add(request, |period| &mut period.services);
    }

    /// Counts a request on an edge.
    pub(crate) fn add_call(&mut self, request: Measurement) {
        self.add(request, |period| &mut period.edges);
    }

    fn add(&mut self, request: Measurement, side: impl Fn(&mut Period) -> &mut Option<Statistics>) {
        let (moment, Some(micros)) = (request.moment(), request.micros()) else { return };
        if !self.window.contains(moment) {
            return;
        }
        let start = moment.micros().div_euclid(self.period) * self.period;
        let period = self.periods.entry(start).or_default();
        side(period).get_or_insert_default().add(request.outcome, micros);
        period.histogram.add(micros);
    }

    /// The periods in which there was something, the earliest first.
    pub(crate) fn finish(self) -> Vec<TimeSeriesEntry> {
        let entry = |(start, period): (i64, Period)| TimeSeriesEntry {
            timestamp: Timestamp::from_micros(start).seconds(),
            edge_summary_statistics: period.edges,
            service_summary_statistics: period.services,
            response_time_histogram: period.histogram,
        };
        self.periods.into_iter().map(entry).collect()
    }
}
