//! What clients of sampling rules report, and what they are told in return (fact sheet 8.3).

use std::sync::PoisonError;

use serde::de::IgnoredAny;
use serde::{Deserialize, Serialize};

use super::epoch_seconds::EpochSeconds;
use super::error::ApiError;
use super::request::Request;
use super::reservoirs::{Counts, Reservoirs};
use super::response::Response;
use super::sampling_rule::SamplingRule;
use super::sampling_rules::{last_modification, rules};
use super::{Api, next_token};
use crate::timestamp::Timestamp;

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SamplingStatisticsDocument {
    rule_name: String,
    #[serde(rename = "ClientID")]
    client_id: String,
    /// By the client's clock, which need not be ours, in a form of its own: OpenTelemetry's sampler for Java sends
    /// milliseconds.
    #[serde(rename = "Timestamp")]
    _timestamp: IgnoredAny,
    request_count: u32,
    sampled_count: u32,
    #[serde(default)]
    borrow_count: Option<u32>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "PascalCase")]
struct SamplingBoostStatisticsDocument {
    rule_name: String,
    service_name: String,
    #[serde(rename = "Timestamp")]
    _timestamp: IgnoredAny,
    anomaly_count: u32,
    #[serde(rename = "TotalCount")]
    _total_count: u32,
    #[serde(rename = "SampledAnomalyCount")]
    _sampled_anomaly_count: u32,
}

#[derive(Debug, Clone, Serialize)]
#[serde(rename_all = "PascalCase")]
struct SamplingTargetDocument {
    rule_name: String,
    fixed_rate: f64,
    #[serde(skip_serializing_if = "Option::is_none")]
    reservoir_quota: Option<u64>,
    #[serde(rename = "ReservoirQuotaTTL", skip_serializing_if = "Option::is_none")]
    reservoir_quota_ttl: Option<EpochSeconds>,
    interval: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    sampling_boost: Option<SamplingBoost>,
}

#[derive(Debug, Clone, Copy, Serialize)]
#[serde(rename_all = "PascalCase")]
struct SamplingBoost {
    boost_rate: f64,
    #[serde(rename = "BoostRateTTL")]
    boost_rate_ttl: EpochSeconds,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct UnprocessedStatistics {
    rule_name: String,
    error_code: &'static str,
    message: String,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct Targets {
    sampling_target_documents: Vec<SamplingTargetDocument>,
    last_rule_modification: EpochSeconds,
    unprocessed_statistics: Vec<UnprocessedStatistics>,
    unprocessed_boost_statistics: Vec<UnprocessedStatistics>,
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "PascalCase")]
struct SamplingStatisticSummary<'a> {
    rule_name: &'a str,
    timestamp: EpochSeconds,
    request_count: u32,
    borrow_count: u32,
    sampled_count: u32,
}

/// Clients report so often, in seconds.
const INTERVAL: u32 = 10;
/// A call may hold so many documents.
const MOST: usize = 25;

pub(super) fn get_sampling_targets(api: &Api, request: &Request) -> Result<Response, ApiError> {
    #[derive(Deserialize)]
    #[serde(rename_all = "PascalCase")]
    struct Input {
        sampling_statistics_documents: Vec<SamplingStatisticsDocument>,
        sampling_boost_statistics_documents: Option<Vec<SamplingBoostStatisticsDocument>>,
    }
    let Input { sampling_statistics_documents: statistics, sampling_boost_statistics_documents: boosts } =
        request.read()?;
    let boosts = boosts.unwrap_or_default();
    if statistics.len() > MOST || boosts.len() > MOST {
        return Err(ApiError::invalid(format!("at most {MOST} documents of statistics are taken at once")));
    }
    if statistics.iter().any(|document| document.client_id.chars().count() != 24) {
        return Err(ApiError::invalid("ClientID has 24 characters"));
    }
    let rules = rules(api)?;
    let mut targets = Targets::new(last_modification(api)?);
    let mut reservoirs = api.reservoirs.lock().unwrap_or_else(PoisonError::into_inner);
    reservoirs.keep(&rules);
    let now = Timestamp::now();
    for document in statistics {
        targets.take(document, &rules, &mut reservoirs, now);
    }
    for document in boosts {
        targets.take_boost(document, &rules, &mut reservoirs, now);
    }
    Response::of(&targets)
}

