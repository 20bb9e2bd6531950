//! A sampling rule, and what it may be (fact sheet 8.2).

use std::collections::BTreeMap;

use serde::{Deserialize, Deserializer, Serialize};

use super::error::ApiError;

/// A rule as it is answered.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SamplingRule {
    pub(super) rule_name: String,
    #[serde(rename = "RuleARN")]
    pub(super) rule_arn: String,
    #[serde(flatten)]
    pub(super) matches: Matches,
    pub(super) priority: i64,
    pub(super) fixed_rate: f64,
    pub(super) reservoir_size: i64,
    pub(super) version: i64,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub(super) sampling_rate_boost: Option<SamplingRateBoost>,
}

/// Which requests a rule is for.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct Matches {
    #[serde(rename = "ResourceARN")]
    pub(super) resource_arn: String,
    pub(super) service_name: String,
    pub(super) service_type: String,
    pub(super) host: String,
    #[serde(rename = "HTTPMethod")]
    pub(super) http_method: String,
    #[serde(rename = "URLPath")]
    pub(super) url_path: String,
    #[serde(default, deserialize_with = "or_default")]
    pub(super) attributes: BTreeMap<String, String>,
}

/// By how much a rule may sample more while there are anomalies.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "PascalCase")]
pub(super) struct SamplingRateBoost {
    pub(super) max_rate: f64,
    pub(super) cooldown_window_minutes: i64,
}

/// The name of the rule for what no other rule is for, which is always there.
pub(super) const DEFAULT: &str = "Default";

impl SamplingRule {
    /// One request a second and 5 % of the others, as X-Ray has it.
    pub(super) fn default_of(rule_arn: String) -> Self {
        let any = || "*".to_owned();
        let matches = Matches {
            resource_arn: any(),
            service_name: any(),
            service_type: any(),
            host: any(),
            http_method: any(),
            url_path: any(),
            attributes: BTreeMap::new(),
        };
        Self {
            rule_name: DEFAULT.to_owned(),
            rule_arn,
            matches,
            priority: 10_000,
            fixed_rate: 0.05,
            reservoir_size: 1,
            version: 1,
            sampling_rate_boost: None,
        }
    }

    /// Rules are tried by priority, and those of one priority by name.
    pub(super) fn order(&self) -> (i64, &str) {
        (self.priority, &self.rule_name)
    }

    pub(super) fn check(&self) -> Result<(), ApiError> {
        let Matches { resource_arn, service_name, service_type, host, http_method, url_path, attributes } =
            &self.matches;
        length("RuleName", &self.rule_name, 1..=32)?;
        for (member, text, longest) in [
            ("ResourceARN", resource_arn, 500),
            ("ServiceName", service_name, 64),
            ("ServiceType", service_type, 64),
            ("Host", host, 64),
            ("HTTPMethod", http_method, 10),
            ("URLPath", url_path, 128),
        ] {
            length(member, text, 0..=longest)?;
        }
        for (key, value) in attributes {
            length("a key of Attributes", key, 1..=32)?;
            length("a value of Attributes", value, 1..=32)?;
        }
        let (boost, counts) = (self.sampling_rate_boost, 0..=i64::from(i32::MAX));
        let priorities = if self.rule_name == DEFAULT { 10_000..=10_000 } else { 1..=9_999 };
        for (is_valid, rule) in [
            (attributes.len() <= 5, "Attributes has at most 5 entries"),
            (priorities.contains(&self.priority), "Priority is 1 to 9999"),
            ((0.0..=1.0).contains(&self.fixed_rate), "FixedRate is 0 to 1"),
            (counts.contains(&self.reservoir_size), "ReservoirSize is 0 or more"),
            (self.version == 1, "Version is 1"),
            (boost.is_none_or(|boost| (0.0..=1.0).contains(&boost.max_rate)), "MaxRate is 0 to 1"),
            (
                boost.is_none_or(|boost| counts.contains(&boost.cooldown_window_minutes)),
                "CooldownWindowMinutes is 0 or more",
            ),
        ] {
            if !is_valid {
                return Err(ApiError::invalid(format!("SamplingRule: {rule}")));
            }
        }
        Ok(())
    }
}

fn length(member: &str, text: &str, allowed: std::ops::RangeInclusive<usize>) -> Result<(), ApiError> {
    if allowed.contains(&text.chars().count()) {
        return Ok(());
    }
    Err(ApiError::invalid(format!(
        "SamplingRule: {member} has {} to {} characters",
        allowed.start(),
        allowed.end()
    )))
}

/// Null means the same as nothing.
fn or_default<'de, D: Deserializer<'de>, T: Deserialize<'de> + Default>(from: D) -> Result<T, D::Error> {
    Ok(Option::deserialize(from)?.unwrap_or_default())
}
