//! `GetTimeSeriesServiceStatistics`: requests and faults by the minute (fact sheet 7.10).

use serde::{Deserialize, Serialize};

use super::epoch_seconds::{EpochSeconds, window};
use super::error::ApiError;
use super::request::Request;
use super::response::Response;
use super::{Api, groups, next_token, window_traces};
use crate::compiled::{TimeSeries, TimeSeriesEntry, TraceGraph};
use crate::filter::TimeSeriesSelector;

/// Fact sheet 7.3.
const LONGEST_WINDOW: u64 = 6;
/// The period where none is asked for, in seconds.
const PERIOD: u32 = 60;

pub(super) fn get_time_series_service_statistics(api: &Api, request: &Request) -> Result<Response, ApiError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        start_time: EpochSeconds,
        end_time: EpochSeconds,
        entity_selector_expression: Option<String>,
        period: Option<u32>,
        forecast_statistics: Option<bool>,
    }
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Output {
        time_series_service_statistics: Vec<TimeSeriesEntry>,
        /// Groups are what their expressions of now say, of old traces too.
        contains_old_group_versions: bool,
    }
    next_token::refuse(request)?;
    let input: Input = request.read()?;
    let window = window(input.start_time, input.end_time, LONGEST_WINDOW)?;
    let selector = input.entity_selector_expression.as_deref().map(TimeSeriesSelector::parse).transpose();
    let selector = selector.map_err(|error| ApiError::invalid(error.to_string()))?;
    // X-Ray's forecasts come from its insights; here there are none, and so no entry has one.
    if input.forecast_statistics == Some(true) && !matches!(selector, Some(TimeSeriesSelector::Services(_))) {
        return Err(ApiError::invalid(
            "ForecastStatistics needs an EntitySelectorExpression that names a service by id",
        ));
    }
    let filter = groups::filter_named(api, request)?;
    let series = TimeSeries::new(window, input.period.unwrap_or(PERIOD));
    let mut series = series.map_err(|error| ApiError::invalid(error.to_string()))?;
    window_traces::visit(api, window, filter, |trace| add(&mut series, trace, selector.as_ref()))?;
    Response::of(&Output {
        time_series_service_statistics: series.finish(),
        contains_old_group_versions: false,
    })
}

/// Counts the services or the edges that are selected; all edges where nothing is.
fn add(series: &mut TimeSeries, trace: &TraceGraph<'_>, selector: Option<&TimeSeriesSelector>) {
    let services = &trace.shape.services;
    if let Some(selector @ TimeSeriesSelector::Services(_)) = selector {
        let requests = trace.segments.iter();
        requests
            .filter(|segment| selector.selects_service(&services[segment.service]))
            .for_each(|segment| series.add_segment(segment.measured));
        return;
    }
    for (call, measured) in trace.segments.iter().filter_map(|segment| segment.call) {
        let (caller, callee) = trace.shape.calls[call];
        if selector.is_none_or(|selector| selector.selects_edge(&services[caller], &services[callee])) {
            series.add_call(measured);
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{BEGIN, Home, segment, with};

    fn asked(more: Value) -> Value {
        with(json!({"StartTime": BEGIN, "EndTime": BEGIN + 3600.0}), more)
    }

    fn home() -> Home {
        let home = Home::new();
        home.put(&[segment(1, 1, 1.0), segment(2, 1, 2.0), segment(3, 1, 130.0)]);
        home
    }

    fn series(home: &Home, more: Value) -> Vec<Value> {
        let answer = home.ok("GetTimeSeriesServiceStatistics", asked(more));
        answer["TimeSeriesServiceStatistics"].as_array().unwrap().clone()
    }

    #[test]
    fn without_a_selector_edges_are_counted_by_the_minute() {
        let entries = series(&home(), json!({}));
        let counts: Vec<_> =
            entries.iter().map(|entry| &entry["EdgeSummaryStatistics"]["TotalCount"]).collect();
        assert_eq!(counts, [&json!(2), &json!(1)]);
        assert_eq!(
            entries[1]["Timestamp"].as_f64().unwrap() - entries[0]["Timestamp"].as_f64().unwrap(),
            120.0
        );
        assert_eq!(series(&home(), json!({"Period": 300})).len(), 1);
    }

    #[test]
    fn a_selector_means_services_or_edges() {
        let select =
            |selector: &str| series(&home(), json!({"EntitySelectorExpression": selector, "Period": 300}));
        assert_eq!(select("service(\"web\")")[0]["ServiceSummaryStatistics"]["TotalCount"], 3);
        assert_eq!(
            select("edge(id(type: \"client\"), id(name: \"web\"))")[0]["EdgeSummaryStatistics"]["TotalCount"],
            3
        );
        assert!(select("service(\"none\")").is_empty());
    }

    #[test]
    fn what_cannot_be_counted_is_refused() {
        for wrong in [
            json!({"EntitySelectorExpression": "annotation.tenant = \"acme\""}),
            json!({"EntitySelectorExpression": ""}),
            json!({"Period": 7}),
            json!({"ForecastStatistics": true}),
            json!({"GroupName": "none"}),
            json!({"EndTime": BEGIN + 6.0 * 3600.0 + 1.0}),
        ] {
            home().error("GetTimeSeriesServiceStatistics", asked(wrong));
        }
        let forecast = json!({"ForecastStatistics": true, "EntitySelectorExpression": "id(name: \"web\")"});
        assert_eq!(series(&home(), forecast)[0].get("ServiceForecastStatistics"), None);
    }
}