pub(super) fn get_sampling_statistic_summaries(api: &Api, request: &Request) -> Result<Response, ApiError> {
    #[derive(Serialize)]
    #[serde(rename_all = "PascalCase")]
    struct Output<'a> {
        sampling_statistic_summaries: Vec<SamplingStatisticSummary<'a>>,
    }
    next_token::refuse(request)?;
    let reservoirs = api.reservoirs.lock().unwrap_or_else(PoisonError::into_inner);
    let summary = |(rule_name, start, counts): (_, _, Counts)| SamplingStatisticSummary {
        rule_name,
        timestamp: EpochSeconds(start),
        request_count: counts.requests,
        borrow_count: counts.borrowed,
        sampled_count: counts.sampled,
    };
    let summaries = reservoirs.statistics().into_iter().map(summary).collect();
    Response::of(&Output { sampling_statistic_summaries: summaries })
}

impl Targets {
    fn new(modified: EpochSeconds) -> Self {
        // Clients compare whole seconds: a change within the second in which they fetched the rules must be later.
        let seconds = modified.0.micros().div_euclid(1_000_000) + i64::from(modified != EpochSeconds::ZERO);
        Self {
            sampling_target_documents: Vec::new(),
            last_rule_modification: EpochSeconds(Timestamp::from_micros(seconds * 1_000_000)),
            unprocessed_statistics: Vec::new(),
            unprocessed_boost_statistics: Vec::new(),
        }
    }

    fn take(
        &mut self,
        document: SamplingStatisticsDocument,
        rules: &[SamplingRule],
        reservoirs: &mut Reservoirs,
        now: Timestamp,
    ) {
        let Some(rule) = rules.iter().find(|rule| rule.rule_name == document.rule_name) else {
            return self.unprocessed_statistics.push(unknown(document.rule_name));
        };
        let counts = Counts {
            requests: document.request_count,
            sampled: document.sampled_count,
            borrowed: document.borrow_count.unwrap_or_default(),
        };
        let quota = reservoirs.report(rule, &document.client_id, counts, now);
        let target = self.target(rule);
        target.reservoir_quota = Some(quota.requests_a_second);
        target.reservoir_quota_ttl = Some(EpochSeconds(quota.until));
    }

    fn take_boost(
        &mut self,
        document: SamplingBoostStatisticsDocument,
        rules: &[SamplingRule],
        reservoirs: &mut Reservoirs,
        now: Timestamp,
    ) {
        let Some(rule) = rules.iter().find(|rule| rule.rule_name == document.rule_name) else {
            return self.unprocessed_boost_statistics.push(unknown(document.rule_name));
        };
        let boost = reservoirs.boost(rule, &document.service_name, document.anomaly_count, now);
        if let Some((boost_rate, until)) = boost {
            self.target(rule).sampling_boost =
                Some(SamplingBoost { boost_rate, boost_rate_ttl: EpochSeconds(until) });
        }
    }

    /// The target of a rule, which is answered once.
    fn target(&mut self, rule: &SamplingRule) -> &mut SamplingTargetDocument {
        let targets = &mut self.sampling_target_documents;
        let at =
            targets.iter().position(|target| target.rule_name == rule.rule_name).unwrap_or(targets.len());
        if at == targets.len() {
            targets.push(SamplingTargetDocument {
                rule_name: rule.rule_name.clone(),
                fixed_rate: rule.fixed_rate,
                reservoir_quota: None,
                reservoir_quota_ttl: None,
                interval: INTERVAL,
                sampling_boost: None,
            });
        }
        &mut targets[at]
    }
}

