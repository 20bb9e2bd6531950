//! Insights: X-Ray finds anomalies in a group's faults. Nothing here does, so there are none, and none is made up.

use std::time::Duration;

use serde::Deserialize;
use serde_json::json;

use super::epoch_seconds::{EpochSeconds, window};
use super::error::ApiError;
use super::request::Request;
use super::response::Response;
use super::{Api, groups, next_token};
use crate::timestamp::Timestamp;

/// Insights are asked for among those of so many days.
const DAYS: u64 = 30;
/// The window of an impact graph, in hours.
const LONGEST_WINDOW: u64 = 6;

#[derive(Debug, Deserialize)]
enum InsightState {
    #[serde(rename = "ACTIVE")]
    Active,
    #[serde(rename = "CLOSED")]
    Closed,
}

pub(super) fn get_insight_summaries(api: &Api, request: &Request) -> Result<Response, ApiError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        start_time: EpochSeconds,
        end_time: EpochSeconds,
        states: Option<Vec<InsightState>>,
        max_results: Option<u32>,
    }
    next_token::refuse(request)?;
    let Input { start_time, end_time, states, max_results } = request.read()?;
    // A start of exactly 30 days ago is a moment older when it arrives.
    window(start_time, end_time, DAYS * 24 + 1)?;
    if start_time.0 + Duration::from_secs((DAYS * 24 + 1) * 3600) < Timestamp::now() {
        return Err(ApiError::invalid(format!("StartTime is more than {DAYS} days ago")));
    }
    if states.is_some_and(|states| states.len() > 1) {
        return Err(ApiError::invalid("States has at most one state"));
    }
    check_max_results(max_results, 100)?;
    groups::check_named(api, request)?;
    Response::of(&json!({"InsightSummaries": []}))
}

pub(super) fn get_insight(_: &Api, request: &Request) -> Result<Response, ApiError> {
    Err(not_found(request)?)
}

pub(super) fn get_insight_events(_: &Api, request: &Request) -> Result<Response, ApiError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        max_results: Option<u32>,
    }
    check_max_results(request.read::<Input>()?.max_results, 50)?;
    Err(not_found(request)?)
}

pub(super) fn get_insight_impact_graph(_: &Api, request: &Request) -> Result<Response, ApiError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        start_time: EpochSeconds,
        end_time: EpochSeconds,
    }
    let Input { start_time, end_time } = request.read()?;
    window(start_time, end_time, LONGEST_WINDOW)?;
    Err(not_found(request)?)
}

/// That there is no such insight, of an id that could be one's.
fn not_found(request: &Request) -> Result<ApiError, ApiError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        insight_id: String,
    }
    let Input { insight_id: id } = request.read()?;
    let groups: Vec<_> = id
        .split('-')
        .map(|digits| (digits.len(), digits.bytes().all(|byte| byte.is_ascii_hexdigit())))
        .collect();
    if groups != [8, 4, 4, 4, 12].map(|digits| (digits, true)) {
        return Err(ApiError::invalid("InsightId is not a UUID"));
    }
    Ok(ApiError::invalid(format!("Insight not found: {id}")))
}

fn check_max_results(asked: Option<u32>, most: u32) -> Result<(), ApiError> {
    if asked.is_some_and(|asked| !(1..=most).contains(&asked)) {
        return Err(ApiError::invalid(format!("MaxResults is 1 to {most}")));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{Home, with};
    use crate::timestamp::Timestamp;

    fn lately(more: Value) -> Value {
        let now = Timestamp::now().seconds();
        with(json!({"StartTime": now - 3600.0, "EndTime": now}), more)
    }

    #[test]
    fn there_are_none_and_nothing_else_is_claimed() {
        let home = Home::new();
        let answer =
            home.ok("GetInsightSummaries", lately(json!({"GroupName": "Default", "States": ["ACTIVE"]})));
        assert_eq!(answer, json!({"InsightSummaries": []}));
        let id = json!({"InsightId": "1ac0a1b2-3c4d-4e5f-8a9b-0c1d2e3f4a5b"});
        for operation in ["GetInsight", "GetInsightEvents", "GetInsightImpactGraph"] {
            assert!(
                home.error(operation, lately(id.clone())).starts_with("Insight not found"),
                "{operation}"
            );
        }
    }

    #[test]
    fn what_is_asked_is_checked_all_the_same() {
        let home = Home::new();
        for wrong in [
            json!({"States": ["OPEN"]}),
            json!({"States": ["ACTIVE", "CLOSED"]}),
            json!({"MaxResults": 101}),
            json!({"GroupName": "none"}),
            json!({"StartTime": 1}),
        ] {
            home.error("GetInsightSummaries", lately(wrong));
        }
        assert!(home.error("GetInsight", json!({"InsightId": "x"})).contains("UUID"));
    }
}