/// SDKs fetch the rules again when the code begins with a 4.
fn unknown(rule_name: String) -> UnprocessedStatistics {
    let message = format!("Sampling rule not found: {rule_name}");
    UnprocessedStatistics { rule_name, error_code: "404", message }
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::super::testing::{Home, sampling_rule};

    fn report(rule: &str, client: char) -> Value {
        let client = client.to_string().repeat(24);
        json!({"RuleName": rule, "ClientID": client, "Timestamp": 1, "RequestCount": 5, "SampledCount": 2,
            "BorrowCount": 4})
    }

    #[test]
    fn clients_share_a_reservoir_and_their_counts_are_summed_up() {
        let home = Home::new();
        let mut rule = sampling_rule("orders");
        rule["ReservoirSize"] = json!(9);
        home.ok("CreateSamplingRule", json!({"SamplingRule": rule}));
        let target = |client| {
            let asked =
                json!({"SamplingStatisticsDocuments": [report("orders", client), report("gone", client)]});
            home.ok("GetSamplingTargets", asked)
        };
        let first = target('a');
        assert_eq!(first["SamplingTargetDocuments"][0]["ReservoirQuota"], 9);
        assert_eq!(first["SamplingTargetDocuments"][0]["Interval"], 10);
        assert_eq!(first["UnprocessedStatistics"][0]["ErrorCode"], "404");
        assert_eq!(first["UnprocessedBoostStatistics"], json!([]));
        assert_eq!(target('b')["SamplingTargetDocuments"][0]["ReservoirQuota"], 4);
        let summaries = home.ok("GetSamplingStatisticSummaries", json!({}));
        let summaries = summaries["SamplingStatisticSummaries"].as_array().unwrap();
        let sum =
            |member: &str| summaries.iter().map(|summary| summary[member].as_u64().unwrap()).sum::<u64>();
        assert_eq!((sum("RequestCount"), sum("SampledCount"), sum("BorrowCount")), (10, 4, 8));
    }

    #[test]
    fn a_report_is_taken_in_whatever_form_its_time_is() {
        let home = Home::new();
        for time in [json!(1_795_348_800_000_u64), json!("2026-11-22T00:00:00"), json!(1_795_348_800.25)] {
            let mut document = report("Default", 'a');
            document["Timestamp"] = time;
            home.ok("GetSamplingTargets", json!({"SamplingStatisticsDocuments": [document]}));
        }
        let mut document = report("Default", 'a');
        document.as_object_mut().unwrap().remove("Timestamp");
        home.error("GetSamplingTargets", json!({"SamplingStatisticsDocuments": [document]}));
    }

    #[test]
    fn anomalies_boost_a_rule_that_allows_it() {
        let home = Home::new();
        let mut rule = sampling_rule("orders");
        rule["SamplingRateBoost"] = json!({"MaxRate": 0.8, "CooldownWindowMinutes": 5});
        home.ok("CreateSamplingRule", json!({"SamplingRule": rule}));
        let boost = |rule: &str| {
            json!({"RuleName": rule, "ServiceName": "web", "Timestamp": 1, "AnomalyCount": 1, "TotalCount": 9,
                "SampledAnomalyCount": 0})
        };
        let documents = json!([boost("orders"), boost("Default"), boost("gone")]);
        let asked = json!({"SamplingStatisticsDocuments": [report("orders", 'a')], "SamplingBoostStatisticsDocuments": documents});
        let answer = home.ok("GetSamplingTargets", asked);
        let targets = answer["SamplingTargetDocuments"].as_array().unwrap();
        assert_eq!(targets.len(), 1);
        assert_eq!(targets[0]["SamplingBoost"]["BoostRate"], 0.8);
        assert_eq!(answer["UnprocessedBoostStatistics"][0]["RuleName"], "gone");
    }

    #[test]
    fn wrong_client_ids_and_too_many_documents_are_refused() {
        let home = Home::new();
        let mut document = report("Default", 'a');
        let many = vec![document.clone(); 26];
        home.error("GetSamplingTargets", json!({"SamplingStatisticsDocuments": many}));
        document["ClientID"] = json!("short");
        home.error("GetSamplingTargets", json!({"SamplingStatisticsDocuments": [document]}));
        document["RequestCount"] = json!(-1);
        home.error("GetSamplingTargets", json!({"SamplingStatisticsDocuments": [document]}));
    }
}
